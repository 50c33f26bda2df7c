"""Kinds that an exercise brings along in a file of its own: code of its author, which only the trusted side runs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crmlib.errors import CrmlibError, ExerciseError, PluginError
from crmlib.files import checksum
from crmlib.grading.kinds.grids import Grid, UnfitError
from crmlib.grading.kinds.kind import Kind, Outcome
from crmlib.grading.kinds.registry import BUILT_IN, OWN, hold_to_rules
from crmlib.grading.spec.exercise import Exercise, read_exercise
from crmlib.plugins import STOPS, execute, place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["load_exercise", "load_kinds"]

_loaded: dict[str, list[Kind]] = {}  # by what identifies the file, so that two exercises may share a copy of one
_content: dict[Path, str] = {}  # of each file, when it was loaded


def load_exercise(name: str | Path) -> Exercise:
    """Read an exercise, load the kinds that it brings along, and hold each question to its kind's rules.

    Parameters
    ----------
    name
        ``03_rfm``, ``03``, ``rfm``, or the path of an exercise's folder anywhere.

    Raises
    ------
    ExerciseError
        There is no such exercise, or one of its files breaks a rule; the message names file and place.

    Examples
    --------
    >>> rfm = load_exercise("03_rfm")
    >>> rfm.notebook, rfm.question("q1").kind
    ('03_rfm', 'table')
    """
    exercise = read_exercise(name)
    if exercise.kinds:
        load_kinds(exercise.folder / exercise.kinds)
    for question in exercise.questions:
        try:
            hold_to_rules(question)
        except ExerciseError as error:
            raise ExerciseError(f"{exercise.folder / 'exercise.toml'}: {error}") from None
    return exercise


def load_kinds(path: Path) -> list[Kind]:
    """Load the kinds of a file: every class in it that derives from a kind of the library and has a name of its own.

    The file is code, and it is run: it is the author's, it stays on the trusted side, and no student's file is ever
    read as one.

    Parameters
    ----------
    path
        The file, beside ``exercise.toml``.

    Returns
    -------
    list of Kind
        Its kinds, in the order of the file.

    Raises
    ------
    ExerciseError
        The file cannot be run, holds no kind, or takes a name that is taken.
    """
    try:
        text = path.read_bytes()
    except OSError:
        raise ExerciseError(f"There is no {path}: exercise.toml names it under `kinds`.") from None
    content, file = checksum(text), path.resolve()
    _forget_earlier(file, content)
    _content[file] = content
    if content in _loaded:
        return _loaded[content]
    kinds = [_instance(kind, path) for kind in _classes_in(path, text, content)]
    names = [kind.name for kind in kinds]
    for kind in kinds:
        if not isinstance(kind.name, str) or not kind.name.isidentifier():
            raise ExerciseError(
                f"{path}: {type(kind).__name__}.name is {kind.name!r}. Use letters, digits and _, such as 'estimate'."
            )
        if names.count(kind.name) > 1:
            raise ExerciseError(f"{path}: two kinds are called {kind.name!r}. Rename one of them.")
        if kind.name in BUILT_IN or kind.name in OWN:
            raise ExerciseError(
                f"{path}: the kind {kind.name!r} is there already. Two exercises that one command reads may share a "
                "kind only by the same file: give it another name."
            )
        if not any(isinstance(kind, type(known)) for known in BUILT_IN.values()):
            raise ExerciseError(
                f"{path}: derive {type(kind).__name__} from a kind of the library, such as Scalar: by its form the "
                "student's notebook checks an answer."
            )
    OWN.update({kind.name: kind for kind in kinds})
    _loaded[content] = kinds
    return kinds


def _forget_earlier(file: Path, content: str) -> None:
    """Forget the kinds of a file that has changed since, unless another exercise brought the same ones."""
    earlier = _content.pop(file, content)
    if earlier != content and earlier not in _content.values():
        for kind in _loaded.pop(earlier, []):
            OWN.pop(kind.name, None)


def _instance(kind: type[Kind], path: Path) -> Kind:
    try:
        return kind()
    except STOPS as error:
        raise ExerciseError(
            f"{path}: {kind.__name__}() stopped: {type(error).__name__}: {error}. A kind takes no arguments."
        ) from error


def _classes_in(path: Path, text: bytes, content: str) -> list[type[Kind]]:
    name = f"_crmlib_own_kinds_{content[:16]}"
    try:
        module = execute(path, text, name, when="the exercise is read")
    except PluginError as error:
        raise ExerciseError(f"{path.parent}: its kinds cannot be read. {error}") from error
    classes = [thing for thing in vars(module).values() if inspect.isclass(thing) and thing.__module__ == name]
    for kind in classes:
        if issubclass(kind, Kind):
            _guard(kind)
    named = [kind for kind in classes if issubclass(kind, Kind) and "name" in vars(kind)]
    kinds = [kind for kind in named if not inspect.isabstract(kind)]
    if not kinds:
        raise ExerciseError(f"{path} holds no kind: a class that derives from one of the library's and has a `name`.")
    return kinds


def _is_sentences(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _is_outcome(value: Any) -> bool:
    if not isinstance(value, Outcome):
        return False
    share: Any = value.share  # annotations bind no author's code
    return (
        isinstance(share, int | float) and 0 <= share <= 1 and _is_sentences(value.findings)
    )  # nan is not between them


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


#: What a kind's methods are to return: how to tell, and how to say it.
_RETURNS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "read": (lambda value: value is None or isinstance(value, Grid), "a Grid, or None"),
    "form": (lambda value: isinstance(value, Grid), "a Grid"),
    "check": (_is_sentences, "a list of sentences, empty for none"),
    "compare": (_is_outcome, "Outcome(share, sentences), with a share from 0 to 1 and a list of sentences"),
    "rules": (_is_text, "a text, empty for none"),
    "stub": (_is_text, "a text, empty for none"),
    "marked_how": (_is_text, "a text, empty for none"),
    "validate": (_is_sentences, "sentences, or yield them"),
    "advise": (_is_sentences, "sentences, or yield them"),
}


def _guard(kind: type[Kind]) -> None:
    """Let an author's methods say in words what goes wrong in them: no mark may come of it, and no bare traceback."""
    for name, (is_right, wanted) in _RETURNS.items():
        method = vars(kind).get(name)
        if inspect.isfunction(method):
            setattr(kind, name, _guarded(method, is_right, wanted))


def _guarded(method: Callable[..., Any], is_right: Callable[[Any], bool], wanted: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            value = method(*arguments, **named)
            if method.__name__ in {"validate", "advise"} and isinstance(value, Iterable) and not isinstance(value, str):
                value = list(value)  # what stops in a generator stops here
        except (CrmlibError, UnfitError):
            raise
        except STOPS as error:
            raise ExerciseError(f"{place_of(method, error)} {method.__qualname__} stopped there; mend it.") from error
        if not is_right(value):
            shown = "nothing" if value is None else repr(value)[:60]
            raise ExerciseError(f"{place_of(method)}: {method.__qualname__} returned {shown}. Return {wanted}.")
        return value

    return call
