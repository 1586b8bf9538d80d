"""What a revision keeps, and how a history tells it."""

from dataclasses import replace

from jhos.revisions import (
    READY,
    Content,
    Revision,
    changes,
    content_of,
    former,
    revision_of,
    schema_at,
    secret_of,
    surplus,
)

CONTENT = Content(
    settings={"name": "course", "notebook": {"memory": "1Gi"}, "profiles": [{"name": "small"}]},
    configuration={"jupyterhub_config.py": "c.A.b = 1", "jupyterhub_config.sh": ""},
    images={"jupyterhub:latest": "registry/jupyterhub@sha256:aa"},
)
REVISION = Revision(number=3, at="2026-01-02T03:04:05Z", who="ada@pc", what="deployed",
                    digest=CONTENT.digest)  # fmt: skip


def test_a_secret_gives_back_what_went_into_it() -> None:
    secret = secret_of("course", REVISION, CONTENT)
    assert secret["metadata"]["name"] == "course-revision-3"
    assert revision_of(secret) == REVISION
    assert content_of(secret).digest == CONTENT.digest
    assert revision_of({"metadata": {"name": "course-secrets"}}) is None


def test_changes_are_told_in_words() -> None:
    assert changes(None, CONTENT) == "deployed"
    assert changes(CONTENT, CONTENT) == "nothing of its own"
    larger = replace(
        CONTENT,
        settings={**CONTENT.settings, "notebook": {"memory": "2Gi"},
                  "profiles": [{"name": "small"}, {"name": "large"}]},
        configuration={"jupyterhub_config.py": "c.A.b = 2"},
        images={"jupyterhub:latest": "registry/jupyterhub@sha256:bb"},
    )  # fmt: skip
    assert changes(CONTENT, larger) == (
        "notebook.memory: 1Gi → 2Gi, profiles[large] added, jupyterhub_config.py, "
        "new image jupyterhub:latest"
    )


def test_undo_goes_to_the_newest_that_was_ready() -> None:
    outcomes = (READY, READY, "it crashed", READY)
    kept = [
        replace(REVISION, number=number, outcome=each, digest=str(number))
        for number, each in enumerate(outcomes, 1)
    ]
    found = former(kept, kept[3])
    assert found
    assert found.number == 2
    assert former(kept[:1], kept[0]) is None


def test_undo_passes_over_what_is_the_same() -> None:
    """After a return to 1, which is 3 now."""
    kept = [
        replace(REVISION, number=number, outcome=outcome, digest=digest)
        for number, outcome, digest in ((1, READY, "a"), (2, "it crashed", "b"), (3, READY, "a"))
    ]
    assert former(kept, kept[2]) is None


def test_what_goes_is_the_oldest_but_not_the_last_that_was_ready() -> None:
    def going(*ready: int) -> list[int]:
        there = [replace(REVISION, number=each, outcome=READY if each in ready else "")
                 for each in range(1, 12)]  # fmt: skip
        return [each.number for each in surplus(there)]

    assert going() == [1, 2]
    assert going(1) == [2]
    assert going(1, 2) == [1]
    assert going(1, 11) == [1, 2]
    assert surplus([REVISION]) == []


def test_a_revision_had_the_schema_that_the_next_upgrade_noted() -> None:
    noted = {2: "old", 4: "newer"}
    there = [replace(REVISION, number=number, schema=noted.get(number, "")) for number in range(6)]
    assert [schema_at(there, number) for number in range(6)] == [
        "old", "old", "old", "newer", "newer", "",
    ]  # fmt: skip
