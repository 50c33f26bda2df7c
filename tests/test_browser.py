"""JupyterLab in Chromium: what a student sees on opening the first notebook and running it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ARTIFACTS = ROOT / "artifacts"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab of our own on a free port of this machine, with copies of the notebooks."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "notebooks" / "03_rfm.ipynb", home)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ip=127.0.0.1"),
            *("--IdentityProvider.token=", "--allow-root", f"--ServerApp.root_dir={home}"),
            "--LabApp.news_url=",
        ],
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(home / ".config"), "JUPYTER_DATA_DIR": str(home / ".data")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.mark.slow
@pytest.mark.browser
def test_a_student_opens_the_notebook_and_runs_all_of_it(lab: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(f"{lab}/lab/tree/03_rfm.ipynb")
        page.get_by_role("heading", name=re.compile("RFM")).first.wait_for(timeout=90_000)
        page.get_by_text("Python 3 (ipykernel)").first.wait_for(timeout=60_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        heading = page.get_by_role("heading", name=re.compile("What you can do now")).first
        # JupyterLab draws only what is near the window: the last code cell is done when the kernel is idle again
        page.wait_for_function(
            "() => document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
            " && document.querySelectorAll('.jp-OutputArea-output').length > 0",
            timeout=180_000,
        )
        heading.scroll_into_view_if_needed(timeout=30_000)
        seen = {"figures": 0, "tables": 0, "errors": 0}
        cells = page.locator(".jp-Notebook .jp-Cell")
        for place in range(cells.count()):
            cells.nth(place).scroll_into_view_if_needed()
            seen["figures"] += cells.nth(place).locator(".jp-OutputArea-output img").count()
            seen["tables"] += cells.nth(place).locator(".jp-OutputArea-output table").count()
            seen["errors"] += cells.nth(place).locator("[data-mime-type='application/vnd.jupyter.stderr']").count()
        page.locator(".jp-OutputArea-output img").first.scroll_into_view_if_needed()
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=str(ARTIFACTS / "jupyterlab-03_rfm.png"))
        browser.close()
    assert seen["errors"] == 0
    assert seen["figures"] >= 1
    assert seen["tables"] >= 1
