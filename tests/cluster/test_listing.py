import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jhos.cluster.listing import outlines
from tests.cluster.answering import Answer, Broken, answering, cluster_at, in_turn

ITEMS = [{"metadata": {"name": name}} for name in ("a", "ü€", 'x"}]')]
LIST = {"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": ITEMS}


def name_of(obj: dict[str, Any]) -> str:
    return str(obj["metadata"]["name"])


def pieces(text: str, size: int) -> Iterator[bytes]:
    content = text.encode()
    return (content[at : at + size] for at in range(0, len(content), size))


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("keys", [("kind", "metadata", "items"), ("items", "metadata")])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_is_read_wherever_it_is_cut(
    size: int, keys: tuple[str, ...], indent: int | None
) -> None:
    text = json.dumps({key: LIST[key] for key in keys}, ensure_ascii=False, indent=indent)
    found = outlines(pieces(f"{text}\n", size), name_of)
    assert found == ([name_of(each) for each in ITEMS], LIST["metadata"])


@pytest.mark.parametrize(
    "answer", [{"items": None}, {"items": []}, {}, {"metadata": None, "items": None}]
)
def test_a_list_may_be_empty(answer: dict[str, Any]) -> None:
    text = json.dumps({"metadata": {}, **answer})
    assert outlines([text.encode()], name_of) == ([], {})


@pytest.mark.parametrize(
    "text", ["", "<html>", "[]", "null", '{"items": [{"metadata"', '{"items": [1 2]}']
)
def test_what_is_no_list_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        outlines([text.encode()], str)


def test_of_thousands_only_what_is_kept_is_held() -> None:
    item = json.dumps({"metadata": {"name": "a", "managedFields": ["x" * 50] * 100}}).encode()

    def answer() -> Iterator[bytes]:
        yield b'{"items": ['
        yield from (item + b"," for _ in range(1000))
        yield item + b"]}"

    tracemalloc.start()
    kept, _ = outlines(answer(), name_of)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 1001
    assert peak < 1_000_000 < 1000 * len(item)


def test_a_list_that_breaks_off_is_read_again(tmp_path: Path) -> None:
    half = Broken(half=True, text=json.dumps(LIST)[:-20])
    with answering(in_turn(half, Answer(body=LIST))) as server:
        found = cluster_at(server.address, tmp_path).census("Pod", "app=a", name_of)
    assert found == ([name_of(each) for each in ITEMS], "7")
    assert server.methods == ["GET", "GET"]
