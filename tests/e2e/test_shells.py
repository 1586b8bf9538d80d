"""What bash completes, zsh and fish complete as well."""

import pytest

from tests.cli.test_completion import (
    test_a_key_and_its_value_are_one_word,
    test_names_of_contexts_whose_file_is_named_before,
    test_values_of_an_option,
)

__all__ = [
    "test_a_key_and_its_value_are_one_word",
    "test_names_of_contexts_whose_file_is_named_before",
    "test_values_of_an_option",
]


@pytest.fixture(params=["zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
