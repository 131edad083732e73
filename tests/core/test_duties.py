"""Deadlines in words, by calendar days of Asia/Shanghai."""

from datetime import UTC, datetime, timedelta

import pytest

from elearn.config import DISPLAY_ZONE
from elearn.core.duties import (
    COURSE_FACTS,
    DUTY_KINDS,
    DUTY_NAMES,
    EXAM_FACTS,
    DutyState,
    Fact,
    due_words,
    duty_state,
    facts_in_state,
    is_soon,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai


@pytest.mark.parametrize(
    ("due", "words", "soon"),
    [
        (NOW + timedelta(hours=9), "今天 18:00 截止", True),
        (NOW + timedelta(hours=14, minutes=59), "今天 23:59 截止", True),
        (NOW + timedelta(hours=15), "明天截止", True),
        (NOW + timedelta(days=3), "还有 3 天", True),
        (NOW + timedelta(days=7), "还有 7 天", True),
        (NOW + timedelta(days=8), "还有 8 天", False),
        (NOW, "今天已过截止时间", False),
        (NOW - timedelta(hours=9), "今天已过截止时间", False),
        (NOW - timedelta(hours=9, seconds=1), "已逾期 1 天", False),
        (NOW - timedelta(days=2), "已逾期 2 天", False),
    ],
)
def test_due_words(due: datetime, words: str, *, soon: bool) -> None:
    assert due_words(due, NOW, DISPLAY_ZONE) == words
    assert is_soon(due, NOW, DISPLAY_ZONE) is soon


def test_every_state_has_a_name_and_a_kind() -> None:
    assert set(DUTY_NAMES) == set(DUTY_KINDS) == set(DutyState)


@pytest.mark.parametrize("is_exam", [False, True])
@pytest.mark.parametrize("past_due", [False, True])
def test_every_combination_of_facts_is_in_exactly_one_state(
    *, is_exam: bool, past_due: bool
) -> None:
    listed = [
        facts
        for state in DutyState
        for facts in facts_in_state(state, is_exam=is_exam, past_due=past_due)
    ]
    assert sorted(listed) == [int(facts) for facts in (EXAM_FACTS if is_exam else COURSE_FACTS)]


def test_nothing_is_late_before_it_is_due() -> None:
    for state in (DutyState.OVERDUE, DutyState.ABSENT):
        for is_exam in (False, True):
            assert facts_in_state(state, is_exam=is_exam, past_due=False) == []


def test_courses_are_never_absent_or_failed_and_exams_never_overdue() -> None:
    course = {duty_state(f, is_exam=False, past_due=p) for f in COURSE_FACTS for p in (True, False)}
    exam = {duty_state(f, is_exam=True, past_due=p) for f in EXAM_FACTS for p in (True, False)}
    assert course == set(DutyState) - {DutyState.ABSENT, DutyState.FAILED}
    assert exam == set(DutyState) - {DutyState.OVERDUE}


def test_facts_cover_all_bits() -> None:
    assert len(EXAM_FACTS) * len(COURSE_FACTS) == 2 ** len(Fact)
