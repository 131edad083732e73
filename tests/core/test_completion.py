from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.completion import (
    LessonEvidence,
    Missing,
    credit_visible_seconds,
    decide,
    latest_beat,
)
from elearn.core.lessons.model import CompletionRule

OPENED = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
RULE = CompletionRule(lessons=None, study_minutes=20, quiz=True)


def course(read: int, total: int = 5, seconds: int = 0) -> list[LessonEvidence]:
    """`total` lessons, the first `read` of them read and their quiz passed."""
    return [
        LessonEvidence(
            code=f"l{n}",
            opened_at=OPENED if n <= read else None,
            read_to_end=n <= read,
            visible_seconds=seconds if n == 1 else 0,
            quiz_required=True,
            quiz_passed=n <= read,
        )
        for n in range(1, total + 1)
    ]


def test_decide_done() -> None:
    decision = decide(RULE, course(5, seconds=1200))
    assert decision.done
    assert decision.missing == ()
    assert decision.sentence == "已读 5 / 5 节，学习 20 分钟（要求 20 分钟），随堂题全部通过。"


def test_decide_says_what_is_missing_in_the_order_to_do_it() -> None:
    evidence = course(3, seconds=779)
    evidence[4] = replace(evidence[4], quiz_passed=True)
    decision = decide(RULE, evidence)
    assert not decision.done
    assert decision.sentence == ("已读 3 / 5 节，学习 12 分钟（要求 20 分钟），随堂题还差第 4 节。")
    assert decision.missing == (
        (Missing.READ, "l4"),
        (Missing.READ, "l5"),
        (Missing.QUIZ, "l4"),
        (Missing.TIME, None),
    )


def test_decide_names_every_open_quiz() -> None:
    evidence = [replace(lesson, quiz_passed=False) for lesson in course(5, seconds=9999)]
    decision = decide(RULE, evidence)
    assert decision.sentence.endswith("随堂题还差第 1、2、3、4、5 节。")
    assert decision.missing == tuple((Missing.QUIZ, f"l{n}") for n in range(1, 6))


def test_decide_a_second_short_is_not_done() -> None:
    decision = decide(RULE, course(5, seconds=1199))
    assert decision.missing == ((Missing.TIME, None),)
    assert "学习 19 分钟（要求 20 分钟）" in decision.sentence


def test_decide_opening_without_reading_to_the_end_does_not_count() -> None:
    evidence = course(5, seconds=1200)
    evidence[1] = replace(evidence[1], read_to_end=False)
    evidence[2] = replace(evidence[2], opened_at=None)
    assert decide(RULE, evidence).missing == ((Missing.READ, "l2"), (Missing.READ, "l3"))


def test_decide_some_lessons_are_enough_when_the_rule_says_so() -> None:
    rule = CompletionRule(lessons=3, study_minutes=0, quiz=False)
    assert decide(rule, course(3)).done
    decision = decide(rule, course(2))
    assert decision.sentence == "已读 2 / 5 节（要求 3 节），学习 0 分钟。"
    assert decision.missing == ((Missing.READ, "l3"),)


def test_decide_a_rule_never_asks_for_more_lessons_than_there_are() -> None:
    assert decide(CompletionRule(lessons=9), course(5)).done


def test_decide_quizzes_that_are_not_required_do_not_matter() -> None:
    evidence = [
        replace(lesson, quiz_required=False, quiz_passed=False)
        for lesson in course(5, seconds=1200)
    ]
    decision = decide(RULE, evidence)
    assert decision.done
    assert "随堂题" not in decision.sentence
    unasked = [replace(lesson, quiz_passed=False) for lesson in course(5, seconds=1200)]
    assert decide(replace(RULE, quiz=False), unasked).done


def test_decide_a_course_without_lessons_is_never_done() -> None:
    assert not decide(CompletionRule(), []).done


@given(
    st.integers(0, 5),
    st.integers(0, 3000),
    st.one_of(st.none(), st.integers(1, 5)),
    st.integers(0, 50),
    st.booleans(),
)
def test_decide_done_iff_nothing_is_missing(
    read: int,
    seconds: int,
    lessons: int | None,
    minutes: int,
    quiz: bool,  # noqa: FBT001 - drawn
) -> None:
    rule = CompletionRule(lessons, minutes, quiz)
    decision = decide(rule, course(read, seconds=seconds))
    assert decision.done == (not decision.missing)
    enough = read >= (5 if lessons is None else lessons)
    assert decision.done == (enough and seconds >= minutes * 60 and (read == 5 or not quiz))


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [(None, 12, 12), (None, 500, 30), (100, 112.9, 12), (100, 100, 0), (100, 90, 0), (-50, 10, 10)],
)
def test_credit_visible_seconds(last: float | None, now: float, expected: int) -> None:
    last_beat = None if last is None else OPENED + timedelta(seconds=last)
    assert credit_visible_seconds(last_beat, OPENED + timedelta(seconds=now), OPENED) == expected


def test_credit_visible_seconds_has_its_cap() -> None:
    now = OPENED + timedelta(seconds=500)
    assert credit_visible_seconds(None, now, OPENED, cap=45) == 45


@given(
    st.one_of(
        st.lists(st.floats(-100, 4000, allow_nan=False), min_size=1, max_size=40),
        st.lists(st.integers(-20, 60), min_size=1, max_size=40),
    ),
    st.integers(1, 120),
)
def test_credited_seconds_never_exceed_wall_time(offsets: list[float], cap: int) -> None:
    """Any beats, in any order, even with a clock that jumps back."""
    clock: datetime | None = None
    credited = 0
    for offset in offsets:
        now = OPENED + timedelta(seconds=offset)
        seconds = credit_visible_seconds(clock, now, OPENED, cap)
        assert 0 <= seconds <= cap
        credited += seconds
        clock = latest_beat(clock, now)
    assert credited <= max(0.0, *offsets, 0.0)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_regular_beats_are_credited_in_full(gaps: list[int]) -> None:
    clock, now, credited = None, OPENED, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        credited += credit_visible_seconds(clock, now, OPENED)
        clock = latest_beat(clock, now)
    assert credited == sum(gaps)
