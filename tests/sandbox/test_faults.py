"""Faults: which requests they meet, and what a client sees of each over TLS."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from jhos.sandbox.faults import Effect, Fault, Faults, parse
from tests.sandbox.server import Api, config_map, serving_over_tls

PROJECT_REQUESTS = "/apis/project.openshift.io/v1/projectrequests"
FAULTS = "/sandbox/faults"
ROOT = {"Authorization": "Bearer root-token"}
RESET = Fault(effect=Effect.RESET)
MAPS = "/api/v1/namespaces/mine/configmaps"


@pytest.mark.parametrize(
    ("fault", "met"),
    [
        (RESET, True),
        (replace(RESET, methods=("PUT", "GET")), True),
        (replace(RESET, methods=("PUT",)), False),
        (replace(RESET, path="*/configmaps*"), True),
        (replace(RESET, path="/apis/*"), False),
        (replace(RESET, user="al*"), True),
        (replace(RESET, user="system:*"), False),
        (replace(RESET, count=0), False),
        (replace(RESET, effect=Effect.DROP), False),
    ],
)
def test_a_fault_meets_what_it_is_for(fault: Fault, met: bool) -> None:
    assert fault.meets("GET", MAPS, "alice", watch=False) is met


def test_a_counted_fault_ends() -> None:
    faults = Faults()
    faults.add(replace(RESET, count=2))
    struck = [faults.strike("GET", "/api", "alice", watch=False) for _ in range(3)]
    assert [bool(each) for each in struck] == [True, True, False]
    assert faults.held[1].struck == 2


def test_chance_decides_how_often_a_fault_strikes() -> None:
    faults = Faults(chance=random.Random(1))
    faults.add(replace(RESET, probability=0.25))
    struck = [faults.strike("GET", "/api", "alice", watch=False) for _ in range(1000)]
    assert 200 < sum(map(bool, struck)) < 300


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "the effect is one of"),
        ({"effect": "status", "code": 200}, "between 400 and 599"),
        ({"effect": "reset", "probability": 0}, "probability"),
        ({"effect": "reset", "count": 0}, "count"),
        ({"effect": "delay", "seconds": -1}, "seconds"),
        ({"effect": "reset", "when": "now"}, "has no when"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(document: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(document)


@pytest.fixture
async def alice(tmp_path: Path) -> AsyncIterator[Api]:
    """With a project of her own."""
    async with serving_over_tls(tmp_path) as running:
        await running.post(PROJECT_REQUESTS, {"metadata": {"name": "mine"}})
        yield running


async def fail(api: Api, **fault: Any) -> None:
    await api.ask("POST", FAULTS, fault, **ROOT)
    assert api.status == 200


async def test_a_status_is_answered_instead_and_nothing_done(alice: Api) -> None:
    await fail(alice, effect="status", code=503, methods=["POST"], count=1)
    answer = await alice.post(MAPS, config_map("a"))
    assert (alice.status, answer["reason"]) == (503, "ServiceUnavailable")
    await alice.post(MAPS, config_map("a"))
    assert alice.status == 201


async def test_an_api_whose_server_is_away_is_answered_in_plain_text(alice: Api) -> None:
    await fail(alice, effect="unavailable", path="/apis/route.openshift.io/*")
    routes = "/apis/route.openshift.io/v1/namespaces/mine/routes"
    async with alice.http.get(routes) as answer:
        assert (answer.status, await answer.text()) == (503, "service unavailable\n")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "Retry-After" not in answer.headers
    await alice.get(MAPS)
    assert alice.status == 200
    groups = (await alice.get("/apis"))["groups"]
    assert "route.openshift.io" in {each["name"] for each in groups}


async def test_too_many_requests_says_when_to_come_again(alice: Api) -> None:
    await fail(alice, effect="status", code=429, retryAfter=3)
    async with alice.http.get(MAPS) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")


async def test_a_reset_cuts_the_connection_before_anything_is_done(alice: Api) -> None:
    await fail(alice, effect="reset", methods=["POST"], count=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await alice.post(MAPS, config_map("a"))
    assert alice.store.get("configmaps", "mine", "a") is None


async def test_a_lost_answer_is_of_a_write_that_was_done(alice: Api) -> None:
    await fail(alice, effect="lose", methods=["POST"], count=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await alice.post(MAPS, config_map("a"))
    assert alice.store.get("configmaps", "mine", "a") is not None


async def test_a_dropped_watch_ends_without_a_farewell(alice: Api) -> None:
    await alice.post(MAPS, config_map("a"))
    await fail(alice, effect="drop", seconds=0.2)
    async with alice.http.get(f"{MAPS}?watch=1") as answer:
        assert b"ADDED" in await answer.content.readline()
        with pytest.raises(aiohttp.ClientError):
            await answer.content.read()


async def test_a_watch_learns_by_an_event_that_its_version_is_gone(alice: Api) -> None:
    await fail(alice, effect="status", code=410)
    events = await alice.watch(MAPS, "resourceVersion=1")
    assert [(event, status["reason"]) for event, status in events] == [("ERROR", "Expired")]


async def test_a_delayed_answer_is_the_right_one(alice: Api) -> None:
    await fail(alice, effect="delay", seconds=0)
    await alice.post(MAPS, config_map("a"))
    assert alice.status == 201


async def test_cleared_faults_strike_no_more(alice: Api) -> None:
    await fail(alice, effect="status", code=500)
    await fail(alice, effect="reset")
    await alice.ask("DELETE", f"{FAULTS}/2", **ROOT)
    await alice.get(MAPS)
    assert alice.status == 500
    await alice.ask("DELETE", FAULTS, **ROOT)
    await alice.get(MAPS)
    assert alice.status == 200


async def test_only_the_admin_sets_faults(alice: Api) -> None:
    answer = await alice.post(FAULTS, {"effect": "reset"})
    assert (alice.status, answer["reason"]) == (403, "Forbidden")


async def test_what_is_no_fault_is_refused_in_words(alice: Api) -> None:
    answer = await alice.ask("POST", FAULTS, {"effect": "status", "code": 200}, **ROOT)
    assert (alice.status, answer["message"]) == (400, "the code is between 400 and 599, not 200")
    answer = await alice.ask("DELETE", f"{FAULTS}/7", **ROOT)
    assert (alice.status, answer["message"]) == (404, "there is no fault 7")
