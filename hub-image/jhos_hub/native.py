"""Accounts of the hub itself: NativeAuthenticator, under a JupyterHub that is newer than it."""

from typing import Any

from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.handlers import LoginHandler


class _NoTimer:
    """JupyterHub 6 has no statsd, which NativeAuthenticator 1.3 asks for a timer."""

    def timer(self, _name: str) -> "_NoTimer":
        return self

    def start(self) -> "_NoTimer":
        return self

    def stop(self, **_: Any) -> None:
        pass


class SignUpLoginHandler(LoginHandler):  # type: ignore[misc] # has no types
    statsd = _NoTimer()


class SignUpAuthenticator(NativeAuthenticator):  # type: ignore[misc] # has no types
    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        return [
            (path, SignUpLoginHandler if handler is LoginHandler else handler)
            for path, handler in super().get_handlers(app)
        ]
