"""HTTP to what is not the cluster's API: the hub behind its route, and the login of OpenShift.

By itself the requests library takes more from the environment than a caller expects: a bundle of
certificates replaces what a session says of them, and a login of .netrc replaces the token of a
request. Here the environment gives proxies, and the authorities of `authorities_file`.
"""

import os
import ssl
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy
from urllib3.util import Url, parse_url

from jhos.errors import SettingsError

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_CONNECT_S = 5


class WebSession(requests.Session):
    """A session that goes by the proxies of the environment, unless it is `direct`."""

    def __init__(self, *, direct: bool = False) -> None:
        super().__init__()
        self.direct, self.trust_env = direct, False

    def request(self, method: Any, url: Any, **given: Any) -> requests.Response:  # type: ignore[override] # passes all on
        proxies = {} if self.direct else get_environ_proxies(str(url))
        return super().request(method, url, **given, proxies=proxies)


def authorities_file() -> str:
    """Return the file, or the folder, of the authorities that this machine trusts.

    Raises SettingsError where a variable names one that does not exist.
    """
    for variable in _BUNDLES:
        if named := os.environ.get(variable):
            if not Path(named).exists():
                raise SettingsError(
                    f"The variable {variable} names {named}, which does not exist.",
                    "Name a file of certificates (PEM), or unset the variable.",
                )
            return named
    return str(DEFAULT_CA_BUNDLE_PATH)


def trusting(authorities: str) -> ssl.SSLContext:
    """Return a context that trusts the authorities of the file or folder alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if Path(authorities).is_dir():
        context.load_verify_locations(capath=authorities)
    else:
        context.load_verify_locations(cafile=authorities)
    return context


def presented_certificate(url: str) -> str:
    """Return the certificate (PEM) that is presented at `url`, whether or not it is trusted.

    Raises OSError where there is none.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = _connection(url, context)
    try:
        connection.connect()
        secure: Any = connection.sock
        return ssl.DER_cert_to_PEM_cert(secure.getpeercert(binary_form=True))
    finally:
        connection.close()


def _connection(url: str, context: ssl.SSLContext) -> HTTPSConnection:
    place = parse_url(url)
    proxy = select_proxy(url, get_environ_proxies(url))
    first = parse_url(proxy) if proxy else place
    connection = HTTPSConnection(*_address(first), timeout=_CONNECT_S, context=context)
    if proxy:
        connection.set_tunnel(*_address(place), headers=HTTPAdapter().proxy_headers(proxy))
    return connection


def _address(place: Url) -> tuple[str, int]:
    return place.host or "", place.port or (80 if place.scheme == "http" else 443)
