"""One person's exam as a model in plain Python: the rules of decisions 0005, 0008, 0011, 0018, and
nothing of the product. `test_machine.py` drives the product beside it.

Whom a change of time is for: `all`; `room`, the unit the person sits in; `next`, the room beside
it; `person`.

Times are datetimes, amounts seconds, points hundredths. A grade is what every attempt keeps as a
row of its own; the model keeps the whole row of them, so that an edited one shows.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

GRACE, LATE, ALONE = 30, 180, 600
POINTS, PASS = 200, 400


def meet(one: str, other: str) -> bool:
    """Can somebody be meant by both?"""
    return "all" in {one, other} or one == other or "next" not in {one, other}


def holds(outer: str, inner: str) -> bool:
    """Is everybody of `inner` meant by `outer`?"""
    return outer in {"all", inner} or (outer, inner) == ("room", "person")


@dataclass
class Sent:
    """One event the model knows to be stored. `accepted`: what an examiner said of a held one."""

    id: str
    item: int
    value: list[int]
    status: str
    seq: int
    device: str
    number: int
    accepted: bool | None = None

    @property
    def counts(self) -> bool:
        """In time, late inside the window, or accepted."""
        return self.status in {"COUNTED", "LATE"} or bool(self.accepted)


@dataclass
class Question:
    """A question's key in this exam: the published one is option 0."""

    key: int = 0
    also: set[int] = field(default_factory=set)
    void: bool = False

    def corrected(self, kind: str, option: int) -> "Question":
        """After a correction."""
        if kind == "VOID":
            return Question(self.key, set(self.also), void=True)
        if kind == "REPLACE":
            return Question(option)
        return Question(self.key, self.also | ({option} - {self.key}), self.void)

    def points(self, option: int | None) -> int:
        """For the chosen option, None when nothing was chosen."""
        right = self.void or (option is not None and option in {self.key, *self.also})
        return POINTS if right else 0


@dataclass
class Correction:
    """`order`: when it was approved, from 1; 0 while it was not. `everywhere`: for all exams."""

    public_id: str
    digest: str
    kind: str
    option: int
    by: str = ""
    everywhere: bool = False
    previewed: bool = False
    order: int = 0


@dataclass
class GradeRow:
    """`keys`: the last correction it knows that concerns its paper."""

    score: int
    passed: bool
    keys: int


@dataclass
class Sitting:
    """One attempt. `paper`: item -> (question, the original option at each screen position)."""

    public_id: str
    started: datetime
    deadline: datetime
    paper: dict[int, tuple[str, list[int]]] = field(default_factory=dict)
    lease: str | None = None
    paused: datetime | None = None
    ended: datetime | None = None
    by_time: bool = False
    settled: bool = False
    voided: bool = False
    voids: int = 0
    #: (id of what waits for a second person, who asked)
    void_asked: tuple[str, str] | None = None
    events: list[Sent] = field(default_factory=list)
    grades: list[GradeRow] = field(default_factory=list)

    def standing(self) -> dict[int, Sent]:
        """Item -> the event that counts."""
        return {e.item: e for e in self.events if e.counts}

    @property
    def digests(self) -> set[str]:
        """The questions of the paper."""
        return {digest for digest, _ in self.paper.values()}

    def held(self) -> list[Sent]:
        """What waits for an examiner."""
        return [e for e in self.events if e.status == "HELD" and e.accepted is None]

    def answers(self) -> dict[int, list[int]]:
        """Item -> screen positions, empty ones left out."""
        return {item: e.value for item, e in self.standing().items() if e.value}

    def over(self, now: datetime) -> float:
        """Seconds since the deadline, by the attempt's own clock."""
        return ((self.paused or now) - self.deadline).total_seconds()

    def alive(self, now: datetime) -> bool:
        """Open for answers on their way."""
        return self.ended is None and self.over(now) <= GRACE

    def status_by_time(self, now: datetime, made_ms: int | None, *, orphan: bool) -> str:
        """COUNTED, LATE, HELD or GONE by the clock."""
        if self.ended is not None and not self.by_time:
            return "HELD" if orphan else "GONE"
        if self.alive(now):
            claims_after = made_ms is not None and made_ms <= 0
            return "HELD" if self.over(now) > 0 and claims_after else "COUNTED"
        in_window = (now - self.deadline).total_seconds() <= LATE
        if in_window and made_ms is not None and not self.settled:
            whole = (self.deadline - self.started).total_seconds() * 1000
            if 0 < made_ms <= whole:
                return "LATE"
        return "HELD"


@dataclass
class Extension:
    """`by`: who asked. `needs`: a second person; `open`: it waits for one."""

    public_id: str
    scope: str
    seconds: int
    by: str
    needs: bool
    open: bool


@dataclass
class Sitter:
    """The person's whole exam."""

    opens: datetime
    closes: datetime
    minutes: int
    tries: int
    sittings: list[Sitting] = field(default_factory=list)
    extended: int = 0
    granted: int = 0
    paused: datetime | None = None
    #: id of a pause in force -> whom it is for
    pauses: dict[str, str] = field(default_factory=dict)
    extensions: list[Extension] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    time_changes: int = 0
    #: of a make-up, the exam it makes up for; and the other way round
    main: "Sitter | None" = None
    makeup: "Sitter | None" = None

    # ------------------------------------------------------------ starting and ending

    @property
    def last(self) -> Sitting | None:
        return self.sittings[-1] if self.sittings else None

    def open_sitting(self) -> Sitting | None:
        """Not ended as far as anybody knows: nobody looked yet."""
        return next((s for s in self.sittings if s.ended is None), None)

    def may_start(self, now: datetime) -> bool:
        """Nothing runs; is there another try?"""
        in_window = self.opens <= (self.paused or now) < self.closes
        left = len(self.sittings) < self.tries and not any(s.voided for s in self.sittings)
        return left and in_window and not self.covered

    def deadline_from(self, now: datetime) -> datetime:
        """For somebody who starts now."""
        allowed = timedelta(minutes=self.minutes, seconds=self.extended)
        return min(now + allowed, self.closes) + timedelta(seconds=self.granted)

    def close_due(self, now: datetime) -> None:
        """What anybody's look or the sweeper does."""
        for each in self.sittings:
            if each.ended is None and each.over(now) > GRACE:
                each.ended, each.by_time = each.deadline, True
                self.grade(each)
                each.settled = (now - each.deadline).total_seconds() > LATE
                continue
            window_over = (now - each.deadline).total_seconds() > LATE
            if each.by_time and not each.settled and window_over:
                each.settled = True
                if any(event.status == "LATE" for event in each.events):
                    self.grade(each)

    def submit(self, sitting: Sitting, now: datetime) -> None:
        """Handed in; after the deadline it ended there."""
        if sitting.ended is not None:
            return
        sitting.by_time = sitting.over(now) > 0
        sitting.ended = sitting.deadline if sitting.by_time else max(now, sitting.started)
        late = (now - sitting.deadline).total_seconds() > LATE
        sitting.settled = not sitting.by_time or late
        self.grade(sitting)

    # ------------------------------------------------------------ time

    def is_live(self, now: datetime) -> bool:
        """Can anything about time still be changed?"""
        return (self.paused or now) < self.closes or self.open_sitting() is not None

    @property
    def covered(self) -> bool:
        """Does a pause hold the person?"""
        return any(scope != "next" for scope in self.pauses.values())

    def alone(self, scope: str) -> int:
        """Seconds the same people got by one examiner's word."""
        return sum(e.seconds for e in self.extensions if not e.needs and meet(e.scope, scope))

    def may_extend(self, now: datetime, scope: str) -> bool:
        if not self.is_live(now):
            return False
        if scope != "person" or self.open_sitting() is not None:
            return True
        return len(self.sittings) < self.tries and (self.paused or now) < self.closes

    def extend(self, extension: Extension) -> None:
        """In effect: the deadline moves by exactly so much; a room's is for whoever starts later
        too."""
        sitting, more = self.open_sitting(), timedelta(seconds=extension.seconds)
        if extension.scope == "next":
            return
        if sitting is not None:
            sitting.deadline += more
        if extension.scope == "all":
            self.extended += extension.seconds
            self.closes += more
        elif sitting is None or extension.scope == "room":
            self.granted += extension.seconds

    def may_pause(self, now: datetime, scope: str) -> bool:
        if not self.is_live(now) or now < self.opens:
            return False
        if any(holds(outer, scope) for outer in self.pauses.values()):
            return False
        return scope != "person" or self._pausable(now) is not None

    def pause(self, public_id: str, now: datetime, scope: str) -> None:
        sitting = self._pausable(now)
        if sitting is not None and scope != "next":
            sitting.paused = now
        if scope == "all":
            self.paused = now
        self.pauses[public_id] = scope

    def resume(self, public_id: str, now: datetime) -> None:
        """The deadline moves by exactly the time the clock stood; a clock set back moves none."""
        scope = self.pauses.pop(public_id)
        sitting = self.open_sitting()
        if sitting is not None and sitting.paused is not None and not self.covered:
            sitting.deadline += max(timedelta(0), now - sitting.paused)
            sitting.paused = None
        if scope == "all" and self.paused is not None:
            self.closes += max(timedelta(0), now - self.paused)
            self.paused = None

    def _pausable(self, now: datetime) -> Sitting | None:
        sitting = self.open_sitting()
        if sitting is None or sitting.paused is not None or sitting.deadline <= now:
            return None
        return sitting

    # ------------------------------------------------------------ grades

    def question(self, digest: str, *, everywhere: bool = False) -> Question:
        """The key with every approved correction, or with those for all exams alone."""
        key, approved = Question(), [c for c in self.corrections if c.order and c.digest == digest]
        for each in sorted(approved, key=lambda c: c.order):
            if each.everywhere or not everywhere:
                key = key.corrected(each.kind, each.option)
        return key

    def score(self, sitting: Sitting) -> int:
        answers, total = sitting.answers(), 0
        for item, (digest, order) in sitting.paper.items():
            chosen = answers.get(item)
            total += self.question(digest).points(order[chosen[0]] if chosen else None)
        return total

    def grade(self, sitting: Sitting) -> GradeRow:
        """One more row. An annulled attempt gets nothing."""
        score = 0 if sitting.voided else self.score(sitting)
        known = [c.order for c in self.corrections if c.digest in sitting.digests]
        passed = score >= PASS and not sitting.voided
        row = GradeRow(score, passed, max(known, default=0))
        sitting.grades.append(row)
        return row

    def changes_nothing(self, made: Correction) -> bool:
        """As the key stands now; one for all exams is measured by those for all exams."""
        now = self.question(made.digest, everywhere=made.everywhere)
        return now.corrected(made.kind, made.option) == now

    def waiting(self) -> list[Correction]:
        """Proposed and not decided."""
        return [c for c in self.corrections if not c.order]

    def work_off(self) -> None:
        """What the worker does: previews, and a new grade for whoever has an older key."""
        for correction in self.corrections:
            correction.previewed = True
            for sitting in self.sittings if correction.order else ():
                if correction.digest not in sitting.digests or sitting.ended is None:
                    continue
                if sitting.grades[-1].keys < correction.order:
                    self.grade_anew(sitting)

    def grade_anew(self, sitting: Sitting) -> None:
        """Something was corrected: whoever no longer passes hands the hours on."""
        before = sitting.grades[-1]
        after = self.grade(sitting)
        if before.passed and not after.passed:
            self.move_hours(sitting)

    def decide_held(self, sitting: Sitting, events: list[Sent], *, accepted: bool) -> None:
        """What an examiner said of late answers."""
        for event in events:
            event.accepted = accepted
        if accepted and sitting.ended is not None:
            self.grade_anew(sitting)

    def void(self, sitting: Sitting, now: datetime) -> None:
        """Annulled: nothing from here on. One that runs is closed by it."""
        sitting.voided = True
        if sitting.ended is None:
            self.submit(sitting, now)
        else:
            self.grade_anew(sitting)

    def together(self) -> list["Sitter"]:
        """The exam and its make-up: hours count once in both."""
        main = self.main or self
        return [main, main.makeup] if main.makeup is not None else [main]

    def move_hours(self, gone: Sitting) -> None:
        """Another attempt that passes brings the hours: graded anew until one does."""
        for sitter in self.together():
            for sitting in sitter.sittings:
                passes = sitting.settled and sitting.grades[-1].passed
                if passes and sitting is not gone and sitter.grade(sitting).passed:
                    return

    def hours(self) -> int:
        """Hours of the exam and its make-up: once, if any settled attempt passes."""
        every = [s for sitter in self.together() for s in sitter.sittings]
        return 100 if any(s.settled and s.grades[-1].passed for s in every) else 0

    def digests(self) -> list[str]:
        """Questions somebody has seen, as they came."""
        seen = (digest for each in self.sittings for digest, _ in each.paper.values())
        return list(dict.fromkeys(seen))
