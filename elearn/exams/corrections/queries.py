"""Reading corrections: whose they are, whom they concern, what the preview found."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from elearn.bank.queries import Body, StoredKey, load_bodies, load_keys
from elearn.core.access import Actor, Permission
from elearn.core.errors import NotFound
from elearn.exams.grades.keys import as_correction, corrected_key, corrections_of
from elearn.models import (
    Attempt,
    BlueprintRevision,
    CorrectionState,
    Exam,
    KeyCorrection,
    Person,
    QuestionRevision,
    Regrade,
)

BANDS: Final = 10  # of the score distribution
SHOWN: Final = 200  # people named on one page


@dataclass(frozen=True, slots=True)
class Summary:
    """The preview in numbers. `total` attempts are concerned, `previewed` worked out, `done`
    regraded, `open` not handed in or not graded yet: they will be graded with the new key."""

    total: int
    previewed: int
    done: int
    open: int
    higher: int
    lower: int
    to_pass: int
    to_fail: int

    @property
    def ready(self) -> bool:
        """Everything has been worked out."""
        return self.previewed == self.total


@dataclass(frozen=True, slots=True)
class Flip:
    """Somebody whose result changes; `hours_centi` what it means for the training hours."""

    person: Person
    exam: Exam
    attempt_no: int
    score_before: int
    score_after: int
    passed_after: bool
    hours_centi: int
    months: int | None


@dataclass(frozen=True, slots=True)
class Band:
    """Scores from `low` to `high` percent of full marks: how many before and after."""

    low: int
    high: int
    before: int
    after: int


def corrections_query(actor: Actor) -> Select[KeyCorrection]:
    """Corrections in the actor's subtrees, what waits for a decision first."""
    waiting = case((KeyCorrection.state == CorrectionState.PROPOSED, 0), else_=1)
    return (
        select(KeyCorrection)
        .where(_in_scope(actor))
        .options(
            joinedload(KeyCorrection.revision).joinedload(QuestionRevision.question),
            joinedload(KeyCorrection.exam),
            joinedload(KeyCorrection.proposed_by),
        )
        .order_by(waiting, KeyCorrection.id.desc())
    )


def get_correction(session: Session, *, public_id: str, actor: Actor) -> KeyCorrection:
    """A correction in the actor's scope. Raises NotFound."""
    row = session.scalar(corrections_query(actor).where(KeyCorrection.public_id == public_id))
    if row is None:
        raise NotFound
    return row


def get_revision(session: Session, digest: str) -> QuestionRevision:
    """A question revision by its hash. Raises NotFound."""
    row = session.scalar(
        select(QuestionRevision)
        .where(QuestionRevision.hash == digest)
        .options(joinedload(QuestionRevision.question))
    )
    if row is None:
        raise NotFound("没有这道题。")
    return row


def exams_using(session: Session, digest: str) -> list[Exam]:
    """Exams in which somebody has this revision on the paper, latest first."""
    used = select(Attempt.exam_id).where(uses(digest))
    return list(
        session.scalars(
            select(Exam)
            .where(Exam.id.in_(used))
            .options(joinedload(Exam.org_unit))
            .order_by(Exam.opens_at.desc())
        )
    )


def uses(digest: str) -> ColumnElement[bool]:
    """Attempts with this revision on the paper. A hash is 64 hex digits, no part of anything else."""
    return cast(Attempt.paper, String).contains(digest)


def common_path(paths: Sequence[str]) -> str:
    """The smallest subtree that holds all of them: /1/2/, /1/3/ -> /1/; nothing in common: "/"."""
    split = [path.strip("/").split("/") for path in paths]
    shared = [
        level[0]
        for level in takewhile(lambda level: len(set(level)) == 1, zip(*split, strict=False))
    ]
    return "/" + "".join(f"{part}/" for part in shared)


@dataclass(frozen=True, slots=True)
class Question:
    """The question, its key as it is now in the exam (or as published), and after the change."""

    body: Body
    now: StoredKey
    after: StoredKey


def load_question(session: Session, correction: KeyCorrection) -> Question:
    """What the page shows side by side."""
    digest = correction.revision.hash
    stored = load_keys(session, [digest])[digest]
    earlier = [
        row
        for row in corrections_of(
            session, exam_id=correction.exam_id or 0, hashes=[digest], up_to=correction.no
        ).get(digest, ())
        if row.id != correction.id
    ]
    now = corrected_key(stored, [as_correction(row) for row in earlier])
    after = corrected_key(now, [as_correction(correction)])
    return Question(load_bodies(session, [digest])[digest], now, after)


def summary(session: Session, correction: KeyCorrection) -> Summary:
    """One statement, however many attempts."""

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    row = session.execute(
        select(
            func.count(),
            count(Regrade.previewed.is_(True)),
            count(Regrade.done.is_(True)),
            count(and_(Regrade.previewed, Regrade.score_after.is_(None))),
            count(Regrade.score_after > Regrade.score_before),
            count(Regrade.score_after < Regrade.score_before),
            count(and_(Regrade.passed_after.is_(True), Regrade.passed_before.is_(False))),
            count(and_(Regrade.passed_after.is_(False), Regrade.passed_before.is_(True))),
        ).where(Regrade.correction_id == correction.id)
    ).one()
    return Summary(*row)


def flips(session: Session, correction: KeyCorrection) -> list[Flip]:
    """Who goes from 未合格 to 合格 or back, at most `SHOWN`, those who lose first."""
    rows = session.execute(
        select(Regrade, Attempt.no, Person, Exam, BlueprintRevision.spec)
        .join(Attempt, Attempt.id == Regrade.attempt_id)
        .join(Person, Person.id == Attempt.person_id)
        .join(Exam, Exam.id == Attempt.exam_id)
        .join(BlueprintRevision, BlueprintRevision.id == Exam.blueprint_revision_id)
        .options(joinedload(Person.org_unit))
        .where(
            Regrade.correction_id == correction.id, Regrade.passed_after != Regrade.passed_before
        )
        .order_by(Regrade.passed_after, Person.staff_no)
        .limit(SHOWN)
    )
    return [
        Flip(
            person=person,
            exam=exam,
            attempt_no=no,
            score_before=row.score_before or 0,
            score_after=row.score_after or 0,
            passed_after=bool(row.passed_after),
            hours_centi=spec["hours_centi"] if row.passed_after else -spec["hours_centi"],
            months=spec["validity_months"],
        )
        for row, no, person, exam, spec in rows
    ]


def distribution(session: Session, correction: KeyCorrection) -> list[Band]:
    """Scores in tenths of full marks, before and after."""

    def band(score: InstrumentedAttribute[int | None]) -> ColumnElement[int]:
        # `//` of two integers rounds down on both databases.
        return case((score >= Regrade.full_centi, BANDS - 1), else_=score * BANDS // full)

    full = Regrade.full_centi

    counts: list[dict[int, int]] = []
    for column in (Regrade.score_before, Regrade.score_after):
        at = band(column).label("band")
        query = (
            select(at, func.count())
            .where(Regrade.correction_id == correction.id, Regrade.score_after.is_not(None))
            .group_by(at)
        )
        counts.append({int(number): people for number, people in session.execute(query)})
    step = 100 // BANDS
    return [
        Band(at * step, (at + 1) * step, counts[0].get(at, 0), counts[1].get(at, 0))
        for at in range(BANDS)
    ]


def _in_scope(actor: Actor) -> ColumnElement[bool]:
    roots = actor.roots(Permission.VIEW_CONTENT)
    inside = (KeyCorrection.org_path.startswith(r, autoescape=True) for r in roots)
    return or_(false(), *inside)
