"""Is a course completed? Decided on what the server saw itself, and said in one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from elearn.core.lessons.model import CompletionRule

STUDY_DAY_S: Final = 60  # least study that makes a day one of study (学习天数)


@dataclass(frozen=True, slots=True)
class LessonEvidence:
    """What the server saw of one lesson, in course order.

    `visible_seconds` is the sum of `credit_visible_seconds`, never a client's claim.
    """

    code: str
    opened_at: datetime | None = None
    read_to_end: bool = False
    visible_seconds: int = 0
    quiz_required: bool = False
    quiz_passed: bool = False

    @property
    def read(self) -> bool:
        """Opened and seen to the end."""
        return self.opened_at is not None and self.read_to_end

    @property
    def quiz_open(self) -> bool:
        """A required quiz that is not passed yet."""
        return self.quiz_required and not self.quiz_passed


class Missing(StrEnum):
    """What is still to do."""

    READ = "READ"
    TIME = "TIME"
    DAYS = "DAYS"
    QUIZ = "QUIZ"


@dataclass(frozen=True, slots=True)
class Decision:
    """`missing` names (what, lesson code) in the order to do it; TIME and DAYS belong to none."""

    done: bool
    sentence: str
    missing: tuple[tuple[Missing, str | None], ...]


def decide(rule: CompletionRule, evidence: Sequence[LessonEvidence], days: int = 0) -> Decision:
    """Apply version 1 of the completion rule. A course without lessons is never completed.

    `days`: on how many days the server saw study of the course (`is_study_day`).
    """
    required = len(evidence) if rule.lessons is None else min(rule.lessons, len(evidence))
    unread = [lesson.code for lesson in evidence if not lesson.read]
    read = len(evidence) - len(unread)
    seconds = sum(lesson.visible_seconds for lesson in evidence)
    open_quizzes = [at for at, e in enumerate(evidence, start=1) if rule.quiz and e.quiz_open]
    missing: list[tuple[Missing, str | None]] = [
        (Missing.READ, code) for code in unread[: max(0, required - read)]
    ]
    missing += [(Missing.QUIZ, evidence[at - 1].code) for at in open_quizzes]
    if seconds < rule.study_minutes * 60:
        missing.append((Missing.TIME, None))
    if days < rule.study_days:
        missing.append((Missing.DAYS, None))
    sentence = "，".join(
        [
            _read_words(read, len(evidence), required),
            _time_words(seconds, rule.study_minutes),
            *_day_words(days, rule.study_days),
            *_quiz_words(rule, evidence, open_quizzes),
        ]
    )
    return Decision(bool(evidence) and not missing, sentence + "。", tuple(missing))


def is_study_day(seconds: int) -> bool:
    """Does a day with so much study of a course count as one? Opening a page does not."""
    return seconds >= STUDY_DAY_S


def credit_visible_seconds(
    last_beat: datetime | None, now: datetime, opened_at: datetime, cap: int = 30
) -> int:
    """Seconds one heartbeat earns: the time since the one before, at most `cap`, never negative.

    `last_beat` is the person's latest beat on any lesson (None: no beat yet), so parallel pages
    share one clock. The caller keeps `latest_beat(last_beat, now)`; then the seconds of any
    sequence of beats never exceed the time that has passed since `opened_at`.
    """
    since = opened_at if last_beat is None else max(last_beat, opened_at)
    return max(0, min(cap, int((now - since).total_seconds())))


def latest_beat(last_beat: datetime | None, now: datetime) -> datetime:
    """The clock after a beat; it never runs backwards, even when the server's does."""
    return now if last_beat is None else max(last_beat, now)


def _read_words(read: int, total: int, required: int) -> str:
    words = f"已读 {read} / {total} 节"
    return words if required == total else f"{words}（要求 {required} 节）"


def _time_words(seconds: int, minutes: int) -> str:
    words = f"学习 {seconds // 60} 分钟"
    return f"{words}（要求 {minutes} 分钟）" if minutes else words


def _day_words(days: int, required: int) -> list[str]:
    return [f"学了 {days} 天（要求 {required} 天）"] if required else []


def _quiz_words(
    rule: CompletionRule, evidence: Sequence[LessonEvidence], open_quizzes: Sequence[int]
) -> list[str]:
    if not rule.quiz or not any(lesson.quiz_required for lesson in evidence):
        return []
    if not open_quizzes:
        return ["随堂题全部通过"]
    return [f"随堂题还差第 {'、'.join(str(at) for at in open_quizzes)} 节"]
