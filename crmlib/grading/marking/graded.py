"""What is known of one graded submission: the file by which workers, gradebook and pages talk to each other."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from crmlib.files import write_whole
from crmlib.grading.marking.explain import Trouble  # noqa: TC001 - msgspec reads the types

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Graded", "Picture", "Points", "Shown", "load", "save"]


class Points(msgspec.Struct, frozen=True):
    """What one question earned (see `compare.QuestionMark`), what identifies the answer, and its text for a person."""

    question: str
    points: float
    out_of: float
    findings: list[str]
    needs_review: bool
    answer: str = ""
    text: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A figure that the graded run drew: a PNG of our own making."""

    question: str
    png: bytes

    def uri(self) -> str:
        """Give it as a part of a page.

        Examples
        --------
        >>> Picture("q1", b"abc").uri()
        'data:image/png;base64,YWJj'
        """
        return f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"


class Shown(msgspec.Struct, frozen=True):
    """A cell as it was handed in: its kind, its text, and the id of the released cell that it is, if it is one."""

    kind: str
    source: str
    given: str


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """A graded submission.

    Attributes
    ----------
    key
        Identifies all that the result depends on; a resumed run keeps the result while it is the same.
    student_id, file, digest
        Whose, where it was found, and what identifies its content.
    status, reason
        How its runs ended; ``unreadable`` where nothing could be run.
    seconds
        All runs together.
    containment
        What of the sandbox's limits could not be had.
    points
        One a question.
    notes
        What was mended, in words for the student.
    suspicions
        What a person should look at.
    troubles
        Errors of cells, on the first hidden shop.
    pictures
        Figures, on the first hidden shop.
    written
        Written answers: question to text.
    stored
        Answers that the file held when it was handed in: question to what identifies the value.
    code
        The student's own code, up to what is compared.
    runs
        What identifies the runs of tokens of that code, for the comparison with others.
    cut
        How many characters of code were left out of the comparison.
    cells
        The notebook as it was run, without outputs.
    """

    key: str
    student_id: str
    file: str
    digest: str
    status: str
    reason: str
    seconds: float
    containment: str
    points: list[Points]
    notes: list[str] = []
    suspicions: list[str] = []
    troubles: list[Trouble] = []
    pictures: list[Picture] = []
    written: dict[str, str] = {}
    stored: dict[str, str] = {}
    code: str = ""
    runs: list[str] = []
    cut: int = 0
    cells: list[Shown] = []


def save(graded: Graded, path: Path) -> None:
    """Write a result, whole or not at all.

    Parameters
    ----------
    graded
        The result.
    path
        Where to.
    """
    write_whole(path, msgspec.json.encode(graded))


def load(path: Path, key: str | None = None) -> Graded | None:
    """Read a result; None if it is not there, not whole, or of another key.

    Parameters
    ----------
    path
        Where it is.
    key
        What it must depend on; None for anything.

    Examples
    --------
    >>> from pathlib import Path
    >>> load(Path("nothing-here.json")) is None
    True
    """
    try:
        graded = msgspec.json.decode(path.read_bytes(), type=Graded)
    except (OSError, msgspec.MsgspecError):
        return None
    return graded if key in {None, graded.key} else None
