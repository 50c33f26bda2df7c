"""The program of a run in a process of its own: the same shell as the preloaded one's, started anew.

It reads the notebook from its input, and says on its output what happens, line by line (`frames`). What it says is not
to be trusted: the notebook's code runs in the same process.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys

from crmlib.grading.sandbox.frames import is_run

__all__ = ["main"]


def main() -> None:
    """Run the notebook that comes in, and leave."""
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    cells = json.loads(sys.stdin.buffer.read())["cells"]
    for standard in (0, 1):
        os.dup2(nowhere, standard)
    try:
        from crmlib.grading.sandbox.shell import make_shell, run_cells

        make_shell()
        run_cells(cells, [number for number, cell in enumerate(cells) if is_run(cell)], channel)
    except BaseException as error:  # noqa: BLE001 - whatever stopped the notebook is said, not raised
        with contextlib.suppress(BaseException):
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            os.write(channel, json.dumps({"type": "broken", "reason": reason}).encode() + b"\n")
        os._exit(1)
    os._exit(0)  # whatever the notebook registered for the end does not count


if __name__ == "__main__":
    main()
