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
    # JupyterLab draws only the cells near the window; here all of them are looked at
    settings = home / ".settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}', encoding="utf-8")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ip=127.0.0.1"),
            *("--IdentityProvider.token=", "--allow-root", f"--ServerApp.root_dir={home}"),
            "--LabApp.news_url=",
        ],
        env={
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(home / ".config"),
            "JUPYTER_DATA_DIR": str(home / ".data"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / ".settings"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=2).close()  # noqa: S310 - our own address
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.mark.full
@pytest.mark.needs("chromium")
def test_a_student_opens_the_notebook_and_runs_all_of_it(lab: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.goto(f"{lab}/lab/tree/03_rfm.ipynb")
        page.get_by_role("heading", name=re.compile("RFM")).first.wait_for(timeout=90_000)
        page.get_by_text("Python 3 (ipykernel) | Idle").first.wait_for(timeout=60_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_function(
            "() => { const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];"
            " return prompts.length > 0 && prompts.every(prompt => /[0-9]/.test(prompt.textContent)); }",
            timeout=180_000,
        )
        outputs = page.locator(".jp-OutputArea-output")
        figures, tables = outputs.locator("img").count(), outputs.locator("table").count()
        errors = page.locator("[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type*='error']").count()
        sliders = page.locator(".widget-slider").count()
        outputs.locator("img").first.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=str(ARTIFACTS / "jupyterlab-03_rfm.png"))
        browser.close()
    assert errors == 0
    assert figures >= 1
    assert tables >= 1
    assert sliders >= 1
