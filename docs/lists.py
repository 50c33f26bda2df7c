"""Lists read off what they list: ``python docs/lists.py`` writes those of README.md, the decisions and the tables.

A test holds them to the lessons, the exercises and the records.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmlib.shop.schema import Column

DOCS = Path(__file__).parent
ROOT = DOCS.parent


def lessons() -> str:
    """List the lessons with their question and minutes, from their own first cells."""
    lines = ["| Lesson | The shop's question | Minutes |", "|---|---|---|"]
    for path in sorted((ROOT / "notebooks" / "src").glob("[0-9][0-9]_*.py")):
        text = path.read_text(encoding="utf-8")
        question = re.search(r"\*\*The shop's question:\*\*\s*(.+)", text)
        minutes = re.search(r"\*(\d+) minutes", text)
        if not question or not minutes:
            raise ValueError(f"{path}: the first cell says the shop's question and the minutes.")
        lines.append(f"| `{path.stem}` | {question[1].strip()} | {minutes[1]} |")
    return "\n".join(lines)


def exercises() -> str:
    """List the exercises with their questions, points and minutes, from their descriptions."""
    lines = ["| Exercise | After | Questions | Points | Minutes |", "|---|---|---|---|---|"]
    for path in sorted((ROOT / "exercises").glob("*/exercise.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        lines.append(
            f"| [{content['title']}](exercises/{path.parent.name}/README.md) | `{content['notebook']}` "
            f"| {len(content['questions'])} | {content['points']} | {content['minutes']} |"
        )
    return "\n".join(lines)


def decisions() -> str:
    """List the decision records by number and title."""
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    heads = [(path.name, path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")) for path in records]
    return "\n".join(f"- [{head.split('.')[0]}]({name}): {head.partition('. ')[2]}" for name, head in heads)


def tables() -> str:
    """List the tables beside the orders, with their columns, from the schema by which they are read."""
    from crmlib.shop.dictionary import DICTIONARY
    from crmlib.shop.schema import TABLES

    parts = []
    for name in ("orders", "order_lines"):
        rows = [
            (column, column.name in {"customer_id", "order_ts", "amount"}, "all analyses") for column in TABLES[name]
        ]
        known = {column.name for column in TABLES["orders"]} if name == "order_lines" else set()
        parts.append(
            f"### `{name}`\n\n{_OF_ORDERS[name]}\n\n{_columns([row for row in rows if row[0].name not in known])}"
        )
    for table in DICTIONARY.values():
        called = f" Also called: {', '.join(table.spellings)}." if table.spellings else ""
        groups = " or ".join(" and ".join(f"`{name}`" for name in group) for group in table.one_of)
        one_of = f" It needs {groups}." if groups else ""
        rows = [(column, column.required, column.use) for column in table.columns]
        parts.append(f"### `{table.name}`\n\n{table.meaning}{one_of}{called}\n\n{_columns(rows)}")
        for column in table.columns:
            if column.values:
                words = "; ".join(f"`{word}`: {', '.join(others)}" for word, others in column.values.items())
                parts.append(f"Words of `{column.name}`. {words}.")
    return "\n\n".join(parts)


def fields() -> str:
    """List the columns of a customer's profile, from its dictionary."""
    from crmlib.profiles import FIELDS, GROUPS

    parts = []
    for group, meaning in GROUPS.items():
        lines = [f"### `{group}`: {meaning}", ""]
        lines.append("| Column | English | Italian | Unit | A gap means | Source | Origin |")
        lines.append("|---|---|---|---|---|---|---|")
        for field in FIELDS.values():
            if field.group == group:
                also = f" (also {', '.join(f'`{name}`' for name in field.also)})" if field.also else ""
                labels = " | ".join(field.labels[language] for language in ("en", "it"))
                lines.append(
                    f"| `{field.name}`{also} | {labels} | {field.unit or field.kind} | {field.null} | {field.source} "
                    f"| {field.origin}, {field.by}; {field.purpose} |"
                )
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def policy() -> str:
    """List the keys of the policy with their meaning, values and default, from its classes."""
    from crmlib.policy.keys import keys

    parts: dict[str, list[str]] = {}
    for key in keys():
        part, _, name = key.name.partition(".")
        cells = (f"`{name}`", key.meaning, key.values, f"`{key.shown_default}`" if key.default is not None else "")
        parts.setdefault(part, []).append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    heads = "| Key | Meaning | May be | By default |\n|---|---|---|---|"
    return "\n\n".join(f"### `[{part}]`\n\n{heads}\n" + "\n".join(rows) for part, rows in parts.items())


_OF_ORDERS = {
    "orders": "One order, or one line of one. Where there are several rows of one id, they are summed.",
    "order_lines": "One line of an order: the columns of orders, and these.",
}


def _columns(rows: list[tuple[Column, bool, str]]) -> str:
    lines = ["| Column | Holds | Used for | Spellings |", "|---|---|---|---|"]
    for column, required, use in rows:
        vague = f"; where there is none of these: {', '.join(column.vague)}" if column.vague else ""
        name = f"**`{column.name}`**" if required else f"`{column.name}`"
        lines.append(f"| {name} | {column.meaning} | {use} | {', '.join(column.spellings)}{vague} |")
    return "\n".join(lines)


LISTS = {
    (ROOT / "README.md", "lessons"): lessons,
    (ROOT / "README.md", "exercises"): exercises,
    (DOCS / "decisions" / "README.md", "decisions"): decisions,
    (DOCS / "how-to" / "tables.md", "tables"): tables,
    (DOCS / "how-to" / "customers.md", "fields"): fields,
    (DOCS / "how-to" / "policy.md", "policy"): policy,
}


def filled(path: Path, text: str) -> str:
    """Return a page with its lists put in anew, each between two marks."""
    for (page, name), make in LISTS.items():
        if page == path:
            begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
            if begin not in text or end not in text:
                raise ValueError(f"{path.name} has no place for the list: {begin} and {end}, each on a line.")
            head, rest = text.split(begin, 1)
            text = f"{head}{begin}\n\n{make()}\n\n{end}{rest.split(end, 1)[1]}"
    return text


if __name__ == "__main__":
    for page in {page for page, _ in LISTS}:
        page.write_text(filled(page, page.read_text(encoding="utf-8")), encoding="utf-8")
