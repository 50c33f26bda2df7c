"""Submissions whose outputs are meant to hurt whoever reads them."""

from __future__ import annotations

from tests.security.corpus import WENT_ON, Attack

_PUBLISH = """from IPython.display import publish_display_data
def hand_in(payload):
    publish_display_data({"application/vnd.crmlib.answer+json": payload})
def value(inner, question="q1"):
    return {"version": 1, "question": question, "kind": "value", "value": inner}
"""
_RAW = """import stat
pipes = []
for number in range(3, 1024):
    try:
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            pipes.append(number)
    except OSError:
        pass
"""


def _shown(name: str, tries: str, source: str) -> Attack:
    return Attack(name, tries, (_PUBLISH, source), last="pass")


ATTACKS = (
    _shown(
        "pickle",
        "hands in pickled code instead of a table",
        """import base64, pickle
class Run:
    def __reduce__(self):
        return os.system, (f"touch {targets[0]}.pwned",)
data = base64.b64encode(pickle.dumps(Run())).decode()
for kind in ("value", "table", "array", "pickle", "outputs"):
    hand_in({"version": 1, "question": "q1", "kind": kind, "value": data})
    hand_in({"version": 1, "question": "q1", "kind": kind, "value": {"$pickle": data, "parquet": data}})""",
    ),
    _shown("deep JSON", "nests a list 500 times", "x = 1\nfor _ in range(500): x = [x]\nhand_in(value(x))"),
    Attack(
        "deeper JSON",
        "nests a list 200,000 times, past Python's own encoder",
        (
            _RAW,
            """for pipe in pipes:
    head = b'{"type": "shown", "cell": 3, "data": {"application/vnd.crmlib.answer+json": '
    os.write(pipe, head + b"[" * 200_000 + b"]" * 200_000 + b"}}\\n")""",
        ),
    ),
    Attack(
        "broken lines",
        "writes bytes that are no text, half lines and twice the same key",
        (
            _RAW,
            """for pipe in pipes:
    for line in (b"\\xff\\xfe", b"{", b"null", b"[]", b'{"type": 1}', b'{"type": "shown"}', b'"\\\\ud800"', b"NaN"):
        os.write(pipe, line + b"\\n")""",
        ),
        ends=("finished",),
        says="could not be read",
    ),
    _shown("NaN", "hands in what equals nothing", 'answer("q1", float("nan"))'),
    _shown("infinity", "hands in what is larger than all", 'answer("q1", float("inf"))'),
    _shown(
        "giant number",
        "hands in a number of 20,000 digits",
        "sys.set_int_max_str_digits(0)\nhand_in(value(10 ** 20_000))",
    ),
    _shown("numbers as text", "hands in text that reads like a number", 'hand_in(value("66.0"))'),
    _shown(
        "look-alike ids",
        "answers questions that look like q1",
        """for name in ("q\\u0031\\u200b", "\\u051b1", "q\\uff11", " q1", "Q1", "q1\\x00", ["q1"], {"q1": 1}, None, 1):
    hand_in(value(66.0, name))""",
    ),
    _shown(
        "script in an answer",
        "hands in HTML, in the value and in the id",
        """hand_in(value("<script>alert(1)</script><img src=x onerror=alert(1)>"))
hand_in(value(1, "<script>alert(1)</script>"))""",
    ),
    _shown(
        "formula in an answer",
        "hands in what a spreadsheet would run",
        """hand_in(value("=HYPERLINK(\\"http://192.0.2.1\\", \\"click\\")"))
hand_in(value("@SUM(1+1)*cmd|' /C calc'!A0"))""",
    ),
    _shown(
        "control characters",
        "hands in escapes for the terminal, zero bytes and half characters",
        """hand_in(value("\\x1b]0;mine\\x07\\x1b[2J\\x00\\u202e\\ud800"))
print("\\x1b[2J\\x1b]52;c;bWluZQ==\\x07", "\\ud800")""",
    ),
    _shown(
        "marks of its own encoding",
        "nests the words that stand for dates and numbers",
        """hand_in(value({"$date": "not a day"}))
hand_in(value({"$dict": {"$dict": {"$float": "1e400"}}}))
hand_in(value({"$float": ["nan"]}))
hand_in(value({"$datetime": 7}))""",
    ),
    _shown(
        "tables that do not add up",
        "columns of other lengths, other types, twice the same name",
        """twice = [["a", "number", [1, 2]], ["a", "number", [1]]]
for stored in ([], {}, {"columns": 7}, {"columns": twice}, None, 7):
    for kind in ("table", "series", "array", "figure", "outputs"):
        hand_in({"version": 1, "question": "q1", "kind": kind, "value": stored})""",
    ),
    _shown(
        "ten thousand questions",
        "answers what nobody asked",
        """publish_display_data({f"application/x-{number}": "x" for number in range(10_000)})
for number in range(1000):
    hand_in(value(1, f"q{number + 2}"))""",
    ),
    Attack(
        "error that speaks",
        "raises an exception whose text and name are scripts",
        ("""raise type("<script>alert(1)</script>", (Exception,), {})("<img src=x onerror=alert(1)>" * 10_000)""",),
        ends=("error",),
    ),
    Attack(
        "exception that fights back",
        "raises what cannot be shown",
        (
            """class Odd(Exception):
    def __str__(self): os._exit(0)
    __repr__ = __str__
raise Odd""",
        ),
        ends=(*WENT_ON, "killed"),
    ),
    Attack(
        "broken cells",
        "hands in cells that no notebook may have",
        (),
        ends=(*WENT_ON, "no_result"),
        notebook={
            "cells": [
                {"cell_type": "code", "source": ["print(1)"], "metadata": {"tags": [{"x": 1}, 7]}, "outputs": 7},
                {"cell_type": "strange", "source": "x", "metadata": {}},
                {"cell_type": "code", "source": "print(2)", "metadata": {"tags": "parameters"}, "outputs": None},
                {"cell_type": "markdown", "source": "<script>", "metadata": {}, "attachments": {"x": {}}},
            ]
        },
    ),
    Attack("no cells", "hands in nothing", (), ends=("finished", "no_result"), notebook={"cells": []}),
    Attack("cells are no list", "hands in a notebook that is none", (), ends=("no_result",), notebook={"cells": 7}),
)
