"""Accounts of a hub as their owners use them: log in, start a server, call the API."""

import time
from typing import Any

import requests

PATIENCE_S = 180


class Account:
    """A browser without pages. `url` as `jhos deploy` prints it: names below localhost."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.name, self.password = name, password
        port = url.rpartition(":")[2]
        self.hub = f"http://127.0.0.1:{port}/hub"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Host"] = url.split("://")[1]

    def log_in(self) -> bool:
        """Whether the hub lets them in."""
        page = f"{self.hub}/login?next=%2Fhub%2Ftoken"
        self.session.get(page, timeout=PATIENCE_S)
        form = {"username": self.name, "password": self.password, "_xsrf": self._xsrf()}
        answer = self.session.post(page, data=form, timeout=PATIENCE_S)
        return answer.ok and answer.url.endswith("/hub/token")

    def token(self) -> str:
        answer = self._api("post", f"users/{self.name}/tokens", json={"note": "test"})
        token: str = answer.json()["token"]
        return token

    def start_server(self) -> None:
        """Returns when it runs."""
        self._api("post", f"users/{self.name}/server")
        deadline = time.monotonic() + PATIENCE_S
        while not self.is_served():
            assert time.monotonic() < deadline, f"the server of {self.name} does not start"
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
            timeout=PATIENCE_S,
        )
        return answer.ok and answer.json()["name"] == self.name

    def _api(self, method: str, path: str, **arguments: Any) -> requests.Response:
        answer = self.session.request(
            method,
            f"{self.hub}/api/{path}",
            headers={"X-XSRFToken": self._xsrf()},
            timeout=PATIENCE_S,
            **arguments,
        )
        answer.raise_for_status()
        return answer

    def _xsrf(self) -> str:
        return next((cookie.value or "" for cookie in self.session.cookies
                     if cookie.name == "_xsrf"), "")  # fmt: skip
