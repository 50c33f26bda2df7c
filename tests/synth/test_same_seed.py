import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from crmlib.errors import CrmlibError
from crmlib.synth import MakeResult, make_shop, preset
from crmlib.synth.block import Design
from crmlib.synth.catalogue import make_catalogue, products_table
from crmlib.synth.chance import BLOCK
from crmlib.synth.dictionary import table_names
from crmlib.synth.fingerprint import Fingerprint, fingerprint_file
from crmlib.synth.tables import block_tables
from crmlib.synth.write import Collector, checked

SMALL = {"customers": 300, "until": "2025-03-31", "holdout": 30}


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_shop(tmp_path / name, seed=5, **SMALL)  # type: ignore[arg-type]
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert len(bytes_of(tmp_path / "one")) == len(table_names()) + 1


@pytest.mark.slow
def test_other_seed_other_shop() -> None:
    five, six = (make_shop(seed=seed, **SMALL).fingerprints for seed in (5, 6))  # type: ignore[arg-type]
    assert {name for name in five if five[name] == six[name]} == {"campaigns"}


@pytest.mark.slow
def test_written_is_what_is_in_memory(tmp_path: Path) -> None:
    kept = make_shop(seed=5, **SMALL)  # type: ignore[arg-type]
    written = make_shop(tmp_path, seed=5, **SMALL)  # type: ignore[arg-type]
    assert kept.fingerprints == written.fingerprints
    assert kept.fingerprints == {name: fingerprint_file(tmp_path / f"{name}.parquet") for name in kept.fingerprints}


@pytest.mark.slow
def test_a_block_does_not_depend_on_the_others(shop: MakeResult) -> None:
    design = Design(preset("realistic"), 11, 20_500, dt.date(2025, 1, 1), dt.date(2025, 12, 31), 90)
    alone = {name: checked(name, table) for name, table in block_tables(design, 1, frozenset(table_names())).items()}
    assert alone["customers"].num_rows == 20_500 - BLOCK
    for name, table in alone.items():
        assert shop.tables[name].slice(shop.rows[name] - table.num_rows).equals(table), name


@pytest.mark.slow
def test_tables_are_the_same_whichever_are_made() -> None:
    everything = make_shop(seed=5, **SMALL)  # type: ignore[arg-type]
    for name in table_names():
        alone = make_shop(seed=5, tables=[name], **SMALL)  # type: ignore[arg-type]
        assert {name: everything.fingerprints[name]} == alone.fingerprints


def test_the_fingerprint_sees_every_change() -> None:
    def of(**columns: pa.Array) -> str:
        fingerprint = Fingerprint()
        fingerprint.update(pa.table(columns))
        return fingerprint.hexdigest()

    tables = [
        of(a=pa.array(["x", "y"])), of(a=pa.array(["y", "x"])), of(b=pa.array(["x", "y"])), of(a=pa.array(["xy", ""])),
        of(a=pa.array(["xy", None])), of(a=pa.array([1, 2])), of(a=pa.array([1.0, 2.0])), of(a=pa.array([1, None])),
        of(a=pa.array([1, 0])), of(a=pa.array([True, False])), of(a=pa.array([True, None])),
    ]  # fmt: skip
    assert len(tables) == len(set(tables))


@pytest.mark.slow
def test_tables_of_another_shop_are_not_mixed_in(tmp_path: Path) -> None:
    make_shop(tmp_path, seed=5, **SMALL)  # type: ignore[arg-type]
    make_shop(tmp_path, seed=6, **SMALL)  # type: ignore[arg-type]
    with pytest.raises(CrmlibError, match="holds tables of another shop"):
        make_shop(tmp_path, seed=5, tables=["orders"], **SMALL)  # type: ignore[arg-type]


def test_a_run_that_stops_leaves_no_half_table(tmp_path: Path) -> None:
    collector = Collector(tmp_path)
    collector.add("products", products_table(make_catalogue(1)))
    assert list(tmp_path.glob("*.parquet")) == []
    collector.close()
    assert [path.name for path in tmp_path.iterdir()] == ["products.parquet"]


@pytest.mark.slow
def test_the_progress_bar_goes_to_stderr_and_can_be_off(capsys: pytest.CaptureFixture[str]) -> None:
    make_shop(seed=5, tables=["orders"], progress=True, **SMALL)  # type: ignore[arg-type]
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Customers" in shown.err
    make_shop(seed=5, tables=["orders"], **SMALL)  # type: ignore[arg-type]
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_the_processor_does_not_matter() -> None:
    module = np._core._multiarray_umath  # type: ignore[attr-defined]
    extensions = [name for name in module.__cpu_dispatch__ if module.__cpu_features__.get(name)]
    if not extensions:
        pytest.skip("numpy uses no extension of this processor that could be switched off")
    code = "from crmlib.synth import make_shop; print(sorted(make_shop(customers=2000).fingerprints.items()))"
    plain, without = (
        subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True).stdout
        for env in (os.environ, {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(extensions)})
    )
    assert plain == without
