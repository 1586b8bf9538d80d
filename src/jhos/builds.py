"""An image → the image stream and the build config that make it, purely."""

import re

from jhos.images import CONTENT_LABEL, Git, Image, Wishes
from jhos.objects import INSTANCE, MANAGED_BY, Object
from jhos.render import container_resources, render_one


def build_objects(
    image: Image, builder: Object, spec: str, content: str, wishes: Wishes
) -> list[Object]:
    """`builder`: the `from` of the strategy. `content`: the hash of what is built; empty: of what
    is not known here, so that the image is never taken for up to date."""
    image_labels = {**image.labels, CONTENT_LABEL: content}
    env = {**wishes.env, **({"JHOS_LOOSEN_PINS": "true"} if image.loosen_pins else {})}
    config = render_one(
        "images/buildconfig.yaml.j2",
        image=image,
        labels=_labels(image),
        builder=builder,
        source=_source(image, wishes),
        tag=spec,
        env=[{"name": key, "value": value} for key, value in env.items()],
        image_labels=[{"name": key, "value": value} for key, value in image_labels.items()],
        resources=container_resources(wishes.resources),
        hook_secret=image.hook_secret,
    )
    return [image_stream(image), config]


def image_stream(image: Image) -> Object:
    return render_one("images/imagestream.yaml.j2", image=image, labels=_labels(image))


def hint_of_failure(log: str) -> str:
    """Return what to do about a failed build, from the end of its log."""
    return next((hint for cause, hint in _HINTS if cause.search(log)), _HINT)


_HINT = "Fix the cause and run the same command again (--follow shows the whole log)."
_HINTS = (
    (
        re.compile(r"certificate|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)", re.IGNORECASE),
        "The build does not trust a certificate, which a proxy may have replaced. Name the file "
        "of the authority: oc create secret generic SECRET --from-file=ca.crt=FILE, then jhos "
        "build-images --build-secret SECRET. Or name mirrors: --pip-index-url URL --npm-registry "
        "URL.",
    ),
    (
        re.compile(
            r"ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|Exit handler never called"
            r"|dns error|name resolution|resolve host|[Cc]onnect(ion)? (refused|timed out|error)"
        ),
        "Builds do not reach the packages. Name mirrors that they reach: jhos build-images "
        "--pip-index-url URL --npm-registry URL.",
    ),
)


def _labels(image: Image) -> dict[str, str]:
    own = {"app": image.app, INSTANCE: image.app} if image.app else {}
    return {"build": image.name, MANAGED_BY: "jhos", **own}


def _source(image: Image, wishes: Wishes) -> Object:
    secrets: Object = {}
    if wishes.secret:
        secrets["secrets"] = [{"secret": {"name": wishes.secret}, "destinationDir": "/tmp/build"}]
    if not isinstance(image.source, Git):
        return {"type": "Binary", "binary": {}, **secrets}
    git = image.source
    source: Object = {"type": "Git", "git": {"uri": git.uri}, **secrets}
    if git.ref:
        source["git"]["ref"] = git.ref
    if git.context_dir:
        source["contextDir"] = git.context_dir
    if git.secret:
        source["sourceSecret"] = {"name": git.secret}
    return source
