"""取最高: the result of somebody who sat an exam more than once, derived from the grades."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from elearn.core.assembly.model import Blueprint, Taking
from elearn.core.grading.grade import GradeState
from elearn.core.grading.taking import Taken, Try, take_best
from elearn.models import Attempt, Grade

from .policy import Visible


def taken(
    spec: Blueprint,
    attempts: Iterable[Attempt],
    grades: Mapping[int, Grade],
    seen: Mapping[int, Visible] | None = None,
) -> Taken | None:
    """The try that stands, of one person's attempts at one exam; None where the blueprint takes
    no best one or no try counts yet.

    `grades`: attempt id -> the grade that counts. `seen`: what the reader may see of each attempt;
    a score that is not to be seen is not counted either. None: the reader may see them all.
    """
    if spec.taking is not Taking.BEST:
        return None
    tries = [
        Try(attempt.no, grade.score_centi, grade.full_centi, bool(grade.passed))
        for attempt in attempts
        if (grade := grades.get(attempt.id)) is not None
        and counts(attempt, grade)
        and (seen is None or seen[attempt.id].score)
    ]
    found = take_best(tries)
    return found and with_band(spec, found)


def counts(attempt: Attempt, grade: Grade) -> bool:
    """Settled, final, not annulled."""
    final = grade.state == GradeState.FINAL and attempt.late_until is None
    return final and attempt.voided_at is None


def with_band(spec: Blueprint, found: Taken) -> Taken:
    """The same, with the 等第 of the try that stands."""
    best = found.best
    return replace(found, band=spec.band_of(best.score_centi, passed=best.passed))
