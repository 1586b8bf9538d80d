"""The hub's REST API: who there is, what they run, and what the hub is.

Source: https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

import requests

from jhos.cluster.web import WebSession, authorities_file
from jhos.errors import ClusterUnreachable, JhosError, OutOfTime, Refused

_PAGE = 200  # users in one answer
_PAGED = "application/jupyterhub-pagination+json"
_CONNECT_S, _ANSWER_S = 5, 30
_STARTING = (502, 503, 504)  # from the proxy or the router, as long as the hub is not there


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that runs, starts or stops; `name` is empty for a user's first one.

    `pending`: what it is about to do, as `spawn`. `options`: what the user chose.
    """

    user: str
    name: str
    started: datetime | None
    last_activity: datetime | None
    ready: bool
    pending: str
    url: str
    options: dict[str, Any]

    @property
    def title(self) -> str:
        """As a command takes it: `ada`, or `ada/second`."""
        return f"{self.user}/{self.name}" if self.name else self.user


@dataclass(frozen=True, kw_only=True)
class User:
    name: str
    admin: bool
    groups: tuple[str, ...]
    created: datetime | None
    last_activity: datetime | None
    servers: tuple[Server, ...]


class HubApi:
    """The hub at `url`, for whoever has `token`. Raises the classes of `jhos.errors`.

    `session` carries what reaches it; `target`: where to send, if that is not `url`.
    `authorities`: certificates (PEM) to trust as well, asked for once those known do not suffice.
    `failed`: the error for a request at which the hub itself broke, of which it tells nothing but
    the words that are given.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        session: WebSession | None = None,
        target: str = "",
        authorities: Callable[[], str] = lambda: "",
        failed: Callable[[str], JhosError] = JhosError,
    ) -> None:
        self.url, self.token, self.target = url, token, target or url
        self.session = session or WebSession()
        self.authorities, self.failed = authorities, failed
        self._bundle: Any = None  # the file with the certificates, as long as it is needed
        self._extending = Lock()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}

    @property
    def authorities_file(self) -> str:
        """The certificates that are trusted: of this machine, or of the cluster as well."""
        return self._bundle.name if self._bundle else authorities_file()

    def info(self) -> dict[str, Any]:
        """`version` of JupyterHub, and the classes that it uses."""
        found: dict[str, Any] = self.read("GET", "/hub/api/info")
        return found

    def count(self) -> int:
        """Of the users whom the hub knows."""
        total: int = self._page(limit=1)["_pagination"]["total"]
        return total

    def servers(self) -> list[Server]:
        """All that run, start or stop."""
        return [server for user in self.users(state="active") for server in user.servers]

    def users(self, **query: str) -> Iterator[User]:
        """All, page by page; `state="active"`: those with servers."""
        offset: int | None = 0
        while offset is not None:
            page = self._page(limit=_PAGE, offset=offset, **query)
            yield from map(_user, page["items"])
            following = page["_pagination"]["next"]
            offset = following["offset"] if following else None

    def _page(self, **query: Any) -> dict[str, Any]:
        page: dict[str, Any] = self.read(
            "GET", "/hub/api/users", params=query, headers={"Accept": _PAGED}
        )
        return page

    def user(self, name: str) -> User | None:
        found = self.read("GET", _path(name), absent=404)
        return _user(found) if found else None

    def add(self, names: Iterable[str]) -> list[str]:
        """Those that were not there yet, as the hub spells them."""
        answer = self.read("POST", "/hub/api/users", json={"usernames": list(names)}, absent=409)
        return [each["name"] for each in answer or []]

    def remove(self, name: str) -> None:
        """The user's servers are stopped. Gone already is well."""
        self.read("DELETE", _path(name), absent=404)

    def set_admin(self, name: str, admin: bool) -> None:
        """Only a token of an admin may."""
        self.read("PATCH", _path(name), json={"admin": admin})

    def start(self, user: str) -> None:
        """Begins only; `progress` tells how it goes on."""
        self.read("POST", f"{_path(user)}/server", json={})

    def progress(self, user: str) -> Iterator[dict[str, Any]]:
        """What the hub says of a start, until the last event: it is `ready` or has `failed`."""
        answer = self._send(
            "GET", f"{self.target}{_path(user)}/server/progress", headers=self.headers, stream=True
        )
        if not answer.ok:
            raise self._refusal(answer)
        with answer:
            for line in answer.iter_lines():
                if line.startswith(b"data:"):
                    yield json.loads(line.removeprefix(b"data:"))

    def stop(self, user: str, server: str = "") -> None:
        """Begins only; one that does not run is well."""
        named = f"servers/{quote(server, safe='')}" if server else "server"
        self.read("DELETE", f"{_path(user)}/{named}", absent=404)

    def read(self, method: str, path: str, *, absent: int = 0, **arguments: Any) -> Any:
        """The decoded answer; None where there is none, or where the status is `absent`."""
        headers = {**self.headers, **arguments.pop("headers", {})}
        answer = self._send(method, self.target + path, headers=headers, **arguments)
        if answer.status_code == absent:
            return None
        if not answer.ok:
            raise self._refusal(answer)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise JhosError(f"What answers at {self.url} is no hub.", _REACHED) from error

    def _send(self, method: str, address: str, **arguments: Any) -> requests.Response:
        arguments = {"timeout": (_CONNECT_S, _ANSWER_S), "allow_redirects": False, **arguments}
        known = self.authorities_file if address.startswith("https:") else ""
        try:
            return self.session.request(method, address, **arguments, verify=known or None)
        except requests.exceptions.SSLError as error:
            if self._trusts_more(known):
                return self._send(method, address, **arguments)
            raise ClusterUnreachable(
                f"The certificate of the hub at {self.url} is not trusted: {_cause(error)}.",
                "Name the file with its authority: REQUESTS_CA_BUNDLE=FILE",
            ) from error
        except requests.exceptions.Timeout as error:
            raise OutOfTime(f"The hub at {self.url} does not answer in time.", _REACHED) from error
        except requests.RequestException as error:
            raise ClusterUnreachable(
                f"The hub at {self.url} does not answer: {_cause(error)}.", _REACHED
            ) from error

    def _trusts_more(self, known: str) -> bool:
        """Trust the cluster's authorities as well; False where that changes nothing."""
        with self._extending:  # several requests at once may be the first to meet the certificate
            if self._bundle is None and (more := self.authorities()):
                self._bundle = _bundle_of(known, more)
        return self.authorities_file != known

    def _refusal(self, answer: requests.Response) -> JhosError:
        said = _message(answer)
        match answer.status_code:
            case 401 | 403:
                return Refused(
                    f"The hub at {self.url} does not let this command in: {said}",
                    "Its image or its Secret is of an older jhos: "
                    "`jhos build-images hub`, then `jhos deploy` for it.",
                )
            case 404:
                return JhosError(f"The hub at {self.url} has no such user.", "jhos users list")
            case 500:
                return self.failed(said)
            case status if status in _STARTING:
                return OutOfTime(f"The hub at {self.url} does not run: {said}", _RUNS)
        return Refused(f"The hub refuses it: {said}")


_REACHED = "Is it up (jhos status), and is the cluster's router reached from this machine?"
_RUNS = "It may be starting: see jhos status, and try again."


def _bundle_of(known: str, certificates: str) -> Any:
    """A file of both, which is removed with the object: `requests` takes no text."""
    file = tempfile.NamedTemporaryFile("w", suffix=".pem")  # noqa: SIM115 # outlives this function
    file.write(f"{Path(known).read_text() if Path(known).is_file() else ''}\n{certificates}")
    file.flush()
    return file


def _user(model: dict[str, Any]) -> User:
    servers = (model.get("servers") or {}).values()
    return User(
        name=model["name"],
        admin=bool(model.get("admin")),
        groups=tuple(sorted(model.get("groups") or ())),
        created=_time(model.get("created")),
        last_activity=_time(model.get("last_activity")),
        servers=tuple(_server(model["name"], each) for each in servers),
    )


def _server(user: str, model: dict[str, Any]) -> Server:
    return Server(
        user=user,
        name=model["name"],
        started=_time(model.get("started")),
        last_activity=_time(model.get("last_activity")),
        ready=bool(model.get("ready")),
        pending=model.get("pending") or "",
        url=model.get("url") or "",
        options=model.get("user_options") or {},
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _path(user: str) -> str:
    return f"/hub/api/users/{quote(user, safe='')}"


def _message(answer: requests.Response) -> str:
    """The hub's own words, else the status."""
    try:
        return str(json.loads(answer.text)["message"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason}"


def _cause(error: Exception) -> str:
    return str(error).rsplit(": ", 1)[-1].partition(" (_ssl.c")[0].rstrip(")'\". ")
