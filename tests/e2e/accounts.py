"""Accounts of a hub as their owners use them: log in, start a server, call the API."""

import time
from collections.abc import Callable
from typing import Any

import requests

PATIENCE_S = 180


class Account:
    """A browser without pages. `url` as `jhos deploy` prints it.

    Without `session` and `target`, which `jhos.cluster.route.session_at` returns, the host is a
    name below localhost. `patience_s` is how long an answer, or the start of a server, may take.
    """

    def __init__(
        self,
        url: str,
        name: str,
        password: str,
        *,
        session: requests.Session | None = None,
        target: str = "",
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.name, self.password, self.patience_s = name, password, patience_s
        self.hub = f"{target or 'http://127.0.0.1:' + url.rpartition(':')[2]}/hub"
        self.session = session or _local_session(url)

    def log_in(self) -> bool:
        """Whether the hub lets them in."""
        page = f"{self.hub}/login?next=%2Fhub%2Ftoken"
        self.session.get(page, timeout=self.patience_s)
        form = {"username": self.name, "password": self.password, "_xsrf": self._xsrf()}
        answer = self.session.post(page, data=form, timeout=self.patience_s)
        return answer.ok and answer.url.endswith("/hub/token")

    def token(self) -> str:
        answer = self._api("post", f"users/{self.name}/tokens", json={"note": "test"})
        token: str = answer.json()["token"]
        return token

    def start_server(self) -> None:
        """Returns when it runs."""
        self._api("post", f"users/{self.name}/server")
        self._wait_until(self.is_served)

    def stop_server(self) -> None:
        """Return once the hub has forgotten it."""
        self._api("delete", f"users/{self.name}/server")
        self._wait_until(lambda: not self.model()["servers"])

    def _wait_until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.patience_s
        while not reached():
            assert time.monotonic() < deadline, f"the server of {self.name} does not start or stop"
            time.sleep(0.2)

    def is_served(self) -> bool:
        """Tell whether their server is ready."""
        return bool(self.model()["servers"].get("", {}).get("ready"))

    def model(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._api("get", f"users/{self.name}").json()
        return answer

    def knows(self, token: str) -> bool:
        """Whether the hub takes the token for this user's."""
        answer = requests.get(
            f"{self.hub}/api/user",
            headers={"Host": str(self.session.headers["Host"]), "Authorization": f"token {token}"},
            timeout=self.patience_s,
        )
        return answer.ok and answer.json()["name"] == self.name

    def _api(self, method: str, path: str, **arguments: Any) -> requests.Response:
        answer = self.session.request(
            method,
            f"{self.hub}/api/{path}",
            headers={"X-XSRFToken": self._xsrf()},
            timeout=self.patience_s,
            **arguments,
        )
        answer.raise_for_status()
        return answer

    def _xsrf(self) -> str:
        return next((cookie.value or "" for cookie in self.session.cookies
                     if cookie.name == "_xsrf"), "")  # fmt: skip


def _local_session(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Host"] = url.split("://")[1]
    return session
