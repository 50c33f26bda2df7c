"""Mail push: against a mail server on this machine that refuses, stalls and hangs up."""

from __future__ import annotations

import email
import socket
from collections import Counter
from email import policy as mail_policy
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from crmlib.actions import sequence
from crmlib.actions.push import Ledger, Pace, PushError, Server, push_mail
from tests.actions.small import entries, small_shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crmlib.shop import Shop

pytestmark = pytest.mark.needs("python:aiosmtpd")
DUE = "2024-07-01 12:00"


class Mailbox:
    """What the server took, and when it does not: number of the mail -> its answer, or ``hang up``."""

    def __init__(self, answers: dict[int, str]) -> None:
        self.answers = answers
        self.mails: list[Any] = []
        self.asked = 0

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        self.asked += 1
        answer = self.answers.get(self.asked, "")
        if answer and answer != "hang up":
            return answer
        self.mails.append(email.message_from_bytes(envelope.content, policy=mail_policy.default))
        if answer == "hang up":
            server.transport.abort()
        return "250 taken"


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Mailbox, Server]]]:
    from aiosmtpd.controller import Controller

    monkeypatch.setenv("CRMLIB_OPT_OUT_SECRET", "known to the shop alone")
    started: list[Any] = []

    def start(answers: dict[int, str] | None = None) -> tuple[Mailbox, Server]:
        box = Mailbox(answers or {})
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        made = Controller(box, hostname="127.0.0.1", port=port)
        made.start()
        started.append(made)
        return box, Server("127.0.0.1", port, security="none")

    yield start
    for made in started:
        made.stop()


@pytest.fixture(scope="module")
def shop() -> Shop:
    return small_shop()


def pace() -> Pace:
    return Pace(per_second=1000, wait=lambda _: None)


def send(some: pd.DataFrame, shop: Shop, server: Server, folder: Path, **more: Any) -> Any:
    options: dict[str, Any] = {"due_until": DUE, "ledger": folder / "sent", "dry_run": False, "pace": pace()} | more
    return push_mail(some, shop, server, **options)


def test_mails_arrive_whole_and_once(serve: Any, shop: Shop, tmp_path: Path) -> None:
    box, server = serve()
    some = entries(["ann", "bob", "cid"])
    report = send(some, shop, server, tmp_path, sequences=[sequence("win_back")])
    assert report.accepted == ["e0", "e1", "e2"]
    assert [mail["To"] for mail in box.mails] == [
        "Anna Rossi <ann@example.com>", "Bob Smith <bob@example.com>", "Cìd Bianchi <cid@example.com>",
    ]  # fmt: skip
    for mail in box.mails:
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "&s=" in mail["List-Unsubscribe"]  # signed
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert "RIATTVA10" in mail.get_body(("plain",)).get_content()
    again = send(some, shop, server, tmp_path)
    assert (again.accepted, again.already, len(box.mails)) == ([], 3, 3)


def test_a_busy_server_is_asked_again(serve: Any, shop: Shop, tmp_path: Path) -> None:
    box, server = serve({1: "451 later", 3: "421 too many"})
    report = send(entries(["ann", "bob", "cid"]), shop, server, tmp_path)
    assert sorted(report.accepted) == ["e0", "e1", "e2"]
    assert report.retries == 2
    assert Counter(str(mail["Message-ID"]) for mail in box.mails).most_common(1)[0][1] == 1
    assert len(box.mails) == 3


def test_a_refused_mail_is_told_and_tried_by_the_next_push(serve: Any, shop: Shop, tmp_path: Path) -> None:
    box, server = serve({2: "554 looks like spam"})
    some = entries(["ann", "bob", "cid"])
    report = send(some, shop, server, tmp_path)
    assert report.failed == {"e1": "554: looks like spam"}
    assert report.accepted == ["e0", "e2"]
    assert send(some, shop, server, tmp_path).accepted == ["e1"]
    assert len(box.mails) == 3


def test_a_mail_that_was_cut_off_is_not_sent_again_unasked(serve: Any, shop: Shop, tmp_path: Path) -> None:
    box, server = serve({2: "hang up"})
    some = entries(["ann", "bob", "cid"])
    report = send(some, shop, server, tmp_path)
    assert (report.accepted, report.uncertain, report.failed) == (["e0", "e2"], ["e1"], {})
    again = send(some, shop, server, tmp_path)
    assert (again.accepted, again.uncertain, again.already) == ([], ["e1"], 2)
    assert len(box.mails) == 3  # it had arrived: a second try would have doubled it
    with Ledger(tmp_path / "sent") as ledger:
        ledger.forget("smtp", ["e1"])
    assert send(some, shop, server, tmp_path).accepted == ["e1"]


def test_a_server_that_is_gone_keeps_the_rest(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMLIB_OPT_OUT_SECRET", "x")
    nobody = Server("127.0.0.1", 9, security="none")
    report = send(entries(["ann", "bob"]), shop, nobody, tmp_path, pace=Pace(attempts=2, wait=lambda _: None))
    assert sorted(report.failed) == ["e0", "e1"]
    assert report.requests == 2  # the second mail was not tried
    with Ledger(tmp_path / "sent") as ledger:
        assert ledger.known("smtp", "sending") == set()


def test_only_what_is_due_by_mail_goes_out(serve: Any, shop: Shop, tmp_path: Path) -> None:
    box, server = serve()
    times = pd.to_datetime(["2024-07-01 09:00", "2024-07-01 09:00", "2024-07-03 09:00"])
    some = entries(["ann", "bob", "cid"], due_ts=times, channel=["email", "sms", "email"])
    assert send(some, shop, server, tmp_path).accepted == ["e0"]
    assert len(box.mails) == 1


def test_a_dry_run_sends_nothing(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRMLIB_OPT_OUT_SECRET", raising=False)
    nobody = Server("127.0.0.1", 9, security="none")
    report = send(entries(["ann"]), shop, nobody, tmp_path, dry_run=True)
    assert (report.would_send, report.requests) == (1, 0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PushError, match="CRMLIB_OPT_OUT_SECRET"):
        send(entries(["ann"]), shop, nobody, tmp_path)


def test_mail_does_not_travel_in_the_open() -> None:
    with pytest.raises(PushError, match=r"mail\.example\.com: mail to another machine is not sent in the open"):
        Server("mail.example.com", security="none")


def test_a_server_without_encryption_gets_no_password(
    serve: Any, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, plain = serve()
    monkeypatch.setenv("CRMLIB_SMTP_PASSWORD", "hunter2")
    strict = Server("127.0.0.1", plain.port, user="shop")
    with pytest.raises(PushError, match="does not let us in") as told:
        send(entries(["ann"]), shop, strict, tmp_path)
    assert "hunter2" not in str(told.value)
    assert box.mails == []
