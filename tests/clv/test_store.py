from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from crmlib.clv import (
    BetaGeoBetaBinomFitter,
    BetaGeoFitter,
    GammaGammaFitter,
    ModifiedBetaGeoFitter,
    ParetoNBDFitter,
    ShiftedBetaGeoFitter,
    load,
    save,
)
from crmlib.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path


def models(cdnow_summary: pd.DataFrame, buyers: pd.DataFrame, donations: pd.DataFrame) -> list[Any]:
    return [
        BetaGeoFitter(0.001).fit(cdnow_summary, period="W"),
        ModifiedBetaGeoFitter().fit(cdnow_summary),
        ParetoNBDFitter().fit(cdnow_summary),
        GammaGammaFitter().fit(buyers),
        BetaGeoBetaBinomFitter().fit(donations),
        ShiftedBetaGeoFitter().fit_survivors([1000, 631, 468, 382]),
    ]


@pytest.mark.slow
def test_every_model_comes_back_as_it_was(
    cdnow_summary: pd.DataFrame, buyers: pd.DataFrame, donations: pd.DataFrame, tmp_path: Path
) -> None:
    for model in models(cdnow_summary, buyers, donations):
        path = tmp_path / "model.json"
        save(model, path)
        back = load(path)
        assert type(back) is type(model)
        assert (back.period_, back.penalizer_coef) == (model.period_, model.penalizer_coef)
        assert back.params_.equals(model.params_)
        pd.testing.assert_frame_equal(back.summary, model.summary)
        assert back.log_likelihood_ == model.log_likelihood_
        assert path.stat().st_size < 2000, "no customer travels along"
        assert [file.name for file in tmp_path.iterdir()] == ["model.json"]
        assert pickle.loads(pickle.dumps(model)).params_.equals(model.params_)  # noqa: S301 - our own bytes


def test_lifetimes_names_write_and_read_json(cdnow_summary: pd.DataFrame, tmp_path: Path) -> None:
    model, path = BetaGeoFitter().fit(cdnow_summary), tmp_path / "model"
    model.save_model(path, save_data=False)
    other = BetaGeoFitter()
    other.load_model(path)
    assert other.params_.equals(model.params_)
    with pytest.raises(ModelError, match="holds a BetaGeoFitter, not a ParetoNBDFitter"):
        ParetoNBDFitter().load_model(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04\x95dill", "does not read as JSON .*dill"),
        (b"[1, 2", "does not read as JSON"),
        (b'{"a": 1}', "JSON, but not a model"),
        (b"[]", "JSON, but not a model"),
        (b'{"format": "crmlib.clv model", "version": 9}', "version 9; this crmlib reads version 1"),
        (b'{"format": "crmlib.clv model", "version": 1, "class": "os.system"}', "holds a 'os.system'; known are"),
        (b'{"format": "crmlib.clv model", "version": 1, "class": "BetaGeoFitter"}', "has the parameters r, alpha"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load(path)


@pytest.mark.parametrize("value", [-1, 0, "1", None, True, float("inf")])
def test_parameters_out_of_range_are_refused(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    BetaGeoFitter().with_params({"r": 1, "alpha": 1, "a": 1, "b": 1}).save(path)
    content = json.loads(path.read_text())
    content["parameters"]["r"] = value
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"r is .*not a number above 0"):
        load(path)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no file"):
        load(tmp_path / "none.json")
    with pytest.raises(ModelError, match="not been fitted"):
        save(BetaGeoFitter(), tmp_path / "model.json")


def test_parameters_without_standard_error_come_back(tmp_path: Path) -> None:
    model = BetaGeoFitter(0.01).fit([0, 1, 2, 5], [0, 10, 20, 35], [39] * 4, weights=[60, 20, 12, 8])
    model.set_intervals(model.variance_matrix_ * np.nan)
    model.save(tmp_path / "model.json")
    assert load(tmp_path / "model.json").variance_matrix_.isna().all(axis=None)
