"""What all tests share: the big sources, opened once, and what happens where a component is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from typing import TYPE_CHECKING

import hypothesis
import pytest

import crmlib
from tests.postgres import postgres_programs

if TYPE_CHECKING:
    from collections.abc import Generator

# A property that says no number of its own is tried on fewer examples before a commit than at full scale.
hypothesis.settings.register_profile("crmlib", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=100)
hypothesis.settings.load_profile("crmlib")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        missing = [name for name in marker.args if not _is_there(name)]
        if missing:
            pytest.skip(f"not installed: {', '.join(missing)}")


def _is_there(name: str) -> bool:
    kind, _, package = name.rpartition(":")
    if kind == "python":
        return importlib.util.find_spec(package) is not None
    if name == "postgres":  # Debian keeps the server's programs off the path
        return postgres_programs() is not None
    return shutil.which(name) is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is meant to run (.ci/run), a skip is a failure."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CRMLIB_TEST_ALL") == "1":
        reason = call.excinfo.value if call.excinfo else "skipped"
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: CRMLIB_TEST_ALL=1 allows no skip, but: {reason}"
    return report


@pytest.fixture(autouse=True)
def _figures_style_ends_with_its_test() -> Generator[None, None, None]:
    """Put back what a test sets of matplotlib for the whole process, so that no later test depends on it."""
    before = _style_of("rcParams")
    yield
    wanted = before or _style_of("rcParamsDefault")
    if wanted != _style_of("rcParams"):
        dict.update(sys.modules["matplotlib"].rcParams, wanted)


def _style_of(name: str) -> dict[str, object]:
    """Return matplotlib's settings without its backend; nothing where no test has loaded it."""
    settings = getattr(sys.modules.get("matplotlib"), name, {})
    return {key: value for key, value in dict.items(settings) if not key.startswith("backend")}


@pytest.fixture(scope="session")
def cdnow() -> crmlib.Shop:
    return crmlib.open_shop("cdnow")


@pytest.fixture(scope="session")
def cdnow_sample() -> crmlib.Shop:
    return crmlib.open_shop("cdnow-sample")


@pytest.fixture(scope="session")
def shipped() -> crmlib.Shop:
    """Open the simulated shop that comes along: read by many, changed by nobody."""
    return crmlib.open_shop("shop")


@pytest.fixture(scope="session")
def complete_journey() -> crmlib.Shop:
    return crmlib.open_shop("complete-journey")
