"""jhos render"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jhos.cli.given import given_options
from jhos.cli.options import REQUEST_S, Target, target_options
from jhos.cli.output import emit, output_option
from jhos.cli.setting_options import SettingsCommand

if TYPE_CHECKING:
    from jhos.actions.edits import Given
    from jhos.actions.rendered import Rendered

FORMATS = ("flat", "kustomize")


@click.command(cls=SettingsCommand)
@given_options
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a file for each object; else all go to standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="flat",
    show_default=True,
    help="kustomize: with a kustomization.yaml.",
)
@click.option(
    "--create-secret", is_flag=True, help="Make the Secret in the project where it is not there."
)
@click.option("--offline", is_flag=True, help="Ask no cluster; images are named by registry.")
@output_option
@target_options
def render(
    target: Target,
    given: "Given",
    output_dir: Path | None,
    form: str,
    create_secret: bool,
    offline: bool,
    output: str,
) -> None:
    """Write the objects of a deployment as YAML, for Argo CD, Flux, kustomize or kubectl.

    They are those that `jhos deploy` with the same options would apply, images by digest, and the
    same byte for byte as long as nothing changes. Secret NAME-secrets is never among them: it is
    made once in the project, by `jhos deploy` or --create-secret, and then kept.

    Files of an earlier run that are wanted no more are removed from DIR; others are left alone.

    \b
    Examples:
      jhos render --name jakevdp
      jhos render -f jhos.yaml --create-secret --output-dir deploy --format kustomize
      jhos render --offline -n course --hub-image quay.io/org/hub:1 \\
        --notebook-image quay.io/jupyter/minimal-notebook:latest
    """
    if offline and create_secret:
        raise click.UsageError("--create-secret needs a cluster: it does not go with --offline.")
    if form == "kustomize" and not output_dir:
        raise click.UsageError("--format kustomize needs an --output-dir.")
    if create_secret:
        _create_secret(target, given)
    rendered = _offline(target, given) if offline else _rendered(target, given)
    if output_dir is None:
        _print(rendered, output)
    else:
        _require_images(rendered)
        _write(rendered, output_dir, form, output)
    _remark(rendered)


def show_objects(target: Target, given: "Given", output: str) -> None:
    rendered = _rendered(target, given)
    _print(rendered, output)
    _remark(rendered)


def _rendered(target: Target, given: "Given") -> "Rendered":
    cluster = target.connect(REQUEST_S)
    from jhos.actions.render import render as act
    from jhos.cli.terminal import progress, tell_where

    tell_where(cluster)
    with progress() as report:
        return act(cluster, given, report)


def _offline(target: Target, given: "Given") -> "Rendered":
    from jhos.actions.rendered import render_offline
    from jhos.cli.terminal import progress

    if not target.namespace:
        raise click.UsageError("--offline needs the project: -n PROJECT.")
    with progress() as report:
        return render_offline(target.namespace, given, report)


def _create_secret(target: Target, given: "Given") -> None:
    cluster = target.connect(REQUEST_S)
    from jhos.actions.render import make_secret
    from jhos.cli.terminal import progress

    with progress() as report:
        make_secret(cluster, given, timeout_s=REQUEST_S, report=report)


def _print(rendered: "Rendered", output: str) -> None:
    from jhos.manifests import documents
    from jhos.objects import ObjectRef

    names = [ObjectRef.of(obj).title for obj in rendered.objects]
    objects = {"apiVersion": "v1", "kind": "List", "items": rendered.objects}
    text = documents(rendered.objects)
    emit(output, text.rstrip("\n"), objects, names)


def _require_images(rendered: "Rendered") -> None:
    """A file is applied by a program that knows no image streams."""
    from jhos.errors import SettingsError

    if rendered.absent:
        raise SettingsError(
            f"Image {rendered.absent[0]} is not built yet: it has no digest to be written.",
            f"Build it first: jhos build-images -n {rendered.namespace}",
        )


def _write(rendered: "Rendered", directory: Path, form: str, output: str) -> None:
    from jhos.actions.rendered import write

    written, removed = write(directory, rendered, kustomize=form == "kustomize")
    data = {"written": [str(path) for path in written], "removed": [str(path) for path in removed]}
    lines = [f"Wrote {len(written)} files to {directory}."]
    lines += [f"Removed {path}, which is wanted no more." for path in removed]
    way = f"-k {directory}" if form == "kustomize" else f"-n {rendered.namespace} -f {directory}"
    lines.append(f"Apply them with: kubectl apply --server-side {way}")
    emit(output, "\n".join(lines), data, data["written"])


def _remark(rendered: "Rendered") -> None:
    from jhos.cli.terminal import say

    for spec in rendered.absent:
        say(f"Image {spec} is not built yet: its name stands where its digest will be.")
    if rendered.hides_key:
        say("The private key of the route's certificate is left out.")
    if not rendered.has_secret:
        say(
            f"Secret {rendered.name}-secrets, which they refer to, is not among them: jhos deploy "
            "makes it in the project, and so does jhos render --create-secret."
        )
