"""SQL that is built in Python says names and texts as its engine does: double quotes are names here, text on Spark."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from crmlib.engine import DuckDB
from crmlib.engine import spark as on_spark

PACKAGE = Path(__file__).parents[1] / "crmlib"
#: What talks to one engine only: DuckDB itself, what reads files and databases by it, and databases of their own.
DUCKDB_ALONE = {"engine/__init__.py", "engine/duckdb.py", "engine/queries.py", "shop/lines.py", "shop/dates.py",
                "shop/tidying.py", "intake/reading.py", "intake/store.py", "lists/databases.py"}  # fmt: skip
_SQL = re.compile(r"\b(select|join|where|order by|group by)\b.*", re.IGNORECASE | re.DOTALL)


def faults(path: Path, text: str) -> list[str]:
    """Name what in a module spells names or texts for DuckDB alone."""
    result = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module in {"crmlib.engine", "crmlib.engine.queries"}:
            result += [f"{path}, line {node.lineno}: {a.name}" for a in node.names if a.name in {"quote", "literal"}]
        elif isinstance(node, ast.Attribute) and node.attr == "quote" and ast.unparse(node.value) == "engine":
            result.append(f"{path}, line {node.lineno}: engine.quote")
        elif isinstance(node, ast.JoinedStr):
            fixed = "{}".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
            if _SQL.search(fixed) and re.search(r'"(\w[\w ]*|\{\})"', fixed) and " from " in fixed:
                result.append(f"{path}, line {node.lineno}: double quotes")
    return result


@pytest.mark.slow
def test_only_what_talks_to_duckdb_alone_uses_its_quotes() -> None:
    modules = [path for path in PACKAGE.rglob("*.py") if "notebooks" not in path.relative_to(PACKAGE).parts]
    shared = {path.relative_to(PACKAGE).as_posix(): path for path in modules}
    shared = {name: path for name, path in shared.items() if not name.startswith("sources/")}
    assert set(shared) >= DUCKDB_ALONE
    wrong = [
        fault
        for name, path in sorted(shared.items())
        if name not in DUCKDB_ALONE
        for fault in faults(Path(name), path.read_text(encoding="utf-8"))
    ]
    assert wrong == [], "use table.engine.quoted(name) and table.engine.literal(text)"


@pytest.mark.parametrize(
    "line",
    [
        "from crmlib.engine import MONEY, quote",
        "from crmlib.engine.queries import literal",
        "def f(t):\n    return engine.quote(t)",
        "def f(t, n):\n    return f'select \"{n}\" from {t}'",
        "def f(t):\n    return f'select \"customer_id\" as item from {t.name}'",
    ],
)
def test_a_planted_quote_is_noticed(line: str) -> None:
    assert faults(Path("churn/new.py"), line)


def test_a_name_is_one_name_on_both_engines() -> None:
    engine = DuckDB()
    for name in ("Order Date", 'a "b"', "a`b", "select", "übung", "a\\b"):
        assert engine.rows(f"select 7 as {engine.quoted(name)}") == [(7,)]
        assert on_spark.quoted(name) == f"`{name.replace('`', '``')}`"


def test_a_text_comes_back_as_it_went_in() -> None:
    engine = DuckDB()
    for text in ("it's", r"\N", "a\\", "'", "", 'a "b"', "line\nend", "è €"):
        assert engine.rows(f"select {engine.literal(text)}") == [(text,)]
        spelled = on_spark.literal(text)[1:-1]  # as Spark's parser reads it: a backslash keeps the next letter
        assert re.sub(r"\\(.)", r"\1", spelled, flags=re.DOTALL) == text
        assert not re.search(r"(?<!\\)(\\\\)*'", spelled)
