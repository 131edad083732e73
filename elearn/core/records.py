"""What a training record is when it is hashed, and how long a pass stays valid. Pure."""

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import msgspec

from elearn.core.canonical import canonical_json, content_hash


def canonical_record(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The record as plain JSON values: times in UTC to the microsecond, dates as ISO text.

    Raises TypeError for a float anywhere (also in the evidence): it has no canonical form.
    """
    return {name: _plain(value) for name, value in fields.items()}


def record_hash(fields: Mapping[str, Any]) -> str:
    """SHA-256 over all of `fields`: a change in any of them is visible."""
    return content_hash(canonical_record(fields))


def plain_evidence(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence as the database will give it back: tuples are lists, enums their values."""
    return msgspec.json.decode(canonical_json(canonical_record(evidence)), type=dict[str, Any])


def valid_until(passed_on: date, months: int | None) -> date | None:
    """The last day a pass counts (facts EX-4: 24 months); None when it does not expire.

    The day of the month is kept where the target month has it: 31 August + 6 -> 28 February.
    """
    if months is None:
        return None
    year, month = divmod(passed_on.year * 12 + passed_on.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(passed_on.day, last))


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
