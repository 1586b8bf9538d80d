"""Which classes and traits a configuration may name, and what their values may be."""

import copy
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from traitlets import TraitError
from traitlets.config import Configurable, LazyConfigValue

from jhos.errors import nearest
from jhos.hubconfig.findings import Level

GROUPS = ("jupyterhub.authenticators", "jupyterhub.spawners", "jupyterhub.proxies")
MODULES = ("jupyterhub.app", "jupyterhub.proxy", "kubespawner", "kubespawner.proxy",
           "jhos_hub.spawner", "jhos_hub.oidc", "jhos_hub.openshift")  # fmt: skip
UNCHECKED = "It must be in the hub's image; here it cannot be checked."
_ABSENT = "could not be imported"

_DEPRECATED = re.compile(r"\[?DEPRECATED(?: (?:since|in)[ \w]*? [\d.]+)?\W*(.*)")

Problem = tuple[Level, str, str]  # with what to do about it
Classes = dict[str, list[Any]]


def load_classes() -> None:
    """Of all that is installed here, whatever a foreign package does wrong at its import."""
    for module in MODULES:
        with suppress(Exception):
            import_module(module)
    for entry in (each for group in GROUPS for each in entry_points(group=group)):
        with suppress(Exception):
            entry.load()


def known() -> Classes:
    """By name; those that the user's own file has made, too."""
    found: Classes = {}
    for each in (Configurable, *below(Configurable)):
        found.setdefault(each.__name__, []).append(each)
    return found


def section_problem(section: str, classes: Classes) -> Problem | None:
    if section in classes:
        return None
    if not section[0].isupper():
        return Level.ERROR, f"c.{section} has no effect.", "Write c.CLASS.SETTING = VALUE."
    near = nearest(section, classes, 0.8)
    if near:
        return Level.ERROR, f"There is no class {section}.", f"Did you mean c.{near}?"
    return Level.WARNING, f"No class {section} is known here.", UNCHECKED


def trait_problem(section: str, trait: str, value: Any, classes: Classes) -> Problem | None:
    """Of `c.SECTION.TRAIT = value`; the section is known."""
    owners = [each for each in _heirs(classes[section]) if trait in _settable(each)]
    if not owners:
        return _unknown(section, trait, classes)
    wrong = [_wrong(each, trait, value) for each in owners]
    if not all(wrong):
        return _replaced(section, trait, owners)
    if isinstance(value, str) and wrong[0].endswith(_ABSENT):
        return _absent(section, trait, value)
    return Level.ERROR, f"{section}.{trait} {wrong[0]}.", ""


def _absent(section: str, trait: str, name: str) -> Problem:
    """A class by its path, or by the name that its package gives it."""
    package, dot, _ = name.partition(".")
    where = f"{section}.{trait} is {name!r}"
    if dot and find_spec(package) is None:
        return Level.WARNING, f"{where}, and {package} is not installed here.", UNCHECKED
    if dot:
        return Level.ERROR, f"{where}, and {package} has no such class.", ""
    names = {each.name for group in GROUPS for each in entry_points(group=group)}
    near = nearest(name, names)
    if near:
        return Level.ERROR, f"{where}, which is unknown.", f"Did you mean {near!r}?"
    return Level.WARNING, f"{where}, which is unknown here.", UNCHECKED


def _unknown(section: str, trait: str, classes: Classes) -> Problem:
    possible = sorted({name for each in _heirs(classes[section]) for name in _settable(each)})
    near = nearest(trait, possible)
    for other in ("JupyterHub", "KubeSpawner", "Authenticator"):
        if trait in _settable(classes[other][0]):
            return Level.ERROR, f"{section} knows no {trait}.", f"Did you mean c.{other}.{trait}?"
    hint = f"Did you mean c.{section}.{near}?" if near else ""
    return Level.ERROR, f"{section} knows no {trait}.", hint


def override_problems(profiles: Iterable[dict[str, Any]], classes: Classes) -> Iterator[Problem]:
    """Of the settings inside profiles."""
    for profile in profiles:
        title = f"Profile {profile.get('display_name')!r}"
        for trait, value in dict(profile.get("kubespawner_override") or {}).items():
            found = trait_problem("KubeSpawner", trait, value, classes)
            if found:
                yield found[0], f"{title}: {found[1]}", found[2].replace("c.KubeSpawner.", "")


def _replaced(section: str, trait: str, owners: Iterable[Any]) -> Problem | None:
    """What its own documentation says of a trait that will go."""
    for owner in owners:
        aliases = getattr(owner, "_deprecated_aliases", {})
        if trait in aliases:
            new = aliases[trait][0]
            return Level.WARNING, f"{section}.{trait} is deprecated.", f"Write c.{section}.{new}."
        documented = " ".join(str(_settable(owner)[trait].help or "").split())
        if match := _DEPRECATED.match(documented):
            instead = f"Its documentation says: {match[1].rstrip(']')[:200]}"
            return Level.WARNING, f"{section}.{trait} is deprecated.", instead
    return None


def _wrong(owner: Any, trait: str, value: Any) -> str:
    """What is wrong with the value, as `must be an int, not the str 'x'`; empty: nothing."""
    described, blank = _settable(owner)[trait], owner.__new__(owner)
    if isinstance(value, LazyConfigValue):
        initial = getattr(blank, trait, None)
        if isinstance(initial, bool | int | float | str):
            return f"holds {initial!r}, to which nothing can be added"
        value = copy.deepcopy(value).get_value(initial)
    try:
        with blank.cross_validation_lock:
            described._validate(blank, value)
    except TraitError as error:
        match = re.search(r"expected (.+), not (.+?)\.?$", str(error), re.S)
        return f"must be {_plain(match[1])}, not {match[2]}" if match else f"cannot be: {error}"
    except (ImportError, TypeError, ValueError) as error:  # not every class of traits translates
        return f"cannot be {value!r}: {error}"
    return ""


def _plain(expected: str) -> str:
    return expected.replace("a unicode string", "a str")


def _settable(owner: Any) -> dict[str, Any]:
    traits: dict[str, Any] = owner.class_traits(config=True)
    return traits


def _heirs(classes: Iterable[Any]) -> list[Any]:
    """With all that inherit from them: they read a base class's section too."""
    return [heir for each in classes for heir in (each, *below(each))]


def below(owner: Any) -> Iterator[Any]:
    for each in owner.__subclasses__():
        yield each
        yield from below(each)
