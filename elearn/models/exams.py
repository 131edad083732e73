"""Blueprints, exams, papers, attempts, answer events, grades, marks."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .people import OrgUnit, Person


class ReviewPolicy(StrEnum):
    """When a candidate may see what. Nothing about keys before the attempt is closed, ever."""

    SCORE_ONLY = "SCORE_ONLY"  # score after grading, no questions
    AFTER_CLOSE = "AFTER_CLOSE"  # score at once; questions, keys, explanations after the window
    AT_ONCE = "AT_ONCE"  # everything as soon as the own attempt is graded
    HIDDEN = "HIDDEN"  # nothing until the examiner releases


class LeaveRule(StrEnum):
    """What happens when a candidate leaves the page. There is no rule that fails anybody."""

    RECORD = "RECORD"  # recorded, shown to the candidate and on the board
    REMIND = "REMIND"  # and the page reminds the candidate on return
    NOTIFY = "NOTIFY"  # and from the nth time on the board puts the person forward


class AttemptState(StrEnum):
    """IN_PROGRESS -> SUBMITTED, once."""

    IN_PROGRESS = "IN_PROGRESS"
    SUBMITTED = "SUBMITTED"


class ClosedBy(StrEnum):
    """Who ended the attempt."""

    CANDIDATE = "CANDIDATE"
    DEADLINE = "DEADLINE"
    EXAMINER = "EXAMINER"


class EventStatus(StrEnum):
    """What an answer event is worth, judged once, when it arrived (docs/decisions/0005)."""

    COUNTED = "COUNTED"  # in time
    LATE = "LATE"  # made before the deadline, delivered inside the late-sync window: counts
    HELD = "HELD"  # kept, not scored until an examiner decides
    CONFLICT = "CONFLICT"  # somebody else's newer answer stood; kept, never counts


class BlueprintRow(Base):
    """A blueprint (组卷规则) by its code."""

    __tablename__ = "blueprint"

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(60), unique=True)
    current_revision_id: Mapped[int | None] = mapped_column(
        bigref, ForeignKey("blueprint_revision.id", use_alter=True)
    )
    active: Mapped[bool] = mapped_column(default=True)

    current: Mapped["BlueprintRevision | None"] = relationship(foreign_keys=[current_revision_id])


class BlueprintRevision(Base):
    """Immutable. `spec` is `Blueprint.canonical()`; a process remembers what it read of it
    (`blueprints.queries.read_spec`), so it is fetched only when asked for."""

    __tablename__ = "blueprint_revision"

    id: Mapped[intpk]
    blueprint_id: Mapped[int] = mapped_column(bigref, ForeignKey("blueprint.id"))
    hash: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    spec: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    created_at: Mapped[datetime]

    blueprint: Mapped[BlueprintRow] = relationship(foreign_keys=[blueprint_id])

    __table_args__ = (UniqueConstraint("blueprint_id", "hash"),)


class Exam(Base):
    """A scheduled exam: a blueprint revision, a window, an audience.

    The audience is the subtree of `org_unit` narrowed by `ranks` (`|`-separated with leading and
    trailing `|`, "" = all) unless `listed_only`, when only `ExamCandidate` rows may sit.

    `retimed`: somebody changed the time of somebody. `extended_s`: seconds added for everybody.
    `paused_at`: the whole exam stands since then; `open_pauses` counts every pause in force.
    `last_deadline_at`: the latest deadline given out when it is later than `closes_at`.
    `ip_ranges`: one CIDR a line, "" = from anywhere; `room_code`: "" = none asked.
    """

    __tablename__ = "exam"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    title: Mapped[str] = mapped_column(String(200))
    blueprint_revision_id: Mapped[int] = mapped_column(bigref, ForeignKey("blueprint_revision.id"))
    org_unit_id: Mapped[int] = mapped_column(bigref, ForeignKey("org_unit.id"))
    ranks: Mapped[str] = mapped_column(String(500), default="")
    listed_only: Mapped[bool] = mapped_column(default=False)
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    duration_s: Mapped[int]
    attempts_max: Mapped[int]
    review_policy: Mapped[ReviewPolicy] = mapped_column(String(20))
    results_released_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    # A make-up of another exam (`ExamMakeup`): its papers avoid what the person has seen.
    is_makeup: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Days between handing in and the next try; how many make-ups the exam may get.
    cooldown_days: Mapped[int] = mapped_column(default=0, server_default="0")
    makeups_max: Mapped[int] = mapped_column(default=1, server_default="1")
    # Online hours of the year needed to sit it, in hundredths; None: none.
    entry_centi: Mapped[int | None]
    created_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    created_at: Mapped[datetime]
    # Time (exams/timing): kept beside the `time_change` rows so that a start needs no more reads.
    retimed: Mapped[bool] = mapped_column(default=False)
    extended_s: Mapped[int] = mapped_column(default=0)
    paused_at: Mapped[datetime | None]
    open_pauses: Mapped[int] = mapped_column(default=0)
    last_deadline_at: Mapped[datetime | None]
    # The room (exams/invigilation): optional locks and the rule for page leaves.
    room_code: Mapped[str] = mapped_column(String(20), default="")
    ip_ranges: Mapped[str] = mapped_column(Text, default="")
    leave_rule: Mapped[LeaveRule] = mapped_column(String(10), default=LeaveRule.RECORD)
    leave_min_s: Mapped[int] = mapped_column(default=5)
    leave_notify: Mapped[int] = mapped_column(default=3)

    blueprint_revision: Mapped[BlueprintRevision] = relationship()
    org_unit: Mapped[OrgUnit] = relationship()

    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="window"),
        CheckConstraint("duration_s > 0", name="duration"),
        CheckConstraint("attempts_max > 0", name="attempts"),
        Index("ix_exam_org_unit_id", "org_unit_id"),
        Index("ix_exam_closes_at", "closes_at"),
    )


class ExamCandidate(Base):
    """A person listed by name for an exam with `listed_only`."""

    __tablename__ = "exam_candidate"

    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"), primary_key=True)


class Attempt(Base):
    """One sitting of one person (答卷). The paper is stored as drawn; it is evidence.

    `paper` is `Paper.canonical()`, `paper_hash` its hash; `seed`, `bank_hash` and the exam's
    blueprint revision re-derive it. `last_seq` numbers the answer events. `answered` (items with
    an answer) and `last_saved_at` are kept by the same transaction that writes the events, so that
    a monitor of ten thousand candidates need not read the log; so is `answered_mask`, one `0` or
    `1` per part of the paper in its order ("" = not known yet).

    `device` holds the writing lease since `device_since`; `device_no` is the highest change number
    it delivered. `mixed`: events of another device are in the log, so a save has to look at bases.
    `late_until`: closed at the deadline, and answers made before it may still arrive and count
    until then; None when the attempt is settled. `draw`: what else the paper came
    from ({"mode", "form", "snapshot", "seen", "commitment"}); None: from the seed alone.

    `paused_at`: the clock of this attempt stands since then (`exams/timing/clock.py` reads it).
    `open_book`: books were allowed to this person (None: the blueprint does not say).
    `extra_s`: extra time by accommodation, in the deadline since the start. `news` grows with
    everything the page should fetch: a message, a pause, another deadline. `voided_at`: annulled by
    two people since then (`AttemptVoid`); every grade from there on is nothing. `refiled_at`: a paper
    result that was entered for the wrong person or time; its sheet is another attempt since then
    (`RefilingDecision`), and this one is no try of anybody.
    """

    __tablename__ = "attempt"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    exam_id: Mapped[int] = mapped_column(bigref, ForeignKey("exam.id"))
    person_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    no: Mapped[int]
    state: Mapped[AttemptState] = mapped_column(String(20))
    seed: Mapped[str] = mapped_column(String(64))
    bank_hash: Mapped[str] = mapped_column(String(64))
    paper_hash: Mapped[str] = mapped_column(String(64))
    paper: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    closed_by: Mapped[ClosedBy | None] = mapped_column(String(20))
    last_seq: Mapped[int] = mapped_column(default=0)
    answered: Mapped[int] = mapped_column(default=0)
    last_saved_at: Mapped[datetime | None]
    flags: Mapped[list[Any]] = mapped_column(default=list)
    device: Mapped[str | None] = mapped_column(String(40))
    device_since: Mapped[datetime | None]
    device_no: Mapped[int] = mapped_column(default=0, server_default="0")
    mixed: Mapped[bool] = mapped_column(default=False, server_default=false())
    answered_mask: Mapped[str] = mapped_column(Text, default="", server_default="")
    late_until: Mapped[datetime | None]
    draw: Mapped[dict[str, Any] | None]
    paused_at: Mapped[datetime | None]
    extra_s: Mapped[int] = mapped_column(default=0)
    open_book: Mapped[bool | None]
    news: Mapped[int] = mapped_column(default=0)
    voided_at: Mapped[datetime | None]
    refiled_at: Mapped[datetime | None]

    exam: Mapped[Exam] = relationship()
    person: Mapped[Person] = relationship()

    __table_args__ = (
        UniqueConstraint("exam_id", "person_id", "no"),
        Index(
            "uq_attempt_one_open",
            "exam_id",
            "person_id",
            unique=True,
            sqlite_where=text("state = 'IN_PROGRESS'"),
            postgresql_where=text("state = 'IN_PROGRESS'"),
        ),
        CheckConstraint(
            "(state = 'SUBMITTED') = (submitted_at IS NOT NULL AND closed_by IS NOT NULL)",
            name="submitted",
        ),
        CheckConstraint("deadline_at > started_at", name="deadline"),
        Index("ix_attempt_person_id", "person_id"),
        Index("ix_attempt_state_deadline_at", "state", "deadline_at"),
        Index("ix_attempt_late_until", "late_until"),
    )


class AnswerEvent(Base):
    """Append-only: the current answer of a part is its counting event with the highest `seq`.

    `event_id` is made by the client, so that a repeated delivery changes nothing. `base` is the
    `seq` of the answer the device last knew for this part (0 = none); `made_ms` its claim of how
    much exam time was left at the change; `device_no` its own count of changes (0 = not said).
    Counting: COUNTED, LATE, and HELD with an accepting `AnswerDecision`.
    """

    __tablename__ = "answer_event"

    id: Mapped[intpk]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"))
    seq: Mapped[int]
    event_id: Mapped[str] = mapped_column(String(40))
    item_no: Mapped[int]
    part_no: Mapped[int]
    value: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    base: Mapped[int] = mapped_column(default=0, server_default="0")
    device: Mapped[str] = mapped_column(String(40), default="", server_default="")
    device_no: Mapped[int] = mapped_column(default=0, server_default="0")
    made_ms: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[EventStatus] = mapped_column(
        String(10), default=EventStatus.COUNTED, server_default="COUNTED"
    )

    __table_args__ = (
        UniqueConstraint("attempt_id", "seq"),
        UniqueConstraint("attempt_id", "event_id"),
        CheckConstraint("status IN ('COUNTED', 'LATE', 'HELD', 'CONFLICT')", name="status"),
        Index(
            "ix_answer_event_held",
            "attempt_id",
            sqlite_where=text("status = 'HELD'"),
            postgresql_where=text("status = 'HELD'"),
        ),
    )


class AnswerDecision(Base):
    """Append-only: an examiner's verdict on one HELD event, once, with the reason."""

    __tablename__ = "answer_decision"

    id: Mapped[intpk]
    answer_event_id: Mapped[int] = mapped_column(bigref, ForeignKey("answer_event.id"), unique=True)
    accepted: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200))
    decided_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    decided_at: Mapped[datetime]

    event: Mapped[AnswerEvent] = relationship()
    decided_by: Mapped[Person] = relationship()


class Grade(Base):
    """A grading of an attempt; corrections are new rows with a higher `no`, the last counts."""

    __tablename__ = "grade"

    id: Mapped[intpk]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"))
    no: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    score_centi: Mapped[int]
    full_centi: Mapped[int]
    passed: Mapped[bool | None]
    policy_version: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(200), default="")
    # The last correction of a key that this grade knew of (`KeyCorrection.no`); 0: none.
    keys_no: Mapped[int] = mapped_column(default=0, server_default="0")
    graded_at: Mapped[datetime]

    attempt: Mapped[Attempt] = relationship()

    __table_args__ = (
        UniqueConstraint("attempt_id", "no"),
        CheckConstraint("score_centi BETWEEN 0 AND full_centi", name="score"),
        CheckConstraint(
            "(state = 'FINAL' AND passed IS NOT NULL) OR (state = 'PENDING' AND passed IS NULL)",
            name="state",
        ),
        Index("ix_grade_state", "state"),
        # "Has this attempt a final grade?" for ten thousand sheets: without it SQLite looks through
        # every grade of the state, once per sheet.
        Index("ix_grade_attempt_id_state", "attempt_id", "state"),
    )


class Mark(Base):
    """A marker's points for one short-answer part; of the rows with `counts`, the last one counts.

    Rows without `counts` are what one of two markers, or a recheck, gave on the way to the decision.

    `rubric` holds what was given for each rubric point, in the rubric's own hundredths;
    `points_centi` is the sum scaled to what the part is worth on this paper.
    """

    __tablename__ = "mark"

    id: Mapped[intpk]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"))
    item_no: Mapped[int]
    part_no: Mapped[int]
    points_centi: Mapped[int]
    rubric: Mapped[list[Any]]
    comment: Mapped[str] = mapped_column(Text, default="")
    marker_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    marked_at: Mapped[datetime]
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    counts: Mapped[bool] = mapped_column(default=True, server_default=true())

    __table_args__ = (
        CheckConstraint("points_centi >= 0", name="points"),
        Index("ix_mark_attempt_id", "attempt_id"),
    )
