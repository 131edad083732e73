"""What clients send, checked against the paper: JSON events and the form of the scriptless page.

Choices come as positions on the screen (from 0) and are stored as original option indexes, so
neither the page nor the traffic shows in which order the author wrote them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from elearn.core.assembly.paper import PaperPart
from elearn.core.errors import Conflict, DomainError
from elearn.core.grading.answers import CHOICES, Answer, original_options, parse_answer
from elearn.core.grading.grade import Place
from elearn.core.questions.model import QuestionType

from .shapes import Shape

MAX_EVENTS: Final = 600
MAX_COUNT: Final = 2**31 - 1
MAX_MS: Final = 10**12
KEYS: Final = frozenset({"event_id", "item", "part", "value", "base", "made_ms", "n"})
_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{8,40}")
_NUMBER = re.compile(r"[0-9]{1,9}")
BROKEN: Final = "保存的内容不完整，请刷新页面再试。"


@dataclass(frozen=True, slots=True)
class AnswerEventIn:
    """One change of one part, in canonical form. `part` counts from 0.

    `base`: the `seq` of the answer this device last knew for the part (0 = none). `made_ms`: exam
    time left at the change, as the device claims. `number`: the device's count of its changes
    (0 = it does not count).
    """

    event_id: str
    item: int
    part: int
    answer: Answer
    base: int = 0
    made_ms: int | None = None
    number: int = 0

    @property
    def says(self) -> tuple[int, int, Answer]:
        """What an event id stands for: a claim made anew does not make it another event."""
        return self.item, self.part, self.answer


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
    """What the server has: nothing is called saved before this was sent. `stands_at`: the clock of
    the attempt stands since then. `news` grows with what the page should fetch."""

    acked: tuple[str, ...]
    seq: int
    saved: int
    server_time: datetime
    deadline: datetime
    stands_at: datetime | None = None
    news: int = 0
    statuses: Mapping[str, str] = field(default_factory=dict)
    conflicts: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def remaining_ms(self) -> int:
        """Exam time left, never negative."""
        left = self.deadline - (self.stands_at or self.server_time)
        return max(0, left // timedelta(milliseconds=1))

    def as_dict(self) -> dict[str, Any]:
        """The JSON reply. `conflicts`: place -> what stands there now; absent when none."""
        reply = {
            "acked": list(self.acked),
            "statuses": dict(self.statuses),
            "seq": self.seq,
            "saved": self.saved,
            "server_time": self.server_time.isoformat(),
            "deadline": self.deadline.isoformat(),
            "remaining_ms": self.remaining_ms,
            "paused": self.stands_at is not None,
            "news": self.news,
        }
        return {**reply, "conflicts": dict(self.conflicts)} if self.conflicts else reply


class LeaseHeld(Conflict):
    """Another device writes; `since` says since when."""

    def __init__(self, since: datetime | None):
        message = "已在另一台设备上继续作答，本页只能查看。要在这里作答，请点“在此设备继续”。"
        super().__init__(message, code="E-LEASE")
        self.since = since


class AnswersRefused(DomainError):
    """`rejected`: event id -> why, so that a client can set these aside and send the rest."""

    def __init__(self, rejected: Mapping[str, str]):
        super().__init__(next(iter(rejected.values())), code="E-ANSWER", fields=rejected)
        self.rejected = dict(rejected)


def check_events(shape: Shape, raw: Any) -> Delivery:
    """Events as sent -> canonical. Raises AnswersRefused, or DomainError for a broken envelope."""
    if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) > MAX_EVENTS:
        raise DomainError(BROKEN, code="E-SHAPE")
    found: dict[str, AnswerEventIn] = {}
    rejected: dict[str, str] = {}
    for entry in raw:
        event_id = _event_id(entry)
        try:
            event = _event(shape, event_id, entry)
        except DomainError as error:
            rejected[event_id] = error.message
            continue
        if found.setdefault(event_id, event).says != event.says:
            raise other_body()
    if rejected:
        raise AnswersRefused(rejected)
    return Delivery(tuple(found.values()))


def other_body() -> DomainError:
    """The answer to an event id used for something else."""
    return DomainError("同一个保存编号用在了不同的答案上。", code="E-EVENT")


def read_device(raw: Any) -> str:
    """The id a browser keeps for itself; "" when it names none. Raises DomainError."""
    if raw is None or raw == "":
        return ""
    if not isinstance(raw, str) or not _EVENT_ID.fullmatch(raw):
        raise DomainError(BROKEN, code="E-SHAPE")
    return raw


def read_flags(shape: Shape, raw: Any) -> list[int] | None:
    """Flagged item numbers, sorted; None when the client says nothing about flags."""
    if raw is None:
        return None
    if not isinstance(raw, list) or not all(_is_int(flag) and flag in shape.items for flag in raw):
        raise DomainError(BROKEN, code="E-SHAPE")
    return sorted(set(raw))


def read_page(shape: Shape, posted: Mapping[str, Sequence[str]]) -> PagePost:
    """Field name -> values, as the form has them. Raises DomainError naming the question.

    `end` is the last field of the form: without it part of the form was lost on the way.
    """
    base = next(iter(posted.get("base", ())), "")
    if not posted.get("end") or not _NUMBER.fullmatch(base):
        raise DomainError(BROKEN, code="E-SHAPE")
    cleared = next(iter(posted.get("clear", ())), "")
    answers: dict[Place, Answer] = {}
    for (item, at), slot in shape.slots.items():
        raw = _posted(slot.part, f"a-{item}-{at}", posted, empty=cleared == str(item))
        try:
            answers[item, at] = canonical_answer(slot.part, raw)
        except DomainError as error:
            raise DomainError(f"第 {item} 题：{error.message}", code=error.code) from None
    numbers = {str(item): item for item in shape.items}
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


def _event(shape: Shape, event_id: str, entry: Mapping[str, Any]) -> AnswerEventIn:
    item, part, made_ms = entry.get("item"), entry.get("part"), entry.get("made_ms")
    base, number = entry.get("base", 0), entry.get("n", 0)
    if entry.keys() - KEYS or not (_is_int(item) and _is_int(part)):
        raise DomainError(BROKEN, code="E-SHAPE")
    if not (_is_count(base) and _is_count(number)) or not (
        made_ms is None or (_is_int(made_ms) and abs(int(made_ms)) < MAX_MS)
    ):
        raise DomainError(BROKEN, code="E-SHAPE")
    place = (int(item or 0), int(part or 0))
    slot = shape.slots.get(place)
    if slot is None:
        raise DomainError("试卷上没有这道题。", code="E-ANSWER")
    answer = canonical_answer(slot.part, entry.get("value"))
    return AnswerEventIn(event_id, *place, answer, base, made_ms, number)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_int(value) and 0 <= value <= MAX_COUNT
