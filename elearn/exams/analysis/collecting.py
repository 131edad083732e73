"""From graded attempts to the columns the statistics are made of. Nothing here remembers who."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import PartState, Place
from elearn.core.statistics.exam import Score
from elearn.core.statistics.responses import NOT_CHOSEN, Response, Responses
from elearn.exams.attempts.queries import current_answers_of
from elearn.models import Exam

from .queries import graded_attempts, item_seconds, other_exposures


@dataclass(slots=True)
class Collected:
    """Scores and responses of the same people, in the same order; `exposures` of all attempts:
    revision hash -> papers that held it."""

    exposures: dict[str, int]
    scores: list[Score] = field(default_factory=list)
    responses: Responses = field(default_factory=Responses)


def collect(session: Session, exam: Exam) -> Collected:
    """Everybody's first attempt with a final grade, read piece by piece.

    Withdrawn parts are left out: everybody has their points, which says nothing about anybody.
    """
    found = Collected(other_exposures(session, exam))
    for piece in graded_attempts(session, exam):
        answers = current_answers_of(session, [attempt.id for attempt in piece])
        seconds = item_seconds(session, piece)
        for attempt in piece:
            found.scores.append(Score(attempt.score_centi, attempt.full_centi, attempt.passed))
            found.responses.add(
                responses_of(attempt.detail, answers[attempt.id], seconds.get(attempt.id, {}))
            )
            for item in attempt.detail["items"]:
                digest = item["revision_hash"]
                found.exposures[digest] = found.exposures.get(digest, 0) + 1
    return found


def responses_of(
    detail: Mapping[str, Any], answers: Mapping[Place, Answer], seconds: Mapping[int, float]
) -> list[Response]:
    """One grade (as `core.grading.Grade.canonical` stores it) as responses."""
    found = []
    for section, item in _with_sections(detail):
        number, parts = item["number"], item["parts"]
        valid = [part for part in parts if part["state"] != PartState.VOID]
        full = sum(part["full_centi"] for part in valid)
        if not full:
            continue
        awarded = sum(part["awarded_centi"] for part in valid)
        found.append(
            Response(
                item=item["revision_hash"],
                share=awarded / full,
                weight=full,
                stratum=section,
                choices=tuple(_chosen(answers.get((number, at))) for at in range(len(parts))),
                seconds=seconds.get(number),
            )
        )
    return found


def _with_sections(detail: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Items in paper order with the section they stand in: a section ends when its points do."""
    sections = iter(detail["sections"])
    name, left = "", 0
    for item in detail["items"]:
        while left <= 0:
            section = next(sections, {"name": name, "full_centi": item["full_centi"]})
            name, left = section["name"], section["full_centi"]
        left -= item["full_centi"]
        yield name, item


def _chosen(answer: Answer | None) -> int:
    """The options chosen as bits; texts are not choices."""
    bits = 0
    for option in answer if isinstance(answer, list) else ():
        if not isinstance(option, int):
            return NOT_CHOSEN
        bits |= 1 << option
    return bits or NOT_CHOSEN
