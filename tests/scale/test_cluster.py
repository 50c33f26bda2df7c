"""A real cluster on this machine: a master and two workers, one of which is killed on the way; and `crmlib run`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from crmlib import clv, rfm
from crmlib.clv import BetaGeoFitter
from tests.spark_cluster import kill

if TYPE_CHECKING:
    from pathlib import Path

    from crmlib.shop import Shop
    from tests.spark_cluster import Cluster

pytestmark = [pytest.mark.needs("java", "python:pyspark"), pytest.mark.full]

#: What an analyst would write; it stops half-way, with the orders on the cluster, until it is told to go on.
PROGRAM = """
import sys, crmlib
from crmlib import clv, rfm
from crmlib.sources import fingerprint
url, path = sys.argv[1:]
shop = crmlib.open_shop(url, tables={"orders": path})
assert len(fingerprint(f"{url}?table={path}")) == 64
print("HALF-WAY", flush=True)
sys.stdin.readline()
scores = rfm.score(shop.orders, as_of=shop.as_of)
segments = rfm.segments(scores).to_pandas()
model = clv.BetaGeoFitter().fit(clv.summarize(shop.orders, as_of=shop.as_of, period="W"))
print("ANSWER", len(scores), segments["customers"].tolist(), [f'{p:.5g}' for p in model.params_], flush=True)
"""


def run(source: str, out: Path, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run notebook 03 from a folder of its own, and return the results. 04 takes minutes there."""
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "crmlib", "run", "03", "--fast", "--source", source, "--out", "run"],
        cwd=out, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in out.iterdir()] == ["run"]  # no spark-warehouse, no metastore
    results: dict[str, Any] = json.loads((out / "run" / "results.json").read_text(encoding="utf-8"))
    return results


def test_a_notebook_on_a_cluster_says_the_same(two_workers: Cluster, cdnow_file: Path, tmp_path: Path) -> None:
    here = run(str(cdnow_file), tmp_path / "here")
    there = run(f"{two_workers.url}?table={cdnow_file}", tmp_path / "there", two_workers.environment)
    assert there["notebooks"].keys() == {"03_rfm"}
    for notebook in (*here["notebooks"].values(), *there["notebooks"].values()):
        notebook["parameters"].pop("source")
    assert almost(there["notebooks"]) == almost(here["notebooks"])
    left_out = {"source", "rows_read"}
    orders = [{key: value for key, value in one["orders"].items() if key not in left_out} for one in (there, here)]
    assert orders[0] == orders[1]  # the checksum, too
    pages = (tmp_path / "there" / "run").glob("*.html")
    page = "".join(file.read_text(encoding="utf-8") for file in pages)
    assert " WARN " not in page  # with blanks: pictures are letters, too
    assert two_workers.url in page


def almost(results: Any) -> str:
    """Spell results with six digits: sums of floats differ in the last ones."""
    return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.6g}", json.dumps(results, sort_keys=True))


def test_a_worker_dies_and_the_answer_is_right(two_workers: Cluster, cdnow_sample: Shop, cdnow_file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, two_workers.url, str(cdnow_file)],
        env=two_workers.environment, cwd=two_workers.folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        said = []
        for line in program.stdout:
            said.append(line)
            if "HALF-WAY" in line:
                break
        else:
            pytest.fail(program.communicate()[1][-3000:])
        kill(two_workers.workers[0])
        out, err = program.communicate("go on\n", timeout=300)
        assert "ANSWER" in out, err[-3000:]
    scores = rfm.score(cdnow_sample.orders, as_of=cdnow_sample.as_of)
    segments = rfm.segments(scores).to_pandas()
    model = BetaGeoFitter().fit(clv.summarize(cdnow_sample.orders, as_of=cdnow_sample.as_of, period="W"))
    expected = ["ANSWER", len(scores), segments["customers"].tolist(), [f"{p:.5g}" for p in model.params_]]
    assert out.splitlines()[-1] == " ".join(map(str, expected))
