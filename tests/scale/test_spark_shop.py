"""A shop whose orders are on Spark: the same numbers as here, and errors that say what to do."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib import clv, customers, rfm
from crmlib.clv import BetaGeoFitter, GammaGammaFitter
from crmlib.errors import SchemaError, SourceError
from crmlib.sources import open_shop

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from crmlib.engine.spark import Spark
    from crmlib.shop import Shop

pytestmark = pytest.mark.needs("java", "python:pyspark")

POLICIES: dict[str, dict[str, Any]] = {
    "returns netted, in Rome": {"orders": {"timezone": "Europe/Rome"}},
    "days merged, nothing for nothing, in New York": {
        "orders": {"timezone": "America/New_York", "same_day": "merge", "zero_amount": "drop", "returns": "ignore"}
    },
}


def same(there: Any, here: Any) -> None:
    pd.testing.assert_frame_equal(there.to_pandas(), here.to_pandas(), check_dtype=False, rtol=1e-12, atol=0)


#: The first policy nets and converts, so that most of the way is taken; the others are at full scale.
TRIED = [pytest.param(name, marks=() if at == 0 else pytest.mark.full) for at, name in enumerate(POLICIES)]


@pytest.fixture(scope="module", params=TRIED)
def shops(
    request: pytest.FixtureRequest, spark: SparkSession, cdnow_sample: Shop, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Shop, Shop]:
    """Open CDNOW's sample on both; its times become instants about midnight and the change of clocks, some returns."""
    orders = cdnow_sample.orders.to_pandas()
    minutes = pd.Series(range(len(orders))) * 37 % (26 * 60)
    orders["order_ts"] = (orders["order_ts"] + pd.to_timedelta(minutes, unit="min")).dt.tz_localize("UTC")
    orders["order_ts"] = orders["order_ts"].where(orders.index % 50 > 0, pd.Timestamp("1997-10-26 01:30", tz="UTC"))
    orders.loc[::29, "amount"] *= -0.5
    path = tmp_path_factory.mktemp("orders") / "orders.parquet"
    orders.to_parquet(path)
    policy = POLICIES[request.param]
    return open_shop(spark.read.parquet(str(path)), policy=policy), open_shop(orders, policy=policy)


def test_the_shop_is_the_same(shops: tuple[Shop, Shop]) -> None:
    there, here = shops
    assert there.as_of == here.as_of
    assert "Spark" in repr(there.orders)
    pd.testing.assert_frame_equal(there.quality(), here.quality())
    same(there.orders, here.orders)


def test_scores_and_segments_are_the_same(shops: tuple[Shop, Shop]) -> None:
    there, here = shops
    points = rfm.cut_points(here.orders, as_of="1998-01-01")
    assert rfm.cut_points(there.orders, as_of="1998-01-01") == points
    answers = []
    for shop in shops:
        before = rfm.score(shop.orders, as_of="1998-01-01", cut_points=points)
        after = rfm.score(shop.orders, as_of=shop.as_of)
        answers.append((before, after, rfm.segments(after), rfm.migration(before, after)))
    for one, two in zip(*answers, strict=True):
        same(one, two)


def test_a_model_is_the_same(shops: tuple[Shop, Shop]) -> None:
    summaries = [clv.summarize(shop.orders, as_of=shop.as_of, period="W") for shop in shops]
    same(*summaries)
    there, here = (BetaGeoFitter(penalizer_coef=0.001).fit(summary) for summary in summaries)
    pd.testing.assert_series_equal(there.params_, here.params_)
    assert there.customers_ == len(summaries[1])
    assert there.data is not None
    assert len(there.data) < there.customers_  # only unique rows came
    spent = [GammaGammaFitter(penalizer_coef=0.001).fit(_spenders(summary)) for summary in summaries]
    pd.testing.assert_series_equal(spent[0].params_, spent[1].params_)


def _spenders(summary: Any) -> Any:
    return summary.engine.table(f"select frequency, monetary_value from {summary.name} where monetary_value > 0")


def test_a_split_is_the_same(shops: tuple[Shop, Shop]) -> None:
    same(*(clv.holdout(shop.orders, calibration_end="1997-12-31", observation_end="1998-06-30") for shop in shops))


def test_scores_of_two_engines_meet(shops: tuple[Shop, Shop]) -> None:
    there, here = (rfm.score(shop.orders, as_of=shop.as_of) for shop in shops)
    moved = rfm.migration(there, here).to_pandas()
    assert (moved["before"] == moved["after"]).all()


@pytest.fixture
def frame(spark: SparkSession) -> DataFrame:
    return spark.sql(
        "select 'ann' as customer_id, timestamp '2024-01-05 10:00:00' as order_ts, cast(10 as decimal(9, 2)) as amount "
        "union all select 'ann', timestamp '2024-02-01 10:00:00', 5"
    )


def test_orders_without_ids_are_numbered_within_the_customer(frame: DataFrame) -> None:
    orders = open_shop(frame).orders.to_pandas()
    assert orders["order_id"].tolist() == ["row-ann-000000000001", "row-ann-000000000002"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": "'ten'"}, r"the Spark DataFrame, column 'amount': amount cannot be of the type string. Make it"),
        ({"order_ts": "'2024-01-05'"}, r"column 'order_ts': order_ts cannot be of the type string. .*to_timestamp"),
        (
            {"customer_id": "array('a')"},
            r"column 'customer_id': customer_id cannot be of the type array<string>. An id",
        ),
        ({"amount": "cast(null as double)"}, r"column 'amount', 2 rows: an order without an amount"),
        ({"amount": "double('nan')"}, r"column 'amount', 2 rows: an order without an amount"),
        ({"order_ts": "cast(null as timestamp)"}, r"column 'order_ts', 2 rows: an order without a time"),
        ({"customer_id": "' '"}, r"column 'customer_id', 2 rows: an order without a customer. .*missing_customer"),
        ({"order_id": "cast(null as string)"}, r"column 'order_id', 2 rows: an order without an id"),
    ],
)
def test_what_cannot_be_an_order_is_named(frame: DataFrame, change: dict[str, str], message: str) -> None:
    name, expression = next(iter(change.items()))
    from pyspark.sql import functions

    with pytest.raises(SchemaError, match=message):
        open_shop(frame.withColumn(name, functions.expr(expression)))


def test_a_missing_column_is_named(frame: DataFrame) -> None:
    with pytest.raises(SchemaError, match="the Spark DataFrame: no column for amount"):
        open_shop(frame.drop("amount"))


def test_tables_of_two_kinds_are_refused(frame: DataFrame) -> None:
    with pytest.raises(SourceError, match="products: expected a Spark DataFrame as the other tables are, got a Data"):
        open_shop({"orders": frame, "products": pd.DataFrame({"product_id": ["a"]})})


def test_other_tables_come_along(frame: DataFrame, spark: SparkSession) -> None:
    products = spark.sql("select 7 as product_id, 'hat' as category")
    shop = open_shop({"orders": frame, "products": products})
    assert shop.products.to_pandas().to_dict("records") == [{"product_id": "7", "category": "hat"}]


def test_other_tables_end_at_as_of_as_they_do_here(frame: DataFrame, spark: SparkSession, on_spark: Spark) -> None:
    surveys = pd.DataFrame(
        {
            "survey_id": ["s1", "s2", "s3"],
            "customer_id": [1.0, 2.0, None],
            "sent_ts": pd.to_datetime(["2024-01-10 09:00:00", "2024-01-31 23:59:59", "2024-02-01 00:00:00"]),
            "answered_ts": pd.to_datetime(["2024-01-11", "2024-02-02", "NaT"]),
            "score": [9.0, 2.0, 5.0],
        }
    )
    orders = pd.DataFrame({"customer_id": ["a"], "order_ts": ["2024-01-05"], "amount": [1]})
    here = open_shop({"orders": orders, "surveys": surveys}, as_of="2024-01-31")
    there = open_shop({"orders": frame, "surveys": spark.table(on_spark.lend(surveys).name)}, as_of="2024-01-31")
    assert len(here.surveys) == 2
    same(there.surveys, here.surveys)


def test_a_time_on_a_cluster_has_a_type(frame: DataFrame, spark: SparkSession) -> None:
    logins = spark.sql("select '2024-01-05' as login_ts, 'a' as customer_id")
    with pytest.raises(SchemaError, match=r"table logins, column 'login_ts': a time cannot be of the type string"):
        open_shop({"orders": frame, "logins": logins})


def test_tables_are_of_a_cluster_only() -> None:
    with pytest.raises(SourceError, match=r"tables=.* says which tables of a Spark cluster"):
        open_shop("cdnow-sample", tables={"orders": "x"})


def test_a_cluster_wants_a_table() -> None:
    with pytest.raises(SourceError, match=r"say which table holds the orders: open_shop\('spark://x:1', tables="):
        open_shop("spark://x:1")


def test_a_token_is_not_shown() -> None:
    with pytest.raises(SourceError) as caught:
        open_shop("sc://x:1/;token=secret")
    assert "secret" not in str(caught.value)


def test_a_lent_table_is_forgotten(spark: SparkSession) -> None:
    from crmlib.engine.spark import Spark

    engine = Spark(spark)
    lent = engine.lend(pd.DataFrame({"a": [1]}))
    engine.give_back(lent)
    assert not spark.catalog.tableExists(lent.name)


def test_a_missing_extra_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pyspark.py").write_text("raise ImportError('no pyspark here')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import crmlib; crmlib.open_shop('sc://h:1?table=t')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtraError" in done.stderr
    assert 'pip install "crmlib[spark]"' in done.stderr


OTHERS: dict[str, dict[str, Any]] = {
    "Accessi": {"Codice Cliente": ["a"], "Logged-In At": [pd.Timestamp("2024-04-08")]},
    "surveys": {
        "Cliente": ["a", "b"], "Answered TS": pd.Timestamp("2024-03-01"), "rating": ["2", "n/a"],
        "tipo": ["NPS", "odd"],
        "Scala": "0 to 10", "foo": [1, 2],
    },
    "email_events": {"customer_id": ["a", "a"], "event": ["Inviata", "Opened"], "sent_at": pd.Timestamp("2024-04-05")},
    "sessions": {"Cliente": ["a"], "inizio": [pd.Timestamp("2024-04-05")], "Acquistato": ["sì"], "durata": ["90"]},
    "products": {"sku": ["p"], "Categoria": ["x"], "Prezzo": ["€ 12.50"]},
    "returns": {"Customer": ["b"], "Order": ["2"], "return_ts": [pd.Timestamp("2024-04-08")], "Refund": [3.0]},
}  # fmt: skip


def without_zone(spark: SparkSession, frame: pd.DataFrame) -> Any:
    """Bring a table to Spark with times of no zone, as pandas has them: its own way takes them for the session's."""
    times = [name for name in frame if frame[name].dtype.kind == "M"]
    texts = spark.createDataFrame(frame.astype(dict.fromkeys(times, "str")))
    casts = {name: f"cast(`{name}` as timestamp_ntz) as `{name}`" for name in times}
    return texts.selectExpr(*(casts.get(name, f"`{name}`") for name in frame))


@pytest.mark.full
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_the_other_tables_are_recognised_and_read_alike(spark: SparkSession) -> None:
    days = pd.to_datetime(["2024-01-10", "2024-04-08"])
    orders = pd.DataFrame({"customer_id": ["a", "b"], "order_id": ["1", "2"], "order_ts": days, "amount": [20.0, 30.0]})
    frames = {"orders": orders, **{name: pd.DataFrame(columns) for name, columns in OTHERS.items()}}
    here = open_shop(frames, as_of="2024-04-09")
    lent = {name: without_zone(spark, frame) for name, frame in frames.items()}
    there = open_shop(lent, as_of="2024-04-09")
    assert there.tables == here.tables
    pd.testing.assert_frame_equal(there.quality(), here.quality())
    for name in here.tables:
        one, other = (getattr(shop, name).to_pandas().astype(str) for shop in (there, here))
        columns = list(other)
        pd.testing.assert_frame_equal(
            one[columns].sort_values(columns, ignore_index=True), other.sort_values(columns, ignore_index=True)
        )
    with pytest.raises(SchemaError, match=r"column 'rating': 'two' is not a number, as score must be"):
        open_shop({
            "orders": lent["orders"],
            "surveys": spark.createDataFrame(frames["surveys"].assign(rating=["two", "3"])),
        })  # fmt: skip


def test_the_profile_of_a_customer_is_the_same(shops: tuple[Shop, Shop]) -> None:
    groups = ["account", "orders", "money", "gaps", "logins", "signals", "rfm", "consent", "value", "churn"]
    there, here = (customers.profile(shop, groups=groups) for shop in shops)
    pd.testing.assert_frame_equal(there, here, rtol=1e-9)
    assert there.attrs["missing"] == here.attrs["missing"]
