"""What can go wrong, each class with the exit code that it ends the command with.

JhosError 1                 failed
├── NotFound 1              it is not there, or not any more
├── SettingsError 2         settings are wrong; nothing was sent
├── ClusterUnreachable 3    no kubeconfig, no such context, no answer
│   ├── LoginNeeded 3       the server does not know who is asking
│   └── BrokenOff 3         an answer ended in the middle
├── Refused 4               rights, quota, policy
│   ├── Conflict 4          somebody else owns it
│   │   └── DeletedMeanwhile 4  somebody deleted what was waited for
│   ├── Immutable 4         it is chosen when the object is made
│   ├── Busy 4              another run holds the deployment
│   └── BeingDeleted 4      the project is going, and takes nothing new
├── OutOfTime 5             safe to run again
│   └── ApiUnavailable 5    the cluster does not reach the server of one of its APIs
├── GaveWay 5               what did not become ready was taken back
└── BuildFailed 6
"""

from collections.abc import Iterable


class JhosError(Exception):
    """`message` says what failed on which object and why; `hint` what to do or type next."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class NotFound(JhosError):
    pass


class SettingsError(JhosError):
    exit_code = 2


class ClusterUnreachable(JhosError):
    exit_code = 3


class LoginNeeded(ClusterUnreachable):
    pass


class BrokenOff(ClusterUnreachable):
    pass


class Refused(JhosError):
    exit_code = 4


class Conflict(Refused):
    pass


class DeletedMeanwhile(Conflict):
    pass


class Immutable(Refused):
    pass


class Busy(Refused):
    pass


class BeingDeleted(Refused):
    pass


class OutOfTime(JhosError):
    exit_code = 5


class ApiUnavailable(OutOfTime):
    pass


class GaveWay(JhosError):
    exit_code = 5


class BuildFailed(JhosError):
    exit_code = 6


def gave_way(error: JhosError, words: str, hint: str) -> JhosError:
    """What ends a command whose change was taken back because of `error`.

    What the cluster refuses stays a refusal.
    """
    kind = type(error) if isinstance(error, Refused) else GaveWay
    return kind(f"{error.message.rstrip()}\n{words}", hint)


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """What `word` may have been meant to be; empty: none of them."""
    from difflib import get_close_matches  # only who errs waits for it

    return next(iter(get_close_matches(word, list(known), 1, likeness)), "")
