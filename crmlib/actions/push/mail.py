"""Mail through an SMTP server. What was cut off while it was sent is never sent again unasked: it may have arrived."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crmlib.actions.push.delivery import Pace, PushError, Refusal, Report, redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmlib.actions.messages import Message
    from crmlib.actions.push.ledger import Ledger

__all__ = ["PASSWORD", "PLATFORM", "SECRET", "Server", "send"]

PASSWORD, SECRET = "CRMLIB_SMTP_PASSWORD", "CRMLIB_OPT_OUT_SECRET"
PLATFORM = "smtp"
_SECONDS = 60
_PASSING = range(400, 500)


@dataclass(frozen=True)
class Server:
    """A mail server.

    Attributes
    ----------
    host, port
        Its address.
    user
        Who logs in; nobody if it is empty. The password is taken from the environment, ``CRMLIB_SMTP_PASSWORD``.
    security
        ``starttls`` and ``tls`` check the server's certificate; ``none`` is for a server on this machine.
    """

    host: str
    port: int = 587
    user: str = ""
    security: Literal["starttls", "tls", "none"] = "starttls"

    def __post_init__(self) -> None:
        if self.security == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            raise PushError(f"{self.host}: mail to another machine is not sent in the open. Use starttls or tls.")
        if self.security not in {"starttls", "tls", "none"}:
            raise PushError(f"{self.host}: security={self.security!r} is none of starttls, tls, none.")

    def connect(self, password: str) -> smtplib.SMTP:
        """Open a connection.

        Parameters
        ----------
        password
            Of the user.

        Raises
        ------
        PushError
            The server does not let the user in.
        """
        context = ssl.create_default_context()
        if self.security == "tls":
            made: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=context)
        else:
            made = smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        try:
            made.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                made.starttls(context=context)
                made.ehlo()
            if self.user:
                made.login(self.user, password)
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            made.close()
            raise PushError(
                f"{self.host}:{self.port} does not let us in: {redacted(str(error), password)}. Check the user, "
                f"{PASSWORD} in the environment, and the certificate."
            ) from None
        except BaseException:
            made.close()
            raise
        return made


def send(
    messages: Sequence[Message], server: Server, ledger: Ledger, pace: Pace, report: Report, *, password: str = ""
) -> None:
    """Send mails, each once.

    Parameters
    ----------
    messages
        Mails, with signed opt-outs.
    server, ledger, pace, report
        As for `crmlib.actions.push.push_mail`.
    password
        Of the server's user.
    """
    line = _Line(server, password)
    try:
        for place, message in enumerate(messages):
            said = _one(message, line, ledger, pace, report)
            if said is not None:  # the server is down: what is left stays for the next push
                report.failed |= dict.fromkeys((left.entry_id for left in messages[place:]), said)
                return
    finally:
        line.drop()


def _one(message: Message, line: _Line, ledger: Ledger, pace: Pace, report: Report) -> str | None:
    """Send one mail; return why nothing more can be sent, if so."""
    key = message.entry_id
    for attempt in range(pace.attempts):
        pace.hold()
        report.requests += 1
        report.retries += attempt > 0
        try:
            line.hand_over(message, lambda: ledger.mark(PLATFORM, [key], "sending"))
        except Refusal as refusal:
            ledger.forget(PLATFORM, [key])  # it has said no, or had not begun: the mail is certainly not there
            if not refusal.passing:
                report.failed[key] = str(refusal)
                return None
            if attempt == pace.attempts - 1:
                report.failed[key] = str(refusal)
                return str(refusal) if refusal.status == 0 else None
            pace.wait(pace.backoff(attempt))
            continue
        except _CutOffError:
            report.uncertain.append(key)
            return None
        ledger.mark(PLATFORM, [key], "accepted")
        report.accepted.append(key)
        return None
    raise AssertionError("a pace makes one attempt at least")  # pragma: no cover


class _CutOffError(Exception):
    """The connection broke while the mail's text was on its way."""


class _Line:
    """A connection that is opened when it is needed, and anew when it broke."""

    def __init__(self, server: Server, password: str) -> None:
        self._server = server
        self._password = password
        self._open: smtplib.SMTP | None = None

    def hand_over(self, message: Message, begin: Callable[[], None]) -> None:
        """Send one mail; call `begin` before its text leaves."""
        mail = message.as_email()
        try:
            if self._open is None:
                self._open = self._server.connect(self._password)
            _check(self._open.mail(str(mail["From"].addresses[0].addr_spec)))
            _check(self._open.rcpt(message.to))
        except smtplib.SMTPResponseException as error:
            self.drop()
            raise _refusal(error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException) as error:
            self.drop()
            said = f"no answer from {self._server.host}:{self._server.port} ({type(error).__name__})"
            raise Refusal(0, said) from None
        except Refusal:
            self.drop()
            raise
        begin()
        try:
            _check(self._open.data(mail.as_bytes()))
        except smtplib.SMTPResponseException as error:
            self.drop()
            raise _refusal(error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException):
            self.drop()
            raise _CutOffError from None
        except Refusal:
            self.drop()  # the server has answered: it has not taken the mail
            raise

    def drop(self) -> None:
        """Close the connection, whatever state it is in."""
        if self._open is not None:
            try:
                self._open.quit()
            except (OSError, smtplib.SMTPException):
                self._open.close()
            self._open = None


def _check(answer: tuple[int, bytes]) -> None:
    code, said = answer
    if not 200 <= code < 300:  # noqa: PLR2004 - SMTP: taken
        raise _refusal(code, said)


def _refusal(code: int, said: bytes | str) -> Refusal:
    """Return an answer as a refusal: SMTP's passing errors are those of 400, HTTP's those of 500."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return Refusal(code, " ".join(text.split())[:300], passing=code in _PASSING)
