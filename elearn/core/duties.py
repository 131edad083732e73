"""How far a person is with something assigned, and when it is due, in words."""

from datetime import datetime, tzinfo
from enum import IntFlag, StrEnum
from typing import Final


class DutyState(StrEnum):
    """The state of one person x one assignment; exactly one of them holds.

    DONE: a training record of the course, a passed attempt of the exam. OVERDUE: a course past
    its due time. ABSENT: an exam past its due time or closed, and no paper handed in. FAILED: a
    paper handed in, not passed, and no further try left.
    """

    DONE = "DONE"
    IN_PROGRESS = "IN_PROGRESS"
    NOT_STARTED = "NOT_STARTED"
    OVERDUE = "OVERDUE"
    ABSENT = "ABSENT"
    FAILED = "FAILED"


class Fact(IntFlag):
    """What the tables say about one duty; `duty_state` makes the state of it.

    DONE and STARTED are of courses, the others of exams. TOOK: handed in, or past the deadline.
    PENDING: handed in and not finally graded. USED_UP: no try left. PASSED is by the latest grade.
    """

    DONE = 1
    STARTED = 2
    TOOK = 4
    PASSED = 8
    PENDING = 16
    RUNNING = 32
    USED_UP = 64


COURSE_FACTS: Final = tuple(Fact(bits) for bits in range(4))
EXAM_FACTS: Final = tuple(Fact(bits) for bits in range(0, 128, 4))


def duty_state(facts: Fact, *, is_exam: bool, past_due: bool) -> DutyState:
    """The one rule. Everything else (lists, rates, filters in SQL) asks this function."""
    if not is_exam:
        if Fact.DONE in facts:
            return DutyState.DONE
        if past_due:
            return DutyState.OVERDUE
        return DutyState.IN_PROGRESS if Fact.STARTED in facts else DutyState.NOT_STARTED
    if Fact.PASSED in facts:
        return DutyState.DONE
    if facts & (Fact.PENDING | Fact.RUNNING):
        return DutyState.IN_PROGRESS
    if Fact.TOOK in facts:
        lost = past_due or Fact.USED_UP in facts
        return DutyState.FAILED if lost else DutyState.IN_PROGRESS
    return DutyState.ABSENT if past_due else DutyState.NOT_STARTED


def facts_in_state(state: DutyState, *, is_exam: bool, past_due: bool) -> list[int]:
    """Every combination of facts that makes this state: how SQL asks for it."""
    combinations = EXAM_FACTS if is_exam else COURSE_FACTS
    return [
        int(facts)
        for facts in combinations
        if duty_state(facts, is_exam=is_exam, past_due=past_due) == state
    ]


DUTY_NAMES: Final[dict[DutyState, str]] = {
    DutyState.DONE: "完成",
    DutyState.IN_PROGRESS: "进行中",
    DutyState.NOT_STARTED: "未开始",
    DutyState.OVERDUE: "逾期",
    DutyState.ABSENT: "缺考",
    DutyState.FAILED: "未合格",
}

# For status tags: ok / bad / warn / plain.
DUTY_KINDS: Final[dict[DutyState, str]] = {
    DutyState.DONE: "ok",
    DutyState.IN_PROGRESS: "warn",
    DutyState.NOT_STARTED: "",
    DutyState.OVERDUE: "bad",
    DutyState.ABSENT: "bad",
    DutyState.FAILED: "bad",
}

SOON_DAYS: Final = 7


def days_left(due: datetime, now: datetime, zone: tzinfo) -> int:
    """Calendar days from today to the due day, negative when it has passed."""
    return (due.astimezone(zone).date() - now.astimezone(zone).date()).days


def due_words(due: datetime, now: datetime, zone: tzinfo) -> str:
    """`今天 18:00 截止`, `还有 3 天`, `已逾期 2 天`."""
    days = days_left(due, now, zone)
    if due <= now:
        return f"已逾期 {-days} 天" if days else "今天已过截止时间"
    if days == 0:
        return f"今天 {due.astimezone(zone):%H:%M} 截止"
    return "明天截止" if days == 1 else f"还有 {days} 天"


def is_soon(due: datetime, now: datetime, zone: tzinfo) -> bool:
    """Due within a week: it stands above what was begun and has time."""
    return due > now and days_left(due, now, zone) <= SOON_DAYS
