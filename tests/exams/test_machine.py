"""Sitting an exam over HTTP, driven by chance against a model in plain Python.

The model knows the rules of decision 0005 and nothing of the product. Every rule may first move
the clock, and the attempt is only looked at after it, so events also meet attempts that nobody has
closed yet. After every step the answers, the statuses, the grades and the records are the model's.

Seams for more rules: `Sitting.deadline` is the one truth about time (extend, pause), `expected_score`
is asked after every step (regrade).
"""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, select

from elearn import db
from elearn.app import create_app
from elearn.core.access import Role
from elearn.core.assembly.model import Section
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts import sweeper
from elearn.models import (
    AnswerEvent,
    Attempt,
    Grade,
    LoginSession,
    Person,
    ReviewPolicy,
    TrainingRecord,
)
from tests.conftest import Browser, make_settings
from tests.factories import make_person, make_unit
from tests.factories_exams import (
    make_bank,
    make_exam,
    make_question,
    make_revision,
    make_spec,
    right_value,
)

SECONDS = {"grace": 30, "late": 180, "held": 86400}
ITEMS, MINUTES, TRIES, WINDOW_H = 4, 50, 2, 6
DEVICES = ("phone-0001", "tablet-01", "laptop-01")
STEPS = int(os.environ.get("ELEARN_TEST_MACHINE_STEPS", "25"))
EXAMPLES = int(os.environ.get("ELEARN_TEST_MACHINE_EXAMPLES", "16"))
# Shrinking a failure takes minutes: for whoever looks for its cause.
PHASES = tuple(p for p in Phase if p is not Phase.shrink or os.environ.get("ELEARN_TEST_SHRINK"))


class SetClock:
    """The product's clock, set by the machine."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at


@dataclass
class Sent:
    """One event the model knows to be stored."""

    id: str
    item: int
    value: list[int]
    status: str
    seq: int
    device: str
    number: int


@dataclass
class Sitting:
    """One attempt as the model has it."""

    public_id: str
    started: datetime
    deadline: datetime
    lease: str | None = None
    ended: datetime | None = None
    by_time: bool = False
    settled: bool = False
    events: list[Sent] = field(default_factory=list)

    def standing(self) -> dict[int, Sent]:
        """Item -> the event that counts."""
        return {e.item: e for e in self.events if e.status in {"COUNTED", "LATE"}}

    def answers(self) -> dict[int, list[int]]:
        """Item -> screen positions, empty ones left out."""
        return {item: e.value for item, e in self.standing().items() if e.value}


class World:
    """A database, the app on it, one clock."""

    def __init__(self, engine: Engine, folder: Path):
        self.engine, self.clock = engine, SetClock()
        self.zero = self.clock.at
        self.app = create_app(make_settings(folder), engine=engine)
        self.app.extensions["elearn_clock"] = self.clock
        self.app.test_client_class = Browser
        with db.transaction(engine) as work:
            kinds = [make_question(QuestionType.SINGLE) for _ in range(8)]
            self.bank = make_bank(work, kinds)
            spec = make_spec(Section("单选题", QuestionType.SINGLE, ITEMS, 200), pass_centi=400)
            self.revision = make_revision(work, spec).id
            self.unit = make_unit(work).id


def status_by_time(sitting: Sitting, now: datetime, made_ms: int | None, *, orphan: bool) -> str:
    """COUNTED, LATE, HELD or GONE by the clock, as decision 0005 has it."""
    after = (now - sitting.deadline).total_seconds()
    if sitting.ended is not None and not sitting.by_time:
        return "HELD" if orphan else "GONE"
    if sitting.ended is None and after <= SECONDS["grace"]:
        return "HELD" if after > 0 and made_ms is not None and made_ms <= 0 else "COUNTED"
    if after <= SECONDS["late"] and made_ms is not None and not sitting.settled:
        whole = (sitting.deadline - sitting.started).total_seconds() * 1000
        if 0 < made_ms <= whole:
            return "LATE"
    return "HELD"


class Sitter(RuleBasedStateMachine):
    """One person, one exam, three devices."""

    world: World

    @initialize()
    def arrive(self) -> None:
        self.ids = itertools.count(1)
        self.now = self.world.clock.at = self.world.zero
        self.sittings: list[Sitting] = []
        self.counted = itertools.count(1)
        with db.transaction(self.world.engine) as work:
            from elearn.models import BlueprintRevision, OrgUnit  # noqa: PLC0415

            unit = work.get_one(OrgUnit, self.world.unit)
            examiner = make_person(work, unit, Role.EXAMINER)
            person, other = make_person(work, unit), make_person(work, unit)
            exam = make_exam(
                work,
                unit,
                by=examiner,
                revision=work.get_one(BlueprintRevision, self.world.revision),
                now=self.now,
                opens_at=self.now,
                closes_at=self.now + timedelta(hours=WINDOW_H),
                duration_s=MINUTES * 60,
                attempts_max=TRIES,
                review_policy=ReviewPolicy.AT_ONCE,
            )
            self.exam, self.person, self.exam_id = exam.public_id, person.id, exam.id
            self.opens, self.closes = exam.opens_at, exam.closes_at
            self.me = self._sign_in(person, work)
            self.other = self._sign_in(other, work)
        self.start(("now", 0))

    def _sign_in(self, person: Person, work: Any) -> Browser:
        browser: Browser = self.world.app.test_client()  # type: ignore[assignment]
        browser.sign_in(person, work, now=self.now)
        work.flush()
        for login in work.scalars(select(LoginSession).where(LoginSession.person_id == person.id)):
            login.expires_at = self.now + timedelta(days=13)
        return browser

    # ------------------------------------------------------------ what the model knows

    @property
    def last(self) -> Sitting | None:
        return self.sittings[-1] if self.sittings else None

    def close_due(self) -> None:
        """What anybody's look or the sweeper does."""
        for each in self.sittings:
            over = (self.now - each.deadline).total_seconds()
            if each.ended is None and over > SECONDS["grace"]:
                each.ended, each.by_time = each.deadline, True
            if each.by_time and over > SECONDS["late"]:
                each.settled = True

    def expected_score(self, sitting: Sitting, counting: dict[int, list[int]]) -> int:
        with db.new_session(self.world.engine, write=False) as work:
            row = work.scalars(select(Attempt).where(Attempt.public_id == sitting.public_id)).one()
            right = {i: right_value(row, i, 0, self.world.bank) for i in range(1, ITEMS + 1)}
        return sum(200 for item, value in counting.items() if value == right[item])

    def jump(self, how: tuple[str, int]) -> None:
        """Move the clock: seconds from now, or from the deadline (never back by more than a day)."""
        kind, seconds = how
        base = self.last.deadline if kind == "deadline" and self.last else self.now
        target = base + timedelta(seconds=seconds)
        if target > self.now - timedelta(hours=1):
            self.now = self.world.clock.at = target

    # ------------------------------------------------------------ rules

    jumps = st.one_of(
        st.just(("now", 0)),
        st.just(("now", 0)),
        st.tuples(st.just("now"), st.sampled_from([1, 20, 240, -120])),
        st.tuples(
            st.just("deadline"), st.sampled_from([-5, 0, 1, 29, 30, 31, 100, 179, 180, 181, 7200])
        ),
    )
    values = st.sampled_from([[], [0], [1], [2], [3]])
    items = st.sampled_from([1, 1, 2, ITEMS])
    devices = st.sampled_from(DEVICES)

    @rule(how=jumps)
    def start(self, how: tuple[str, int]) -> None:
        self.jump(how)
        running = next((s for s in self.sittings if s.ended is None), None)
        response = self.me.post(f"/exams/{self.exam}/start", data={"agreed": "1"})
        alive = running is not None and (
            (self.now - running.deadline).total_seconds() <= SECONDS["grace"]
        )
        if alive:
            assert response.status_code == 302
            return
        used_up = len(self.sittings) >= TRIES
        if used_up or not self.opens <= self.now < self.closes:
            assert response.status_code in {409, 410}
            return
        assert response.status_code == 302
        self.close_due()
        public_id = response.location.split("/")[2]
        assert public_id not in {s.public_id for s in self.sittings}
        deadline = min(self.now + timedelta(minutes=MINUTES), self.closes)
        self.sittings.append(Sitting(public_id, self.now, deadline))

    changes = st.fixed_dictionaries(
        {
            "device": devices,
            "item": items,
            "value": values,
            "knows": st.sampled_from(["latest", "nothing"]),
            "made": st.sampled_from([None, 1000, 60_000, 0, -1000, 10**9]),
            "orphan": st.sampled_from([False, False, True]),
            "counts": st.sampled_from(["no", "next", "old"]),
        }
    )

    @precondition(lambda self: self.sittings)
    @rule(how=jumps, change=changes)
    def save(self, how: tuple[str, int], change: dict[str, Any]) -> None:
        self.jump(how)
        self.deliver(self.sittings[-1], **change)

    @precondition(lambda self: self.sittings)
    @rule(device=devices, several=st.lists(changes, min_size=2, max_size=6))
    def work_on(self, device: str, several: list[dict[str, Any]]) -> None:
        """What most of an exam is: the device that writes saves one answer after the other."""
        sitting = self.sittings[-1]
        for change in several:
            mine = sitting.lease or device
            self.deliver(sitting, **{**change, "device": mine, "orphan": False})

    @precondition(lambda self: self.sittings)
    @rule(several=st.lists(changes, min_size=2, max_size=6))
    def quarrel(self, several: list[dict[str, Any]]) -> None:
        """Devices that know nothing of each other send what they have, with the lease or not."""
        for change in several:
            self.deliver(self.sittings[-1], **change)

    def deliver(
        self,
        sitting: Sitting,
        *,
        device: str,
        item: int,
        value: list[int],
        knows: str,
        made: int | None,
        orphan: bool,
        counts: str,
    ) -> None:
        standing = sitting.standing()
        base = standing[item].seq if knows == "latest" and item in standing else 0
        number = {"no": 0, "next": next(self.counted), "old": 1}[counts]
        event = {
            "event_id": f"event-{next(self.ids)}-{self.person}",
            "item": item,
            "part": 0,
            "value": value,
            "base": base,
            "n": number,
        }
        if made is not None:
            event["made_ms"] = made
        body = {"device": device, "events": [event]} | ({"orphan": True} if orphan else {})
        response = self.me.post(f"/attempts/{sitting.public_id}/answers", json=body)
        status = status_by_time(sitting, self.now, made, orphan=orphan)
        running = sitting.ended is None and (
            (self.now - sitting.deadline).total_seconds() <= SECONDS["grace"]
        )
        if status == "GONE":
            assert response.status_code == 410
            return
        if running and not orphan and sitting.lease not in {None, device}:
            assert (response.status_code, response.get_json()["error"]["code"]) == (409, "E-LEASE")
            return
        current = standing.get(item)
        if status in {"COUNTED", "LATE"} and current is not None and current.value != value:
            own = current.device == device
            stale = 0 < number < current.number if own else base < current.seq
            status = "CONFLICT" if stale else status
        assert response.status_code == 200, response.get_json()
        reply = response.get_json()
        assert reply["statuses"] == {event["event_id"]: status}
        if status == "CONFLICT" and current is not None:
            assert reply["conflicts"][f"{item}-0"] == {"seq": current.seq, "value": current.value}
        seq = len(sitting.events) + 1
        sitting.events.append(Sent(event["event_id"], item, value, status, seq, device, number))
        assert reply["seq"] == seq
        if running and not orphan:
            sitting.lease = device

    @precondition(lambda self: self.last and self.last.events)
    @rule(data=st.data(), how=jumps, device=devices)
    def repeat(self, data: st.DataObject, how: tuple[str, int], device: str) -> None:
        """A reply was lost: the same event again, whenever, from wherever, changes nothing."""
        self.jump(how)
        sitting = self.sittings[-1]
        sent = data.draw(st.sampled_from(sitting.events))
        event = {"event_id": sent.id, "item": sent.item, "part": 0, "value": sent.value}
        url = f"/attempts/{sitting.public_id}/answers"
        same = self.me.post(url, json={"device": device, "events": [event]})
        assert same.get_json()["statuses"] == {sent.id: sent.status}
        other = (
            {**event, "value": [(sum(sent.value) + 1) % 4]}
            if sent.value
            else {**event, "value": [0]}
        )
        refused = self.me.post(url, json={"device": device, "events": [other]})
        assert (refused.status_code, refused.get_json()["error"]["code"]) == (422, "E-EVENT")

    @precondition(lambda self: self.sittings)
    @rule(how=jumps, device=devices)
    def take_over(self, how: tuple[str, int], device: str) -> None:
        self.jump(how)
        sitting = self.sittings[-1]
        response = self.me.post(f"/attempts/{sitting.public_id}/takeover", json={"device": device})
        over = (self.now - sitting.deadline).total_seconds() > SECONDS["grace"]
        if sitting.ended is not None or over:
            assert response.status_code == 410
            return
        assert response.get_json()["lease"]["mine"] is True
        sitting.lease = device

    @precondition(lambda self: self.sittings)
    @rule(how=jumps)
    def submit(self, how: tuple[str, int]) -> None:
        self.jump(how)
        sitting = self.sittings[-1]
        assert self.me.post(f"/attempts/{sitting.public_id}/submit").status_code == 302
        if sitting.ended is not None:
            return
        late = self.now > sitting.deadline
        sitting.ended = sitting.deadline if late else max(self.now, sitting.started)
        sitting.by_time = late
        if not late or (self.now - sitting.deadline).total_seconds() > SECONDS["late"]:
            sitting.settled = True

    @rule(how=jumps)
    def sweep(self, how: tuple[str, int]) -> None:
        self.jump(how)
        sweeper.sweep(self.world.engine, now=self.now)
        self.close_due()

    @precondition(lambda self: self.last and self.last.ended is None)
    @rule(minutes=st.sampled_from([1, 10]))
    def extend(self, minutes: int) -> None:
        """More time, as an invigilator gives it: the deadline is the one truth."""
        sitting = self.sittings[-1]
        if self.now > sitting.deadline:
            return
        sitting.deadline += timedelta(minutes=minutes)
        with db.transaction(self.world.engine) as work:
            row = work.scalars(select(Attempt).where(Attempt.public_id == sitting.public_id)).one()
            row.deadline_at = sitting.deadline

    @precondition(lambda self: self.sittings)
    @rule(item=items, value=values, device=devices)
    def intrude(self, item: int, value: list[int], device: str) -> None:
        """A stranger, a signed-out browser and a revoked session write nothing."""
        url = f"/attempts/{self.sittings[-1].public_id}/answers"
        event = {"event_id": f"x-event-{next(self.ids)}", "item": item, "part": 0, "value": value}
        body = {"device": device, "events": [event]}
        assert self.other.post(url, json=body).status_code == 404
        nobody: Browser = self.world.app.test_client()  # type: ignore[assignment]
        assert nobody.post(url, json=body).status_code == 401
        forged = self.me.post(url, json={**body, "csrf": "no"}, headers={"X-CSRFToken": "no"})
        assert forged.status_code == 400
        for change in ("version", "inactive", "expired", "old"):
            with self.revoked(change):
                assert self.me.post(url, json=body).status_code == 401

    @contextmanager
    def revoked(self, how: str) -> Iterator[None]:
        """The sign-in is worth nothing meanwhile."""

        def change(*, back: bool) -> None:
            with db.transaction(self.world.engine) as work:
                person = work.get_one(Person, self.person)
                logins = select(LoginSession).where(LoginSession.person_id == self.person)
                login = work.scalars(logins).one()
                days = timedelta(days=30 if not back else -30)
                if how == "version":
                    person.session_version += -1 if back else 1
                elif how == "inactive":
                    person.active = back
                elif how == "expired":
                    login.expires_at -= days
                else:
                    login.created_at -= days

        change(back=False)
        yield
        change(back=True)

    # ------------------------------------------------------------ what must be so, always

    @invariant()
    def the_server_says_what_the_model_says(self) -> None:
        for sitting in getattr(self, "sittings", ()):
            state = self.me.get(
                f"/attempts/{sitting.public_id}/state?device={DEVICES[0]}"
            ).get_json()
            self.close_due()
            assert state["state"] == ("IN_PROGRESS" if sitting.ended is None else "SUBMITTED")
            assert (state["seq"], state["saved"]) == (len(sitting.events), len(sitting.answers()))
            assert datetime.fromisoformat(state["deadline"]) == sitting.deadline
            if sitting.ended is None:
                shown = {int(k.split("-")[0]): v for k, v in state["answers"].items() if v}
                assert shown == sitting.answers()
                assert state["lease"]["mine"] == (sitting.lease in {None, DEVICES[0]})

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        if not getattr(self, "sittings", None):
            return
        with db.new_session(self.world.engine, write=False) as work:
            rows = work.scalars(
                select(Attempt).where(Attempt.person_id == self.person).order_by(Attempt.no)
            ).all()
            assert [row.public_id for row in rows] == [s.public_id for s in self.sittings]
            for row, sitting in zip(rows, self.sittings, strict=True):
                events = work.scalars(
                    select(AnswerEvent)
                    .where(AnswerEvent.attempt_id == row.id)
                    .order_by(AnswerEvent.seq)
                ).all()
                assert [(e.event_id, e.status, e.seq) for e in events] == [
                    (e.id, e.status, e.seq) for e in sitting.events
                ]
                grades = work.scalars(
                    select(Grade).where(Grade.attempt_id == row.id).order_by(Grade.no)
                ).all()
                records = work.scalars(
                    select(TrainingRecord).where(
                        TrainingRecord.source_key == f"attempt:{row.public_id}"
                    )
                ).all()
                assert row.submitted_at == sitting.ended
                assert bool(grades) == (sitting.ended is not None)
                assert len(records) == int(sitting.settled)
                if sitting.settled:
                    score = self.expected_score(sitting, sitting.answers())
                    assert grades[-1].score_centi == records[0].score_centi == score
                    assert records[0].passed == (score >= 400)


def test_any_course_of_events_is_the_models(own_engine: Engine, tmp_path: Path) -> None:
    world = World(own_engine, tmp_path)
    machine = type("SitterHere", (Sitter,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )
