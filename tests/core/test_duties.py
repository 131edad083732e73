"""Deadlines in words, by calendar days of Asia/Shanghai."""

from datetime import UTC, datetime, timedelta

import pytest

from elearn.config import DISPLAY_ZONE
from elearn.core.duties import DUTY_KINDS, DUTY_NAMES, DutyState, due_words, is_soon

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
