"""What a deployment is to be, and the objects that make it so; asks no cluster."""

from dataclasses import dataclass, field

from jhos.configuration import parted
from jhos.objects import Object, digest
from jhos.render import Facts, render, secret
from jhos.settings.model import Settings
from jhos.settings.secrets import CREDENTIALS
from jhos.sizes import check_sizes


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """All that the objects are made of, but for the images."""

    settings: Settings
    configuration: dict[str, str]
    secrets: dict[str, str] = field(repr=False)
    certificate: dict[str, str] = field(repr=False)
    namespace: str
    images: dict[str, str]
    router_port: str = ""

    def objects(self, images: dict[str, str]) -> list[Object]:
        """`images`: pull specs by the name in the settings.

        Raises SettingsError for an object that is larger than a cluster takes.
        """
        name = self.settings.name
        files = parted(name, self.configuration)
        secrets = {**self.secrets, **files.secret}
        facts = Facts(
            namespace=self.namespace,
            hub_image=images[self.settings.hub.image],
            notebook_image=images[self.settings.notebook.image],
            database_image=images.get(self.settings.database.image or "", ""),
            configuration=files.config,
            certificate=self.certificate,
            # Both are of random values too, so that they tell nothing.
            secrets_version=digest(secrets),
            credentials_version=digest([secrets.get(key, "") for key in CREDENTIALS]),
            router_port=self.router_port,
        )
        objects = [*render(self.settings, facts), secret(name, secrets)]
        check_sizes(objects)
        return objects
