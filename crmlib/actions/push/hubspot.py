"""HubSpot's API through its official client: batches of contacts, made or brought up to date by their mail address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crmlib.actions.exports.hubspot import upserts
from crmlib.actions.push.delivery import Batch, Refusal, redacted
from crmlib.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmlib.actions.exports.people import Person

__all__ = ["KEY", "PER_SECOND", "batches", "keys"]

KEY = "HUBSPOT_ACCESS_TOKEN"
PER_SECOND = 10.0  # the smallest allowance of an app, 100 in ten seconds
_SECONDS = 60  # to wait for an answer


def batches(people: Sequence[Person], zone: str, known: set[str], secret: Callable[[], str], host: str) -> list[Batch]:
    """Return what is to be sent.

    Parameters
    ----------
    people, zone
        As for `crmlib.actions.exports.export`.
    known
        Keys that were accepted before: ``upsert:<entry>``.
    secret
        Gives the key when the first request is made.
    host
        Another address, for tests.
    """
    fresh = [one for one in people if any(key not in known for key in keys(one))]
    client = _Client(secret, host)
    made = []
    for some, _ in upserts(fresh, zone):
        own, fresh = fresh[: len(some)], fresh[len(some) :]
        made.append(Batch([(keys(one), item) for one, item in zip(own, some, strict=True)], client.send))
    return made


def keys(person: Person) -> tuple[str, ...]:
    """Return what stands for a person in the ledger."""
    return tuple(f"upsert:{entry['entry_id']}" for entry in person.entries)


class _Client:
    """The official client, made when it is needed first."""

    def __init__(self, secret: Callable[[], str], host: str) -> None:
        self._secret = secret
        self._host = host
        self._made: Any = None
        self._key = ""

    def send(self, some: list[Any]) -> dict[int, str]:
        """Send one batch; say which contacts were not taken."""
        client = self._client()
        import urllib3
        from hubspot.crm.contacts import (
            ApiException,
            BatchInputSimplePublicObjectBatchInputUpsert,
            SimplePublicObjectBatchInputUpsert,
        )

        inputs = [
            SimplePublicObjectBatchInputUpsert(
                id=item["id"],
                id_property=item["idProperty"],
                object_write_trace_id=item["objectWriteTraceId"],
                properties=item["properties"],
            )
            for item in some
        ]
        query = BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs)
        try:
            answer = client.crm.contacts.batch_api.upsert(query, _request_timeout=_SECONDS)
        except ApiException as error:
            after = (error.headers or {}).get("Retry-After")
            raise Refusal(error.status or 0, redacted(_told(error), self._key), after) from None
        except urllib3.exceptions.HTTPError as error:
            raise Refusal(0, redacted(f"no answer ({type(error).__name__})", self._key)) from None
        return _not_taken(some, answer)

    def _client(self) -> Any:
        if self._made is None:
            try:
                from hubspot import HubSpot
            except ImportError:
                raise MissingExtraError(
                    "A push to HubSpot needs its client, which is not installed: pip install 'crmlib[push]'. Without "
                    "it, `export` writes files for HubSpot's own pages."
                ) from None
            self._key = self._secret()
            self._made = HubSpot(access_token=self._key, **({"host": self._host} if self._host else {}))
        return self._made


def _not_taken(some: list[Any], answer: Any) -> dict[int, str]:
    """Read an answer of several parts (207): who is named in an error, or is in no result, was not taken."""
    errors = getattr(answer, "errors", None) or []
    if not errors:
        return {}
    said: dict[str, str] = {}
    for error in errors:
        for trace in (error.context or {}).get("objectWriteTraceId", []):
            said[trace] = str(error.message)
    taken = {result.object_write_trace_id for result in answer.results or []}
    return {
        place: said.get(item["objectWriteTraceId"], str(errors[0].message))
        for place, item in enumerate(some)
        if item["objectWriteTraceId"] in said or item["objectWriteTraceId"] not in taken
    }


def _told(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return str(error.reason)[:300]
