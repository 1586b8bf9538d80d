"""What is wanted of a deployment: frozen values, spelt as in `defaults.yaml`."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Kubernetes quantities: `memory` and `cpu` are limits, the others what is set aside."""

    memory: str
    memory_request: str
    cpu: str
    cpu_request: str


@dataclass(frozen=True, kw_only=True)
class Hub(Resources):
    image: str


@dataclass(frozen=True, kw_only=True)
class Proxy(Resources):
    pass


@dataclass(frozen=True, kw_only=True)
class Database(Resources):
    """`image` None: the newest that the cluster's `postgresql` stream has."""

    type: str
    image: str | None
    storage: str
    storage_class: str | None


@dataclass(frozen=True, kw_only=True)
class Notebook(Resources):
    """Times in seconds; `interface` is `lab` or `classic`."""

    image: str
    start_timeout: int
    http_timeout: int
    environment: dict[str, str] = field(default_factory=dict)
    interface: str


@dataclass(frozen=True, kw_only=True)
class Auth:
    type: str


@dataclass(frozen=True, kw_only=True)
class Cull:
    """Seconds; None: never. `users`: a user goes with the server."""

    idle: int | None
    max_age: int | None
    users: bool


@dataclass(frozen=True, kw_only=True)
class Route:
    """`timeout` as the router's annotation has it, for example `1h`."""

    host: str | None
    timeout: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    name: str
    hub: Hub
    proxy: Proxy
    database: Database
    notebook: Notebook
    auth: Auth
    cull: Cull
    route: Route

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
