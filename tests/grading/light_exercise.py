"""An exercise that runs in a blink, and a class that hands it in: for tests of the way, not of the exercise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crmlib.grading.authoring.editions import reference_notebook, with_cells
from crmlib.grading.kinds.own import load_exercise

if TYPE_CHECKING:
    from pathlib import Path

_TOML = """
title = "Light"
notebook = "03_rfm"
minutes = 5
points = 4
goals = ["count"]
[shop]
customers = 300
tables = ["orders", "customers"]
[limits]
seconds = 60
[[questions]]
id = "q1"
title = "How many orders"
kind = "scalar"
points = 1
goals = [1]
value = { type = "integer" }
[[questions]]
id = "q2"
title = "Spend of each customer"
kind = "table"
points = 2
goals = [1]
key = ["customer_id"]
[questions.fields]
customer_id = { type = "text" }
amount = { atol = 0.01 }
[[questions]]
id = "w1"
title = "Say something"
kind = "written"
points = 1
goals = [1]
[rubrics]
w1 = "Anything."
[[mistakes]]
name = "one order too many"
points = { q1 = 0 }
[mistakes.cells]
q1 = "n = len(orders) + 1"
[[mistakes]]
name = "mean instead of total"
points = { q2 = 1 }
[mistakes.cells]
q2 = 'spend = orders.groupby("customer_id", as_index=False)["amount"].mean()'
"""
_SOURCE = """# %% [markdown]
# # Light
# %% tags=["parameters"]
source: str = "shop"  # the shop
as_of: str = ""  # the day
language: str = "en"  # labels
fast: bool = False  # less
interactive: bool = True  # buttons
# %%
import pandas as pd

from crmlib.grading import answer
# %%
orders = pd.read_parquet(f"{source}/orders.parquet")
# %% mystnb={"image": {"alt": "Bars: how many orders of each amount."}}
axes = orders["amount"].astype(float).plot.hist()
# %% [markdown] question="q1"
# ## 1
# %% tags=["stub"] question="q1"
raise NotImplementedError("Make n, a number.")
# %% tags=["solution"] question="q1"
n = len(orders)
# %% tags=["answer"] question="q1"
answer("q1", n)
# %% [markdown] question="q2"
# ## 2
# %% tags=["stub"] question="q2"
raise NotImplementedError("Make spend, a table.")
# %% tags=["solution"] question="q2"
spend = orders.groupby("customer_id", as_index=False)["amount"].sum()
# %% tags=["answer"] question="q2"
answer("q2", spend)
# %% [markdown] question="w1"
# ## 3
# %% tags=["stub"] question="w1"
words = ""
# %% tags=["solution"] question="w1"
words = "Something."
# %% tags=["answer"] question="w1"
answer("w1", words)
"""
_MEAN = 'spend = orders.groupby("customer_id", as_index=False)["amount"].mean()'


def light_class(folder: Path, count: int) -> tuple[Path, Path, dict[str, float]]:
    """Write the exercise and a class, every third of it wrong; give both folders, and student to points."""
    place = folder / "90_light"
    place.mkdir(parents=True)
    (place / "exercise.toml").write_text(_TOML, encoding="utf-8")
    (place / "exercise.py").write_text(_SOURCE, encoding="utf-8")
    right = reference_notebook(load_exercise(place))
    wrong = with_cells(right, {"q2": _MEAN})
    truth = {}
    for number in range(count):
        student = f"s{number:03d}"
        (folder / "in" / student).mkdir(parents=True)
        content = wrong if number % 3 == 2 else right
        (folder / "in" / student / "x.ipynb").write_text(json.dumps(content), encoding="utf-8")
        truth[student] = 2.0 if number % 3 == 2 else 3.0
    return place, folder / "in", truth
