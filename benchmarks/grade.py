# ruff: noqa: INP001 - a script
"""Autograding with `crmlib.grading` in its sandbox against nbgrader as it is, side by side, in one run.

    python benchmarks/grade.py [--rounds 3] [--batch 8] [--out benchmarks]

Both grade the same class: a small pandas notebook in two versions that differ in how a student hands in (an assert in a
cell of nbgrader's, or ``answer``), four of five submissions right. nbgrader runs in its own way, one kernel for each
submission and no sandbox, through its Python interface, so that it does not pay for starting its command. crmlib runs
every submission twice, on two hidden shops, as grading does. Batches alternate, so that a busy machine slows both;
both are warm, and each worker of either is a process of its own. Exits 1 where the two do not give the same marks.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")
# nbgrader starts alembic by its name.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

import numpy as np  # noqa: E402

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

ASSIGNMENT = "spend"
POINTS = 10.0
GOAL = 10.0
SHOPS = {"a": 1, "b": 2}
IMPORTS = "import numpy as np\nimport pandas as pd"
READ = 'orders = pd.read_csv(f"{source}/orders.csv", parse_dates=["order_ts"])'
SPEND = """def spend(orders):
    by = orders.groupby("customer_id")["amount"]
    table = by.agg(["count", "sum"]).rename(columns={"count": "orders", "sum": "spend"})
    table["share"] = table["spend"] / table["spend"].sum()
    return table.sort_values("spend", ascending=False).reset_index()"""
MISTAKE = SPEND.replace('table["spend"].sum()', 'table["spend"].mean()')
SHOW = "table = spend(orders)\ntable.head()"
MONTHS = 'orders.set_index("order_ts")["amount"].resample("MS").sum().describe()'
TEST = """expected = orders.groupby("customer_id")["amount"].sum()
assert np.isclose(table["share"].sum(), 1)
assert np.allclose(table.set_index("customer_id")["spend"].sort_index(), expected.sort_index())"""
HAND_IN = 'from crmlib.grading import answer\nanswer("q1", table)'


def write_orders(folder: Path, seed: int, orders: int = 5_000) -> None:
    """Write a shop's orders."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2025-01-01") + rng.integers(0, 500, orders)
    lines = ["customer_id,order_ts,amount"]
    lines += [
        f"C{c:04d},{d},{a:.2f}"
        for c, d, a in zip(rng.integers(0, 800, orders), days, rng.gamma(2, 20, orders), strict=True)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orders.csv").write_text("\n".join(lines) + "\n", encoding="ascii")


def code(source: str, name: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a cell."""
    own = {"cell_type": "code", "id": name, "metadata": metadata or {}, "source": source}
    return own | {"outputs": [], "execution_count": None}


def nbgrader_cell(name: str, *, grade: bool) -> dict[str, Any]:
    """Return what nbgrader wants to know of a cell."""
    own = {"schema_version": 3, "grade_id": name, "grade": grade, "solution": not grade, "locked": grade, "task": False}
    return {"nbgrader": own | ({"points": POINTS} if grade else {})}


def notebook(solution: str, *, for_nbgrader: bool) -> dict[str, Any]:
    """Return a submission: the same code, and the ending that either grader asks for."""
    mark = nbgrader_cell if for_nbgrader else lambda *_, **__: {}
    last = code(TEST, "test", mark("test", grade=True)) if for_nbgrader else code(HAND_IN, "answer")
    first = code('source = "."', "parameters", {"tags": ["parameters"]})
    cells = [first, code(IMPORTS, "imports"), code(READ, "read"), code(solution, "spend", mark("spend", grade=False))]
    cells += [code(SHOW, "show"), code(MONTHS, "months"), last]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": spec, "nbformat": 4, "nbformat_minor": 5}


def solution_of(student: int) -> str:
    """Return what a student wrote: every fifth has it wrong."""
    return MISTAKE if student % 5 == 4 else SPEND  # noqa: PLR2004 - as it says


def name(student: int, workers: int) -> str:
    """Return a student's name, which says whose share it is."""
    return f"share{student % workers}of{workers}-{student}"


class Nbgrader:
    """A course of nbgrader's, in a folder and with a database of its own."""

    def __init__(self, root: Path, students: int, workers: int) -> None:
        import logging

        from nbgrader.apps import NbGraderAPI
        from traitlets.config import Config

        config = Config()
        config.CourseDirectory.root = str(root)
        config.CourseDirectory.course_id = "course"
        logging.getLogger("traitlets").setLevel(logging.CRITICAL)
        write_orders(root / "source" / ASSIGNMENT, SHOPS["a"])
        self._write(root / "source" / ASSIGNMENT, SPEND)
        self._api = NbGraderAPI(config=config)
        self._students = students
        assert self._api.generate_assignment(ASSIGNMENT)["success"]  # noqa: S101 - nothing to measure without it
        for student in range(students):
            self._write(root / "submitted" / name(student, workers) / ASSIGNMENT, solution_of(student))

    def _write(self, folder: Path, solution: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        document = json.dumps(notebook(solution, for_nbgrader=True))
        (folder / f"{ASSIGNMENT}.ipynb").write_text(document, encoding="utf-8")

    def grade(self, share: int, workers: int) -> None:
        """Grade a worker's share of the batch in one go, as the command does."""
        done = self._api.autograde(ASSIGNMENT, f"share{share}of{workers}-*", force=True, create=True)
        if not done["success"]:
            raise RuntimeError(done["log"])

    def points(self, share: int, workers: int) -> dict[int, float]:
        """Return the scores of a share, student to points."""
        students = range(share, self._students, workers)
        with self._api.gradebook as book:
            found = [book.find_submission(ASSIGNMENT, name(student, workers)).score for student in students]
        return dict(zip(students, map(float, found), strict=True))

    def close(self) -> None:
        """Do nothing: no process is left."""


class Crmlib:
    """A preloaded sandbox, and the marks by comparison with what the reference recorded on both shops."""

    def __init__(self, root: Path, students: int) -> None:
        from crmlib.grading.marking.running import Runner
        from crmlib.grading.sandbox.limits import Limits
        from crmlib.grading.spec.exercise import Exercise, ShopPlan
        from crmlib.grading.spec.questions import Field, Question

        for shop, seed in SHOPS.items():
            write_orders(root / shop, seed)
        columns = {"customer_id": Field(type="text"), "orders": Field(), "spend": Field(), "share": Field()}
        question = Question(id="q1", title="Spend", kind="table", points=POINTS, fields=columns, key=("customer_id",))
        self._exercise = Exercise(
            name=ASSIGNMENT,
            title="",
            notebook="",
            minutes=1,
            points=POINTS,
            goals=(),
            questions=(question,),
            limits=Limits(),
            shop=ShopPlan(),
            hidden=(),
            rubrics={},
            mistakes=(),
            folder=root,
        )
        self._runner = Runner("zygote", data={shop: root / shop for shop in SHOPS}, limits=Limits())
        self._runner.__enter__()
        self._reference = self._answers(SPEND)
        self._students = students
        self._points: dict[int, float] = {}

    def _answers(self, solution: str) -> list[Any]:
        from crmlib.grading.spec.recorded import read_answers

        document = notebook(solution, for_nbgrader=False)
        found = [self._runner.run(document, {"source": "/data/shop"}, shop) for shop in SHOPS]
        return [read_answers(ended.notebook or {}) for ended in found]

    def grade(self, share: int, workers: int) -> None:
        """Grade a worker's share of the batch."""
        from crmlib.grading.marking.compare import mark

        for student in range(share, self._students, workers):
            (marked,) = mark(self._exercise, self._answers(solution_of(student)), self._reference)
            self._points[student] = marked.points

    def points(self, share: int, workers: int) -> dict[int, float]:
        """Return the points of a share: all, or none, as an assert gives."""
        students = range(share, self._students, workers)
        return {student: POINTS if self._points[student] == POINTS else 0.0 for student in students}

    def close(self) -> None:
        """End the sandbox."""
        self._runner.__exit__()


def work(kind: str, root: str, share: int, size: tuple[int, int], line: Connection) -> None:
    """Be a worker: grade the share whenever asked, and say the points when asked."""
    (workers, students), own = size, Path(tempfile.mkdtemp(dir=root))
    grader: Any = Nbgrader(own, students, workers) if kind == "nbgrader" else Crmlib(own, students)
    grader.grade(share, workers)  # once unmeasured for both
    line.send("ready")
    while (asked := line.recv()) != "end":
        line.send(grader.grade(share, workers) if asked == "grade" else grader.points(share, workers))
    grader.close()


class Team:
    """As many workers as are measured, each a process with a grader of its own."""

    def __init__(self, kind: str, root: str, workers: int, students: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._lines, self._students = [], students
        for share in range(workers):
            ours, theirs = context.Pipe()
            context.Process(target=work, args=(kind, root, share, (workers, students), theirs)).start()
            theirs.close()
            self._lines.append(ours)
        self._answers()

    def _answers(self) -> list[Any]:
        return [line.recv() for line in self._lines]

    def _ask(self, what: str) -> list[Any]:
        for line in self._lines:
            line.send(what)
        return self._answers()

    def seconds(self) -> float:
        """Grade the class, and return the seconds for each submission."""
        begin = time.perf_counter()
        self._ask("grade")
        return (time.perf_counter() - begin) / self._students

    def points(self) -> dict[int, float]:
        """Return the points of all students."""
        return {student: points for share in self._ask("points") for student, points in share.items()}

    def end(self) -> None:
        """End the workers."""
        for line in self._lines:
            line.send("end")


def versus(workers: int, rounds: int, batch: int, root: str) -> dict[str, Any]:
    """Grade the class in turn with as many workers."""
    theirs = Team("nbgrader", root, workers, batch)
    ours = Team("crmlib", root, workers, batch)
    times = []
    for _ in range(rounds):
        slow = theirs.seconds()
        times.append((ours.seconds(), slow))
    expected, points = theirs.points(), ours.points()
    wrong = sum(points[student] != expected[student] for student in range(batch))
    theirs.end()
    ours.end()
    ratios = [slow / fast for fast, slow in times]
    row = {
        "workers": workers,
        "nbgrader s": float(np.median([slow for _, slow in times])),
        "crmlib s": float(np.median([fast for fast, _ in times])),
        "ratio min": min(ratios),
        "median": float(np.median(ratios)),
        "max": max(ratios),
        "submissions": rounds * batch,
        "different marks": wrong,
    }
    print("  ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)  # noqa: T201
    return row


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def picture(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw seconds for each submission."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 0.9 * len(rows) + 1))
    bars = [(row, grader) for row in rows for grader in ("nbgrader", "crmlib")]
    labels = [f"{grader}, {row['workers']} worker{'s' * (row['workers'] > 1)}" for row, grader in bars]
    values = [row[f"{grader} s"] for row, grader in bars]
    drawn = axes.barh(labels[::-1], values[::-1], color=["#3b6ea5", "#b5651d"] * len(rows))
    axes.bar_label(drawn, fmt="%.2f", padding=3)
    axes.set_xlabel("seconds for each submission (crmlib: in the sandbox, on two shops)")
    axes.margins(x=0.12)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def write(out: Path, rows: list[dict[str, Any]]) -> None:
    """Write the table and the picture."""
    text = f"""# Autograding against nbgrader

Seconds for each submission, on a shared machine with two processors: read the ratios. `crmlib bench grade`.
nbgrader runs each submission once and without a sandbox, crmlib twice (on two hidden shops) and in its sandbox.
The goal is {GOAL:g} times as many submissions with the same number of workers.

"""
    (out / "grade.md").write_text(f"{text}{markdown(rows)}\n", encoding="utf-8")
    picture(rows, out / "grade.png")


def main() -> int:
    """Run the benchmark; exit 1 where marks differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each grades the batch")
    parser.add_argument("--batch", type=int, default=8, help="submissions in a batch")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="numbers of workers to measure")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where grade.md and grade.png go")
    options = parser.parse_args()
    try:
        import nbgrader  # noqa: F401 - the peer
    except ImportError:
        print("This benchmark needs its peer: pip install 'crmlib[nbgrader]'.", file=sys.stderr)  # noqa: T201
        return 2
    root = tempfile.mkdtemp(prefix="crmlib-bench-")
    rows: list[dict[str, Any]] = []
    try:
        for workers in options.workers:
            rows.append(versus(workers, options.rounds, options.batch, root))
            write(options.out, rows)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return 1 if any(row["different marks"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
