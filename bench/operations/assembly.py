"""Drawing papers from a bank of 5,000: no database, the rules alone."""

import importlib
from functools import cache, partial
from typing import Any, Final

from bench.measure import WARM, Cost, Job, Missing, Unexpected
from bench.operations.catalogue import Operation
from bench.world import Lab
from elearn.core.assembly.draw import plan_draw
from elearn.core.assembly.model import Blueprint, MultiScoring, ReviewPolicy, Section
from elearn.core.assembly.pool import PoolItem, pool_of
from elearn.core.questions.model import Citation, Part, Question, QuestionType

BANK: Final = 5_000
FORMS: Final = 20
DRAWS: Final = 100
LENGTH: Final = 50
SECTIONS: Final = (
    (QuestionType.SINGLE, 25),
    (QuestionType.MULTI, 15),
    (QuestionType.TRUE_FALSE, 10),
)


def measure_draw(lab: Lab) -> Cost:
    """One person's paper, the plan remembered."""
    plan = plan_draw(_pool(), _blueprint())
    jobs = [Job(partial(plan.draw, f"{seed:032x}"), _check) for seed in range(DRAWS + WARM)]
    return lab.world.meter.measure(jobs)


def measure_forms(lab: Lab) -> Cost:
    """Twenty parallel forms of one exam."""
    try:
        forms: Any = importlib.import_module("elearn.core.assembly.forms")
    except ModuleNotFoundError:
        raise Missing("parallel forms are not built yet (elearn.core.assembly.forms)") from None
    plan = plan_draw(_pool(), _blueprint())
    jobs = [
        Job(partial(forms.assemble_forms, plan, f"{seed:032x}", FORMS), _check_forms)
        for seed in range(3)
    ]
    return lab.world.meter.measure(jobs, warm=1)


@cache
def _pool() -> list[PoolItem]:
    """Types in turn, ten topics, five difficulties."""
    kinds = [kind for kind, _ in SECTIONS]
    return pool_of(_question(number, kinds[number % len(kinds)]) for number in range(BANK))


def _question(number: int, kind: QuestionType) -> Question:
    options = ("对", "错") if kind is QuestionType.TRUE_FALSE else tuple("甲乙丙丁")
    key = (0, 1) if kind is QuestionType.MULTI else (0,)
    return Question(
        code=f"B-{number:05d}",
        type=kind,
        topic=f"DIS-{number % 10 + 1:02d}",
        difficulty=number % 5 + 1,
        citations=(Citation("监察法", "2024-12-25", "46"),),
        explanation="",
        stem="",
        parts=(Part(type=kind, stem=f"第 {number} 题", options=options, key=key),),
    )


def _blueprint() -> Blueprint:
    return Blueprint(
        code="bench",
        title="bench",
        sections=tuple(Section(kind.value, kind, count, 200) for kind, count in SECTIONS),
        duration_s=3600,
        pass_centi=6000,
        multi_scoring=MultiScoring.ALL_OR_NOTHING,
        review=ReviewPolicy.AFTER_CLOSE,
        hours_centi=100,
        validity_months=12,
    )


def _check(paper: Any) -> None:
    if paper.question_count != LENGTH:
        raise Unexpected(f"a paper of {paper.question_count} items")


def _check_forms(found: Any) -> None:
    """Goal: expected scores within 0.5 % of each other."""
    if len(found.papers) != FORMS:
        raise Unexpected(f"{len(found.papers)} forms")
    if found.spread * 200 > max(found.expected):
        raise Unexpected(f"expected scores {found.spread} apart of {max(found.expected)}")


OPERATIONS: Final = (
    Operation(f"draw {LENGTH} of {BANK:,}", measure_draw),
    Operation(f"{FORMS} forms of {LENGTH} from {BANK:,}", measure_forms),
)
