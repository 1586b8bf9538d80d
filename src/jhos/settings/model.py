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
    announcement: str | None
    active_servers: int | None


@dataclass(frozen=True, kw_only=True)
class Proxy(Resources):
    pass


@dataclass(frozen=True, kw_only=True)
class Database(Resources):
    """`image` None: the newest that the cluster's `postgresql` stream has.

    `secret`: of an external database, with the key `database-url`.
    """

    type: str
    secret: str | None
    image: str | None
    storage: str
    storage_class: str | None


@dataclass(frozen=True, kw_only=True)
class Notebook(Resources):
    """Times in seconds; `interface` is `lab` or `classic`.

    `mount_secrets` as `SECRET=/path`, `mount_pvcs` as `CLAIM=/path` or `CLAIM=/path:ro`.
    `egress`: networks and projects that servers may reach besides the public internet.
    """

    image: str
    start_timeout: int
    http_timeout: int
    environment: dict[str, str] = field(default_factory=dict)
    interface: str
    mount_secrets: tuple[str, ...]
    mount_pvcs: tuple[str, ...]
    egress: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Storage:
    """A volume for each user; `size` None: files go with the server."""

    size: str | None
    storage_class: str | None
    access_mode: str
    mount_path: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A choice at the start of a server; what is None is as `notebook` says.

    `groups`: only for their members; empty: for all.
    """

    name: str
    title: str | None = None
    description: str | None = None
    default: bool = False
    image: str | None = None
    memory: str | None = None
    memory_request: str | None = None
    cpu: str | None = None
    cpu_request: str | None = None
    gpu: int | None = None
    environment: dict[str, str] = field(default_factory=dict)
    interface: str | None = None
    node_selector: dict[str, str] = field(default_factory=dict)
    tolerations: tuple[dict[str, Any], ...] = ()
    groups: tuple[str, ...] = ()
    supplemental_groups: tuple[int, ...] = ()
    mount_path: str | None = None


@dataclass(frozen=True, kw_only=True)
class Auth:
    """Who gets in. Which of the fields a `type` needs is told by `settings.auth`."""

    type: str
    admin_users: tuple[str, ...]
    allowed_users: tuple[str, ...]
    allowed_groups: tuple[str, ...]
    admin_groups: tuple[str, ...]
    allow_all: bool
    client_id: str | None
    secret: str | None
    url: str | None
    organizations: tuple[str, ...]
    username_claim: str
    bind_dn_templates: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Cull:
    """Seconds; None: never. `users`: a user goes with the server; None: throw-away users do."""

    idle: int | None
    max_age: int | None
    users: bool | None


@dataclass(frozen=True, kw_only=True)
class Route:
    """`timeout` as the router's annotation has it, for example `1h`.

    `certificate`: a Secret with `tls.crt` and `tls.key`.
    """

    host: str | None
    certificate: str | None
    timeout: str


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """`enabled`: the cluster's monitoring of projects reads the hub's metrics."""

    enabled: bool


@dataclass(frozen=True, kw_only=True)
class Settings:
    name: str
    hub: Hub
    proxy: Proxy
    database: Database
    notebook: Notebook
    storage: Storage
    profiles: tuple[Profile, ...]
    auth: Auth
    cull: Cull
    route: Route
    metrics: Metrics

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
