"""What clients send, checked against the paper: JSON events and the form of the scriptless page.

Choices come as positions on the screen (from 0) and are stored as original option indexes, so
neither the page nor the traffic shows in which order the author wrote them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from elearn.core.assembly.paper import Paper, PaperPart
from elearn.core.errors import Conflict, DomainError
from elearn.core.grading.answers import CHOICES, Answer, original_options, parse_answer
from elearn.core.grading.grade import Place
from elearn.core.questions.model import QuestionType

MAX_EVENTS: Final = 600
_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{8,40}")
_NUMBER = re.compile(r"[0-9]{1,9}")
BROKEN: Final = "保存的内容不完整，请刷新页面再试。"


@dataclass(frozen=True, slots=True)
class AnswerEventIn:
    """One change of one part, in canonical form. `part` counts from 0."""

    event_id: str
    item: int
    part: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one request brought: distinct events in their order."""

    events: tuple[AnswerEventIn, ...]

    @property
    def ids(self) -> list[str]:
        """Event ids, in order."""
        return [event.event_id for event in self.events]


@dataclass(frozen=True, slots=True)
class PagePost:
    """The form: every part's answer, the flags, and the last event the page showed."""

    base: int
    answers: dict[Place, Answer]
    flags: list[int]


@dataclass(frozen=True, slots=True)
class SaveReply:
    """What the server has: nothing is called saved before this was sent."""

    acked: tuple[str, ...]
    seq: int
    saved: int
    server_time: datetime
    remaining_ms: int

    def as_dict(self) -> dict[str, Any]:
        """The JSON reply."""
        return {
            "acked": list(self.acked),
            "seq": self.seq,
            "saved": self.saved,
            "server_time": self.server_time.isoformat(),
            "remaining_ms": self.remaining_ms,
        }


class AnswersRefused(DomainError):
    """`rejected`: event id -> why, so that a client can set these aside and send the rest."""

    def __init__(self, rejected: Mapping[str, str]):
        super().__init__(next(iter(rejected.values())), code="E-ANSWER", fields=rejected)
        self.rejected = dict(rejected)


def check_events(paper: Paper, raw: Any) -> Delivery:
    """Events as sent -> canonical. Raises AnswersRefused, or DomainError for a broken envelope."""
    if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) > MAX_EVENTS:
        raise DomainError(BROKEN, code="E-SHAPE")
    parts = {(item.number, at): part for item in paper.items for at, part in enumerate(item.parts)}
    found: dict[str, AnswerEventIn] = {}
    rejected: dict[str, str] = {}
    for entry in raw:
        event_id = _event_id(entry)
        try:
            event = _event(parts, event_id, entry)
        except DomainError as error:
            rejected[event_id] = error.message
            continue
        if found.setdefault(event_id, event) != event:
            raise Conflict("同一个保存编号用在了不同的答案上。", code="E-EVENT")
    if rejected:
        raise AnswersRefused(rejected)
    return Delivery(tuple(found.values()))


def read_flags(paper: Paper, raw: Any) -> list[int] | None:
    """Flagged item numbers, sorted; None when the client says nothing about flags."""
    if raw is None:
        return None
    numbers = {item.number for item in paper.items}
    if not isinstance(raw, list) or not all(_is_int(flag) and flag in numbers for flag in raw):
        raise DomainError(BROKEN, code="E-SHAPE")
    return sorted(set(raw))


def read_page(paper: Paper, posted: Mapping[str, Sequence[str]]) -> PagePost:
    """Field name -> values, as the form has them. Raises DomainError naming the question.

    `end` is the last field of the form: without it part of the form was lost on the way.
    """
    base = next(iter(posted.get("base", ())), "")
    if not posted.get("end") or not _NUMBER.fullmatch(base):
        raise DomainError(BROKEN, code="E-SHAPE")
    cleared = next(iter(posted.get("clear", ())), "")
    answers: dict[Place, Answer] = {}
    for item in paper.items:
        for at, part in enumerate(item.parts):
            raw = _posted(part, f"a-{item.number}-{at}", posted, empty=cleared == str(item.number))
            try:
                answers[item.number, at] = canonical_answer(part, raw)
            except DomainError as error:
                raise DomainError(
                    f"第 {item.number} 题：{error.message}", code=error.code
                ) from None
    numbers = {str(item.number): item.number for item in paper.items}
    flags = sorted({numbers[flag] for flag in posted.get("flag", ()) if flag in numbers})
    return PagePost(int(base), answers, flags)


def canonical_answer(part: PaperPart, raw: Any) -> Answer:
    """Screen positions become original options; texts are checked. Raises DomainError."""
    answer = parse_answer(part, raw)
    if part.type in CHOICES:
        return list(original_options(part, [int(position) for position in answer]))
    return answer


def _posted(part: PaperPart, name: str, posted: Mapping[str, Sequence[str]], *, empty: bool) -> Any:
    if part.type in CHOICES:
        return [] if empty else list(posted.get(name, ()))
    if part.type is QuestionType.BLANK:
        return [
            "" if empty else next(iter(posted.get(f"{name}-{blank}", ())), "")
            for blank in range(part.blanks)
        ]
    return "" if empty else next(iter(posted.get(name, ())), "")


def _event_id(entry: Any) -> str:
    event_id = entry.get("event_id") if isinstance(entry, Mapping) else None
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        raise DomainError(BROKEN, code="E-SHAPE")
    return event_id


def _event(
    parts: Mapping[Place, PaperPart], event_id: str, entry: Mapping[str, Any]
) -> AnswerEventIn:
    item, part = entry.get("item"), entry.get("part")
    if set(entry) - {"event_id", "item", "part", "value"} or not (_is_int(item) and _is_int(part)):
        raise DomainError(BROKEN, code="E-SHAPE")
    place = (int(item or 0), int(part or 0))
    if place not in parts:
        raise DomainError("试卷上没有这道题。", code="E-ANSWER")
    return AnswerEventIn(event_id, *place, canonical_answer(parts[place], entry.get("value")))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
