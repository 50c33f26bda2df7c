"""What goes with a student's notebook: how to install crmlib, a first cell that looks for it, and a README.

A student has Python and the archive, nothing else. What is installed comes from whoever teaches: a wheel, which goes
into each archive, or what pip takes. A name alone is never guessed: anybody can put a package of this name on an index.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from crmlib.errors import GradingError
from crmlib.files import write_whole
from crmlib.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmlib.grading.spec.exercise import Exercise

__all__ = ["FIRST_CELL", "Handout", "Language", "first_cell", "read_package", "secrets_in", "write_handout"]

Language = Literal["en", "it"]

#: The id of the cell that looks for crmlib.
FIRST_CELL = "needs"
_EXTRA = "course"
_REQUIREMENT = re.compile(r"crmlib(?P<extra>\[[\w,-]+\])?\s*(?P<pin>==\s*[\w.!+-]+|@\s*[\w.+-]+:[^\s\"'`$\\{}]+)")
_PINNED = re.compile(r"(?:^==\s*|/crmlib-)([\w.!+]+)")
_WHEEL = re.compile(r"crmlib-[\w.!+-]+\.whl")
_VERSION = re.compile(r"(?m)^Version: (.+)$")
_TEMPLATE = "crmlib/grading/authoring/template"
_SAYS: dict[Language, str] = {
    "en": "This notebook needs crmlib {needed}; here is {here}. {how} Then: Kernel > Restart Kernel.",
    "it": "Questo notebook ha bisogno di crmlib {needed}; qui c'è {here}. {how} Poi: Kernel > Restart Kernel.",
}
_NONE: dict[Language, str] = {"en": "no {error.name}", "it": "nessun {error.name}"}
_HOW: dict[Language, str] = {
    "en": "In a terminal, in this folder, type: {line}",
    "it": "In un terminale, in questa cartella, scrivi: {line}",
}
_ASK: dict[Language, str] = {
    "en": "Ask your teacher how to install it.",
    "it": "Chiedi al tuo insegnante come si installa.",
}


class Handout(msgspec.Struct, frozen=True, kw_only=True):
    """What a class installs, and the language that it is told in.

    Attributes
    ----------
    language
        Of the README and of the first cell.
    package
        What pip takes; empty where nobody has said.
    version
        The version of crmlib that the notebook needs.
    wheel
        The file that goes into each archive; empty for none.
    """

    language: Language = "en"
    package: str = ""
    version: str = __version__
    wheel: str = ""


def read_package(text: str) -> Handout:
    """Read what a class is to install.

    Parameters
    ----------
    text
        A wheel of crmlib, or what pip takes: ``crmlib==1.4.0``, or ``crmlib @ https://...``; empty for nothing.

    Raises
    ------
    GradingError
        It is neither, or the wheel holds solutions.

    Examples
    --------
    >>> read_package("crmlib==1.4.0").package
    'crmlib[course]==1.4.0'
    """
    if not text:
        return Handout()
    parts = _REQUIREMENT.fullmatch(text.strip())
    if parts is None and text.endswith(".whl"):
        return _read_wheel(Path(text))
    if parts is None:
        raise GradingError(
            f"{text!r} is not what a class can install: give a wheel (crmlib-{__version__}-py3-none-any.whl), "
            f"a version (crmlib=={__version__}) or an address (crmlib @ https://...)."
        )
    pin = parts["pin"]
    known = _PINNED.search(pin)
    version = known[1] if known else __version__  # an address need not tell
    spaced = "" if pin.startswith("==") else " "
    return Handout(package=f"crmlib{parts['extra'] or f'[{_EXTRA}]'}{spaced}{pin}", version=version)


def _read_wheel(path: Path) -> Handout:
    if not _WHEEL.fullmatch(path.name):
        raise GradingError(
            f"{path.name!r} is not what a wheel of crmlib is called: crmlib-{__version__}-py3-none-any.whl."
        )
    try:
        with zipfile.ZipFile(path) as wheel:
            names = wheel.namelist()
            metadata = next((one for one in names if one.endswith(".dist-info/METADATA")), "")
            text = wheel.read(metadata).decode("utf-8") if metadata.startswith("crmlib-") else ""
    except (OSError, zipfile.BadZipFile) as error:
        raise GradingError(
            f"{path} cannot be read as a wheel ({error}): `pip wheel --no-deps CLONE` makes one."
        ) from None
    if not (version := _VERSION.search(text)):
        raise GradingError(f"{path} is no wheel of crmlib: `pip wheel --no-deps CLONE` makes one.")
    if secrets := secrets_in(names):
        raise GradingError(f"{path} holds exercises with their solutions ({secrets[0]}): a class must not get it.")
    return Handout(package=f"./{path.name}[{_EXTRA}]", version=version[1].strip(), wheel=str(path.resolve()))


def secrets_in(names: Sequence[str]) -> list[str]:
    """List the members of an archive that are an exercise with its solution.

    Parameters
    ----------
    names
        The members' names.

    Examples
    --------
    >>> secrets_in(["crmlib/grading/spec/exercise.py", "exercises/03_rfm/exercise.py"])
    ['exercises/03_rfm/exercise.py']
    """
    held = {name.rpartition("/")[0] for name in names if name.rpartition("/")[2] == "exercise.toml"} - {_TEMPLATE}
    return [
        name
        for name in names
        if name.rpartition("/")[0] in held or (name.endswith("/exercise.py") and not name.startswith("crmlib/"))
    ]


def first_cell(handout: Handout) -> str:
    """Write the code that says in words when crmlib is missing, or is another one.

    It imports nothing but crmlib, raises nothing, and leaves no name that an answer could be mistaken for.

    Parameters
    ----------
    handout
        What the class installs.
    """
    line = "{sys.executable} -m pip install " + f'"{handout.package}"'
    how = _HOW[handout.language].format(line=line) if handout.package else _ASK[handout.language]
    says = _SAYS[handout.language].format(needed=handout.version, here="{here}", how=how)
    return "\n".join(
        [
            "# This cell looks whether crmlib is there. Run it first, and leave it as it is.",
            "def _look() -> None:",
            "    import sys",
            "",
            "    try:",
            "        from crmlib import __version__ as here",
            "    except ImportError as error:",
            f"        here = f{_NONE[handout.language]!r}",
            f"    if here != {handout.version!r}:",
            f"        print(f{says!r})",
            "",
            "",
            "_look()",
        ]
    )


def write_handout(exercise: Exercise, handout: Handout, folder: Path) -> None:
    """Write the README, and the wheel where there is one, beside a student's notebook.

    Parameters
    ----------
    exercise
        The exercise.
    handout
        What the class installs.
    folder
        The student's folder.
    """
    write_whole(folder / "README.md", _readme(exercise, handout))
    if handout.wheel:
        shutil.copyfile(handout.wheel, folder / Path(handout.wheel).name)


def _readme(exercise: Exercise, handout: Handout) -> str:
    text = (files("crmlib.grading.authoring") / "texts" / f"README.{handout.language}.md").read_text(encoding="utf-8")
    install = f'-m pip install "{handout.package}"' if handout.package else ""
    start = f"-m jupyterlab {exercise.name}.ipynb"
    values = {
        "TITLE": exercise.title,
        "NAME": exercise.name,
        "MINUTES": str(exercise.minutes),
        "POINTS": f"{exercise.points:g}",
        "VERSION": handout.version,
        "INSTALL": _on_each_system("-m venv .venv", install) if install else _ASK[handout.language],
        "START": _on_each_system("", start) if install else f"    python {start}",
    }
    return re.sub(r"\b[A-Z]{4,}\b", lambda word: values.get(word[0], word[0]), text)


def _on_each_system(first: str, then: str) -> str:
    """Write the commands for both kinds of terminal; in the environment the interpreter is called by its path."""
    made = {"Linux, macOS": ("python3", ".venv/bin/python"), "Windows": ("py", ".venv\\Scripts\\python")}
    blocks = []
    for system, (python, own) in made.items():
        lines = [*([f"    {python} {first}"] if first else []), f"    {own} {then}"]
        blocks.append("\n".join([f"{system}:", "", *lines]))
    return "\n\n".join(blocks)
