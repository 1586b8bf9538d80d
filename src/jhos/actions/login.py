"""Log in to a cluster without any other program, and out again."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jhos.cluster import kubeconfig, oauth
from jhos.cluster.kubeconfig import Login
from jhos.errors import ClusterUnreachable, SettingsError

Ask = Callable[[str], str]  # shows a text, returns the secret that was typed


@dataclass(frozen=True)
class LoggedIn:
    user: str
    server: str
    context: str
    namespace: str
    projects: tuple[str, ...]


def login(
    paths: list[Path],
    server: str,
    *,
    user: str | None,
    web: bool,
    authority: str | None,
    insecure: bool,
    namespace: str | None,
    ask: Ask,
    say: Callable[[str], None],
) -> LoggedIn:
    """With the password of `user`, else with a token; `ask` gets either.

    `namespace` None: the user's only project, else that of an earlier login.
    """
    url = server.rstrip("/") if "://" in server else f"https://{server.rstrip('/')}"
    if not url.startswith("https://"):
        raise SettingsError(
            f"{url} is no address of TLS, so others could read the login.",
            f"Is it https://{url.partition('://')[2]}?",
        )
    authority = authority or (None if insecure else kubeconfig.known_authority(paths, url))
    with oauth.server(url, authority=authority, insecure=insecure) as known:
        if user:
            token = known.token_for(user, lambda: ask(f"Password of {user}"))
        else:
            if web:
                say(f"Log in here and copy the token: {known.token_page()}")
            token = ask("Token")
        name = known.user_of(token)
        projects = known.projects_of(token)
    found = Login(server=url, user=name, token=token, authority=authority, insecure=insecure)
    only = projects[0] if len(projects) == 1 else None
    context = kubeconfig.add(paths, found, namespace or only)
    return LoggedIn(name, url, context, context.partition("/")[0], tuple(projects))


def logout(paths: list[Path], context: str | None) -> tuple[Login | None, bool]:
    """The login that was taken out of the files, and whether the server forgot its token too."""
    found = kubeconfig.forget(paths, context)
    if found is None:
        return None, False
    with (
        oauth.server(found.server, authority=found.authority, insecure=found.insecure) as known,
        suppress(ClusterUnreachable),
    ):
        return found, known.revoke(found.token)
    return found, False
