"""Faults on request: which requests meet one, and what befalls them. Pure but for the dice."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

Object = dict[str, Any]
FIRST_CODE, LAST_CODE = 400, 599


class Effect(StrEnum):
    """The kinds of faults of a request; `status` answers `Fault.code` instead of carrying it out.

    `unavailable` answers as kube-apiserver does for an API whose own server it does not reach.
    """

    STATUS = "status"
    UNAVAILABLE = "unavailable"
    DELAY = "delay"
    RESET = "reset"
    LOSE = "lose"
    DROP = "drop"


WATCHES_ONLY, SPARING_WATCHES = (Effect.DROP,), (Effect.LOSE,)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`count` is how often it strikes yet, None without end; `path` and `user` are globs.

    `seconds` is the wait of `delay`, and how long a watch lives under `drop`.
    """

    effect: Effect
    id: int = 0
    code: int = 0
    methods: tuple[str, ...] = ()
    path: str = "*"
    user: str = "*"
    probability: float = 1.0
    count: int | None = None
    seconds: float = 1.0
    retry_after: int | None = None
    struck: int = 0

    def meets(self, method: str, path: str, user: str, *, watch: bool) -> bool:
        """Whether such a request can be struck, but for chance."""
        return (
            self.count != 0
            and (not self.methods or method in self.methods)
            and fnmatchcase(path, self.path)
            and fnmatchcase(user, self.user)
            and self.effect not in (SPARING_WATCHES if watch else WATCHES_ONLY)
        )

    def document(self) -> Object:
        """As JSON, shaped as `parse` takes it."""
        told = asdict(self) | {"effect": self.effect.value, "methods": list(self.methods)}
        return told | {"retryAfter": told.pop("retry_after")}


def parse(document: Mapping[str, Any]) -> Fault:
    """Raises ValueError in words."""
    known = set(Fault(effect=Effect.RESET).document()) - {"id", "struck"}
    if unknown := sorted(document.keys() - known):
        raise ValueError(f"a fault has no {', '.join(unknown)}")
    given = dict(document)
    if "retryAfter" in given:
        given["retry_after"] = given.pop("retryAfter")
    given["methods"] = tuple(str(method).upper() for method in given.get("methods") or ())
    effects = [effect.value for effect in Effect]
    if given.get("effect") not in effects:
        raise ValueError(f"the effect is one of {', '.join(effects)}")
    given["effect"] = Effect(given["effect"])
    fault = Fault(**given)
    _check(fault)
    return fault


def _check(fault: Fault) -> None:
    if fault.effect is Effect.STATUS and not FIRST_CODE <= int(fault.code) <= LAST_CODE:
        raise ValueError(f"the code is between {FIRST_CODE} and {LAST_CODE}, not {fault.code}")
    if not 0 < float(fault.probability) <= 1:
        raise ValueError(f"the probability is above 0 and at most 1, not {fault.probability}")
    if fault.count is not None and int(fault.count) < 1:
        raise ValueError(f"the count is at least 1, not {fault.count}")
    if float(fault.seconds) < 0:
        raise ValueError(f"the seconds are at least 0, not {fault.seconds}")


@dataclass
class Faults:
    """The faults that are set, by id; none at first."""

    held: dict[int, Fault] = field(default_factory=dict)
    chance: random.Random = field(default_factory=random.Random)
    last_id: int = 0

    def add(self, fault: Fault) -> Fault:
        self.last_id += 1
        added = self.held[self.last_id] = replace(fault, id=self.last_id)
        return added

    def clear(self, ids: Iterable[int] = ()) -> list[Fault]:
        """Take out these, or all where none is named; KeyError for one that is not there."""
        chosen = list(ids) or list(self.held)
        if missing := [each for each in chosen if each not in self.held]:
            raise KeyError(missing[0])
        return [self.held.pop(each) for each in chosen]

    def strike(self, method: str, path: str, user: str, *, watch: bool) -> Fault | None:
        """The first fault that meets the request, counted; None leaves the request alone."""
        for fault in self.held.values():
            if not fault.meets(method, path, user, watch=watch):
                continue
            if self.chance.random() < fault.probability:
                left = None if fault.count is None else fault.count - 1
                struck = replace(fault, count=left, struck=fault.struck + 1)
                self.held[fault.id] = struck
                return struck
        return None
