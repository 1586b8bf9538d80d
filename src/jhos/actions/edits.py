"""What is stored of a deployment, and an edit of it; asks no cluster."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from jhos.settings.auth import secret_key
from jhos.settings.load import Layer, defaults, merge
from jhos.settings.secrets import encoded


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What the project keeps of a deployment, also after a teardown that left its data.

    `settings`: over the defaults. `configuration`: the user's files. `secrets`: base64 by key.
    `images`: pull specs that are taken as they are, by the name in the settings; none are kept.
    `version`: of the jhos that wrote it; None: one that did not say.
    """

    exists: bool
    settings: Layer
    configuration: dict[str, str]
    secrets: dict[str, str] = field(repr=False)
    images: dict[str, str] = field(default_factory=dict)
    version: str | None = None


Edit = Callable[[Stored], Stored]


@dataclass(frozen=True, kw_only=True)
class Given:
    """What is laid over a deployment: an edit of what is stored.

    `configuration`: the user's files. `secrets`: values by their key in the deployment's Secret.
    `auth_secret`: for the way to log in that results, which may be the stored one.
    """

    settings: Layer
    configuration: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    auth_secret: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        name: str = self.settings.get("name") or defaults()["name"]
        return name

    def __call__(self, stored: Stored) -> Stored:
        settings = merge(stored.settings, self.settings)
        way = merge(defaults(), settings)["auth"]["type"]
        own = {secret_key(way): self.auth_secret} if self.auth_secret else {}
        return replace(
            stored,
            settings=settings,
            configuration={**stored.configuration, **self.configuration},
            secrets={**stored.secrets, **encoded({**self.secrets, **own})},
        )
