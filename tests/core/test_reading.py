"""Reading time: what events earn, and that no sequence of them earns more than there was."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.lessons.model import CompletionRule
from elearn.core.reading import ClockMode, earn, rule_sentence

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def earned(mode: ClockMode, seconds: float, *, minutes: int = 8, counted: int = 0) -> int:
    result = earn(
        mode=mode, last=T0, now=after(seconds), opened_at=T0, minutes=minutes, counted=counted
    )
    return result.seconds


def test_beat_earns_the_time_since_the_last_one() -> None:
    assert earned(ClockMode.BEAT, 15) == 15


def test_beat_after_a_gap_earns_at_most_thirty_seconds() -> None:
    assert earned(ClockMode.BEAT, 3600) == 30


def test_page_without_scripts_earns_the_time_on_it() -> None:
    assert earned(ClockMode.PAGE, 300) == 300


def test_page_without_scripts_earns_at_most_the_minutes_of_the_lesson() -> None:
    assert earned(ClockMode.PAGE, 3600) == 480


def test_lesson_never_counts_more_than_its_minutes() -> None:
    assert earned(ClockMode.BEAT, 15, counted=470) == 10
    assert earned(ClockMode.PAGE, 300, counted=480) == 0


def test_lesson_that_became_shorter_earns_nothing_and_takes_nothing() -> None:
    assert earned(ClockMode.PAGE, 60, minutes=5, counted=480) == 0


def test_hidden_page_earns_nothing() -> None:
    assert earned(ClockMode.AWAY, 3600) == 0


def test_clock_running_backwards_earns_nothing_and_stays() -> None:
    result = earn(mode=ClockMode.BEAT, last=T0, now=after(-60), opened_at=T0, minutes=8, counted=0)
    assert (result.seconds, result.clock) == (0, T0)


def test_time_before_the_lesson_was_opened_is_not_its_own() -> None:
    result = earn(
        mode=ClockMode.PAGE, last=T0, now=after(100), opened_at=after(90), minutes=8, counted=0
    )
    assert result.seconds == 10


def test_fractions_of_seconds_are_not_lost() -> None:
    clock, total = T0, 0
    for beat in range(1, 101):
        result = earn(
            mode=ClockMode.BEAT,
            last=clock,
            now=after(beat * 15.7),
            opened_at=T0,
            minutes=60,
            counted=total,
        )
        clock, total = result.clock, total + result.seconds
    assert total == 1570


def test_many_beats_a_second_earn_no_more_than_one() -> None:
    """Sixteen times as many heartbeats are worth the same minute."""
    clock, total = T0, 0
    for beat in range(1, 961):
        result = earn(
            mode=ClockMode.BEAT,
            last=clock,
            now=after(beat / 16),
            opened_at=T0,
            minutes=60,
            counted=total,
        )
        clock, total = result.clock, total + result.seconds
    assert total == 60


EVENTS = st.lists(
    st.tuples(
        st.floats(min_value=-50, max_value=2000),  # steps of the server's clock
        st.sampled_from(list(ClockMode)),
        st.integers(min_value=0, max_value=2),  # which lesson
    ),
    max_size=60,
)


@given(EVENTS)
def test_sum_over_any_events_never_exceeds_wall_time_or_the_minutes(
    events: list[tuple[float, ClockMode, int]],
) -> None:
    now = clock = latest = T0
    mode = ClockMode.PAGE
    counted = [0, 0, 0]
    for step, following, lesson in events:
        now += timedelta(seconds=step)
        latest = max(latest, now)
        result = earn(
            mode=mode, last=clock, now=now, opened_at=T0, minutes=3, counted=counted[lesson]
        )
        assert result.seconds >= 0
        assert result.clock >= clock
        counted[lesson] += result.seconds
        clock, mode = result.clock, following
    assert sum(counted) <= (latest - T0).total_seconds()
    assert max(counted) <= 180


@pytest.mark.parametrize(
    ("rule", "quizzes", "sentence"),
    [
        (
            CompletionRule(None, 20, True),
            True,
            "读完全部 5 节、学习满 20 分钟、答对必答的随堂题，即为完成。",
        ),
        (CompletionRule(3, 0, True), True, "读完任意 3 节、答对必答的随堂题，即为完成。"),
        (CompletionRule(5, 20, False), True, "读完全部 5 节、学习满 20 分钟，即为完成。"),
        (CompletionRule(9, 0, True), False, "读完全部 5 节，即为完成。"),
    ],
)
def test_rule_sentence(rule: CompletionRule, quizzes: bool, sentence: str) -> None:  # noqa: FBT001
    assert rule_sentence(rule, 5, quizzes=quizzes) == sentence
