"""Reading time as the server counts it, and the completion rule in one sentence.

Nobody claims time. Every event the server sees itself (a page opened, a heartbeat, a quiz answered,
a lesson finished) earns the time since the event before it, on one clock per person, within the
bounds below. Reasons: docs/decisions/0003-learning-evidence.md.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from elearn.core.completion import credit_visible_seconds, latest_beat
from elearn.core.lessons.model import CompletionRule

BEAT_EVERY_S: Final = 15
BEAT_CAP_S: Final = 30


class ClockMode(StrEnum):
    """How the time since the last event counts."""

    PAGE = "PAGE"  # a page was opened and has sent no heartbeat: no scripts, as far as one can see
    BEAT = "BEAT"  # a visible page sends heartbeats; a gap means nobody was looking
    AWAY = "AWAY"  # the page said that it was hidden


@dataclass(frozen=True, slots=True)
class Earned:
    """Whole seconds for the lesson, and the clock afterwards (the fraction stays on the clock)."""

    seconds: int
    clock: datetime


def earn(
    *,
    mode: ClockMode,
    last: datetime,
    now: datetime,
    opened_at: datetime,
    minutes: int,
    counted: int,
) -> Earned:
    """What one event earns for a lesson of `minutes` that has `counted` seconds so far.

    A lesson never counts more than the minutes it declares, so one page left open cannot carry a
    course; together with the shared clock the sum never exceeds wall time.
    """
    room = max(0, minutes * 60 - counted)
    cap = {ClockMode.PAGE: room, ClockMode.BEAT: min(BEAT_CAP_S, room), ClockMode.AWAY: 0}[mode]
    since = max(last, opened_at)
    seconds = credit_visible_seconds(last, now, opened_at, cap)
    used_up = seconds == cap
    return Earned(
        seconds, latest_beat(last, now if used_up else since + timedelta(seconds=seconds))
    )


def rule_sentence(rule: CompletionRule, lessons: int, *, quizzes: bool) -> str:
    """「读完全部 5 节、学习满 20 分钟、答对必答的随堂题，即为完成。」"""
    required = lessons if rule.lessons is None else min(rule.lessons, lessons)
    parts = [f"读完全部 {lessons} 节" if required == lessons else f"读完任意 {required} 节"]
    if rule.study_minutes:
        parts.append(f"学习满 {rule.study_minutes} 分钟")
    if rule.study_days:
        parts.append(f"分在不同的 {rule.study_days} 天里学")
    if rule.quiz and quizzes:
        parts.append("答对必答的随堂题")
    return "、".join(parts) + "，即为完成。"
