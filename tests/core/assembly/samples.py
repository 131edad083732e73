"""Small pools and blueprints, all defaults overridable."""

import hashlib
from typing import Any

from elearn.core.assembly.model import Blueprint, Section
from elearn.core.assembly.pool import PoolItem, PoolPart
from elearn.core.questions.model import QuestionType


def make_item(code: str, kind: QuestionType = QuestionType.SINGLE, **values: Any) -> PoolItem:
    """A four-option question of LAW-01, difficulty 3, unless told otherwise."""
    if kind is QuestionType.TRUE_FALSE:
        parts = (PoolPart(kind, options=2),)
    elif kind in (QuestionType.BLANK, QuestionType.SHORT_ANSWER):
        parts = (PoolPart(kind, blanks=2 if kind is QuestionType.BLANK else 0),)
    elif kind is QuestionType.CASE:
        parts = (PoolPart(QuestionType.SINGLE, 4), PoolPart(QuestionType.MULTI, 5))
    else:
        parts = (PoolPart(kind, options=4),)
    defaults = {"topic": "LAW-01", "difficulty": 3, "parts": parts}
    digest = hashlib.sha256(code.encode()).hexdigest()
    return PoolItem(revision_hash=digest, code=code, type=kind, **{**defaults, **values})


def make_section(name: str = "单选题", **values: Any) -> Section:
    """Two single-choice questions worth a point each."""
    defaults = {"type": QuestionType.SINGLE, "count": 2, "points_centi": 100}
    return Section(name=name, **{**defaults, **values})


def make_blueprint(*sections: Section, **values: Any) -> Blueprint:
    """50 minutes, passed with the first point."""
    defaults = {"code": "test-1", "title": "测试", "duration_s": 3000, "pass_centi": 1}
    return Blueprint(sections=sections, **{**defaults, **values})


def mixed_pool() -> list[PoolItem]:
    """Ten questions of every type, over two topics and five difficulties."""
    return [
        make_item(
            f"{kind.value}-{number:02}",
            kind,
            topic="LAW-01" if number % 2 else "DIS-04",
            difficulty=number % 5 + 1,
            laws=("监察法",) if number % 2 else ("纪律处分条例",),
        )
        for kind in QuestionType
        for number in range(10)
    ]


def mixed_blueprint() -> Blueprint:
    """Every type, two overlapping sections of single choice, a case split over two parts."""
    return make_blueprint(
        make_section("监察法", count=3, laws=("监察法",)),
        make_section("单选题", count=4, points_centi=150),
        make_section("判断题", type=QuestionType.TRUE_FALSE, count=4),
        make_section("多选题", type=QuestionType.MULTI, count=4, points_centi=200),
        make_section("填空题", type=QuestionType.BLANK, count=2),
        make_section("简答题", type=QuestionType.SHORT_ANSWER, count=2, points_centi=1000),
        make_section("案例题", type=QuestionType.CASE, count=2, points_centi=1001),
    )
