import pytest

from jhos.cli.terminal import Lines, Live, clean
from jhos.events import Event, State


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain\nlines\tstay", "plain\nlines\tstay"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("a\x9b31mb\r\x00", "a31mb"),
    ],
)
def test_control_sequences_of_strangers_are_left_out(said: str, shown: str) -> None:
    assert clean(said) == shown


def test_a_line_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for _ in range(3):
        lines.report(Event("Image hub", State.DONE, "built"))
    assert capsys.readouterr().err.count("built") == 1


def test_a_step_without_words_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Lines().report(Event("Objects", State.DONE))
    assert capsys.readouterr().err == ""


def test_a_step_that_ended_is_left_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Live() as report:
        report(Event("Image hub", State.RUNNING, "line one\nline two"))
        report(Event("Image hub", State.SAID, "a line of its log"))
        for _ in range(2):
            report(Event("Image hub", State.DONE, "built"))
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.strip()] == [
        "Image hub | a line of its log",
        "✓ Image hub built",
    ]
