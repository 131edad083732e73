"""Sitting an exam: start, paper, saving, handing in, result; and the draw alone."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import func, select

from bench.measure import WARM, Cost, Job, Unexpected
from bench.operations.catalogue import Operation
from bench.visitor import Visitor, sign_in_all
from bench.world import Lab, World, utcnow
from elearn import db
from elearn.bank.queries import KeyPart, load_keys
from elearn.core.assembly.paper import PaperPart, paper_from_canonical
from elearn.core.grading.answers import CHOICES, shown_options
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.papers import draw_paper
from elearn.exams.attempts.services import save_answers, start_attempt
from elearn.exams.blueprints.queries import read_spec
from elearn.models import Attempt, AttemptState, Exam, Grade, Person

BLUEPRINTS: Final = {50: "law-study-50", 80: "integrity-80"}
COUNT: Final = 40
SAVES_EACH: Final = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A browser, its attempt, and the right answers not saved yet."""

    visitor: Visitor
    attempt: str
    open_events: list[dict[str, Any]]


def measure_start(items: int, lab: Lab) -> Cost:
    """From the button to the redirect: the sealed paper opened, stored, committed."""
    return _measure_start(lab.world, lab.world.sealed_exam(BLUEPRINTS[items]))


def measure_drawn_start(items: int, lab: Lab) -> Cost:
    """The same in an exam nobody sealed papers for: drawn from the bank as it is now."""
    return _measure_start(lab.world, lab.world.exam(BLUEPRINTS[items]))


def _measure_start(world: World, exam: Exam) -> Cost:
    path = world.address("exams.start", public_id=exam.public_id)
    visitors = world.visitors(COUNT + WARM)
    return world.meter.measure([_start(visitor, path) for visitor in visitors])


def measure_page(items: int, lab: Lab) -> Cost:
    """The paper with four of five questions answered."""
    world = lab.world
    jobs = [
        each.visitor.get(world.address("exams.take", public_id=each.attempt), needle="<form")
        for each in _candidates(world, items, COUNT + WARM, answered=items * 4 // 5)
    ]
    return world.meter.measure(jobs)


def measure_save(lab: Lab) -> Cost:
    """One answer, when forty of the fifty are there already."""
    world = lab.world
    jobs = [
        each.visitor.post(
            world.address("exams.save", public_id=each.attempt),
            json={"events": [event]},
            accept="application/json",
            expect=200,
            needle=event["event_id"],
        )
        for each in _candidates(world, 50, COUNT // 2, answered=50 - SAVES_EACH)
        for event in each.open_events
    ]
    return world.meter.measure(jobs)


def measure_submit(items: int, lab: Lab) -> Cost:
    """Handing in a paper with every question answered: closed, graded, recorded."""
    world = lab.world
    candidates = _candidates(world, items, COUNT + WARM, answered=items)
    cost = world.meter.measure([_submit(world, each) for each in candidates])
    _require_graded(world, [each.attempt for each in candidates])
    return cost


def measure_result(items: int, lab: Lab) -> Cost:
    """Score and the whole review with explanations."""
    world = lab.world
    candidates = _candidates(world, items, COUNT + WARM, answered=items)
    for each in candidates:
        job = _submit(world, each)
        job.check(job.run())
    jobs = [
        each.visitor.get(world.address("exams.result", public_id=each.attempt))
        for each in candidates
    ]
    return world.meter.measure(jobs)


def measure_draw(lab: Lab) -> Cost:
    """A paper from the bank as it is, as `start` does it: bank read, plan remembered."""
    world = lab.world
    with db.new_session(world.engine, write=False) as work:
        exam = work.merge(world.exam(BLUEPRINTS[80]), load=False)
        blueprint = read_spec(work.get_one(Exam, exam.id).blueprint_revision)
        jobs = [
            Job(partial(draw_paper, work, blueprint=blueprint, seed=f"{number:032x}"), _check_paper)
            for number in range(200 + WARM)
        ]
        return world.meter.measure(jobs)


def _start(visitor: Visitor, path: str) -> Job:
    return visitor.post(path, data={"agreed": "1"}, needle="/attempts/")


def _submit(world: World, candidate: Candidate) -> Job:
    path = world.address("exams.submit", public_id=candidate.attempt)
    return candidate.visitor.post(path, needle="/result")


def _candidates(world: World, items: int, count: int, *, answered: int) -> list[Candidate]:
    """Attempts under way, made by the services."""
    exam = world.exam(BLUEPRINTS[items])
    ids = world.take(count)
    visitors = sign_in_all(world.app, world.engine, ids)
    return [
        Candidate(visitor, *_sit(world, exam, person_id, answered))
        for visitor, person_id in zip(visitors, ids, strict=True)
    ]


def _sit(
    world: World, exam: Exam, person_id: int, answered: int
) -> tuple[str, list[dict[str, Any]]]:
    """Start and save the first `answered` answers; (attempt, events left)."""
    now = utcnow()
    with db.transaction(world.engine) as work:
        attempt = start_attempt(
            work,
            exam=work.get_one(Exam, exam.id),
            person=work.get_one(Person, person_id),
            now=now,
            seed=f"{person_id:032x}",
        )
        paper = paper_from_canonical(attempt.paper)
        keys = load_keys(work, [item.revision_hash for item in paper.items])
        events = [
            {
                "event_id": f"bench-{item.number}-{at}",
                "item": item.number,
                "part": at,
                "value": _right(part, keys[item.revision_hash].parts[at]),
            }
            for item in paper.items
            for at, part in enumerate(item.parts)
        ]
        save_answers(work, attempt=attempt, events=events[:answered], now=now)
        return attempt.public_id, events[answered:]


def _right(part: PaperPart, key: KeyPart) -> list[int] | list[str] | str:
    if part.type in CHOICES:
        return shown_options(part, key.key)
    if part.type is QuestionType.BLANK:
        return [accepted[0] for accepted in key.blanks]
    return "先报告，再按规定办。"


def _require_graded(world: World, attempts: list[str]) -> None:
    query = (
        select(func.count())
        .select_from(Grade)
        .join(Attempt, Attempt.id == Grade.attempt_id)
        .where(
            Attempt.public_id.in_(attempts),
            Attempt.state == AttemptState.SUBMITTED,
            Grade.passed.is_(True),
        )
    )
    with db.new_session(world.engine, write=False) as work:
        graded = work.scalar(query)
    if graded != len(attempts):
        raise Unexpected(f"{graded} of {len(attempts)} attempts are graded and passed")


def _check_paper(drawn: Any) -> None:
    paper, _ = drawn
    count = sum(1 for _ in paper.items)
    if count != 80:
        raise Unexpected(f"a paper of {count} items")


OPERATIONS: Final = (
    *(Operation(f"exam start ({n})", partial(measure_start, n)) for n in BLUEPRINTS),
    Operation("exam start, drawn now (50)", partial(measure_drawn_start, 50)),
    Operation("answer save", measure_save),
    *(Operation(f"exam page ({n})", partial(measure_page, n)) for n in BLUEPRINTS),
    *(Operation(f"submit ({n})", partial(measure_submit, n)) for n in BLUEPRINTS),
    *(Operation(f"result page ({n})", partial(measure_result, n)) for n in BLUEPRINTS),
    Operation("draw integrity-80", measure_draw),
)
