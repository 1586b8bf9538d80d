import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhos import __version__, archive
from jhos.errors import JhosError, SettingsError

ABOUT = {"kind": archive.KIND, "format": archive.FORMAT, "jhos": __version__, "name": "jakevdp"}
DUMP = [b"PGDMP", b"x" * 100_000, b"end"]


def write(path: Path, about: dict[str, object] = ABOUT) -> Path:
    with archive.writing(path) as backup:
        backup.add(archive.ABOUT, json.dumps(about).encode())
        backup.add(archive.SETTINGS, b"name: jakevdp\n")
        backup.add(f"{archive.CONFIGURATION}jupyterhub_config.py", b"c.x = 1\n")
        backup.add(archive.SECRETS, b"salt\ntoken\n")
        backup.add_stream("database.dump", DUMP, path.parent)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "jakevdp.tar")


def test_what_was_written_is_read(file: Path) -> None:
    found = archive.read(file)
    assert found.about == ABOUT
    assert found.settings == "name: jakevdp\n"
    assert found.configuration == {"jupyterhub_config.py": "c.x = 1\n"}
    assert found.secrets == b"salt\ntoken\n"
    assert (found.database, found.database_size) == ("database.dump", len(b"".join(DUMP)))
    assert b"".join(found.dump()) == b"".join(DUMP)


def test_the_file_is_for_its_owner_only(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600


def test_usual_tools_unpack_and_check_it(file: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "xf", file], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--quiet", "-c", archive.SUMS], cwd=tmp_path, check=True)


@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off_is_refused(file: Path, fraction: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: round(len(content) * fraction)])
    with pytest.raises(SettingsError, match=r"not whole|no backup"):
        archive.read(file)


def test_a_file_cut_off_between_two_members_is_refused(file: Path) -> None:
    with tarfile.open(file) as tar:
        end = tar.getmember(archive.SUMS).offset
    file.write_bytes(file.read_bytes()[:end] + bytes(1024))
    with pytest.raises(SettingsError, match="not whole"):
        archive.read(file)


def test_a_changed_byte_is_found(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[content.index(b"x" * 1000) + 500] ^= 1
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="not whole"):
        archive.read(file)


def foreign() -> Iterator[tuple[str, bytes]]:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archived:
        member = tarfile.TarInfo("backup.json")
        member.size = 2
        archived.addfile(member, io.BytesIO(b"{}"))
    yield "another tar", tar.getvalue()
    yield "an empty file", b""
    yield "text", b"hello\n" * 1000


@pytest.mark.parametrize("content", [pytest.param(each, id=name) for name, each in foreign()])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "foreign"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="no backup of jhos"):
        archive.read(file)


def test_a_link_in_it_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "links.tar"
    with archive.writing(file) as backup:
        backup.add(archive.ABOUT, json.dumps(ABOUT).encode())
        link = tarfile.TarInfo(archive.SETTINGS)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        backup.tar.addfile(link)
    with pytest.raises(SettingsError, match="not whole"):
        archive.read(file)


@pytest.mark.parametrize("newer", [{"format": archive.FORMAT + 1}, {"jhos": "9999.1"}])
def test_a_file_of_a_newer_jhos_is_refused(tmp_path: Path, newer: dict[str, object]) -> None:
    file = write(tmp_path / "new.tar", {**ABOUT, **newer})
    with pytest.raises(SettingsError, match=f"newer jhos: {newer.get('jhos', __version__)}"):
        archive.read(file)


def write_half(path: Path, error: BaseException) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise error

    with archive.writing(path) as backup:
        backup.add_stream("database.dump", chunks(), path.parent)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), JhosError("broken")])
def test_what_is_interrupted_leaves_no_file(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        write_half(tmp_path / "half.tar", error)
    assert not list(tmp_path.iterdir())


def test_an_older_file_stays_until_the_new_one_is_whole(file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(JhosError):
        write_half(file, JhosError("no"))
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(JhosError, match="cannot be written: No such file"),
        archive.writing(tmp_path / "no" / "file.tar"),
    ):
        pass
