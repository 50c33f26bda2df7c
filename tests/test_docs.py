"""The lists in README and docs are those of the files, and what the pages link to is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docs import lists

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [lists.ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted(lists.DOCS.rglob("*.md"))


def test_the_lists_are_those_of_the_files() -> None:
    for page in {page for page, _ in lists.LISTS}:
        text = page.read_text(encoding="utf-8")
        assert lists.filled(page, text) == text, f"{page.name}: run python docs/lists.py"


def missing(page: Path) -> list[str]:
    """Return the links of a page to files or headings that are not there."""
    text = page.read_text(encoding="utf-8")
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"(?ms)^ {4}.*?$|`[^`\n]*`", "", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            wrong.append(f"{page.name}: {target}")
        elif heading and heading not in headings(file):
            wrong.append(f"{page.name}: {target} has no such heading")
    return wrong


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def test_every_link_leads_somewhere() -> None:
    assert [link for page in PAGES for link in missing(page)] == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# A head\n[here](#a-head) [there](other.md) [no](#b)\n", encoding="utf-8")
    assert missing(tmp_path / "page.md") == ["page.md: other.md", "page.md: #b has no such heading"]
