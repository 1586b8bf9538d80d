"""Container logs, written and read."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from jhos.sandbox.layout import Layout
from jhos.sandbox.node import logs
from jhos.sandbox.node.logs import LogWriter, last_lines, read_log


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, tmp_path / "cache")


def writer(layout: Layout, run: int = 0) -> LogWriter:
    return LogWriter(layout.pods / "u" / "main", run)


async def text(layout: Layout, **options: Any) -> str:
    return b"".join([line async for line in read_log(layout, "u", "main", **options)]).decode()


async def test_lines_are_kept_with_their_time(layout: Layout) -> None:
    log = writer(layout)
    log.write(b"one\ntw")
    log.write(b"o\n")
    assert await text(layout) == "one\ntwo\n"
    first = (await text(layout, timestamps=True)).splitlines()[0]
    assert len(first.split(" ")[0]) == len("2026-01-02T03:04:05.123456789Z")


async def test_the_last_lines_may_be_asked_for(layout: Layout) -> None:
    writer(layout).write(b"1\n2\n3\n")
    assert await text(layout, tail_lines=2) == "2\n3\n"
    assert await text(layout, tail_lines=0) == ""


async def test_only_lines_since_a_time_may_be_asked_for(layout: Layout) -> None:
    writer(layout).write(b"now\n")
    assert await text(layout, since_time="2999-01-01T00:00:00Z") == ""
    assert await text(layout, since_seconds=60) == "now\n"


async def test_a_rest_without_a_line_end_is_written_at_the_end(layout: Layout) -> None:
    log = writer(layout)
    log.write(b"rest")
    assert await text(layout) == ""
    log.close()
    assert await text(layout) == "rest\n"


async def test_following_shows_what_comes_and_ends_with_the_container(layout: Layout) -> None:
    log = writer(layout)
    log.write(b"first\n")
    following = asyncio.create_task(text(layout, follow=True))
    await asyncio.sleep(0)
    log.write(b"second\n")
    log.close()
    assert await following == "first\nsecond\n"


async def test_the_run_before_the_last_is_kept_and_older_ones_go(layout: Layout) -> None:
    for run in range(3):
        log = writer(layout, run)
        log.write(f"run {run}\n".encode())
        log.close()
    assert await text(layout) == "run 2\n"
    assert await text(layout, previous=True) == "run 1\n"
    assert not (layout.pods / "u/main/0.log").exists()


async def test_following_a_run_that_a_killed_node_left_ends_with_the_next(layout: Layout) -> None:
    writer(layout, 0).write(b"lost\n")
    following = asyncio.create_task(text(layout, follow=True))
    await asyncio.sleep(0)
    writer(layout, 1)
    assert await following == "lost\n"


async def test_a_container_that_never_ran_has_no_lines(layout: Layout) -> None:
    assert await text(layout) == ""


async def test_a_large_log_starts_anew_and_keeps_the_file_before(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_FILE", 100)
    log = writer(layout)
    for number in range(10):
        log.write(f"line {number}\n".encode())
    lines = (await text(layout)).splitlines()
    assert lines[-1] == "line 9"
    assert 2 <= len(lines) < 10


def test_the_end_of_a_log_stands_for_a_message(layout: Layout) -> None:
    log = writer(layout)
    log.write(b"".join(b"line %d\n" % number for number in range(100)))
    assert last_lines(log.path).splitlines()[0] == "line 20"
