"""Klaviyo's API through its official client: profiles first, then the consent, each given permission once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crmlib.actions.exports.klaviyo import import_jobs, subscription_jobs
from crmlib.actions.push.delivery import Batch, PushError, Refusal, redacted
from crmlib.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmlib.actions.exports.people import Person

__all__ = ["KEY", "PER_SECOND", "batches", "keys"]

KEY = "KLAVIYO_API_KEY"
PER_SECOND = 2.5  # the import's steady limit, 150 a minute; its subscriptions allow more
_SECONDS = 60  # to wait for an answer


def batches(people: Sequence[Person], zone: str, known: set[str], secret: Callable[[], str], host: str) -> list[Batch]:
    """Return what is to be sent.

    Parameters
    ----------
    people, zone
        As for `crmlib.actions.exports.export`.
    known
        Keys that were accepted before: ``import:<entry>`` and ``consent:<customer>:<channel>:<given>``. A permission
        goes over once: sent again, it would lift an opt-out that the platform took in the meantime.
    secret
        Gives the key when the first request is made.
    host
        Another address, for tests.
    """
    fresh = [one for one in people if any(key not in known for key in _entries(one))]
    agreed = [one for one in people if any(key not in known for key in _consents(one))]
    client = _Client(secret, host)
    made = []
    for some, body in import_jobs(fresh, zone):
        own, fresh = fresh[: len(some)], fresh[len(some) :]
        send = client.sender(json.loads(body), "bulk_import_profiles", "ProfileImportJobCreateQuery")
        made.append(Batch([(_entries(one), item) for one, item in zip(own, some, strict=True)], send))
    for some, body in subscription_jobs(agreed, zone):
        own, agreed = agreed[: len(some)], agreed[len(some) :]
        send = client.sender(json.loads(body), "bulk_subscribe_profiles", "SubscriptionCreateJobCreateQuery")
        made.append(Batch([(_consents(one), item) for one, item in zip(own, some, strict=True)], send))
    return made


def keys(person: Person) -> tuple[str, ...]:
    """Return what stands for a person in the ledger."""
    return (*_entries(person), *_consents(person))


def _entries(person: Person) -> tuple[str, ...]:
    return tuple(f"import:{entry['entry_id']}" for entry in person.entries)


def _consents(person: Person) -> tuple[str, ...]:
    given = {way: when for way, when in person.agreed.items() if way != "phone"}
    return tuple(f"consent:{person.customer_id}:{way}:{when:%Y-%m-%dT%H:%M:%S}" for way, when in given.items())


class _Client:
    """The official client, made when it is needed first: a dry run needs neither it nor a key."""

    def __init__(self, secret: Callable[[], str], host: str) -> None:
        self._secret = secret
        self._host = host
        self._made: Any = None
        self._key = ""

    def sender(self, body: dict[str, Any], call: str, model: str) -> Callable[[list[Any]], dict[int, str]]:
        """Return what sends some of the profiles of a body."""

        def send(some: list[Any]) -> dict[int, str]:
            body["data"]["attributes"]["profiles"]["data"] = some
            self._request(call, model, body)
            return {}

        return send

    def _request(self, call: str, model: str, body: dict[str, Any]) -> None:
        import urllib3

        client = self._client()
        from openapi_client import models

        query = getattr(models, model).from_dict(body)
        try:
            # the plain form: the client's own retries wait in a busy loop, and know nothing of errors 500
            answer = getattr(client.Profiles, f"{call}_without_preload_content")(query, _request_timeout=_SECONDS)
            text = answer.data.decode("utf-8", "replace")
        except urllib3.exceptions.HTTPError as error:
            raise Refusal(0, redacted(f"no answer ({type(error).__name__})", self._key)) from None
        if answer.status >= 300:  # noqa: PLR2004 - HTTP: not taken
            raise Refusal(answer.status, redacted(_told(text), self._key), answer.headers.get("Retry-After"))

    def _client(self) -> Any:
        if self._made is None:
            try:
                from klaviyo_api import KlaviyoAPI
            except ImportError:
                raise MissingExtraError(
                    "A push to Klaviyo needs its client, which is not installed: pip install 'crmlib[push]'. Without "
                    "it, `export` writes files for Klaviyo's own pages."
                ) from None
            self._key = self._secret()
            if any(not " " < letter <= "~" for letter in self._key):
                raise PushError(f"{KEY} holds a space or a letter that no key has.")
            self._made = KlaviyoAPI(self._key, max_retries=1, test_host=self._host)
        return self._made


def _told(text: str) -> str:
    """Return what an answer says is wrong."""
    try:
        errors = json.loads(text)["errors"]
        return "; ".join(str(error.get("detail") or error.get("title")) for error in errors)[:300]
    except (ValueError, KeyError, TypeError, AttributeError):
        return " ".join(text.split())[:300]
