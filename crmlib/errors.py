"""What can go wrong, in one place.

Every error that crmlib raises on purpose is a `CrmlibError`; its message names the place (file, table, column,
row) and says what to do::

    CrmlibError
    ├── SourceError          a source that cannot be opened or is not known
    ├── SchemaError          a table that is missing, or does not hold what it must (missing or unreadable columns)
    ├── PolicyError          a definition of the business that is not valid
    ├── RunError             a notebook run that cannot start (unknown notebook, unknown parameter)
    ├── ModelError           a model that cannot be fitted to these data, or cannot answer (also a `ValueError`)
    ├── ExerciseError        an exercise that is not written right, or an answer that cannot be recorded
    ├── GradingError         a class's grading that cannot start or go on (roster, secret, gradebook, submissions)
    ├── PluginError          code of the user's own that cannot be loaded, stops, or returns what is not asked for
    └── MissingExtraError    a part of crmlib that needs packages which are not installed

What is legal but easily misread is a `ModelWarning`, a `UserWarning`: it says what the number does not mean.
"""

from __future__ import annotations

from importlib.util import find_spec

__all__ = [
    "CrmlibError",
    "ExerciseError",
    "GradingError",
    "MissingExtraError",
    "ModelError",
    "ModelWarning",
    "PluginError",
    "PolicyError",
    "RunError",
    "SchemaError",
    "SourceError",
    "require_extra",
]


class CrmlibError(Exception):
    """Any error that crmlib raises on purpose."""


class SourceError(CrmlibError):
    """A source cannot be opened, or is not known."""


class SchemaError(CrmlibError):
    """A table is missing, or does not hold what it must."""


class PolicyError(CrmlibError):
    """A definition of the business is not valid."""


class RunError(CrmlibError):
    """A notebook run cannot start."""


class ExerciseError(CrmlibError):
    """An exercise is not written right, or an answer cannot be recorded."""


class GradingError(CrmlibError):
    """A class's grading cannot start or go on."""


class PluginError(CrmlibError):
    """Code of the user's own cannot be loaded, stops, or returns what is not asked for."""


class MissingExtraError(CrmlibError):
    """A part of crmlib needs packages that are not installed."""


def require_extra(extra: str, purpose: str, *modules: str) -> None:
    """Check that what an extra installs is there, before anything is begun that needs it.

    Parameters
    ----------
    extra
        A name in square brackets after ``crmlib``, such as ``course``.
    purpose
        What needs the modules; the message begins with it.
    *modules
        As they are imported.

    Raises
    ------
    MissingExtraError
        A module is not there.

    Examples
    --------
    >>> require_extra("course", "Running notebooks", "json")
    >>> require_extra("course", "Running notebooks", "json", "no_such_module")
    Traceback (most recent call last):
        ...
    crmlib.errors.MissingExtraError: ... needs no_such_module, which is not installed: pip install 'crmlib[course]'.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        *others, last = missing
        named = f"{', '.join(others)} and {last}, which are" if others else f"{last}, which is"
        raise MissingExtraError(f"{purpose} needs {named} not installed: pip install 'crmlib[{extra}]'.")


class ModelError(CrmlibError, ValueError):
    """A model cannot be fitted to these data, or cannot answer what it is asked."""


class ModelWarning(UserWarning):
    """A model's answer is legal, but easily misread."""
