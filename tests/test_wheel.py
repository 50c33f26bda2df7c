"""The wheel carries all that a run needs: installed into an empty environment, it works from any folder."""

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


@pytest.mark.slow
def test_the_wheel_runs_on_own_orders_outside_the_clone(tmp_path: Path, cdnow_sample: crmlib.Shop) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    wheels = tmp_path / "wheels"
    subprocess.run([uv, "build", "--wheel", "--quiet", "--out-dir", str(wheels), str(ROOT)], check=True)
    (wheel,) = wheels.glob("*.whl")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    python = venv / "bin" / "python"
    # what the wheel itself asks for, at the versions of the lock
    subprocess.run(
        [
            *(uv, "pip", "install", "--quiet", "--python", str(python)),
            *("--constraint", str(ROOT / "requirements.lock"), str(wheel)),
        ],
        check=True,
    )
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    orders = cdnow_sample.orders.to_pandas()
    few = orders[orders["customer_id"].isin(orders["customer_id"].unique()[:300])]
    few.to_csv(folder / "my.csv", index=False)
    done = subprocess.run(
        [str(venv / "bin" / "crmlib"), "run", "--source", "my.csv", "--fast"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in (folder / "runs").glob("my-*/index.html")] == ["index.html"]
    assert shop_of_the_wheel(venv, folder) == shop_of_the_wheel(venv, folder)


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
