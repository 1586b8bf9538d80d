"""Tokens that users were given for their passwords, or clients by their users."""

import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

LIFETIME_S = 86_400
FULL = "user:full"  # the scope of a user's own tokens


class Sessions:
    """The tokens that were given, in a file: `{digest: [user, expiry, scope]}`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: dict[str, list[Any]] = json.loads(path.read_text()) if path.exists() else {}
        self._held = {name: [*held, FULL][:3] for name, held in self._held.items()}

    def begin(self, user: str, scope: str = FULL) -> str:
        """A new token."""
        token = f"sha256~{secrets.token_urlsafe(32)}"
        self._held[digest(token)] = [user, time.time() + LIFETIME_S, scope]
        self._write()
        return token

    def owner_of(self, token: str) -> tuple[str, str] | None:
        """The user and what the token is for."""
        user, expiry, scope = self._held.get(digest(token), ("", 0, ""))
        return (user, scope) if expiry > time.time() else None

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
