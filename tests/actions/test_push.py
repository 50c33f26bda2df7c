"""Push: against servers on this machine that are busy, broken and strict; nothing is lost and nothing goes twice."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib.actions.push import Ledger, Pace, PushError, push
from crmlib.actions.push.delivery import Batch, Refusal, Report, deliver
from crmlib.errors import MissingExtraError, SourceError
from tests.actions.small import entries, small_shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crmlib.shop import Shop

KEY = "pk_0123456789abcdef"
PEOPLE = 250


def pace() -> Pace:
    """Wait for nothing, but count."""
    return Pace(per_second=1000, wait=lambda _: None)


class Server:
    """A platform: it checks each request with the models of its own client, and fails when it is told to."""

    def __init__(self, fails: Callable[[int], tuple[int, dict[str, str]] | None], bad: tuple[str, ...] = ()) -> None:
        self.fails, self.bad = fails, bad
        self.taken: Counter[str] = Counter()
        self.subscribed: Counter[str] = Counter()
        self.invalid: list[str] = []
        self.keys: set[str] = set()
        self.sizes: list[int] = []
        self.requests = 0
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, answer = platform.answer(self.path, dict(self.headers), body)
                raw = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], Any]:
        self.requests += 1
        self.keys.add(headers.get("Authorization", ""))
        self.sizes.append(len(body))
        refused = self.fails(self.requests)
        if refused:
            status, more = refused
            return status, more, {"message": "later", "errors": [{"detail": "later"}]}
        try:
            return self.take(path, json.loads(body))
        except Exception as error:  # noqa: BLE001 - whatever the models find
            self.invalid.append(f"{type(error).__name__}: {error}")
            return 400, {}, {"message": str(error), "errors": [{"detail": str(error)}]}

    def take(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        if path == "/crm/v3/objects/contacts/batch/upsert":
            return self.take_contacts(body["inputs"])
        from openapi_client import models

        if path == "/api/profile-bulk-import-jobs":
            job = models.ProfileImportJobCreateQuery.from_dict(body)
            profiles = job.data.attributes.profiles.data
            assert len(profiles) <= 10_000
            if any(one.attributes.external_id in self.bad for one in profiles):
                return 400, {}, {"errors": [{"detail": "a profile is invalid"}]}
            self.taken.update(one.attributes.external_id for one in profiles)
        else:
            assert path == "/api/profile-subscription-bulk-create-jobs"
            subscribe = models.SubscriptionCreateJobCreateQuery.from_dict(body)
            assert subscribe.data.attributes.historical_import
            profiles = subscribe.data.attributes.profiles.data
            assert len(profiles) <= 1_000
            for one in profiles:
                way = one.attributes.subscriptions
                assert all(each.marketing.consented_at for each in (way.email, way.sms) if each)
            self.subscribed.update(one.attributes.email or one.attributes.phone_number for one in profiles)
        return 202, {}, {"data": {"type": "profile-bulk-import-job", "id": "j1"}}

    def take_contacts(self, inputs: list[dict[str, Any]]) -> tuple[int, dict[str, str], Any]:
        from hubspot.crm.contacts import (
            BatchInputSimplePublicObjectBatchInputUpsert,
            SimplePublicObjectBatchInputUpsert,
        )

        names = SimplePublicObjectBatchInputUpsert.attribute_map
        assert all(set(one) <= set(names.values()) for one in inputs)
        back = {value: key for key, value in names.items()}
        BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[SimplePublicObjectBatchInputUpsert(**{back[key]: one[key] for key in one}) for one in inputs]
        )
        assert len(inputs) <= 100
        assert len({one["id"] for one in inputs}) == len(inputs)
        good = [one for one in inputs if one["objectWriteTraceId"] not in self.bad]
        self.taken.update(one["objectWriteTraceId"] for one in good)
        now = "2024-07-01T00:00:00Z"
        results = [
            {"id": str(place), "properties": one["properties"], "new": True, "createdAt": now, "updatedAt": now,
             "archived": False, "objectWriteTraceId": one["objectWriteTraceId"]}
            for place, one in enumerate(good)
        ]  # fmt: skip
        answer = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if len(good) == len(inputs):
            return 200, {}, answer
        wrong = [{"status": "error", "category": "VALIDATION_ERROR", "message": "no such address",
                  "context": {"objectWriteTraceId": [one["objectWriteTraceId"]]}}
                 for one in inputs if one not in good]  # fmt: skip
        return 207, {}, {**answer, "numErrors": len(wrong), "errors": wrong}

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def start(fails: Callable[[int], Any] = lambda _: None, **more: Any) -> Server:
        made.append(Server(fails, **more))
        return made[-1]

    yield start
    for server in made:
        server.close()


@pytest.fixture(scope="module")
def names() -> list[str]:
    return [f"c{number:03d}" for number in range(PEOPLE)]


@pytest.fixture(scope="module")
def shop(names: list[str]) -> Shop:
    return small_shop(
        pd.DataFrame({
            "customer_id": names, "email": [f"{name}@example.com" for name in names], "first_name": "Anna",
            "phone": [f"+3930012340{name[1:]}" for name in names], "language": "it", "country": "IT",
            "registered_ts": pd.Timestamp("2024-01-01"),
        })
    )  # fmt: skip


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLAVIYO_API_KEY", KEY)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", KEY)


def busy(number: int) -> tuple[int, dict[str, str]] | None:
    if number % 3 == 1:
        return 429, {"Retry-After": "7"}
    return (500, {}) if number % 5 == 0 else None


CLIENTS = [
    pytest.param("klaviyo", marks=pytest.mark.needs("python:klaviyo_api")),
    pytest.param("hubspot", marks=pytest.mark.needs("python:hubspot")),
]


@pytest.mark.parametrize("platform", CLIENTS)
@pytest.mark.usefixtures("keys")
def test_a_busy_server_gets_everything_once(  # noqa: PLR0917 - fixtures
    platform: str,
    shop: Shop,
    names: list[str],
    serve: Callable[..., Server],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(busy)
    waited: list[float] = []
    slow = Pace(per_second=1000, wait=waited.append)
    some = entries(names)
    report = push(some, shop, platform, ledger=tmp_path / "sent", dry_run=False, pace=slow, host=server.address)
    assert server.invalid == []
    assert server.taken == Counter(names)
    assert report.failed == {}
    assert report.retries > 0
    assert 7.0 in waited  # what the server asked for
    if platform == "klaviyo":
        assert server.subscribed == Counter(f"{name}@example.com" for name in names)
    again = push(some, shop, platform, ledger=tmp_path / "sent", dry_run=False, pace=slow, host=server.address)
    assert (again.requests, len(again.accepted)) == (0, 0)
    assert again.already == len(report.accepted)
    assert server.taken == Counter(names)
    assert {KEY in key for key in server.keys} == {True}
    shown = capsys.readouterr()
    assert KEY not in shown.out + shown.err + caplog.text + repr(report) + str(report)


@pytest.mark.parametrize("platform", CLIENTS)
@pytest.mark.usefixtures("keys")
def test_after_a_stop_the_next_push_goes_on(
    platform: str, shop: Shop, names: list[str], serve: Callable[..., Server], tmp_path: Path
) -> None:
    down = serve(lambda number: (503, {}) if number > 1 else None)
    some = entries(names)
    first = push(some, shop, platform, ledger=tmp_path / "sent", dry_run=False, pace=pace(), host=down.address)
    assert set(first.failed.values()) == {"503: later"}
    assert not set(first.accepted) & set(first.failed)
    up = serve()
    second = push(some, shop, platform, ledger=tmp_path / "sent", dry_run=False, pace=pace(), host=up.address)
    assert set(second.accepted) == set(first.failed)
    assert down.taken + up.taken == Counter(names)


@pytest.mark.parametrize("platform", CLIENTS)
@pytest.mark.usefixtures("keys")
def test_one_bad_profile_stops_no_other(
    platform: str, shop: Shop, names: list[str], serve: Callable[..., Server], tmp_path: Path
) -> None:
    server = serve(bad=("c007",))
    some = entries(names)
    report = push(some, shop, platform, ledger=tmp_path / "sent", dry_run=False, pace=pace(), host=server.address)
    assert server.taken == Counter(name for name in names if name != "c007")
    assert [key.partition(":")[2] for key in report.failed] == ["e7"]


@pytest.mark.parametrize("platform", CLIENTS)
@pytest.mark.usefixtures("keys")
def test_a_refused_key_stops_at_once_and_is_not_shown(
    platform: str, shop: Shop, serve: Callable[..., Server], tmp_path: Path
) -> None:
    server = serve(lambda _: (401, {}))
    with pytest.raises(PushError, match="does not let us in") as told:
        push(entries(["c001"]), shop, platform, ledger=tmp_path / "x", dry_run=False, pace=pace(), host=server.address)
    assert server.requests == 1
    assert KEY not in str(told.value)


@pytest.mark.parametrize("platform", CLIENTS)
@pytest.mark.usefixtures("keys")
def test_a_server_that_is_not_there_is_tried_and_told(platform: str, shop: Shop, tmp_path: Path) -> None:
    report = push(entries(["c001"]), shop, platform, ledger=tmp_path / "x", dry_run=False,
                  pace=Pace(per_second=1000, attempts=2, wait=lambda _: None), host="http://127.0.0.1:9")  # fmt: skip
    assert report.accepted == []
    assert all(said.startswith("no answer") for said in report.failed.values())


@pytest.mark.parametrize("platform", ["klaviyo", "hubspot"])
def test_a_dry_run_sends_nothing_and_needs_no_key(
    platform: str, shop: Shop, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KLAVIYO_API_KEY", raising=False)
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    report = push(entries(names), shop, platform, ledger=tmp_path / "sent")
    assert report.would_send == PEOPLE * (2 if platform == "klaviyo" else 1)  # a profile, and a consent
    assert "Nothing was sent" in str(report)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PushError, match="is looked for in the environment"):
        push(entries(names), shop, platform, ledger=tmp_path / "sent", dry_run=False)


@pytest.mark.needs("python:klaviyo_api")
@pytest.mark.usefixtures("keys")
def test_a_consent_goes_over_once(shop: Shop, names: list[str], serve: Callable[..., Server], tmp_path: Path) -> None:
    """Sent again with the next queue, it would lift an opt-out that the platform took in between."""
    server = serve()
    for week in ("a", "b"):
        some = entries(names[:5], entry_id=[f"{week}{number}" for number in range(5)])
        push(some, shop, "klaviyo", ledger=tmp_path / "sent", dry_run=False, pace=pace(), host=server.address)
    assert server.taken == Counter(names[:5] * 2)
    assert server.subscribed == Counter(f"{name}@example.com" for name in names[:5])


@pytest.mark.needs("python:klaviyo_api")
@pytest.mark.usefixtures("keys")
def test_who_has_withdrawn_is_not_pushed(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve()
    consents = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "email", "purpose": "marketing",
                             "given_ts": pd.Timestamp("2024-01-15"),
                             "withdrawn_ts": [pd.NaT, pd.Timestamp("2024-05-01")]})  # fmt: skip
    report = push(entries(["ann", "bob"]), small_shop(consents=consents), "klaviyo", ledger=tmp_path / "sent",
                  dry_run=False, pace=pace(), host=server.address)  # fmt: skip
    assert server.taken == Counter(["ann"])
    assert report.held is not None
    assert report.held["customer_id"].tolist() == ["bob"]


def test_a_refusal_asks_for_time() -> None:
    assert Refusal(429, "x", "3").seconds() == 3.0
    assert Refusal(429, "x", "Mon, 01 Jan 2001 00:00:00 GMT").seconds() == 0.0
    assert Refusal(429, "x", "soon").seconds() is None
    assert [Refusal(status, "x").passing for status in (0, 400, 429, 500)] == [True, False, True, True]


def test_halving_finds_the_bad_ones(tmp_path: Path) -> None:
    sent: list[list[int]] = []

    def send(some: list[int]) -> dict[int, str]:
        if set(some) & {3, 11}:
            raise Refusal(422, "bad")
        sent.append(some)
        return {}

    report = Report("x", dry_run=False)
    with Ledger(tmp_path / "sent") as ledger:
        deliver([Batch([((str(n),), n) for n in range(16)], send)], ledger, "x", pace(), report)
        assert ledger.known("x") == {str(n) for n in range(16)} - {"3", "11"}
    assert sorted(report.failed) == ["11", "3"]
    assert sorted(n for some in sent for n in some) == [n for n in range(16) if n not in {3, 11}]


def test_the_ledger_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "sent").write_text("no database")
    with pytest.raises(SourceError, match="cannot be used as a ledger"):
        Ledger(tmp_path / "sent")


@pytest.mark.parametrize(("platform", "package"), [("klaviyo", "klaviyo_api"), ("hubspot", "hubspot")])
@pytest.mark.usefixtures("keys")
def test_a_client_that_is_not_installed_is_named(
    platform: str, package: str, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'crmlib\[push\]'"):
        push(entries(["c001"]), shop, platform, ledger=tmp_path / "x", dry_run=False, pace=pace())
