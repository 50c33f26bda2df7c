from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlib.errors import PolicyError
from crmlib.policy import PRESETS, Clv, Orders, Policy, Rfm, load

if TYPE_CHECKING:
    from pathlib import Path

EDGES = st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4).map(lambda edges: tuple(sorted(edges)))


def refused(policy: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        load(policy)
    return str(caught.value)


def test_no_policy_is_the_standard() -> None:
    assert load() == PRESETS["standard"]


def test_a_policy_is_itself() -> None:
    assert load(Policy(clv=Clv(margin=0.3))) == Policy(clv=Clv(margin=0.3))


def test_the_texts_take_the_map_that_follows_them() -> None:
    assert load("texts").rfm.segment_map == "descriptive"


def test_the_standard_policy_has_nothing_to_say_in_toml() -> None:
    assert Policy().to_toml() == ""


@pytest.mark.slow
@given(EDGES, st.sampled_from(["keep", "merge"]), st.integers(1, 600), st.floats(0, 1), st.text(max_size=5))
def test_toml_gives_back_what_went_in(edges: Any, same_day: Any, months: int, margin: float, prefix: str) -> None:
    policy = Policy(
        orders=Orders(same_day=same_day, timezone="Europe/Rome", cancelled_prefix=prefix),
        rfm=Rfm(method="fixed", monetary=edges),
        clv=Clv(horizon_months=months, margin=margin),
    )
    import tomllib

    assert load(tomllib.loads(policy.to_toml())) == policy


def test_a_toml_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "shop policy.toml"
    file.write_text('[orders]\nsame_day = "merge"\n', encoding="utf-8")
    assert load(file).orders.same_day == "merge"


def test_an_unknown_preset_lists_those_there_are() -> None:
    assert refused("fancy") == "There is no policy 'fancy'. Presets: standard, texts; or give a path to a .toml file."


def test_a_file_that_is_not_there_is_named() -> None:
    assert refused("nowhere.toml") == "There is no policy file nowhere.toml."


MAIL = "'mail' - at `$.contact.soft_spam_channels[0]`."
CHANNELS = "It is 'email', 'phone', 'sms' or 'whatsapp'."
SUM = "Invalid enum value 'sum' - at `$.orders.same_day`. It is 'keep' or 'merge'."


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (
            {"orders": {"sameday": "merge"}},
            "policy: Object contains unknown field `sameday` - at `$.orders`. Did you mean 'same_day'?",
        ),
        ({"order": {}}, "policy: Object contains unknown field `order`. Did you mean 'orders'?"),
        ({"orders": {"same_day": "sum"}}, f"policy: {SUM}"),
        (
            {"orders": {"missing_customer": "skip"}},
            "policy: Invalid enum value 'skip' - at `$.orders.missing_customer`. It is 'drop' or 'error'.",
        ),
        (
            {"contact": {"soft_spam_channels": ["mail"]}},
            f"policy: Invalid enum value {MAIL} {CHANNELS} Did you mean 'email'?",
        ),
        (
            {"orders": {"status": {"gone": "sold"}}},
            "policy: Invalid enum value 'sold' - at `$.orders.status[...]`. It is 'cancelled', 'returned' or 'sale'.",
        ),
        (
            {"churn": {"actions": {"no_login": {"action": "a", "channels": ["fax"], "tone": "b"}}}},
            f"policy: Invalid enum value 'fax' - at `$.churn.actions[...].channels[0]`. {CHANNELS}",
        ),
        ({"clv": {"margin": 1.5}}, "policy: Expected `float` <= 1.0 - at `$.clv.margin`"),
        ({"clv": {"horizon_months": 0}}, "policy: Expected `int` >= 1 - at `$.clv.horizon_months`"),
        ({"rfm": {"monetary": [4, 3, 2, 1]}}, "policy rfm.monetary: cut-points must rise, got [4.0, 3.0, 2.0, 1.0]."),
        ({"rfm": {"monetary": [1, 2]}}, "policy: Expected `array` of length 4, got 2 - at `$.rfm.monetary`"),
        (5, "A policy is a Policy, a preset's name, a path or a dict, not a int."),
        (Policy(orders=Orders(same_day="sum")), f"policy: {SUM}"),  # type: ignore[arg-type]
    ],
)
def test_a_policy_that_is_not_valid_names_the_place(policy: Any, told: str) -> None:
    assert refused(policy) == told


@pytest.mark.parametrize("zone", ["Rome", "", "Europe/", "localtime", "../etc/passwd", "a'b"])
def test_a_time_zone_is_an_iana_name(zone: str) -> None:
    assert refused({"orders": {"timezone": zone}}) == (
        f"policy orders.timezone: {zone!r} is not a time zone. Use an IANA name such as 'Europe/Rome' or 'UTC'."
    )


@pytest.mark.parametrize("written", [b"[orders\n", b'[orders]\ntimezone = "\xff"\n', b"[rfm]\nmethod = 5\n"])
def test_a_file_that_is_not_valid_is_named(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(written)
    assert refused(file).startswith(f"policy {file}: ")
