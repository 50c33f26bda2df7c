"""Where the notebooks stand, and how a name finds one."""

from __future__ import annotations

from pathlib import Path

from crmlib.errors import RunError
from crmlib.words import likeliest


def notebooks_folder() -> Path:
    """Find the built notebooks: inside an installed crmlib, or beside it in a clone.

    Examples
    --------
    >>> notebooks_folder().name
    'notebooks'
    """
    package = Path(__file__).resolve().parents[1]
    packaged = package / "notebooks"
    return packaged if packaged.is_dir() else package.parent / "notebooks"


def find_notebooks(names: tuple[str, ...] = (), *, folder: Path | None = None, language: str = "en") -> list[Path]:
    """Find the notebooks that are meant: all of them, or those that are named.

    Parameters
    ----------
    names
        Each ``03_rfm``, ``03``, ``rfm``, or the path of an ``.ipynb`` file. None means every notebook.
    folder
        Where to look; the suite's own notebooks by default.
    language
        A notebook's edition in this language is taken where it has one.

    Raises
    ------
    RunError
        A name finds no notebook, or several.
    """
    folder = notebooks_folder() if folder is None else folder
    shelf = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if not names and not shelf:
        raise RunError(f"There are no notebooks in {folder}: `crmlib build` makes them from {folder / 'src'}.")
    chosen = [_find(name, shelf) for name in names] or list(shelf.values())
    editions = [path.parent / language / path.name for path in chosen]
    found = [edition if edition.is_file() else path for path, edition in zip(chosen, editions, strict=True)]
    stems = [path.stem for path in dict.fromkeys(found)]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise RunError(f"Two notebooks are named {twice[0]!r}: run them one at a time, each with its own --out.")
    return list(dict.fromkeys(found))


def _find(name: str, shelf: dict[str, Path]) -> Path:
    if name.endswith(".ipynb"):
        if not Path(name).is_file():
            raise RunError(f"There is no notebook {name}.")
        return Path(name).resolve()
    matches = [stem for stem in shelf if name in {stem, *_short_names(stem)}]
    if len(matches) == 1:
        return shelf[matches[0]]
    if matches:
        raise RunError(f"{name!r} could be {' or '.join(matches)}: give the whole name.")
    if not shelf:
        raise RunError(f"There is no notebook {name!r}: none are built yet. `crmlib build` makes them.")
    spellings = {short: stem for stem in shelf for short in (stem, *_short_names(stem))}
    close = likeliest(name, spellings, most=1)
    hint = f" Did you mean {spellings[close[0]]!r}?" if close else ""
    raise RunError(f"There is no notebook {name!r}.{hint} There are: {', '.join(shelf)}.")


def _short_names(stem: str) -> tuple[str, ...]:
    number, _, title = stem.partition("_")
    return (number, title) if number.isdigit() and title else ()
