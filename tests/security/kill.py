"""Submissions that end or stop processes, and hope that this looks like success."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.security.corpus import RIGHT, WENT_ON, Attack

if TYPE_CHECKING:
    from crmlib.grading.marking.ending import Status

_END: tuple[Status, ...] = ("killed",)
_SAYS = "came to an early end"

ATTACKS = (
    Attack("kills its kernel", "by SIGKILL", ("os.kill(os.getpid(), signal.SIGKILL)",), _END, _SAYS, anew=True),
    Attack("os._exit(0)", "leaves as if all was well", ("os._exit(0)",), _END, _SAYS),
    Attack("sys.exit(0)", "leaves politely", ("sys.exit(0)",), ("error",), "SystemExit"),
    Attack("exit()", "leaves as in a terminal: it ends its cell", ("exit()",), ("error",), "SystemExit"),
    Attack("crashes", "reads at address zero", ("ctypes.string_at(0)",), _END, _SAYS),
    Attack("aborts", "by SIGABRT", ("os.abort()",), _END, _SAYS),
    Attack(
        "answers, then ends everything",
        "hopes that a wrong end hides a wrong answer",
        ('answer("q1", -1.0)', "os._exit(0)"),
        _END,
        _SAYS,
    ),
    Attack(
        "answers rightly, then ends everything",
        "is a clumsy student: what the run recorded stays",
        (RIGHT, "os._exit(3)"),
        _END,
        _SAYS,
        last="pass",
        points=10.0,
        anew=True,
    ),
    Attack(
        "stops its parent",
        "by every signal that might hold it up",
        (
            """for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL):
    attempt(lambda: os.kill(os.getppid(), number))""",
        ),
        (*WENT_ON, "killed", "timeout"),
        anew=True,
    ),
    Attack(
        "kills all it can see",
        "by a signal to every process",
        ("os.kill(-1, signal.SIGKILL)\nos.kill(0, signal.SIGKILL)",),
        (*WENT_ON, "killed", "timeout"),
        anew=True,
    ),
    Attack("stops itself", "by SIGSTOP", ("os.kill(os.getpid(), signal.SIGSTOP)",), ("timeout",), "ran longer than"),
    Attack(
        "closes its outputs",
        "and every other open file",
        ("os.closerange(0, 1024)",),
        (*WENT_ON, "killed", "timeout"),
    ),
    Attack(
        "asks for input",
        "waits for somebody to type",
        ('input("Password: ")',),
        ("error",),
        "StdinNotImplementedError",
    ),
)
