"""Prints each cookie that a login and a server set, for a browser that came by https."""

import re
import sys
import time
from http.client import HTTPResponse
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import BaseHandler, HTTPCookieProcessor, Request, build_opener

PROXY, USER, PASSWORD = sys.argv[1:]
PATIENCE_S = 100


class Tell(BaseHandler):
    def http_response(self, _: Request, answer: HTTPResponse) -> HTTPResponse:
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, value = cookie.split(";")[0].split("=", 1)
            if value.strip('"'):  # else it is taken away
                path = re.findall(r"; Path=([^;]+)", cookie)
                print(*path, name, *re.findall(r"; (Secure|HttpOnly)", cookie))
        return answer


# To it http is what the router would speak.
jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http",)))
opener = build_opener(HTTPCookieProcessor(jar), Tell)
opener.addheaders = [("X-Forwarded-Proto", "https")]


def ask(path: str, form: dict[str, str] | None = None) -> str:
    """Where it leads to."""
    try:
        return str(opener.open(PROXY + path, urlencode(form).encode() if form else None).url)
    except HTTPError as error:  # of a server that does not run yet
        return str(error.url)


ask("/hub/login")
form = {"username": USER, "password": PASSWORD, "_xsrf": next(iter(jar)).value or ""}
ask("/hub/login?next=/hub/spawn", form)
deadline = time.monotonic() + PATIENCE_S
while not (found := ask(f"/user/{USER}/")).endswith(f"/user/{USER}/lab"):
    assert time.monotonic() < deadline, found
    time.sleep(1)
