"""Code of the user's own: the files that a ``shop.toml`` names, and the registries that they add to.

A file is run because the user's own description names it, and for no other reason: nothing is looked for beside the
data, on the path or among the installed packages. What it adds counts for the shops whose description names it. What is
added in a session (a notebook, a module that the user imports) counts for every shop of that session.

>>> figures = Registry("key figure", built_in={"revenue": 1})
>>> figures.add("share_of_gifts", 2, module="__main__")
>>> figures.of()
{'revenue': 1, 'share_of_gifts': 2}
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from crmlib.errors import CrmlibError, PluginError
from crmlib.files import checksum
from crmlib.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["STOPS", "Registry", "added_by", "execute", "is_file", "load", "place_of"]

Thing = TypeVar("Thing")
#: What code of the user's own may stop with; ``sys.exit()`` in it must not end the notebook or the run that called it.
STOPS = (Exception, SystemExit)
#: Names of the modules that files become begin so: what they add is told apart by it.
_FILE = "crmlib_plugin_"
_REGISTRIES: list[Registry[Any]] = []
#: Module of a file -> checksum of the text that was run.
_LOADED: dict[str, str] = {}


class Registry(Generic[Thing]):
    """Things of one kind by name: those that come with crmlib, and the user's own.

    Parameters
    ----------
    kind
        What they are, in a word or two, for messages.
    built_in
        Those that come with crmlib.
    """

    def __init__(self, kind: str, built_in: Mapping[str, Thing] | None = None) -> None:
        self.kind = kind
        self._things: dict[str, dict[str, Thing]] = {"crmlib": dict(built_in or {})}
        _REGISTRIES.append(self)

    def add(self, name: str, thing: Thing, *, module: str) -> None:
        """Add a thing.

        Parameters
        ----------
        name
            Its name; a cell of a notebook that runs again replaces what it added.
        thing
            What is added.
        module
            Where it is written: ``function.__module__``.

        Raises
        ------
        PluginError
            The name is taken, or is no name.
        """
        home = "crmlib" if module.partition(".")[0] == "crmlib" else module
        if not name.isidentifier():
            raise PluginError(f"{name!r} is no name for a {self.kind}. Use letters, digits and _, as for a function.")
        if home != "crmlib" and name in self._things["crmlib"]:
            raise PluginError(f"The {self.kind} {name!r} is there already: it comes with crmlib. Choose another name.")
        if home.startswith(_FILE):
            # two files of different shops may use one name; those of one shop are compared by `load`
            if name in self._things.get(home, {}):
                raise PluginError(f"The {self.kind} {name!r} stands there twice. Rename one of them.")
        elif rival := next(
            (other for other in self._of_session() if other != home and name in self._things[other]), ""
        ):
            raise PluginError(f"The {self.kind} {name!r} is there already, of the module {rival}. Rename one of them.")
        self._things.setdefault(home, {})[name] = thing

    @property
    def built_in(self) -> dict[str, Thing]:
        """Those that come with crmlib."""
        return self._things["crmlib"]

    def of(self, plugins: Iterable[str] = ()) -> dict[str, Thing]:
        """Return what counts for a shop: what comes with crmlib, what the session added, what its own files added.

        Parameters
        ----------
        plugins
            The shop's, from `load`.
        """
        there = dict(self._things["crmlib"])
        for module in (*self._of_session(), *plugins):
            there |= self._things.get(module, {})
        return there

    def _of_session(self) -> list[str]:
        return [module for module in self._things if module != "crmlib" and not module.startswith(_FILE)]

    def added_by(self, module: str) -> list[str]:
        """Return the names that a module added."""
        return list(self._things.get(module, {}))

    def forget(self, module: str) -> None:
        """Forget what a module added, before it runs again."""
        self._things.pop(module, None)


def is_file(plugin: str) -> bool:
    """Say whether a plugin is named by its file, rather than as an installed module.

    Examples
    --------
    >>> is_file("my_kpis.py"), is_file("acme.kpis")
    (True, False)
    """
    return plugin.casefold().endswith(".py") or "/" in plugin or "\\" in plugin


def load(plugins: Iterable[str]) -> tuple[str, ...]:
    """Run the files, and import the installed modules, that a user's own ``shop.toml`` names.

    Parameters
    ----------
    plugins
        Absolute paths of ``.py`` files, or names of installed modules. A file that has been run is run again only if
        its text has changed.

    Returns
    -------
    tuple
        Names of their modules, by which `Registry.of` knows what is theirs.

    Raises
    ------
    PluginError
        One is not there, is no Python, stops, adds nothing, or two add the same name. The message names file and line.
    """
    modules = tuple(dict.fromkeys(_run(Path(each)) if is_file(each) else _imported(each) for each in plugins))
    for registry in _REGISTRIES:
        names: dict[str, str] = {}
        for module in modules:
            for name in registry.added_by(module):
                if name in names:
                    raise PluginError(
                        f"{_file_name(names[name])} and {_file_name(module)} both add a {registry.kind} {name!r}. "
                        "Rename one of them."
                    )
                names[name] = module
    return modules


def added_by(module: str) -> str:
    """Say what a plugin added.

    Parameters
    ----------
    module
        Its name, from `load`.
    """
    added = [f"{registry.kind} {name}" for registry in _REGISTRIES for name in registry.added_by(module)]
    return f"{_file_name(module)} ({', '.join(added)})" if added else _file_name(module)


def _file_name(module: str) -> str:
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file).name if module.startswith(_FILE) and file else module


def _imported(name: str) -> str:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise PluginError(
                f"plugins: there is no installed module {name!r}. Install it; or name a file, such as 'my_kpis.py'."
            ) from error
        raise PluginError(f"plugins: the module {name!r} needs {error.name!r}, which is not installed.") from error
    except Exception as error:
        raise PluginError(f"plugins: the module {name!r} cannot be loaded: {_in_words(error)}") from error
    return name


def _run(file: Path) -> str:
    """Run a file as a module of its own, unless that text has been run."""
    name = f"{_FILE}{file.stem}_{checksum(str(file))[:8]}"
    try:
        text = file.read_bytes()
    except OSError as error:
        beside = [path.name for path in sorted(file.parent.glob("*.py"))]
        hint = f" {did_you_mean(file.name, beside)}" if beside else ""
        raise PluginError(
            f"plugins: there is no file {file.name!r} in {file.parent}: {error.strerror}.{hint} Paths are seen from "
            "the folder of the shop's .toml file."
        ) from error
    content = checksum(text)
    if _LOADED.get(name) == content:
        return name
    _forget(name)
    try:
        execute(file, text, name)
        if not any(registry.added_by(name) for registry in _REGISTRIES):
            raise PluginError(  # noqa: TRY301 - cleared away as any other failure is
                f"{file.name}: it adds nothing to crmlib. Put @kpis.figure(...) or @actions.export_format(...) above a "
                "function, or @register above a kind of source."
            )
    except BaseException:
        _forget(name)
        raise
    _LOADED[name] = content
    return name


def execute(file: Path, text: bytes, name: str, *, when: str = "the shop is opened") -> ModuleType:
    """Run the text of a user's own file as a module of its own.

    Parameters
    ----------
    file
        Where it stands, for messages.
    text
        What it holds.
    name
        Of the module.
    when
        crmlib does so.

    Returns
    -------
    types.ModuleType
        The module, which stays in ``sys.modules``.

    Raises
    ------
    PluginError
        It is no Python, or it stopped. The message names file and line, and says what to do.
    """
    module = ModuleType(name)
    module.__file__, module.__package__ = str(file), ""
    sys.modules[name] = module  # dataclasses and pickle look their module up
    try:
        # compiled here, for an importer would leave a cache beside the user's file and trust the clock about it
        exec(compile(text, str(file), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the user's own code
    except BaseException as error:
        sys.modules.pop(name, None)
        if isinstance(error, SyntaxError):
            line = f", line {error.lineno}" if error.lineno else ""  # of what is no text at all there is none
            raise PluginError(f"{Path(error.filename or file).name}{line}: {error.msg}. Mend the file.") from error
        if isinstance(error, CrmlibError):
            raise PluginError(f"{_line_in(file, error)}: {error}") from error
        if isinstance(error, STOPS):
            raise PluginError(f"{_line_in(file, error)}: {_in_words(error)} {_what_to_do(error, when)}") from error
        raise
    return module


def _what_to_do(error: BaseException, when: str) -> str:
    if isinstance(error, ImportError):
        return (
            "The file is run by itself, so it sees no file beside it: write into it what it needs, or install "
            "both as a module."
        )
    return f"crmlib runs the file when {when}."


def _forget(module: str) -> None:
    _LOADED.pop(module, None)
    sys.modules.pop(module, None)
    for registry in _REGISTRIES:
        registry.forget(module)


def _in_words(error: BaseException) -> str:
    told = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {told}." if told else f"{type(error).__name__}."


def _line_in(file: Path, error: BaseException) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{file.name}, line {lines[-1]}" if lines else file.name


def place_of(function: Callable[..., Any], error: BaseException | None = None) -> str:
    """Say where a user's function is written, and at which line of it an error arose, with the error's own words.

    Parameters
    ----------
    function
        The user's.
    error
        What it raised.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    file = Path(code.co_filename) if code is not None else Path("your own code")
    # what was typed into a notebook has a file of a name that means nothing to anybody
    place = file.name if function.__module__ != "__main__" and file.suffix == ".py" else "your own code"
    if error is None:
        return place
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f"{place}{f', line {lines[-1]}' if lines else ''}: {_in_words(error)}"
