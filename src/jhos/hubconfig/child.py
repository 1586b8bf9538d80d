"""The process that runs a configuration as the hub does, and prints what it finds as JSON."""

import builtins
import json
import linecache
import logging
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from traitlets.config import Config
from traitlets.log import get_logger

from jhos.hubconfig import classes
from jhos.hubconfig.findings import Finding, Level
from jhos.hubconfig.recorder import Notes, Recorder, Use
from jhos_hub import load, mounts
from jhos_hub.compat import AUTHENTICATOR, GONE, today

OLD_SECTIONS = ("ProfilesSpawner", "WrapSpawner")  # are rewritten whole
SLOW = "rfc3987_syntax"  # takes seconds, and jsonschema can do without
PROFILES = (("KubeSpawner", "profile_list"), ("ProfilesSpawner", "profiles"))
OS = ("<frozen os>", os.__file__)


def main(question: str) -> None:
    """`findings` or `profiles`. Whatever the configuration prints goes to standard error."""
    result = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answers = {"findings": lambda: [asdict(each) for each in _once(findings())],
               "profiles": profiles}  # fmt: skip
    result.write(json.dumps(answers[question](), default=list))
    result.flush()
    os._exit(0)  # threads that the configuration has begun would go on


def findings() -> list[Finding]:
    """Of the files below APP_ROOT, which is mounted as in the hub's pod."""
    settings = mounts.settings()
    files = {str(path): path.name for path in mounts.user_files()}
    notes = Notes(files)
    c = Recorder.of(notes)
    load.defaults(c, settings, mounts.secrets())
    with Missing(files) as missing:
        ended = [_run(Path(path), c, settings) for path in files]
    stopped = [each for each in ended if each]
    traits = list(_trait_findings(c, notes.uses))
    after = [] if stopped else list(_completed(c, settings, notes.uses))
    profiles = list(_profile_findings(c, notes.uses))
    found = [*missing.findings(), *stopped, *traits, *profiles, *after]
    return [replace(each, file=files.get(each.file, each.file)) for each in found]


def profiles() -> Any:
    """KubeSpawner's list, those of old rewritten; None where the user's files set none."""
    settings = mounts.settings()
    c = Config()
    load.defaults(c, settings, mounts.secrets())
    own = c.KubeSpawner.profile_list
    for path in mounts.user_files():
        exec(compile(path.read_text(), str(path), "exec"), _namespace(c, settings))
    load.completion(c, settings, mounts.secrets())
    listed = c.KubeSpawner.profile_list
    return listed if listed is not own and isinstance(listed, list) else None


def _run(path: Path, c: Config, settings: Mapping[str, Any]) -> Finding | None:
    try:
        code = compile(path.read_text(), str(path), "exec")
        exec(code, _namespace(c, settings))
    except (Exception, SystemExit) as error:
        return _stopped(error, str(path))
    return None


def _namespace(c: Config, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the image's own configuration offers to the user's."""
    given = {
        "c": c,
        "get_config": lambda: c,
        "settings": settings,
        "application_name": settings["name"],
        "get_secret": mounts.secrets().__getitem__,
        "load_subconfig": lambda *_, **__: None,
    }
    return {**given, "__builtins__": builtins, "__name__": "__main__"}


def _stopped(error: BaseException, path: str) -> Finding:
    """An error where the hub would fail as well; a warning for what only its pod has."""
    steps = [step for step in traceback.extract_tb(error.__traceback__) if step.filename == path]
    line = steps[-1].lineno if steps else None
    excerpt = linecache.getline(path, line).strip() if line else ""
    level, message, hint = _judged(error)
    return Finding(level=level, message=message, hint=hint, file=path, line=line, excerpt=excerpt)


def _judged(error: BaseException) -> classes.Problem:
    last = traceback.extract_tb(error.__traceback__)[-1]
    rest = "What follows was not checked."
    if isinstance(error, KeyError) and last.filename in OS:
        return Level.WARNING, f"Environment variable {error} is not known here.", rest
    if isinstance(error, KeyError) and "get_secret" in linecache.getline(*last[:2]):
        names = ", ".join(sorted(mounts.secrets()))
        return Level.ERROR, f"There is no secret {error}.", f"The hub has: {names}."
    if isinstance(error, OSError):
        return Level.WARNING, f"It may work in the hub, but not here: {error}.", rest
    if isinstance(error, SystemExit):
        return Level.ERROR, "It ends the hub.", ""
    return Level.ERROR, f"{type(error).__name__}: {error}", ""


def _trait_findings(c: Config, uses: Iterable[Use]) -> Iterator[Finding]:
    sys.modules.setdefault(SLOW, None)  # type: ignore[arg-type] # so an import of it fails
    classes.load_classes()
    there, absent = classes.known(), {each.__name__ for each in classes.below(Whatever)}
    for use in dict.fromkeys(uses):
        if use.section in OLD_SECTIONS or use.section in absent:
            continue
        found = _of_use(c, use, there)
        if found:
            level, message, hint = found
            yield Finding(level=level, message=message, hint=hint, file=use.file, line=use.line)


def _of_use(c: Config, use: Use, there: classes.Classes) -> classes.Problem | None:
    section = classes.section_problem(use.section, there)
    if not use.trait or section:
        return None if use.trait else section
    if is_old(use.section, use.trait):
        return None  # it is rewritten, and told
    if use.trait not in c[use.section]:
        return None
    value = c[use.section][use.trait]
    return None if is_absent(value) else classes.trait_problem(use.section, use.trait, value, there)


def _profile_findings(c: Config, uses: Iterable[Use]) -> Iterator[Finding]:
    """After those of old are rewritten; a list that a function makes is its own."""
    places = [use for use in uses if (use.section, use.trait) in PROFILES]
    profiles = c.KubeSpawner.get("profile_list", [])
    if not places or not isinstance(profiles, list):
        return
    modern = [_modern(each) for each in profiles if isinstance(each, dict)]
    for level, message, hint in classes.override_problems(modern, classes.known()):
        place = places[0]
        yield Finding(level=level, message=message, hint=hint, file=place.file, line=place.line)


def _modern(profile: Mapping[str, Any]) -> dict[str, Any]:
    given = profile.get("kubespawner_override") or {}
    return {**profile, "kubespawner_override": {today(old): each for old, each in given.items()}}


def is_old(section: str, trait: str) -> bool:
    """Whether the hub's image knows what the name has become."""
    if section == "KubeSpawner":
        return trait in GONE or today(trait) != trait
    return section.endswith("Authenticator") and trait in AUTHENTICATOR


def _completed(c: Config, settings: Mapping[str, Any], uses: list[Use]) -> list[Finding]:
    """What the image makes of it afterwards: sentences on what is rewritten, and refusals."""
    said = Said()
    log = get_logger()
    log.addHandler(said)
    log.propagate = False
    try:
        load.completion(c, settings, mounts.secrets())
    except ImportError as error:
        message = f"{error.name} is not installed here, so that the login cannot be checked."
        return [Finding(level=Level.NOTE, message=message)]
    except Exception as error:
        return [Finding(level=Level.ERROR, message=_sentence(str(error)), **_near(error, uses))]
    finally:
        log.removeHandler(said)
    notes = [each for each in said.sentences if "knows no" not in each]
    return [Finding(level=Level.NOTE, message=each, **_named(each, uses)) for each in notes]


def _near(_: Exception, uses: list[Use]) -> dict[str, Any]:
    """Refusals are of profiles, else of who gets in."""
    for use in uses:
        if use.section == "ProfilesSpawner" and use.trait:
            return {"file": use.file, "line": use.line}
    return {}


def _named(sentence: str, uses: list[Use]) -> dict[str, Any]:
    """The place of the trait that the sentence begins with."""
    for use in uses:
        if use.trait and f"{use.section}.{use.trait} " in sentence:
            return {"file": use.file, "line": use.line}
    return {}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


class Said(logging.Handler):
    """The sentences that the image logs of a configuration."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.sentences.append(record.getMessage().removeprefix("Configuration: "))


class Missing(MetaPathFinder, Loader):
    """Stands in for packages that are not here, so that the rest of the file is checked.

    Only where the user's own lines import them: others may try what is there.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.packages: dict[str, Use] = {}
        self.modules: list[ModuleType] = []  # whose classes are known for as long as they live

    def __enter__(self) -> Self:
        sys.meta_path.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)
        for name in [each for each in sys.modules if each.partition(".")[0] in self.packages]:
            del sys.modules[name]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        del path, target
        package = name.partition(".")[0]
        use = self._importing(package)
        if use and package == name:
            self.packages.setdefault(package, use)
        return ModuleSpec(name, self, is_package=True) if package in self.packages else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self.modules.append(Anything(spec.name))
        return self.modules[-1]

    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = []

    def _importing(self, package: str) -> Use | None:
        """The user's line, where it is the one that imports."""
        frame = sys._getframe(2)
        while frame and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back  # type: ignore[assignment] # None ends the loop
        if frame and frame.f_code.co_filename in self.files:
            return Use(package, "", frame.f_code.co_filename, frame.f_lineno)
        return None

    def findings(self) -> list[Finding]:
        return [
            Finding(
                level=Level.WARNING,
                message=f"{package} is not installed here.",
                hint=classes.UNCHECKED,
                file=use.file,
                line=use.line,
            )
            for package, use in self.packages.items()
        ]


class Anything(ModuleType):
    """Has every name; a name is a class that takes everything."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Whatever,), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


class Whatever:
    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __call__(self, *_: Any, **__: Any) -> "Whatever":
        return self

    def __getattr__(self, name: str) -> "Whatever":
        if name.startswith("__"):
            raise AttributeError(name)
        return Whatever()


def is_absent(value: Any) -> bool:
    """Whether it comes of a package that is not here."""
    return isinstance(value, Whatever) or (isinstance(value, type) and issubclass(value, Whatever))


def _once(found: Iterable[Finding]) -> list[Finding]:
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    main(sys.argv[1])
