import pytest

from crmlib.synth import MakeResult, make_shop


@pytest.fixture(scope="session")
def shop() -> MakeResult:
    """Two blocks, so that what holds across blocks is held here."""
    return make_shop(customers=20_500, seed=11, start="2025-01-01", until="2025-12-31", holdout=90)


@pytest.fixture(scope="session")
def clean_shop() -> MakeResult:
    return make_shop(customers=4_000, seed=12, preset="clean", holdout=180)
