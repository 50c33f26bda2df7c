"""The shop that ships looks like a shop: the figures a teacher counts on, with room for another seed."""

import numpy as np
import pandas as pd
import pytest

from crmlib.synth import MakeResult, make_shop
from crmlib.synth.ship import SHIPPED


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    shop: MakeResult = make_shop(**SHIPPED)
    return {name: table.to_pandas() for name, table in shop.tables.items()}


def nps(scores: pd.Series) -> float:
    return float((scores >= 9).mean() - (scores <= 6).mean()) * 100


def test_few_customers_bring_most_revenue(tables: dict[str, pd.DataFrame]) -> None:
    spend = tables["orders"].astype({"amount": float}).groupby("customer_id")["amount"].sum()
    top = spend.sort_values(ascending=False).head(len(spend) // 5).sum() / spend.sum()
    assert 0.60 < top < 0.75


def test_most_buy_once(tables: dict[str, pd.DataFrame]) -> None:
    assert 0.50 < (tables["orders"].groupby("customer_id").size() == 1).mean() < 0.65


def test_who_answers_flatters_the_shop(tables: dict[str, pd.DataFrame]) -> None:
    surveys = tables["surveys"].merge(tables["truth/surveys"], on="survey_id").query("kind == 'nps'")
    answered, everyone = nps(surveys["score"].dropna()), nps(surveys["true_score"])
    assert 20 < answered < 40
    assert 4 < answered - everyone < 18


def test_delivery_is_what_hurts(tables: dict[str, pd.DataFrame]) -> None:
    answers = tables["surveys"].query("kind == 'csat'").dropna(subset="score")
    csat = (answers["score"] >= 4).groupby(answers["touchpoint"]).mean().sort_values()
    assert csat.index[0] == "delivery"
    assert csat.iloc[0] < csat.iloc[1] - 0.05


def test_who_has_left_logs_in_no_more(tables: dict[str, pd.DataFrame]) -> None:
    end = pd.Timestamp(SHIPPED["until"]) + pd.Timedelta(days=1)
    truth = tables["truth/customers"].set_index("customer_id")["alive"]
    idle = (end - tables["logins"].groupby("customer_id")["login_ts"].max()).dt.days.reindex(truth.index)
    assert (idle[~truth] > 30).mean() > 0.9
    assert (idle[truth] > 30).mean() < 0.3


def test_logins_thin_out_before_the_end(tables: dict[str, pd.DataFrame]) -> None:
    left = tables["truth/customers"].query("buyer").dropna(subset="alive_until")[["customer_id", "alive_until"]]
    days = tables["logins"].merge(left, on="customer_id")
    before = (days["alive_until"] - days["login_ts"]).dt.days
    last_month, earlier = ((before >= low) & (before < low + 30) for low in (0, 90))
    longest = left.merge(tables["customers"], on="customer_id")
    there = ((longest["alive_until"] - longest["registered_ts"]).dt.days > 120) & (
        longest["alive_until"] < pd.Timestamp(SHIPPED["until"])
    )
    who = set(longest.loc[there, "customer_id"])
    chosen = days["customer_id"].isin(who)
    assert (last_month & chosen).sum() < 0.75 * (earlier & chosen).sum()


def test_contacts_come_in_more_than_once(tables: dict[str, pd.DataFrame]) -> None:
    assert 0.08 < tables["truth/contacts"]["came_before"].mean() < 0.15


def test_spend_and_rate_go_together(tables: dict[str, pd.DataFrame]) -> None:
    truth = tables["truth/customers"].query("buyer")
    logs = truth[["order_rate", "mean_order_value"]].apply(np.log)
    within = logs - logs.groupby(truth["persona"]).transform("mean")
    correlation = np.corrcoef(within.to_numpy().T)[0, 1]
    assert correlation > 0.1


def test_unhappy_customers_leave_sooner(tables: dict[str, pd.DataFrame]) -> None:
    truth = tables["truth/customers"].query("buyer")
    by = truth.groupby(["persona", truth["satisfaction_level"] > truth["satisfaction_level"].median()])["alive"].mean()
    unhappy, happy = by.xs(False, level=1), by.xs(True, level=1)
    assert (happy > unhappy).sum() >= 5


def test_the_win_back_code_is_used(tables: dict[str, pd.DataFrame]) -> None:
    assert (tables["orders"]["coupon_code"] == "RIATTVA10").sum() > 30


def test_the_season_shows(tables: dict[str, pd.DataFrame]) -> None:
    months = tables["orders"].groupby(tables["orders"]["order_ts"].dt.strftime("%Y-%m")).size()
    assert months["2025-12"] > 1.5 * months["2025-10"]
    assert months["2025-08"] < months["2025-07"]
