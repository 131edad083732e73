"""Cost and quality of drawing: `python -m bench.papers` prints one table.

A bank of 5,000 questions (types 50/30/20, five difficulties, four laws), papers of 50, full marks
100. CPU of this process alone; nothing is stored.
"""

import dataclasses
import hashlib
import time
from collections.abc import Callable
from typing import Any, Final

from elearn.core.assembly.constraints import Balance, Quota
from elearn.core.assembly.draw import plan_draw
from elearn.core.assembly.forms import assemble_forms
from elearn.core.assembly.model import Blueprint, Section
from elearn.core.assembly.pool import PoolItem, PoolPart
from elearn.core.assembly.simulation import simulate
from elearn.core.questions.model import QuestionType

SIZE: Final = 5000
DRAWS: Final = 300
FORMS: Final = 20
_T = QuestionType
_TYPES: Final = (_T.SINGLE,) * 5 + (_T.MULTI,) * 3 + (_T.TRUE_FALSE,) * 2
_LAWS: Final = ("监察法", "刑法", "公务员法", "纪律处分条例")


def bank() -> list[PoolItem]:
    """The same bank every time."""
    return [
        PoolItem(
            revision_hash=hashlib.sha256(str(n).encode()).hexdigest(),
            code=f"Q{n:05}",
            type=_TYPES[n % 10],
            topic="LAW-01",
            difficulty=n // 10 % 5 + 1,
            parts=(PoolPart(_TYPES[n % 10], 2 if _TYPES[n % 10] is _T.TRUE_FALSE else 4),),
            laws=(_LAWS[n // 50 % 4],),
        )
        for n in range(SIZE)
    ]


def blueprint() -> Blueprint:
    """Quotas of difficulty and law, a target with half a point to either side."""
    quotas = (Quota(8, 12, difficulty=(1, 2)), Quota(5, None, laws=("监察法",)))
    return Blueprint(
        code="bench",
        title="bench",
        duration_s=3600,
        pass_centi=6000,
        sections=(
            Section("单选", _T.SINGLE, 25, 200, quotas=quotas),
            Section("多选", _T.MULTI, 15, 200),
            Section("判断", _T.TRUE_FALSE, 10, 200),
        ),
        balance=Balance(target_centi=6500, tolerance_centi=50),
    )


def main() -> None:
    """Measure and print."""
    asked = blueprint()
    plain = dataclasses.replace(
        asked,
        balance=Balance(),
        sections=tuple(dataclasses.replace(s, quotas=()) for s in asked.sections),
    )
    pool = bank()
    print(f"| {SIZE} questions, papers of {asked.question_count} | CPU | result |\n|---|---|---|")
    plan, cpu = timed(lambda: plan_draw(pool, asked))
    row("plan (once per bank and blueprint)", f"{cpu * 1000:.0f} ms", "")
    free = plan_draw(pool, plain)
    for name, one in (("individual draw, nothing asked", free), ("quotas and target", plan)):
        _, cpu = timed(lambda one=one: [one.draw(f"x{n}") for n in range(DRAWS)])  # type: ignore[misc]
        row(name, f"{cpu * 1000 / DRAWS:.2f} ms", f"mean of {DRAWS}")
    for name, one in (("nothing asked", free), ("quotas and target", plan)):
        forms, cpu = timed(lambda one=one: assemble_forms(one, "bench", FORMS))  # type: ignore[misc]
        percent = forms.spread / (asked.total_centi * 10)
        words = (
            f"expected scores within {percent:.2f} % of full marks, {max(forms.overlaps)} shared"
        )
        row(f"{FORMS} parallel forms, {name}", f"{cpu * 1000:.0f} ms", words)
    report, cpu = timed(lambda: simulate(plan))
    words = f"{report.low / 100:.2f}–{report.high / 100:.2f} points, {report.failed} failed"
    row("simulation of 1,000 papers", f"{cpu:.2f} s", words)


def timed(job: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the CPU seconds of it."""
    started = time.process_time()
    result = job()
    return result, time.process_time() - started


def row(*cells: str) -> None:
    """One line of the table."""
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
