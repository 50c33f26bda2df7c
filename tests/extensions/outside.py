"""What the tests of extension points share: pages of the how-tos, and a user's folder with a shop."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
ORDERS = """customer_id,order_id,order_ts,amount
ann,o1,2024-01-10,20
ann,o2,2024-05-20,30
ann,o3,2024-06-20,60
bob,o4,2024-06-25,10
cat,o5,2024-03-01,15
cat,o6,2024-06-29,25
dan,o7,2023-11-01,5
"""


def code_of(page: str, language: str, first: str = "") -> str:
    """Return the block of a page that is in a language and begins with a line."""
    text = (PAGES / page).read_text(encoding="utf-8")
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if block.startswith(first))


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def shop_file(folder: Path, more: str = "", orders: str = ORDERS) -> Path:
    """Write a shop as an analyst has it: orders, and a description beside them."""
    write(folder / "orders.csv", orders)
    return write(folder / "shop.toml", f'source = "orders.csv"\nas_of = 2024-06-30\n{more}')
