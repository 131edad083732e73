"""Sitting an exam over HTTP, driven by chance against a model in plain Python.

The model (`machine_model.py`) knows the rules of the decisions and nothing of the product. Every
rule may first move the clock, and the attempt is only looked at after it, so events also meet
attempts that nobody has closed yet. After every step the answers, the statuses, every grade ever
written and the records are the model's.

Whoever acts is who would act: the candidate, two examiners, a trainer, each by their own pages.
docs/guards.md lists the guards that were taken out to see it fail (`tools/mutants.py`).
"""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
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
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.app import create_app
from elearn.core.access import Role
from elearn.core.assembly.model import Section
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts import sweeper, views
from elearn.exams.corrections.worker import advance
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptVoid,
    BlueprintRevision,
    Exam,
    Grade,
    KeyCorrection,
    LoginSession,
    OrgUnit,
    Person,
    ReviewPolicy,
    TimeChange,
    TrainingRecord,
)
from elearn.records.queries import is_current
from elearn.records.services import verify_record
from tests.conftest import Browser, make_settings
from tests.exams.machine_model import (
    PASS,
    POINTS,
    Correction,
    Extension,
    Sent,
    Sitter,
    Sitting,
)
from tests.factories import make_person, make_unit
from tests.factories_exams import make_bank, make_exam, make_question, make_revision, make_spec

ITEMS, MINUTES, TRIES, WINDOW_H = 4, 50, 3, 6
DEVICES = ("phone-0001", "tablet-01", "laptop-01")
STEPS = int(os.environ.get("ELEARN_TEST_MACHINE_STEPS", "25"))
EXAMPLES = int(os.environ.get("ELEARN_TEST_MACHINE_EXAMPLES", "16"))
# Shrinking a failure takes minutes: for whoever looks for its cause.
PHASES = tuple(p for p in Phase if p is not Phase.shrink or os.environ.get("ELEARN_TEST_SHRINK"))
CITED = "监察法@2024-12-25#46"


class SetClock:
    """The product's clock, set by the machine."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at


class Dice:
    """What draws the seeds of papers: the same ones in every run of an example, or hypothesis could
    not repeat it."""

    def __init__(self) -> None:
        self.thrown = itertools.count(1)

    def token_hex(self, size: int) -> str:
        return f"{next(self.thrown) * 7919:0{2 * size}x}"


def unhurried(connection: Any, *_: Any) -> None:
    """Nobody cuts the power here (bench/drills does): twenty thousand commits need no disk."""
    connection.execute("PRAGMA synchronous=OFF")


class World:
    """A database, the app on it, one clock."""

    def __init__(self, engine: Engine, folder: Path):
        self.engine, self.clock = engine, SetClock()
        if engine.dialect.name == "sqlite":
            event.listen(engine, "checkout", unhurried)
        self.zero, self.dice = self.clock.at, Dice()
        self.app = create_app(make_settings(folder), engine=engine)
        self.app.extensions["elearn_clock"] = self.clock
        self.app.test_client_class = Browser
        with db.transaction(engine) as work:
            make_bank(work, [make_question(QuestionType.SINGLE) for _ in range(6)])
            spec = make_spec(Section("单选题", QuestionType.SINGLE, ITEMS, POINTS), pass_centi=PASS)
            self.revision = make_revision(work, spec).id
            self.unit = make_unit(work).id


class ExamDay(RuleBasedStateMachine):
    """One person with three devices, one exam, two examiners and a trainer."""

    world: World

    @initialize()
    def arrive(self) -> None:
        self.ids, self.counted = itertools.count(1), itertools.count(1)
        self.now = self.world.clock.at = self.world.zero
        self.world.dice.thrown = itertools.count(1)
        with db.transaction(self.world.engine) as work:
            unit = work.get_one(OrgUnit, self.world.unit)
            examiner = make_person(work, unit, Role.EXAMINER)
            staff = {
                "first": examiner,
                "second": make_person(work, unit, Role.EXAMINER),
                "trainer": make_person(work, unit, Role.TRAINER),
                "elsewhere": make_person(work, make_unit(work), Role.EXAMINER, Role.TRAINER),
            }
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
            self.exam, self.exam_id = exam.public_id, exam.id
            self.person, self.person_id = person.id, person.public_id
            self.model = Sitter(exam.opens_at, exam.closes_at, MINUTES, TRIES)
            self.me = self._sign_in(person, work)
            self.other = self._sign_in(other, work)
            self.staff = {name: self._sign_in(who, work) for name, who in staff.items()}
            self.staff["candidate"] = self.me
        self.start(("now", 0))

    def _sign_in(self, person: Person, work: Any) -> Browser:
        browser: Browser = self.world.app.test_client()  # type: ignore[assignment]
        browser.sign_in(person, work, now=self.now)
        work.flush()
        for login in work.scalars(select(LoginSession).where(LoginSession.person_id == person.id)):
            login.expires_at = self.now + timedelta(days=13)
        return browser

    # ------------------------------------------------------------ small things

    @property
    def sittings(self) -> list[Sitting]:
        return self.model.sittings if hasattr(self, "model") else []

    def jump(self, how: tuple[str, int]) -> None:
        """Move the clock: seconds from now, or from the deadline (never back by more than an hour)."""
        kind, seconds = how
        last = self.model.last
        base = last.deadline if kind == "deadline" and last else self.now
        target = base + timedelta(seconds=seconds)
        if target > self.now - timedelta(hours=1):
            self.now = self.world.clock.at = target

    def read(self) -> Session:
        return db.new_session(self.world.engine, write=False)

    def paper(self, public_id: str) -> dict[int, tuple[str, list[int]]]:
        """Item -> (question, original option at each position), as drawn."""
        with self.read() as work:
            stored = work.scalars(select(Attempt.paper).where(Attempt.public_id == public_id)).one()
        return {
            item["number"]: (item["revision_hash"], item["parts"][0]["option_order"])
            for section in stored["sections"]
            for item in section["items"]
        }

    # ------------------------------------------------------------ the candidate

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
        running = self.model.open_sitting()
        response = self.me.post(f"/exams/{self.exam}/start", data={"agreed": "1"})
        if running is not None and running.alive(self.now):
            assert response.status_code == 302
            return
        if not self.model.may_start(self.now):
            assert response.status_code in {409, 410}
            return
        assert response.status_code == 302
        self.model.close_due(self.now)
        public_id = response.location.split("/")[2]
        assert public_id not in {s.public_id for s in self.sittings}
        deadline = self.model.deadline_from(self.now)
        made = Sitting(public_id, self.now, deadline, paper=self.paper(public_id))
        self.sittings.append(made)

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
        status = sitting.status_by_time(self.now, made, orphan=orphan)
        running = sitting.alive(self.now)
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

    @precondition(lambda self: self.sittings and self.sittings[-1].events)
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
        if not sitting.alive(self.now):
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
        self.model.submit(sitting, self.now)

    @rule(how=jumps)
    def sweep(self, how: tuple[str, int]) -> None:
        self.jump(how)
        sweeper.sweep(self.world.engine, now=self.now)
        self.model.close_due(self.now)

    # ------------------------------------------------------------ time, by the examiners

    everybody = st.sampled_from([True, False])
    who = st.sampled_from(["first", "second"])
    strangers = st.sampled_from(["candidate", "trainer", "elsewhere"])

    def change_time(self, who: str, do: str, *, everybody: bool, minutes: int = 0) -> int:
        target = {"to": "all"} if everybody else {"person": self.person_id}
        data = {"do": do, "reason": "停电", "minutes": str(minutes), **target}
        return self.staff[who].post(f"/manage/exams/{self.exam}/time", data=data).status_code

    def decide_time(self, who: str, public_id: str, do: str) -> int:
        url = f"/manage/exams/{self.exam}/time/{public_id}"
        return self.staff[who].post(url, data={"do": do, "reason": "核实"}).status_code

    def newest_change(self) -> TimeChange:
        with self.read() as work:
            query = select(TimeChange).where(TimeChange.exam_id == self.exam_id)
            return work.scalars(query.order_by(TimeChange.id.desc()).limit(1)).one()

    @rule(how=jumps, who=who, everybody=everybody, minutes=st.sampled_from([1, 4, 9, 10, 11, 30]))
    def extend(self, how: tuple[str, int], who: str, minutes: int, *, everybody: bool) -> None:
        """Above ten minutes by one person's word, all in all, it waits for a second one."""
        self.jump(how)
        assert self.change_time(who, "extend", everybody=everybody, minutes=minutes) == 302
        model = self.model
        if not model.may_extend(self.now, everybody=everybody):
            return
        model.time_changes += 1
        row = self.newest_change()
        needs = model.alone + minutes * 60 > 600
        assert row.needs_approval == needs
        made = Extension(row.public_id, everybody, minutes * 60, who, needs, needs)
        model.extensions.append(made)
        if needs:
            assert self.decide_time(who, row.public_id, "approve") == 302  # alone: nothing
        else:
            model.alone += minutes * 60
            model.extend(made)

    @precondition(lambda self: any(e.open for e in self.model.extensions))
    @rule(data=st.data(), how=jumps, who=who, do=st.sampled_from(["approve", "approve", "refuse"]))
    def decide(self, data: st.DataObject, how: tuple[str, int], who: str, do: str) -> None:
        """Approved by another, refused by anybody, once."""
        self.jump(how)
        asked = data.draw(st.sampled_from(self.model.extensions))
        assert self.decide_time(who, asked.public_id, do) == (302 if asked.needs else 404)
        if not asked.open:
            return
        if do == "approve" and (who == asked.by or not self.model.is_live(self.now)):
            return
        asked.open = False
        self.model.time_changes += 1
        if do == "approve":
            self.model.extend(asked)
        assert self.decide_time(who, asked.public_id, do) == 302  # a second click

    @rule(how=jumps, who=who, everybody=everybody)
    def pause(self, how: tuple[str, int], who: str, *, everybody: bool) -> None:
        self.jump(how)
        assert self.change_time(who, "pause", everybody=everybody) == 302
        if self.model.may_pause(self.now, everybody=everybody):
            self.model.time_changes += 1
            public_id = self.newest_change().public_id
            self.model.pause(public_id, self.now, everybody=everybody)

    @precondition(lambda self: self.model.pauses)
    @rule(data=st.data(), how=jumps, who=who)
    def resume(self, data: st.DataObject, how: tuple[str, int], who: str) -> None:
        """And a second click."""
        self.jump(how)
        public_id = data.draw(st.sampled_from(list(self.model.pauses)))
        assert self.decide_time(who, public_id, "resume") == 302
        self.model.resume(public_id, self.now)
        self.model.time_changes += 1
        assert self.decide_time(who, public_id, "resume") == 302

    @precondition(lambda self: self.model.open_sitting() and not self.model.pauses)
    @rule(who=who, apart=st.sampled_from([1, 60]), first=st.sampled_from([0, 1]))
    def pause_inside_a_pause(self, who: str, apart: int, first: int) -> None:
        """One person's and everybody's; one of them ends, the other holds on."""
        self.pause(("now", 0), who, everybody=False)
        self.pause(("now", apart), who, everybody=True)
        if len(self.model.pauses) == 2:
            self.jump(("now", apart))
            public_id = list(self.model.pauses)[first]
            assert self.decide_time(who, public_id, "resume") == 302
            self.model.resume(public_id, self.now)
            self.model.time_changes += 1

    # ------------------------------------------------------------ keys

    @precondition(lambda self: self.sittings)
    @rule(
        data=st.data(),
        kind=st.sampled_from(["REPLACE", "REPLACE", "ACCEPT", "VOID"]),
        option=st.integers(0, 3),
        who=st.sampled_from(["trainer", "first"]),
    )
    def propose(self, data: st.DataObject, kind: str, option: int, who: str) -> None:
        """Nothing changes by it."""
        self._propose(data.draw(st.sampled_from(list(self.model.digests()))), kind, option, who)

    def _propose(self, digest: str, kind: str, option: int, who: str = "trainer") -> bool:
        """True when it was taken."""
        response = self.staff[who].post(
            f"/manage/corrections/new/{digest}",
            data={
                "part": "0",
                "kind": kind,
                "key-0": str(option),
                "scope": self.exam,
                "reason": "条文已修订",
                "citation": CITED,
            },
        )
        if self.model.changes_nothing(digest, kind, option):
            assert response.status_code == 422
            return False
        assert response.status_code == 302, response.text
        made = Correction(response.location.split("/")[-1], digest, kind, option, by=who)
        self.model.corrections.append(made)
        url = f"/manage/corrections/{made.public_id}/decide"
        assert self.staff[who].post(url, data={"do": "approve"}).status_code == 403  # alone
        return True

    @precondition(lambda self: self.model.waiting())
    @rule(data=st.data(), who=st.sampled_from(["second", "first", "trainer"]))
    def approve(self, data: st.DataObject, who: str) -> None:
        """By another, once the preview is through; a second click changes nothing."""
        correction = data.draw(st.sampled_from(self.model.waiting()))
        url = f"/manage/corrections/{correction.public_id}/decide"
        response = self.staff[who].post(url, data={"do": "approve"})
        if who == correction.by:
            assert response.status_code == 403
        elif not correction.previewed:
            assert response.status_code == 409
        else:
            assert response.status_code == 302
            self.model.approve(correction)
            assert self.staff[who].post(url, data={"do": "approve"}).status_code == 302

    @precondition(lambda self: self.model.corrections)
    @rule(how=jumps)
    def regrade(self, how: tuple[str, int]) -> None:
        """The worker: previews what is proposed, grades anew what is approved."""
        self.jump(how)
        while advance(self.world.engine, now=self.now, batch=2):
            pass
        self.model.work_off()

    @precondition(lambda self: any(s.ended for s in self.sittings))
    @rule(data=st.data(), kind=st.sampled_from(["REPLACE", "ACCEPT", "VOID"]))
    def correct(self, data: st.DataObject, kind: str) -> None:
        """The whole way at once, for what somebody chose: it moves scores."""
        sitting = data.draw(st.sampled_from(self.sittings))
        self._correct(sitting, data.draw(st.sampled_from(sorted(sitting.paper))), kind)

    def _correct(self, sitting: Sitting, chosen: int, kind: str) -> None:
        answers = sitting.answers()
        order = sitting.paper[chosen][1]
        option = order[answers[chosen][0]] if chosen in answers else 1
        if not self._propose(sitting.paper[chosen][0], kind, option):
            return
        self.regrade(("now", 0))
        correction = self.model.corrections[-1]
        url = f"/manage/corrections/{correction.public_id}/decide"
        assert self.staff["second"].post(url, data={"do": "approve"}).status_code == 302
        self.model.approve(correction)
        self.regrade(("now", 0))

    # ------------------------------------------------------------ annulling

    @precondition(lambda self: self.sittings)
    @rule(data=st.data(), how=jumps, who=who)
    def ask_void(self, data: st.DataObject, how: tuple[str, int], who: str) -> None:
        """Handed in or still running, once at a time."""
        self.jump(how)
        sitting = data.draw(st.sampled_from(self.sittings))
        url = f"/manage/exams/{self.exam}/attempts/{sitting.public_id}/void"
        assert self.staff[who].post(url, data={"reason": "经查证由他人代考"}).status_code == 302
        self.model.close_due(self.now)
        with self.read() as work:
            rows = work.scalars(
                select(AttemptVoid)
                .join(AttemptVoid.attempt)
                .where(Attempt.public_id == sitting.public_id)
                .order_by(AttemptVoid.id)
            ).all()
        if sitting.voided or sitting.void_asked is not None:
            assert len(rows) == sitting.voids
            return
        sitting.voids += 1
        assert len(rows) == sitting.voids
        sitting.void_asked = (rows[-1].public_id, who)
        url = f"/manage/voids/{rows[-1].public_id}/decide"  # alone: nothing comes of it
        assert self.staff[who].post(url, data={"do": "approve"}).status_code == 302

    @precondition(lambda self: any(s.void_asked for s in self.sittings))
    @rule(data=st.data(), who=who, do=st.sampled_from(["approve", "approve", "refuse"]))
    def decide_void(self, data: st.DataObject, who: str, do: str) -> None:
        """By another; and a second click."""
        sitting = data.draw(st.sampled_from([s for s in self.sittings if s.void_asked]))
        assert sitting.void_asked is not None
        public_id, asked_by = sitting.void_asked
        for _ in range(2):
            url = f"/manage/voids/{public_id}/decide"
            assert self.staff[who].post(url, data={"do": do}).status_code == 302
        if do == "approve" and who == asked_by:
            return
        sitting.void_asked = None
        if do == "approve":
            self.model.void(sitting, self.now)

    @precondition(lambda self: any(s.ended and not s.voided for s in self.sittings))
    @rule(data=st.data(), kind=st.sampled_from(["VOID", "VOID", "REPLACE", "ACCEPT"]))
    def annul_then_correct(self, data: st.DataObject, kind: str) -> None:
        """Annulled by two; then a key moves in its favour: it stays nothing."""
        ended = [s for s in self.sittings if s.ended and not s.voided]
        sitting = data.draw(st.sampled_from(ended))
        if sitting.void_asked is None:
            url = f"/manage/exams/{self.exam}/attempts/{sitting.public_id}/void"
            self.staff["first"].post(url, data={"reason": "经查证由他人代考"})
            sitting.voids += 1
            with self.read() as work:
                newest = select(AttemptVoid.public_id).order_by(AttemptVoid.id.desc()).limit(1)
                sitting.void_asked = (work.scalars(newest).one(), "first")
        public_id, asked_by = sitting.void_asked
        other = "second" if asked_by == "first" else "first"
        url = f"/manage/voids/{public_id}/decide"
        assert self.staff[other].post(url, data={"do": "approve"}).status_code == 302
        sitting.void_asked = None
        self.model.void(sitting, self.now)
        item = data.draw(st.sampled_from(sorted(sitting.paper)))
        self._correct(sitting, item, kind)

    # ------------------------------------------------------------ who may not

    @rule(who=strangers, everybody=everybody)
    def meddle(self, who: str, *, everybody: bool) -> None:
        """Candidates, trainers and the examiner of another unit change no time and annul nothing."""
        refused = 404 if who == "elsewhere" else 403
        assert self.change_time(who, "pause", everybody=everybody) == refused
        assert self.change_time(who, "extend", everybody=everybody, minutes=5) == refused
        for public_id in self.model.pauses:
            assert self.decide_time(who, public_id, "resume") == refused
        for extension in self.model.extensions:
            assert self.decide_time(who, extension.public_id, "approve") == refused
        for sitting in self.sittings:
            url = f"/manage/exams/{self.exam}/attempts/{sitting.public_id}/void"
            assert self.staff[who].post(url, data={"reason": "就是要作废"}).status_code == refused
            if sitting.void_asked is not None:
                url = f"/manage/voids/{sitting.void_asked[0]}/decide"
                answer = self.staff[who].post(url, data={"do": "approve"})
                assert answer.status_code == refused
        for correction in self.model.waiting() if who != "trainer" else ():
            url = f"/manage/corrections/{correction.public_id}/decide"
            assert self.staff[who].post(url, data={"do": "approve"}).status_code == refused

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
        for sitting in self.sittings:
            state = self.me.get(
                f"/attempts/{sitting.public_id}/state?device={DEVICES[0]}"
            ).get_json()
            self.model.close_due(self.now)
            assert state["state"] == ("IN_PROGRESS" if sitting.ended is None else "SUBMITTED")
            assert (state["seq"], state["saved"]) == (len(sitting.events), len(sitting.answers()))
            assert datetime.fromisoformat(state["deadline"]) == sitting.deadline
            if sitting.ended is None:
                shown = {int(k.split("-")[0]): v for k, v in state["answers"].items() if v}
                assert shown == sitting.answers()
                assert state["lease"]["mine"] == (sitting.lease in {None, DEVICES[0]})
                assert state["paused"] == (sitting.paused is not None)
                assert state["remaining_ms"] == max(0, round(-1000 * sitting.over(self.now)))

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        if not self.sittings:
            return
        with self.read() as work:
            exam = work.get_one(Exam, self.exam_id)
            assert (exam.closes_at, exam.paused_at) == (self.model.closes, self.model.paused)
            assert exam.open_pauses == len(self.model.pauses)
            changes = select(func.count()).where(TimeChange.exam_id == self.exam_id)
            assert work.scalar(changes) == self.model.time_changes
            rows = work.scalars(
                select(Attempt).where(Attempt.person_id == self.person).order_by(Attempt.no)
            ).all()
            assert [row.public_id for row in rows] == [s.public_id for s in self.sittings]
            for row, sitting in zip(rows, self.sittings, strict=True):
                self._one_attempt(work, row, sitting)
            self._hours(work)

    def _one_attempt(self, work: Session, row: Attempt, sitting: Sitting) -> None:
        events = work.scalars(
            select(AnswerEvent).where(AnswerEvent.attempt_id == row.id).order_by(AnswerEvent.seq)
        ).all()
        assert [(e.event_id, e.status, e.seq) for e in events] == [
            (e.id, e.status, e.seq) for e in sitting.events
        ]
        assert row.submitted_at == sitting.ended
        assert (row.voided_at is not None) == sitting.voided
        grades = work.scalars(
            select(Grade).where(Grade.attempt_id == row.id).order_by(Grade.no)
        ).all()
        assert [(g.score_centi, g.passed) for g in grades] == [
            (g.score, g.passed) for g in sitting.grades
        ]
        records = work.scalars(
            select(TrainingRecord).where(
                TrainingRecord.source_key.startswith(f"attempt:{row.public_id}"), is_current()
            )
        ).all()
        assert len(records) == int(sitting.settled)
        if sitting.settled:
            last = sitting.grades[-1]
            assert (records[0].score_centi, records[0].passed) == (last.score, last.passed)
            assert (row.last_seq, row.answered) == (len(events), len(sitting.answers()))

    def _hours(self, work: Session) -> None:
        """Once per exam, whatever was corrected or annulled; no record was ever touched."""
        mine = TrainingRecord.person_id == self.person
        current = work.scalars(select(TrainingRecord.hours_centi).where(mine, is_current()))
        assert sum(current) == self.model.hours()
        assert all(verify_record(r) for r in work.scalars(select(TrainingRecord).where(mine)))
        approved = select(func.count()).where(
            KeyCorrection.exam_id == self.exam_id, KeyCorrection.no.is_not(None)
        )
        assert work.scalar(approved) == sum(c.order > 0 for c in self.model.corrections)


def test_any_course_of_events_is_the_models(
    own_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(own_engine, tmp_path)
    monkeypatch.setattr(views, "secrets", world.dice)
    machine = type("ExamDayHere", (ExamDay,), {"world": world})
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
