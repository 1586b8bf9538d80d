"""A project with nothing in it, for which a real API server answers with lists that are null."""

import pytest

from tests.engine.conftest import Jhos


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("list",), 0, "There is no JupyterHub"),
        (("status", "nobody"), 2, "No deployment nobody"),
        (("logs", "nobody"), 2, "No deployment nobody"),
        (("logs", "nobody", "build"), 2, "No deployment nobody"),
        (("teardown", "nobody", "--yes"), 0, ""),
        (("doctor", "nobody"), 2, "No deployment nobody"),
    ],
)
def test_an_empty_project_is_no_error_of_jhos(
    jhos: Jhos, project: str, words: tuple[str, ...], code: int, said: str
) -> None:
    assert said in jhos(*words, "-n", project, code=code).output
