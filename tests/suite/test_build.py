import json
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

from crmlib.errors import CrmlibError
from crmlib.suite.build import build, notebook_text, read

PARAMETERS = '# %% tags=["parameters"]\nsource: str = "cdnow"  # which shop\n'
ALT = 'mystnb={"image": {"alt": "Bars: \\"new\\" is 10 % — più di tutti"}}'


def write(folder: Path, cells: str, name: str = "01_toy", parameters: str = PARAMETERS) -> Path:
    source = folder / "src" / f"{name}.py"
    source.parent.mkdir(exist_ok=True)
    source.write_text(f"{parameters}\n{cells}", encoding="utf-8")
    return source


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def broken(folder: Path, cells: str, **how: str) -> str:
    write(folder, cells, **how)
    with pytest.raises(CrmlibError) as caught:
        build(folder)
    return str(caught.value)


@pytest.mark.parametrize("words", ["55 % allow it", "one in eleven", "30 percent do", "9 out of 10"])
def test_a_share_in_the_text_says_whom_it_holds_for(tmp_path: Path, words: str) -> None:
    text = f"# %% [markdown]\n# Of them {words}."
    assert "may be a result of one shop" in broken(tmp_path, text)
    for tag in ("any-source", "example-shop"):
        write(tmp_path, text.replace("[markdown]", f'[markdown] tags=["{tag}"]'))
        build(tmp_path)


def test_a_built_notebook_is_valid_bare_and_ends_with_a_newline(tmp_path: Path) -> None:
    write(tmp_path, "# %% [markdown]\n# # Title\n# text\n\n# %%\nx = 1\n\nx")
    build(tmp_path)
    text = (tmp_path / "01_toy.ipynb").read_text()
    notebook = json.loads(text)

    nbformat.validate(notebook)
    assert text[-3:] == "\n}\n"
    assert {k: v["name"] for k, v in notebook["metadata"].items()} == {
        "kernelspec": "python3",
        "language_info": "python",
    }
    assert [cell["id"] for cell in notebook["cells"]] == ["01-code", "02-markdown", "03-code"]
    assert notebook["cells"][1]["source"] == ["# Title\n", "text"]
    assert {"outputs": [], "execution_count": None, "metadata": {}}.items() <= notebook["cells"][2].items()


def test_two_builds_are_the_same_bytes_and_the_second_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "# %%\n1")
    first, text = build(tmp_path), (tmp_path / "01_toy.ipynb").read_bytes()
    (tmp_path / "01_toy.ipynb").unlink()
    build(tmp_path)

    assert text == (tmp_path / "01_toy.ipynb").read_bytes()
    assert [tmp_path / "01_toy.ipynb"] == first.changed
    assert build(tmp_path).changed == []


def test_a_check_names_what_differs_and_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "# %%\n1")
    build(tmp_path)
    write(tmp_path, "# %%\n2")
    (tmp_path / "02_stray.ipynb").write_text("{}")
    before = (tmp_path / "01_toy.ipynb").read_bytes()
    checked = build(tmp_path, check=True)

    assert ([tmp_path / "01_toy.ipynb"], [tmp_path / "02_stray.ipynb"]) == (checked.changed, checked.stray)
    assert before == (tmp_path / "01_toy.ipynb").read_bytes()


def test_each_edition_has_the_cells_of_its_language_and_those_without_one(tmp_path: Path) -> None:
    write(tmp_path, '# %% [markdown] lang="en"\n# Hello\n\n# %% [markdown] lang="it"\n# Perché?\n\n# %%\nx = 1')
    build(tmp_path)

    english, italian = load(tmp_path / "01_toy.ipynb"), load(tmp_path / "it" / "01_toy.ipynb")
    assert [cell["source"] for cell in english["cells"][1:]] == [["Hello"], ["x = 1"]]
    assert [cell["source"] for cell in italian["cells"][1:]] == [["Perché?"], ["x = 1"]]
    assert [cell["metadata"] for cell in italian["cells"][1:]] == [{}, {}]


def test_there_is_no_italian_edition_without_an_italian_cell(tmp_path: Path) -> None:
    write(tmp_path, '# %% [markdown] lang="en"\n# Hello')
    build(tmp_path)

    assert [tmp_path / "01_toy.ipynb"] == list(tmp_path.rglob("*.ipynb"))


def test_the_text_of_a_figure_survives_the_build_and_jupytext(tmp_path: Path) -> None:
    source = write(tmp_path, f"# %% {ALT}\nplt.plot([1])")
    build(tmp_path)
    expected = 'Bars: "new" is 10 % — più di tutti'

    assert expected == load(tmp_path / "01_toy.ipynb")["cells"][1]["metadata"]["mystnb"]["image"]["alt"]
    round_trip = jupytext.reads(
        jupytext.writes(jupytext.reads(source.read_text(), fmt="py:percent"), fmt="py:percent"), fmt="py:percent"
    )
    assert expected == round_trip.cells[1].metadata["mystnb"]["image"]["alt"]


RULES = [
    ("!pip install x", "no shell command"),
    ("# !pip install x", "no shell command"),
    ("%pip install x", "no shell command"),
    ("x = 1\nplt.rcParams['font.size'] = 3", "no rcParams"),
    ("plt.rc('font', size=3)", "no rcParams"),
    ("import requests", "no fetch"),
    ("from urllib.request import urlopen", "no fetch"),
    ("pd.read_csv('https://x.y/z.csv')", "no URL in code"),
    ("sns.load_dataset('tips')", "downloads"),
    ("pd.read_csv('/home/me/x.csv')", "no absolute path"),
    ("pd.read_csv(f'~/{x}.csv')", "no absolute path"),
    ("pd.read_csv(r'C:\\data\\x.csv')", "no absolute path"),
    ("import warnings\nwarnings.filterwarnings('ignore')", "no silenced warning"),
    ("warnings.simplefilter(action='ignore')", "no silenced warning"),
    ("with np.errstate(divide='ignore'):\n    pass", "no silenced warning"),
    ("%%capture\n1", "no %%capture"),
    ("\n".join("x = 1" for _ in range(16)), "at most 15 lines in a code cell: this one has 16"),
    ("plt.subplots()", "a figure needs a text"),
    ("plots.pareto(x)", "a figure needs a text"),
    ("sns.barplot(x)", "a figure needs a text"),
    ("frame.plot.bar()", "a figure needs a text"),
    ("def draw(n):\n    plt.plot(n)\ndraw(3)", "a figure needs a text"),
    ("x = (", "this is not Python"),
]


@pytest.mark.parametrize(("code", "message"), RULES, ids=[code.splitlines()[0] for code, _ in RULES])
def test_a_broken_rule_is_named_with_file_cell_and_line(tmp_path: Path, code: str, message: str) -> None:
    said = broken(tmp_path, f"# %%\n{code}")

    assert "01_toy.py, cell 2, line " in said
    assert message in said


def test_the_line_is_that_of_the_source_file(tmp_path: Path) -> None:
    cell = "# %%\nx = 1\nplt.rcParams['a'] = 1"
    said = broken(tmp_path, cell)
    lines = (tmp_path / "src" / "01_toy.py").read_text().splitlines()

    assert f"line {lines.index(cell.splitlines()[2]) + 1}: no rcParams" in said


@pytest.mark.parametrize(
    "code",
    [
        "plots.use_style()",
        "colors = plots.palette(3)",
        "plt.close('all')",
        "def draw(n):\n    plt.plot(n)",
        "explore(draw, n=(1, 3))",
        "label = 'EUR/day'  # see https://x.y",
        "%matplotlib inline\nx = 1",
        "with warnings.catch_warnings(record=True) as caught:\n    pass",
        "\n".join("x = 1" for _ in range(15)),
    ],
)
def test_what_keeps_the_rules_is_built(tmp_path: Path, code: str) -> None:
    write(tmp_path, f"# %%\n{code}")

    assert [tmp_path / "01_toy.ipynb"] == build(tmp_path).changed


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("# %%\nx = 1\n", 'exactly one cell tagged "parameters": there is none'),
        (PARAMETERS * 2, 'exactly one cell tagged "parameters": there is 2'),
        (PARAMETERS + "top: int = len(source)  # how many\n", "'top' is not a literal"),
        (PARAMETERS + "top = 3  # how many\n", "a name with its type and a value"),
        (PARAMETERS + "top: int = 3\n", "'top' needs a comment"),
        (PARAMETERS + "import os\n", "a name with its type and a value"),
    ],
)
def test_the_cell_of_parameters_holds_typed_literals_with_comments(
    tmp_path: Path, parameters: str, message: str
) -> None:
    assert message in broken(tmp_path, "# %%\n1", parameters=parameters)


def test_the_cell_of_parameters_may_be_long(tmp_path: Path) -> None:
    write(tmp_path, "# %%\n1", parameters=PARAMETERS + "".join(f"x{n}: int = {n}  # one of many\n" for n in range(20)))

    assert [tmp_path / "01_toy.ipynb"] == build(tmp_path).changed


def test_a_notebook_of_more_than_fifty_cells_is_too_long(tmp_path: Path) -> None:
    assert "at most 50 cells: this notebook has 51" in broken(tmp_path, "# %%\n1\n" * 50)


def test_fifty_cells_are_counted_in_each_edition(tmp_path: Path) -> None:
    both = '# %% [markdown] lang="en"\n# a\n\n# %% [markdown] lang="it"\n# b\n\n'
    write(tmp_path, both * 30)

    assert len(build(tmp_path).changed) == 2


def test_an_unknown_language_and_code_of_one_language_are_errors(tmp_path: Path) -> None:
    said = broken(tmp_path, '# %% [markdown] lang="de"\n# Hallo\n\n# %% lang="it"\nx = 1')

    assert "cell 2, line 4: lang='de' is not a language of the suite" in said
    assert "cell 3, line 7: code is the same in every language" in said


def test_every_broken_rule_is_said_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path, "# %%\n1", name="02_fine")
    said = broken(tmp_path, "# %%\n!ls\n\n# %%\nplt.rcParams")

    assert len(said.splitlines()) == 3
    assert list(tmp_path.glob("*.ipynb")) == []


def test_a_text_above_the_first_cell_is_for_authors_only(tmp_path: Path) -> None:
    source = write(tmp_path, "# %%\n1", parameters="# A note for authors.\n\n" + PARAMETERS)

    assert "authors" not in notebook_text(read(source)[0], "en")


def test_a_folder_without_sources_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CrmlibError, match="There are no sources in"):
        build(tmp_path)
