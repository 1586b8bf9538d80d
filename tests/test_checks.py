from collections.abc import Callable
from typing import Any

import pytest

from jhos.actions.wanted import Wanted
from jhos.checks import (
    Verdict,
    apis,
    check_first,
    check_host,
    check_metrics,
    limits,
    quota,
    rights,
    storage,
    streams,
)
from jhos.cluster.facts import Kept
from jhos.cluster.premises import Premises, ProjectQuota, Quantities, quantity
from jhos.errors import Refused, SettingsError
from jhos.kinds import KINDS
from jhos.plan import plan_deploy
from jhos.quotas import demand
from jhos.rights import BUILD, DEPLOY, TEARDOWN, check_builds, check_rights
from jhos.settings.load import load
from jhos.settings.model import Settings

ADMIN = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
EVERY = (*DEPLOY, *TEARDOWN, *BUILD)


class Rights:
    """Of a cluster, only who may do what."""

    namespace, context = "demo", "here"

    def __init__(self, *rules: dict[str, Any]) -> None:
        self.given = rules

    def groups(self) -> set[str]:
        return {group for rule in self.given for group in rule["apiGroups"]}

    def rules(self) -> list[dict[str, Any]]:
        return list(self.given)


def check(*rules: dict[str, Any]) -> None:
    check_rights(Rights(*rules), EVERY)  # type: ignore[arg-type] # all of Cluster that it uses


def of(kind: str) -> dict[str, Any]:
    row = KINDS[kind]
    groups = [row.api_version.rpartition("/")[0]]
    return {"verbs": ["*"], "apiGroups": groups, "resources": [row.plural, f"{row.plural}/*"]}


def test_an_admin_may_do_all() -> None:
    check(ADMIN)


def test_who_has_no_right_is_told_that_there_is_no_such_project() -> None:
    with pytest.raises(Refused, match="no project demo") as caught:
        check()
    assert "--create-project" in caught.value.hint


def test_a_missing_right_is_named() -> None:
    kinds = {kind.partition("/")[0] for _, kind in EVERY}
    rest = [of(kind) for kind in kinds - {"RoleBinding"}]
    upload = {
        "verbs": ["create"],
        "apiGroups": ["build.openshift.io"],
        "resources": ["buildconfigs/instantiatebinary"],
    }
    with pytest.raises(Refused, match="create, patch, delete RoleBinding") as caught:
        check(*rest, upload)
    assert "ConfigMap" not in caught.value.message
    assert "`admin`" in caught.value.hint


def test_a_right_to_one_named_object_is_no_right_to_its_kind() -> None:
    with pytest.raises(Refused):
        check({**ADMIN, "resourceNames": ["alpha"]})


class Groups:
    """Of a cluster, only which APIs it has."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)

    def groups(self) -> set[str]:
        return self.names


def test_a_cluster_that_builds_nothing_is_told_with_the_other_way() -> None:
    with pytest.raises(Refused, match="has no Build API") as caught:
        check_builds(Groups("image.openshift.io"))  # type: ignore[arg-type] # all that it uses
    assert "--import" in caught.value.hint
    with pytest.raises(Refused, match="has no ImageStream API") as caught:
        check_builds(Groups())  # type: ignore[arg-type] # likewise
    assert "--notebook-image" in caught.value.hint


def test_an_address_that_no_router_takes_is_refused() -> None:
    settings = load({"name": "a" * 34})
    check_host(settings, "b" * 28)
    with pytest.raises(SettingsError, match="64 characters"):
        check_host(settings, "b" * 29)
    check_host(load({"name": "a" * 34, "route": {"host": "hub.example.com"}}), "b" * 29)


GROUPS = {"route.openshift.io", "image.openshift.io", "build.openshift.io"}
SETTINGS = load({"name": "hub"})


def premises(**known: Any) -> Premises:
    """Of an empty project that is all that one could wish."""
    whole: dict[str, Any] = {
        "phase": "Active",
        "rules": [ADMIN],
        "groups": GROUPS,
        "quotas": [],
        "bounds": ({}, {}),
        "classes": ["fast", "slow"],
        "default_class": "fast",
        "tags": {"python": {"3.12-ubi9"}, "postgresql": {"16-el9"}},
        "has_registry": True,
    }
    return Premises(**whole | known)


def quantities(**known: Any) -> dict[str, Any]:
    return {key.replace("_", "."): quantity(value) for key, value in known.items()}


def limited(**hard: Any) -> Premises:
    """By a quota of which nothing is used."""
    return premises(quotas=[ProjectQuota(name="small", hard=quantities(**hard), used={})])


def needed(settings: Settings) -> Quantities:
    """By a first deployment."""
    wanted = Wanted(
        settings=settings, configuration={}, secrets={}, certificate={}, namespace="demo", images={}
    )
    objects = wanted.objects(dict.fromkeys((settings.hub.image, settings.notebook.image), "i"))
    return demand(plan_deploy("hub", objects, {}, {}, ()), Kept("hub", {}, {}, {}))


def test_a_good_project_has_no_problem() -> None:
    found = premises()
    findings = [*rights(found), *apis(found), *streams(found), storage(found, SETTINGS),
                limits(found, SETTINGS), quota(found, SETTINGS, needed(SETTINGS))[0]]  # fmt: skip
    assert {each.verdict for each in findings} == {Verdict.OK}


def test_a_missing_right_is_named_for_what_it_is_needed() -> None:
    found = {each.check: each for each in rights(premises(rules=[of("Secret")]))}
    assert found["Rights to deploy"].verdict is Verdict.PROBLEM
    assert "create, patch ServiceAccount, Role, RoleBinding" in found["Rights to deploy"].message
    assert "Secret" not in found["Rights to deploy"].message


@pytest.mark.parametrize(
    ("group", "verdict"),
    [("route.openshift.io", Verdict.PROBLEM), ("build.openshift.io", Verdict.WARNING)],
)
def test_a_missing_api_is_told(group: str, verdict: Verdict) -> None:
    found = {each.check: each.verdict for each in apis(premises(groups=GROUPS - {group}))}
    assert found[f"API {group}"] is verdict


@pytest.mark.parametrize(
    ("known", "wanted", "verdict"),
    [
        ({}, None, Verdict.OK),
        ({}, "slow", Verdict.OK),
        ({}, "gone", Verdict.PROBLEM),
        ({"default_class": None}, None, Verdict.PROBLEM),
        ({"classes": None, "default_class": None}, None, Verdict.WARNING),
    ],
)
def test_the_volume_of_the_database_needs_a_class(
    known: dict[str, Any], wanted: str | None, verdict: Verdict
) -> None:
    settings = load({"database": {"storage_class": wanted}})
    assert storage(premises(**known), settings).verdict is verdict


def test_the_volumes_of_users_need_a_class_too() -> None:
    wanted = {"auth": {"type": "openshift", "allow_all": True}, "database": {"type": "external"}}
    volumes = {"storage": {"size": "1Gi", "storage_class": "gone"}}
    assert storage(premises(), load(wanted, volumes)).verdict is Verdict.PROBLEM
    assert storage(premises(classes=[], default_class=None), load(wanted)).verdict is Verdict.OK


def test_a_volume_for_each_user_counts_in_the_quota() -> None:
    wanted = {"auth": {"type": "openshift", "allow_all": True}, "storage": {"size": "2Gi"}}
    settings = load(wanted)
    assert quota(limited(requests_storage="7Gi"), settings, needed(settings))[1] == 3


def test_no_pod_is_counted_for_a_database_elsewhere() -> None:
    settings = load({"database": {"type": "sqlite"}})
    assert quota(limited(pods=3), settings, needed(settings))[1] == 1


@pytest.mark.parametrize(
    ("hard", "option"),
    [({"limits_memory": "512Mi"}, "--hub-memory"), ({"pods": 3}, "--notebook-memory")],
)
def test_a_quota_that_is_too_small_names_the_sizes_that_matter(
    hard: dict[str, Any], option: str
) -> None:
    assert option in quota(limited(**hard), SETTINGS, needed(SETTINGS))[0].hint


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (lambda: premises(bounds=({}, quantities(memory="400Mi"))), "hub.memory"),
        (lambda: limited(pods=2), "leaves 2 of 2 pods, 3 needed"),
    ],
)
def test_what_cannot_run_is_not_begun(found: Callable[[], Premises], words: str) -> None:
    check_first(premises(), SETTINGS, needed(SETTINGS))
    with pytest.raises(Refused, match=words) as caught:
        check_first(found(), SETTINGS, needed(SETTINGS))
    assert "--no-check" in caught.value.hint


def test_public_images_stand_in_for_absent_streams() -> None:
    found = streams(premises(tags={"python": set(), "postgresql": set()}))
    assert {each.verdict for each in found} == {Verdict.WARNING}


def test_a_container_outside_of_the_limits_is_named_with_its_setting() -> None:
    found = limits(premises(bounds=(quantities(cpu="60m"), quantities(memory="400Mi"))), SETTINGS)
    assert found.verdict is Verdict.PROBLEM
    assert "hub.memory is 512Mi but may be 400Mi at most" in found.message
    assert "proxy.cpu_request is 50m but must be 60m at least" in found.message
    assert "database.memory" not in found.message


@pytest.mark.parametrize(
    ("hard", "deployed", "servers"),
    [
        ({"pods": 10}, False, 7),
        ({"pods": 10}, True, 10),
        ({"limits_memory": "2Gi"}, False, 2),
        ({"limits_memory": "2Gi", "pods": 4}, False, 1),
        ({"requests_storage": "10Gi"}, False, None),
        ({}, False, None),
    ],
)
def test_the_quota_tells_how_many_servers_fit(
    hard: dict[str, Any], deployed: bool, servers: int | None
) -> None:
    finding, fits = quota(limited(**hard), SETTINGS, {} if deployed else needed(SETTINGS))
    assert (finding.verdict, fits) == (Verdict.OK, servers)


@pytest.mark.parametrize(
    ("hard", "words"),
    [
        ({"pods": 2}, "quota small leaves 2 of 2 pods, 3 needed"),
        ({"limits_memory": "512Mi"}, "512Mi of 512Mi limits.memory, 1024Mi needed"),
        ({"requests_storage": "512Mi"}, "requests.storage, 1024Mi needed"),
        ({"pods": 3}, "room for 0"),
    ],
)
def test_a_quota_that_is_too_small_is_told_in_numbers(hard: dict[str, Any], words: str) -> None:
    finding, fits = quota(limited(**hard), SETTINGS, needed(SETTINGS))
    assert (finding.verdict, fits) == (Verdict.PROBLEM, 0)
    assert words in finding.message


def test_metrics_that_nobody_wants_need_nothing() -> None:
    check_metrics(Rights(), load({}))  # type: ignore[arg-type] # all of Cluster that it uses


def test_metrics_need_the_cluster_to_have_them_and_the_right_to_use_them() -> None:
    wanted = load({"metrics": {"enabled": True}})
    with pytest.raises(Refused, match="no monitoring of projects") as caught:
        check_metrics(Rights(of("Pod")), wanted)  # type: ignore[arg-type] # likewise
    assert "--no-metrics" in caught.value.hint
    with pytest.raises(Refused, match="PrometheusRule") as caught:
        check_metrics(Rights(of("ServiceMonitor") | {"resources": ["servicemonitors"]}), wanted)  # type: ignore[arg-type] # likewise
    assert "monitoring-edit" in caught.value.hint
    check_metrics(Rights(of("ServiceMonitor"), of("PrometheusRule")), wanted)  # type: ignore[arg-type] # likewise
