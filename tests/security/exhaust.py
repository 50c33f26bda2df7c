"""Submissions that use up the machine: processes, memory, disk, time, output."""

from __future__ import annotations

from tests.security.corpus import WENT_ON, Attack

ATTACKS = (
    Attack(
        "fork bomb",
        "makes processes without end",
        (
            """while True:
    try:
        os.fork()
    except OSError:
        pass""",
        ),
        ends=("timeout",),
        says="ran longer than",
        anew=True,
    ),
    Attack(
        "thread bomb",
        "makes threads without end",
        (
            """import threading
while True:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()""",
        ),
        ends=("error", "killed", "timeout"),
    ),
    Attack(
        "memory bomb",
        "asks for 10 GB",
        ("""block = bytearray(10_000_000_000)""",),
        ends=("memory",),
        says="more memory than a run may use",
        anew=True,
    ),
    Attack(
        "memory by many children",
        "thirty processes, each within its own limit",
        (
            """for _ in range(30):
    if os.fork() == 0:
        block = bytearray(os.urandom(1) * 200_000_000)
        time.sleep(600)
time.sleep(600)""",
        ),
        ends=("timeout", "memory", "killed"),
    ),
    Attack(
        "fills the disk",
        "writes file after file",
        (
            """number = 0
while True:
    Path(f"/tmp/{number}").write_bytes(bytes(50_000_000))
    number += 1""",
        ),
        ends=("error", "memory", "timeout"),
        says="cell 3",
    ),
    Attack(
        "one giant file",
        "writes more than a file may hold",
        (
            """with open("/tmp/giant", "wb") as file:
    while True:
        file.write(bytes(10_000_000))""",
        ),
        ends=("error", "killed", "timeout"),
    ),
    Attack(
        "fills the shared memory",
        "writes there without end",
        (
            """with open("/dev/shm/giant", "wb") as file:
    while True:
        file.write(bytes(10_000_000))""",
        ),
        ends=("error", "timeout"),
    ),
    Attack("endless loop", "computes for ever", ("while True: pass",), ends=("timeout",), says="cell 3", anew=True),
    Attack("sleep", "waits for ever", ("time.sleep(10_000)",), ends=("timeout",), says="ran longer than"),
    Attack(
        "deaf to signals",
        "computes for ever, with every signal blocked",
        ("signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\nx = 7 ** (10 ** 9)",),
        ends=("timeout", "memory", "killed"),
    ),
    Attack(
        "endless output",
        "prints without end",
        ("""while True: print("x" * 10_000)""",),
        # what it prints is cut, and it goes on until its time is over; beside other runs its process has ended first
        ends=("timeout", "too_large", "killed"),
    ),
    Attack(
        "endless displays",
        "shows one thing after the other",
        (
            """from IPython.display import display
while True: display(1)""",
        ),
        ends=("too_large", "timeout"),
    ),
    Attack(
        "endless output past Python",
        "lets the system print",
        ("""os.system("yes | head -c 100000000")""",),
        ends=(*WENT_ON, "timeout", "too_large"),
    ),
    Attack(
        "giant figure",
        "draws 90 gigapixels",
        (
            """import matplotlib.pyplot as plt
plt.figure(figsize=(3000, 3000))
plt.plot([1, 2]);""",
        ),
        ends=(*WENT_ON, "memory", "timeout"),
    ),
    Attack(
        "giant answer",
        "hands in ten million numbers",
        ("""answer("q1", list(range(10_000_000)))""",),
        ends=("error", "timeout"),
    ),
    Attack(
        "opens files without end",
        "until there are none left",
        ("files = []\nwhile True: files.append(open('/dev/null'))",),
        ends=("error", "killed"),
        says="",
    ),
    Attack(
        "recursion without end",
        "lifts Python's limit and calls itself",
        ("sys.setrecursionlimit(10 ** 9)\ndef f(x): return repr(f([x]))\nf(1)",),
        ends=("killed", "memory", "timeout", "error"),
    ),
)
