"""The hub's database, whichever it is, as bytes: out of its pod, and back into it as a whole.

The programs run in the pod and find what they need in its environment, so no password travels.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jhos.cluster.client import Cluster
from jhos.cluster.exec import output, run
from jhos.errors import JhosError, SettingsError
from jhos.kinds import conditions_of
from jhos.objects import Object, of_component
from jhos.settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Where the programs run, and which.

    `dump` writes the database as it is at one moment; `look` JSON of what is in it. `load` takes
    the size of the dump that it reads and SQL to run after it; the database is as before unless
    all of it was read. `forget`: SQL that makes the hub look for no server of the past.
    """

    component: str
    container: str
    member: str  # in the file of a backup
    dump: tuple[str, ...]
    look: tuple[str, ...]
    load: tuple[str, ...]
    forget: str


_ENVIRONMENT = """
set -eo pipefail
export PGHOST=127.0.0.1 PGUSER="$POSTGRESQL_USER" PGPASSWORD="$POSTGRESQL_PASSWORD"
export PGDATABASE="$POSTGRESQL_DATABASE"
"""
_LOOK = """
SELECT json_build_object('version', 'PostgreSQL ' || current_setting('server_version'),
  'schema', (SELECT version_num FROM alembic_version),
  'users', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM users))
"""
# One transaction, which an end that comes too early leaves without its COMMIT.
_LOAD = """
{
  echo 'BEGIN; DROP OWNED BY CURRENT_USER CASCADE;'
  head -c "$1" | pg_restore --no-owner --no-privileges --file=-
  printf '%s;\\n' "$2" COMMIT
} | psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --output=/dev/null
"""

_SQLITE = """
import json, os, shutil, sqlite3, sys, tempfile
path = os.environ.get("APP_ROOT", "/opt/app-root") + "/data/jupyterhub.sqlite"
database = sqlite3.connect(f"file:{path}?mode=MODE", uri=True, timeout=60)
"""
_SQLITE_THERE, _SQLITE_NEW = (_SQLITE.replace("MODE", mode) for mode in ("rw", "rwc"))
_SQLITE_DUMP = """
with tempfile.NamedTemporaryFile() as copy:
    database.backup(sqlite3.connect(copy.name))
    shutil.copyfileobj(open(copy.name, "rb"), sys.stdout.buffer)
"""
_SQLITE_LOOK = """
print(json.dumps({
    "version": f"SQLite {sqlite3.sqlite_version}",
    "schema": database.execute("SELECT version_num FROM alembic_version").fetchone()[0],
    "users": [row[0] for row in database.execute("SELECT name FROM users ORDER BY name")],
}))
"""
_SQLITE_LOAD = """
left = int(sys.argv[1])
with tempfile.NamedTemporaryFile() as copy:
    while left:
        chunk = sys.stdin.buffer.read(min(left, 1 << 20))
        if not chunk:
            sys.exit("the dump was cut off")
        copy.write(chunk)
        left -= len(chunk)
    copy.flush()
    source = sqlite3.connect(copy.name)
    source.execute(sys.argv[2])
    source.commit()
    source.backup(database)
"""

KINDS = {
    "postgresql": Kind(
        component="database",
        container="postgresql",
        member="database.dump",
        dump=("bash", "-c", f"{_ENVIRONMENT}pg_dump --format=custom --no-owner --no-privileges"),
        look=("bash", "-c", f'{_ENVIRONMENT}psql --no-psqlrc -At -c "{_LOOK}"'),
        load=("bash", "-c", f"{_ENVIRONMENT}{_LOAD}", "bash"),
        forget="UPDATE public.spawners SET state = '{}'",
    ),
    "sqlite": Kind(
        component="hub",
        container="hub",
        member="database.sqlite",
        dump=("python", "-c", f"{_SQLITE_THERE}{_SQLITE_DUMP}"),
        look=("python", "-c", f"{_SQLITE_THERE}{_SQLITE_LOOK}"),
        load=("python", "-c", f"{_SQLITE_NEW}{_SQLITE_LOAD}"),
        forget="UPDATE spawners SET state = '{}'",
    ),
}


@dataclass(frozen=True, kw_only=True)
class HubDatabase:
    """That of one deployment, in the pod that has it."""

    cluster: Cluster
    pod: str
    kind: Kind

    def look(self) -> dict[str, Any]:
        """`version` of the program, `schema` (Alembic's), `users` by name."""
        found: dict[str, Any] = json.loads(self._output(self.kind.look))
        return found

    def dump(self) -> Iterator[bytes]:
        return run(self.cluster, self.pod, self.kind.container, list(self.kind.dump))

    def load(self, content: Iterable[bytes], size: int, *, forget: bool) -> None:
        """In place of all that is there. `forget`: servers that ran are not looked for."""
        sql = self.kind.forget if forget else "SELECT 1"
        command = [*self.kind.load, str(size), sql]
        for _ in run(self.cluster, self.pod, self.kind.container, command, content):
            pass

    def _output(self, command: tuple[str, ...]) -> str:
        return output(self.cluster, self.pod, self.kind.container, list(command))


def find(cluster: Cluster, settings: Settings) -> HubDatabase:
    """Raises SettingsError for an external one, JhosError where its pod does not run."""
    kind = kind_of(settings)
    pods = cluster.list("Pod", of_component(settings.name, kind.component))[0]
    pod = next((each for each in pods if _is_ready(each)), None)
    if pod is None:
        raise JhosError(
            f"The database of {settings.name} does not run: no pod of its {kind.component} is "
            f"ready in project {cluster.namespace}.",
            f"Bring it up first: jhos deploy --name {settings.name} -n {cluster.namespace}",
        )
    return HubDatabase(cluster=cluster, pod=pod["metadata"]["name"], kind=kind)


def kind_of(settings: Settings) -> Kind:
    if settings.database.type not in KINDS:
        raise SettingsError(
            f"The database of {settings.name} is not in the cluster, but where its URL leads.",
            "Back it up there; --without-database writes the rest.",
        )
    return KINDS[settings.database.type]


def _is_ready(pod: Object) -> bool:
    ready = conditions_of(pod).get("Ready", {}).get("status") == "True"
    return ready and "deletionTimestamp" not in pod["metadata"]
