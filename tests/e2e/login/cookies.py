"""Prints each cookie that a login through the proxy sets, for a browser that came by https."""

import re
import sys
from urllib.parse import urlencode

import requests

PROXY, USER, PASSWORD = sys.argv[1:]

cookies: dict[str, str] = {}


def ask(method: str, path: str, form: str | None = None) -> requests.Response:
    headers = {
        "X-Forwarded-Proto": "https",
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    # Not by a session: it would keep cookies that are for https to itself.
    answer = requests.request(
        method, PROXY + path, data=form, headers=headers, allow_redirects=False, timeout=60
    )
    for cookie in answer.raw.headers.getlist("Set-Cookie"):
        name, value = cookie.split(";")[0].split("=", 1)
        cookies[name] = value.strip('"')
        print(name, *re.findall(r"; (Secure|HttpOnly)", cookie))
    return answer


ask("GET", "/hub/login").raise_for_status()
given = {"username": USER, "password": PASSWORD, "_xsrf": cookies["_xsrf"]}
assert ask("POST", "/hub/login", urlencode(given)).status_code == 302
