"""No module that only POSIX has lies on the way of `crmlib run`, `lab` and `data`: they work on Windows too.

The runs of `tests/test_notebooks.py` are watched as those here are.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CRMLIB = str(Path(sys.executable).with_name("crmlib"))

MODULES = {
    *("_posixsubprocess", "crypt", "curses", "fcntl", "grp", "nis", "posix", "pty", "pwd", "readline", "resource"),
    *("spwd", "syslog", "termios", "tty"),
}
ATTRIBUTES = {
    "os": {
        *("chown", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups", "getloadavg", "getpgid"),
        *("getpgrp", "getpriority", "getsid", "getuid", "killpg", "lchown", "lockf", "mkfifo", "mknod", "nice"),
        *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "openpty", "pipe2", "posix_spawn"),
        *("register_at_fork", "sched_getaffinity", "sched_setaffinity", "setegid", "seteuid", "setgid", "setgroups"),
        *("setpgid", "setsid", "setuid", "statvfs", "sync", "sysconf", "ttyname", "uname", "wait", "wait3", "wait4"),
        *("waitid", "WNOHANG"),
    },
    "signal": {
        *("alarm", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP"),
        *("siginterrupt", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP", "SIGUSR1", "SIGUSR2", "sigwait"),
    },
}

#: Runs first in every Python that the command starts, workers and kernels too. What crmlib imports, and nobody else, is
#: refused: other packages know the platform that they are on. Each module of crmlib that imports anything is noted.
REFUSE = """
import builtins

real, noted = builtins.__import__, set()


def checked(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {{}}).get("__name__") or ""
    if importer.partition(".")[0] == "crmlib":
        if level == 0 and name.partition(".")[0] in {modules!r}:
            raise ImportError(name + " is not there on Windows, and " + importer + " imports it")
        file = globals.get("__file__")
        if file and file not in noted:
            noted.add(file)
            with open({notes!r}, "a", encoding="utf-8") as notes:
                notes.write(file + "\\n")
    return real(name, globals, locals, fromlist, level)


builtins.__import__ = checked
"""


def refusing(folder: Path) -> dict[str, str]:
    """Return an environment in which crmlib gets no module that only POSIX has."""
    early = folder / "early"
    early.mkdir()
    text = REFUSE.format(modules=MODULES, notes=str(folder / "notes.txt"))
    (early / "sitecustomize.py").write_text(text, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(early)}


def posix_only(text: str) -> list[str]:
    """Return where a module imports what only POSIX has with no `except ImportError` around, or uses its names."""
    tree = ast.parse(text)
    guarded = {
        id(node)
        for attempt in ast.walk(tree)
        if isinstance(attempt, ast.Try)
        and any("ImportError" in ast.unparse(handler.type) for handler in attempt.handlers if handler.type)
        for statement in attempt.body
        for node in ast.walk(statement)
    }
    problems = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [f"{node.value.id}.{node.attr}"] if node.value.id in ATTRIBUTES else []
        else:
            continue
        for name in names:
            first, _, attribute = name.partition(".")
            if id(node) not in guarded and (first in MODULES or attribute in ATTRIBUTES.get(first, ())):
                problems.append(f"line {node.lineno}: {name}")
    return problems


def crmlib(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CRMLIB, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def scanned(folder: Path) -> dict[str, list[str]]:
    """Return what the modules that ran hold of POSIX, file to lines; those that hold nothing are there too."""
    files = {Path(line) for line in (folder / "notes.txt").read_text(encoding="utf-8").splitlines()}
    return {file.relative_to(ROOT).as_posix(): posix_only(file.read_text(encoding="utf-8")) for file in files}


@pytest.mark.slow
def test_looking_at_data_needs_nothing_that_only_posix_has(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("customer_id,order_ts,amount\na,2024-01-01,10\n", encoding="utf-8")
    environment = refusing(tmp_path)
    for arguments in (
        ("data", "list"),
        ("data", "describe", "one.csv"),
        ("data", "make", "-o", "s", "--customers", "50"),
    ):
        done = crmlib(tmp_path, environment, *arguments)
        assert done.returncode == 0, done.stderr
    loaded = scanned(tmp_path)
    assert {"crmlib/sources/files.py", "crmlib/synth/shop.py"} <= set(loaded)
    assert {file: lines for file, lines in loaded.items() if lines} == {}


@pytest.mark.slow
def test_jupyterlab_is_started_without_anything_that_only_posix_has(tmp_path: Path) -> None:
    done = crmlib(tmp_path, refusing(tmp_path), "lab", "my-course", "--", "--version")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "my-course").glob("*.ipynb"))) == len(list((ROOT / "notebooks").glob("*.ipynb")))
    assert {file: lines for file, lines in scanned(tmp_path).items() if lines} == {}


def test_the_refusal_is_one(tmp_path: Path) -> None:
    environment = refusing(tmp_path)

    def try_import(importer: str) -> str:
        code = f"exec('import fcntl', {{'__name__': {importer!r}}})"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        return done.stderr

    assert "ImportError: fcntl is not there on Windows, and crmlib.planted imports it" in try_import("crmlib.planted")
    assert not try_import("portalocker")


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("import fcntl", ["line 1: fcntl"]),
        ("def lock():\n    from os import fork, path", ["line 2: os.fork"]),
        ("import os, signal\nos.kill(1, signal.SIGKILL)", ["line 2: signal.SIGKILL"]),
        ("try:\n    import fcntl\nexcept ImportError:\n    fcntl = None", []),
        ("try:\n    import fcntl\nexcept OSError:\n    pass", ["line 2: fcntl"]),
        ("import os, signal\nos.kill(1, getattr(signal, 'SIGKILL', signal.SIGTERM))", []),
    ],
)
def test_what_only_posix_has_is_seen_in_a_text(text: str, problems: list[str]) -> None:
    assert posix_only(text) == problems


def test_the_names_are_those_that_posix_has() -> None:
    assert [name for name in ATTRIBUTES["os"] if not hasattr(os, name)] == []
    assert [name for name in ATTRIBUTES["signal"] if not hasattr(signal, name)] == []
