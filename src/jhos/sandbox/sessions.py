"""Tokens that users were given for their passwords."""

import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

LIFETIME_S = 86_400


class Sessions:
    """The tokens that were given, kept in a file by their digest: `{digest: [user, expiry]}`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: dict[str, list[Any]] = json.loads(path.read_text()) if path.exists() else {}

    def begin(self, user: str) -> str:
        """A new token."""
        token = f"sha256~{secrets.token_urlsafe(32)}"
        self._held[digest(token)] = [user, time.time() + LIFETIME_S]
        self._write()
        return token

    def user_of(self, token: str) -> str | None:
        user, expiry = self._held.get(digest(token), (None, 0))
        return user if expiry > time.time() else None

    def end(self, name: str, user: str) -> bool:
        """Whether the user had a token of that digest."""
        if self._held.get(name, [None])[0] != user:
            return False
        del self._held[name]
        self._write()
        return True

    def _write(self) -> None:
        now = time.time()
        self._held = {name: held for name, held in self._held.items() if held[1] > now}
        new = self.path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(self._held))
        new.replace(self.path)


def digest(token: str) -> str:
    """The name of a token's object."""
    secret = token.removeprefix("sha256~").encode()
    return f"sha256~{urlsafe_b64encode(hashlib.sha256(secret).digest()).rstrip(b'=').decode()}"
