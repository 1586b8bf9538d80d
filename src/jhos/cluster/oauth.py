"""OpenShift's login: a token for a password, whose token it is, and its end.

Source: https://docs.openshift.com/container-platform/latest/authentication/configuring-internal-oauth.html
"""

import hashlib
import logging
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from jhos.cluster.decoding import decoded
from jhos.cluster.web import WebSession, authorities_file
from jhos.errors import ClusterUnreachable, LoginNeeded
from jhos.objects import Object

_TIMEOUT_S = (5, 30)
_API = "Is it the address of an OpenShift API server, for example https://api.example.com:6443?"
log = logging.getLogger(__name__)
_CHALLENGED = {
    "client_id": "openshift-challenging-client",
    "response_type": "token",
}


class Server:
    """The API server at `url`, and the OAuth server that it names."""

    def __init__(self, url: str, session: WebSession, verify: str | bool) -> None:
        self.url, self.session = url.rstrip("/"), session
        session.verify = verify

    def token_page(self) -> str:
        """Where a browser shows a token to whoever logs in there."""
        return f"{self._endpoints()['issuer']}/oauth/token/request"

    def token_for(self, user: str, password: Callable[[], str]) -> str:
        """The password is asked for once the server is known to be trusted.

        Raises LoginNeeded where the two do not fit.
        """
        endpoint = self._endpoints()["authorization_endpoint"]
        answer = self._ask(
            "get",
            endpoint,
            params=_CHALLENGED,
            auth=(user.encode(), password().encode()),
            headers={"X-CSRF-Token": "1"},
            allow_redirects=False,
        )
        told = parse_qs(urlsplit(answer.headers.get("Location", "")).fragment)
        if answer.status_code == 401:
            raise LoginNeeded(f"{self.url} refuses the password of user {user}.", "Try again.")
        if "access_token" not in told:
            raise LoginNeeded(
                f"{self.url} gives no token for a password (status {answer.status_code}).",
                f"Log in with a token: jhos login {self.url} --web",
            )
        return told["access_token"][0]

    def user_of(self, token: str) -> str:
        """The name of the user. Raises LoginNeeded for a token that is not good."""
        answer = self._ask("get", self._user_api("users/~"), headers=_bearer(token))
        if answer.status_code == 401:
            raise LoginNeeded(f"{self.url} does not accept this token.", self._how())
        if answer.status_code != 200:
            raise ClusterUnreachable(
                f"{self.url} does not say whose token this is (status {answer.status_code}).", _API
            )
        name: str = _json(answer, self.url).get("metadata", {}).get("name", "")
        if not name:
            raise _no_api(self.url)
        return name

    def projects_of(self, token: str) -> list[str]:
        """The names of those that the user may see."""
        url = f"{self.url}/apis/project.openshift.io/v1/projects"
        answer = self._ask("get", url, headers=_bearer(token))
        if answer.status_code != 200:
            return []
        found = _json(answer, self.url).get("items", [])
        return sorted(each["metadata"]["name"] for each in found)

    def revoke(self, token: str) -> bool:
        """Whether the server has forgotten the token; one that it did not issue stays good."""
        secret = token.removeprefix("sha256~")
        digest = urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).rstrip(b"=").decode()
        path = f"apis/oauth.openshift.io/v1/useroauthaccesstokens/sha256~{digest}"
        answer = self._ask("delete", f"{self.url}/{path}", headers=_bearer(token))
        return answer.status_code == 200

    def _endpoints(self) -> dict[str, str]:
        answer = self._ask("get", f"{self.url}/.well-known/oauth-authorization-server")
        if answer.status_code != 200:
            raise ClusterUnreachable(
                f"{self.url} has no login of OpenShift (status {answer.status_code}).", _API
            )
        found = _json(answer, self.url)
        if not {"issuer", "authorization_endpoint"} <= found.keys():
            raise _no_api(self.url)
        return found

    def _user_api(self, path: str) -> str:
        return f"{self.url}/apis/user.openshift.io/v1/{path}"

    def _how(self) -> str:
        return f"Get a new one: jhos login {self.url} --web"

    def _ask(self, method: str, url: str, **options: Any) -> requests.Response:
        try:
            answer = self.session.request(method, url, timeout=_TIMEOUT_S, **options)
        except requests.exceptions.SSLError as error:
            raise ClusterUnreachable(
                f"The certificate of {urlsplit(url).netloc} is not trusted.",
                "Name its authority with --certificate-authority FILE; or, on a network that you "
                "trust, --insecure-skip-tls-verify.",
            ) from error
        except requests.exceptions.RequestException as error:
            why = str(error).rsplit(": ", 1)[-1].rpartition("] ")[2].rstrip("'\")")
            if isinstance(error, requests.exceptions.ProxyError):
                why = f"the proxy of HTTPS_PROXY: {why}"
            raise ClusterUnreachable(
                f"{self.url} does not answer: {why}.", "Is it the address of the cluster's API?"
            ) from error
        time_ms = answer.elapsed.total_seconds() * 1000
        log.info("%s %s %s %.0f ms", method.upper(), url, answer.status_code, time_ms)
        return answer


@contextmanager
def server(url: str, *, authority: str | None, insecure: bool) -> Iterator[Server]:
    """`authority`: PEM of the CA to trust; None: those of this machine."""
    with WebSession() as session, tempfile.NamedTemporaryFile("w", suffix=".crt") as file:
        if authority and not insecure:
            file.write(authority)
            file.flush()
            yield Server(url, session, file.name)
        else:
            yield Server(url, session, not insecure and authorities_file())


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _json(answer: requests.Response, url: str) -> Object:
    try:
        return decoded(answer.content)
    except ValueError as error:
        raise _no_api(url) from error


def _no_api(url: str) -> ClusterUnreachable:
    return ClusterUnreachable(f"{url} does not answer as an OpenShift API server does.", _API)
