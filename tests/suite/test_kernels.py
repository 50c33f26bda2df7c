"""Kernels start beside other processes that take ports, and whatever a notebook's file says of its language."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from crmlib.suite import papermill_engine, state
from crmlib.suite.execute import execute
from crmlib.suite.executed import failure_in
from crmlib.suite.run import plan

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_kernel_whose_port_was_taken_gets_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of somebody else binds a port between its choice and its use: here, this one does."""
    tries: list[int] = []
    create = papermill_engine.Client.create_kernel_manager
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": "print(1)",
        "outputs": [],
        "execution_count": None,
    }
    notebook = tmp_path / "own.ipynb"  # without a kernelspec: it is Python all the same
    notebook.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    out = tmp_path / "out"
    (out / state.STATE_FOLDER).mkdir(parents=True)
    job = plan(notebook, {}, out, "")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        def on_a_taken_port(client: Any) -> Any:
            manager = create(client)
            tries.append(1)
            if len(tries) == 1:
                manager.cache_ports = False
                manager.shell_port = taken.getsockname()[1]
            return manager

        monkeypatch.setattr(papermill_engine.Client, "create_kernel_manager", on_a_taken_port)
        execute(job)
    assert len(tries) == 2
    assert failure_in(json.loads(job.output.read_text(encoding="utf-8"))) is None
