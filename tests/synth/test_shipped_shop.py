import tomllib
from pathlib import Path
from typing import Any

import pytest

from crmlib.synth import make_shop
from crmlib.synth.ship import SHIPPED, changed_tables, data_dictionary, registry

DATASETS = Path(__file__).parents[2] / "datasets"


def known() -> dict[str, Any]:
    entry: dict[str, Any] = tomllib.loads((DATASETS / "registry.toml").read_text(encoding="utf-8"))["shop"]
    return entry


@pytest.mark.slow
def test_the_files_hold_what_the_registry_says() -> None:
    assert changed_tables(DATASETS) == []


@pytest.mark.slow
def test_the_seed_makes_the_shop_that_ships() -> None:
    shop = make_shop(**SHIPPED)
    assert (DATASETS / "registry.toml").read_text(encoding="utf-8") == registry(shop)
    assert known()["make"] == SHIPPED


def test_the_dictionary_is_in_step_with_the_code() -> None:
    assert (DATASETS / "README.md").read_text(encoding="utf-8") == data_dictionary(), (
        "run python -m crmlib.synth.ship datasets"
    )


def test_the_shop_is_small() -> None:
    size = sum(path.stat().st_size for path in (DATASETS / "shop").rglob("*") if path.is_file())
    assert size < 10_000_000


@pytest.mark.slow
def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "shop").symlink_to(DATASETS / "shop")
    text = (DATASETS / "registry.toml").read_text(encoding="utf-8")
    (tmp_path / "registry.toml").write_text(text.replace(known()["tables"]["orders"]["sha256"], "0" * 64))
    assert changed_tables(tmp_path) == ["orders"]


@pytest.mark.parametrize("name", sorted(known()["tables"]))
def test_every_table_is_documented(name: str) -> None:
    assert f"### `{name}`" in data_dictionary()
