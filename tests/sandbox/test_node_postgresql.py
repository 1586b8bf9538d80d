"""The postgresql base image keeps the contract of sclorg's."""

from typing import Any

from jhos.sandbox.client import Object
from tests.sandbox.running import PODS, Project, is_over, is_ready

IMAGE = "image-registry.openshift-image-registry.svc:5000/openshift/postgresql:latest"
CLAIMS, SERVICES = "api/v1/persistentvolumeclaims", "api/v1/services"


async def start(project: Project, name: str, password: str) -> Object:
    """A server on the claim `data`, known as service `db`."""
    env = {
        "POSTGRESQL_USER": "hub",
        "POSTGRESQL_DATABASE": "jupyterhub",
        "POSTGRESQL_PASSWORD": password,
    }
    await project.run(
        name,
        "exec run-postgresql",
        image=IMAGE,
        env=[{"name": key, "value": value} for key, value in env.items()],
        readinessProbe={
            "exec": {"command": ["/usr/libexec/check-container"]},
            "periodSeconds": 1,
            "timeoutSeconds": 10,
        },
        livenessProbe={
            "exec": {"command": ["/usr/libexec/check-container", "--live"]},
            "initialDelaySeconds": 30,
            "timeoutSeconds": 10,
        },
        volumeMounts=[{"name": "data", "mountPath": "/var/lib/pgsql/data"}],
        pod={
            "terminationGracePeriodSeconds": 30,
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    )
    await project.client.patch(PODS, project.name, name, {"metadata": {"labels": {"app": "db"}}})
    return await project.until(name, is_ready)


async def query(project: Project, name: str, sql: str, password: str) -> str:
    """Tried until the service leads to the server."""
    connect = "psql -qAt -h db -U hub -d jupyterhub -v ON_ERROR_STOP=1"
    until = "until pg_isready -q -h db; do sleep 0.1; done; "
    env: list[dict[str, Any]] = [
        {"name": "PGPASSWORD", "value": password},
        {"name": "SQL", "value": sql},
    ]
    return await project.finished(name, f'{until}{connect} -c "$SQL" 2>&1', image=IMAGE, env=env)


async def test_data_and_a_changed_password_are_honoured_over_a_restart(project: Project) -> None:
    await project.create(
        CLAIMS,
        "PersistentVolumeClaim",
        "data",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    )
    await project.create(
        SERVICES, "Service", "db", spec={"selector": {"app": "db"}, "ports": [{"port": 5432}]}
    )
    await start(project, "first", "one")
    owner = "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"
    made = "create table t (x int); insert into t values (42)"
    assert await query(project, "owner", owner, "one") == "hub\n"
    assert await query(project, "writer", made, "one") == ""
    await project.client.delete(PODS, project.name, "first")
    await project.gone("first")
    await start(project, "second", "two")
    assert await query(project, "reader", "select x from t", "two") == "42\n"
    assert "password authentication failed" in await query(project, "old", "select 1", "one")


async def test_without_its_variables_it_says_which_are_needed(project: Project) -> None:
    await project.run("bare", "exec run-postgresql", image=IMAGE, pod={"restartPolicy": "Never"})
    pod = await project.until("bare", is_over)
    assert pod["status"]["phase"] == "Failed"
    assert "POSTGRESQL_DATABASE" in await project.output(pod)
