"""A function, judged by its outputs at inputs that it has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crmlib.grading.kinds.columns import Columns
from crmlib.grading.kinds.grids import Grid, described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmlib.grading.spec.exercise import Exercise
    from crmlib.grading.spec.questions import Question
    from crmlib.grading.spec.recorded import Answer

__all__ = ["Function"]


class Function(Columns):
    """A function: a row for each input. An input at which it fails costs that input only."""

    name: ClassVar[str] = "function"
    asked: ClassVar[str] = "A function"
    part: ClassVar[str] = "key"
    whole: ClassVar[str] = "the output"
    rows_called: ClassVar[str] = "outputs"

    def read(self, question: Question, answer: Answer) -> Grid | None:
        """Take each output for a row; what failed stands among the failures."""
        if answer.kind != "outputs":
            return None
        outputs: list[Answer] = answer.value
        failures = {row: output.problem for row, output in enumerate(outputs) if output.kind == "none"}
        names = list(question.fields) or [""]
        columns: dict[str, list[Any]] = {name: [] for name in names}
        for row, output in enumerate(outputs):
            wanted = None
            if question.fields and isinstance(output.value, dict) and output.kind == "value":
                wanted = output.value
            if question.fields and wanted is None and row not in failures:
                failures[row] = f"a dict is asked for; this is {described(output)}"
            for name in names:
                columns[name].append((wanted or {}).get(name) if name else _single(output))
        return Grid(columns, len(outputs), [f"input {n}" for n in range(1, len(outputs) + 1)], failures)

    def problems(self, question: Question, columns: Grid) -> list[str]:  # noqa: ARG002 - as for every kind
        """Tell the first input at which the function fails."""
        first = next(iter(columns.failures.items()), None)
        if first is None:
            return []
        row, failure = first
        return [f"{columns.places[row]}: {failure[:1].upper()}{failure[1:].rstrip('.')}."]

    def validate(self, question: Question, exercise: Exercise) -> Iterator[str]:
        """Ask for inputs in every hidden shop, too."""
        yield from super().validate(question, exercise)
        if any(f"{question.id}_inputs" not in hidden for hidden in exercise.hidden):
            yield f"{question.id} is a function: every [[hidden]] needs {question.id}_inputs."


def _single(output: Answer) -> Any:
    """Give an output that is one value; what is none fits no type, and what failed is missing."""
    if output.kind == "value":
        return output.value
    if output.kind == "none":
        return None
    return []
