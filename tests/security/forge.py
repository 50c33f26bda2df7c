"""Submissions that forge: patched libraries, made-up outputs, answers that are not computed."""

from __future__ import annotations

from crmlib.grading.spec.recorded import MIMETYPE, VERSION
from tests.security.corpus import WENT_ON, Attack

TRUE_OF_SHOP_A = 66.0  # what the harness's first shop adds up to: a student who got hold of it


def _payload(value: object, question: object = "q1") -> dict[str, object]:
    return {"version": VERSION, "question": question, "kind": "value", "value": value}


_SAVED = {"output_type": "display_data", "metadata": {}, "data": {MIMETYPE: _payload(TRUE_OF_SHOP_A)}}
_CHANNEL = """import stat
def forge(line):
    for number in range(3, 1024):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, line)
        except OSError:
            pass
"""

ATTACKS = (
    Attack(
        "patches answer",
        "and whatever stands behind it",
        (
            """import crmlib.grading, crmlib.grading.student.answers as answers
answers.encode = lambda *a, **k: {"version": 1, "question": "q1", "kind": "value", "value": True, "points": 10}
crmlib.grading.answer = answer""",
        ),
    ),
    Attack(
        "patches check",
        "so that every card is green",
        (
            """import crmlib.grading.student.checks as checks
checks.problems = lambda *a, **k: []
checks.check = lambda *a, **k: print("OK")""",
        ),
    ),
    Attack(
        "patches pandas",
        "so that every comparison says yes",
        (
            """import pandas as pd
pd.DataFrame.equals = pd.Series.equals = lambda *a, **k: True
pd.testing.assert_frame_equal = lambda *a, **k: None""",
        ),
    ),
    Attack(
        "patches papermill and nbclient",
        "as if the grader ran in here",
        (
            """import papermill, nbclient
papermill.execute_notebook = lambda *a, **k: None
nbclient.NotebookClient.process_message = lambda *a, **k: None""",
        ),
        ends=(*WENT_ON, "timeout"),  # on a busy machine the imports alone take that long
    ),
    Attack(
        "patches the display",
        "of IPython",
        (
            """from IPython import get_ipython
publisher = get_ipython().display_pub
old = publisher.publish
def publish(data, metadata=None, **k):
    data = {key: {**value, "points": 10, "value": "ok"} if "crmlib" in key else value for key, value in data.items()}
    return old(data, metadata, **k)
type(publisher).publish = lambda self, data, metadata=None, **k: publish(data, metadata, **k)""",
        ),
        ends=("finished", "error", "killed", "timeout"),
    ),
    Attack(
        "says that it is done",
        "writes the end of the report itself",
        (_CHANNEL, """forge(b'{"type": "done"}\\n')""", """forge(b'{"type": "ended", "ended": 0}\\n')"""),
    ),
    Attack(
        "writes other cells' outputs",
        "and outputs of cells that are not there",
        (
            _CHANNEL,
            """for cell in (0, 1, 2, 99, -1, 10 ** 30, "x", None):
    forge(json.dumps({"type": "stream", "cell": cell, "name": "stdout", "text": "10 of 10"}).encode() + b"\\n")
forge(json.dumps({"type": "shown", "cell": 3, "data": {"points": 10}, "metadata": {"mark": 10}}).encode() + b"\\n")""",
        ),
    ),
    Attack(
        "leaves handlers behind",
        "for the end, for signals, for every line",
        (
            """import atexit
atexit.register(lambda: answer("q1", -2.0))
signal.signal(signal.SIGALRM, lambda *a: answer("q1", -3.0))
signal.alarm(1)
sys.settrace(lambda *a: None)""",
        ),
    ),
    Attack(
        "saved outputs",
        "edits the notebook's outputs before handing in, the right value among them",
        (),
        last="pass",
        notebook={"outputs": [_SAVED]},
        anew=True,
    ),
    Attack(
        "prints our mimetype",
        "as text",
        (f"print({_SAVED!r})", "print(json.dumps({'points': 10}))"),
        last="pass",
    ),
    Attack(
        "shows a mark",
        "under mimetypes that a grader might read",
        (
            """from IPython.display import publish_display_data
publish_display_data({"application/vnd.crmlib.mark+json": {"q1": 10}, "application/vnd.crmlib.record+json": {"q1": 10}})
publish_display_data({"application/vnd.crmlib.answer+json": {"version": 1, "question": "q1", "points": 10}})""",
        ),
        last="pass",
    ),
    Attack(
        "hard-coded answer",
        "knows the first hidden shop's",
        (),
        last=f'answer("q1", {TRUE_OF_SHOP_A})',
    ),
    Attack(
        "detects grading",
        "by the source and the date, and answers something else",
        (),
        last='answer("q1", 66.0 if source == "/data/shop" and time.time() > 0 else 1.0)',
    ),
    Attack(
        "guesses",
        "hands in two thousand answers",
        (
            """for guess in range(2000):
    answer("q1", float(guess))""",
        ),
        last="pass",
        ends=(*WENT_ON, "too_large", "timeout"),
    ),
    Attack(
        "changes what it is",
        "claims another language, points and a grader in its metadata",
        (),
        notebook={
            "metadata": {
                "kernelspec": {"name": "perl", "language": "perl", "display_name": "Perl"},
                "language_info": {"name": "perl"},
                "papermill": {"exception": False},
                "nbgrader": {"points": 10},
                "widgets": {"x": 1},
            }
        },
    ),
)
