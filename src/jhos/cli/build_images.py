"""jhos build-images"""

from typing import TYPE_CHECKING, Any

import click

from jhos.cli.completion import deployments, words
from jhos.cli.options import Target, target_options, timeout_option
from jhos.cli.output import emit, output_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jhos.actions.build_images import Built
    from jhos.images import Image, Wishes

DEFAULT = ("hub", "minimal")
LOOSEN_HELP = "Take newer versions where the requirements pin old ones."
_NO_TAG = "Without a tag or reference the repository's default branch."


@click.command("build-images")
@click.argument("images", nargs=-1, metavar="[IMAGE]...",
                shell_complete=words("hub", "minimal", "scipy", "tensorflow"))  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="All images: scipy and tensorflow too.")
@click.option("--follow", is_flag=True, help="Show the whole log of each build.")
@click.option("--again", is_flag=True, help="Build what is up to date, too.")
@click.option("--python", metavar="VERSION", help="Of the notebook images, as 3.12.")
@click.option("--source", metavar="DIR|URL", help="Lay this over IMAGE, for an image of your own.")
@click.option("--as", "as_name", metavar="NAME", help="Of that image: NAME:latest.")
@click.option("--loosen-pins", is_flag=True, help=LOOSEN_HELP)
@click.option("--name", "deployment", metavar="NAME", shell_complete=deployments,
              help="Build the image of a quickstart once more.")  # fmt: skip
@click.option("--from-git", metavar="URL", help="Take the sources from a clone of jhos.")
@click.option("--ref", metavar="REF", help=f"Branch, tag or commit of the repository. {_NO_TAG}")
@click.option("--context-dir", metavar="DIR", help="The folder of the repository with the source.")
@click.option("--git-secret", metavar="SECRET", help="Of the project, for a private repository.")
@click.option("--import", "reference", metavar="IMAGE", help="Tag an image of a registry instead.")
@click.option("--builder-image", metavar="IMAGE", help="In place of the cluster's Python.")
@click.option("--pip-index-url", metavar="URL", help="Where builds find Python packages.")
@click.option("--npm-registry", metavar="URL", help="Where builds find the proxy's packages.")
@click.option("--build-secret", metavar="SECRET",
              help="Its files lie in /tmp/build: pip.conf, .netrc, .npmrc, ca.crt.")  # fmt: skip
@click.option("--build-memory", metavar="SIZE", help="Limit for each build; else 2Gi.")
@click.option("--create-project", is_flag=True, help="Request the project when it is not there.")
@timeout_option(1200)
@output_option
@target_options
def build_images(
    target: Target,
    images: tuple[str, ...],
    create_project: bool,
    timeout_s: int,
    output: str,
    **options: Any,
) -> None:
    """Build images in the project: hub and minimal, or those that are named.

    There are hub, minimal, scipy and tensorflow. The sources travel with the command. An image
    whose content has not changed is not built again; what an image is built on comes first.
    Ctrl-C cancels the builds.

    \b
    Examples:
      jhos build-images
      jhos build-images scipy --python 3.12 --follow
      jhos build-images hub --source ./my-hub --as my-hub
      jhos build-images minimal --source https://github.com/me/notebooks.git --as my-notebooks
      jhos build-images hub --import quay.io/me/jupyterhub:latest
      jhos build-images --name jakevdp
    """
    from jhos.actions import build_images as actions
    from jhos.actions.package_hosts import blocked_targets
    from jhos.cli.terminal import progress, say, tell_where
    from jhos.cluster.facts import create_project as make_project

    _check(images, options)
    chosen, wished = _images(images, options), wishes(options)
    cluster = target.connect(timeout_s)
    tell_where(cluster)
    if blocked := blocked_targets(wished.env.values()):
        words = " ".join(f"--allow-egress {target}" for target in blocked)
        say(f"Servers reach the packages of this address only with: jhos deploy {words}")
    if create_project or target.sandbox:
        make_project(cluster)
    with progress() as report:
        if options["reference"]:
            python = wished.python
            done = actions.import_tags(cluster, chosen[0], options["reference"], python, report)
            built = [done]
        elif options["deployment"]:
            name = f"{options['deployment']}-nb"
            done = actions.rebuild(cluster, name, wished, timeout_s=timeout_s, report=report)
            built = [done]
        else:
            built = actions.build_images(
                cluster, chosen, wished, timeout_s=timeout_s, report=report
            )
    _emit(output, built, "imported" if options["reference"] else "up to date")


def _check(images: tuple[str, ...], options: dict[str, Any]) -> None:
    """Raises UsageError for options that do not go together."""
    if bool(options["source"]) != bool(options["as_name"]):
        raise click.UsageError("--source DIR|URL and --as NAME go together.")
    ways = ("source", "from_git", "reference", "deployment", "everything")
    given = [way for way in ways if options[way]]
    if len(given) > 1:
        raise click.UsageError("Choose one of --source, --from-git, --import, --name and --all.")
    if given and given[0] in ("source", "reference") and len(images) != 1:
        raise click.UsageError(f"Name the one IMAGE that --{_NAMES[given[0]]} is for.")
    if given and given[0] in ("deployment", "everything") and images:
        raise click.UsageError(f"--{_NAMES[given[0]]} goes without names of images.")
    if options["loosen_pins"] and not options["source"]:
        raise click.UsageError("--loosen-pins goes with --source DIR|URL.")
    if not (options["source"] or options["from_git"]):
        for option in ("ref", "context_dir", "git_secret"):
            if options[option]:
                words = option.replace("_", "-")
                raise click.UsageError(f"--{words} goes with --source URL or --from-git URL.")


_NAMES = {"source": "source", "reference": "import", "deployment": "name", "everything": "all"}


def _images(names: "Iterable[str]", options: dict[str, Any]) -> "list[Image]":
    from jhos.images import catalog, custom, from_git, git_of, source_of
    from jhos.settings.rules import check_name

    known = catalog()
    for name in names:
        if name not in known:
            raise click.BadParameter(f"There is no image {name!r}; there are: {', '.join(known)}.",
                                     param_hint="IMAGE")  # fmt: skip
    chosen = known if options["everything"] else list(dict.fromkeys(names)) or DEFAULT
    images = [known[name] for name in chosen]
    ref, context_dir = options["ref"], options["context_dir"]
    if options["from_git"]:
        secret = options["git_secret"]
        git = git_of(options["from_git"], ref=ref, context_dir=context_dir, secret=secret)
        return [from_git(image, git) for image in images]
    if options["source"]:
        check_name(options["as_name"])
        if options["as_name"] in {image.name for image in known.values()}:
            raise click.UsageError(f"--as {options['as_name']} is the name of an image of jhos.")
        source = source_of(
            options["source"], ref=ref, context_dir=context_dir, secret=options["git_secret"]
        )
        loosen = options["loosen_pins"]
        return [custom(images[0], options["as_name"], source, loosen_pins=loosen)]
    return images


def wishes(options: dict[str, Any]) -> "Wishes":
    from jhos.images import Wishes, without_password
    from jhos.settings.rules import SIZE

    memory = options.get("build_memory") or Wishes.memory
    if not SIZE.fullmatch(memory):
        raise click.BadParameter(f"{memory!r} is no size; write for example 2Gi or 512Mi.",
                                 param_hint="--build-memory")  # fmt: skip
    env = {
        variable: without_password(options[option])
        for variable, option in (
            ("PIP_INDEX_URL", "pip_index_url"),
            ("npm_config_registry", "npm_registry"),
        )
        if options.get(option)
    }
    return Wishes(
        python=options.get("python"),
        builder=options.get("builder_image"),
        memory=memory,
        secret=options.get("build_secret"),
        env=env,
        # A repository may have changed under the same address.
        again=options.get("again") or bool(options.get("from_git") or options.get("source")),
        follow=options.get("follow", False),
    )


def _emit(output: str, built: "list[Built]", otherwise: str) -> None:
    lines = [
        f"{each.spec}: {f'built by {each.build}' if each.build else otherwise}" for each in built
    ]
    data = [{"image": each.spec, "build": each.build or None} for each in built]
    emit(output, "\n".join(lines), data, [f"imagestreamtag/{each.spec}" for each in built])
