"""The wheel carries all that a run needs: installed into an empty environment, it works from any folder.

Alone it is the analyst's library; with the extra ``course`` it runs the notebooks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import crmlib

ROOT = Path(__file__).parents[1]


@pytest.mark.full
def test_the_wheel_runs_on_own_orders_outside_the_clone(tmp_path: Path, cdnow_sample: crmlib.Shop) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    wheels = tmp_path / "wheels"
    subprocess.run([uv, "build", "--wheel", "--quiet", "--out-dir", str(wheels), str(ROOT)], check=True)
    (wheel,) = wheels.glob("*.whl")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    orders = cdnow_sample.orders.to_pandas()
    few = orders[orders["customer_id"].isin(orders["customer_id"].unique()[:300])]
    few.to_csv(folder / "my.csv", index=False)
    install(venv, str(wheel))
    names = {path.name.partition("-")[0] for path in venv.glob("lib/*/site-packages/*.dist-info")}
    assert names & {"ipykernel", "jupyterlab", "jupytext", "papermill"} == set()
    described = command(venv, folder, "data", "describe", "my.csv")
    assert described.returncode == 0, described.stderr
    assert "orders: " in described.stdout
    alone = command(venv, folder, "run", "--source", "my.csv", "--fast")
    assert (alone.returncode, alone.stderr.count("\n")) == (2, 1)
    assert alone.stderr.endswith("which are not installed: pip install 'crmlib[course]'.\n")
    assert not (folder / "runs").exists()
    install(venv, f"{wheel}[course]")
    done = command(venv, folder, "run", "--source", "my.csv", "--fast")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in (folder / "runs").glob("my-*/index.html")] == ["index.html"]
    assert shop_of_the_wheel(venv, folder) == shop_of_the_wheel(venv, folder)


def install(venv: Path, what: str) -> None:
    """Install what the wheel itself asks for, at the versions of the lock."""
    uv = str(Path(sys.executable).with_name("uv"))
    lock = str(ROOT / "requirements.lock")
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(venv / "bin" / "python"), "--constraint", lock, what],
        check=True,
    )


def command(venv: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(venv / "bin" / "crmlib"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def shop_of_the_wheel(venv: Path, folder: Path) -> tuple[str, str]:
    """Open the shop without the clone: made from its seed, checked against the registry, then kept."""
    done = subprocess.run(
        [str(venv / "bin" / "python"), "-c", "import crmlib; crmlib.open_shop('shop')"],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    (made,) = (folder / "cache" / "crmlib").iterdir()
    return done.stdout.splitlines()[0], made.name
