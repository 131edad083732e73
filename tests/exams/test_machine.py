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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
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
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, defer

from elearn import db
from elearn.config import DISPLAY_ZONE
from elearn.core.access import Role
from elearn.exams.attempts import lobby_views, sweeper
from elearn.exams.corrections.worker import advance
from elearn.exams.makeups import views as makeup_views
from elearn.exams.papers.replay import replay_exam
from elearn.exams.papers.vault import process_vault
from elearn.exams.timing.clock import ends_at
from elearn.models import (
    Attempt,
    AttemptVoid,
    BlueprintRevision,
    Exam,
    KeyCorrection,
    LoginSession,
    OrgUnit,
    Person,
    ReviewPolicy,
    TimeChange,
    TrainingRecord,
)
from elearn.records.writing import verify_record
from tests.conftest import Browser
from tests.exams.machine_model import LATE, Correction, Extension, Sent, Sitter, Sitting
from tests.exams.machine_world import ITEMS, STOCK, Kept, World
from tests.factories import make_person, make_unit
from tests.factories_exams import make_exam

MINUTES, TRIES, WINDOW_H = 50, 3, 6
DEVICES = ("phone-0001", "tablet-01", "laptop-01")
STEPS = int(os.environ.get("ELEARN_TEST_MACHINE_STEPS", "22"))
EXAMPLES = int(os.environ.get("ELEARN_TEST_MACHINE_EXAMPLES", "16"))
# Shrinking a failure takes minutes: for whoever looks for its cause.
PHASES = tuple(p for p in Phase if p is not Phase.shrink or os.environ.get("ELEARN_TEST_SHRINK"))
CITED = "监察法@2024-12-25#46"


class ExamDay(RuleBasedStateMachine):
    """One person with three devices, one exam, two examiners and a trainer; somebody else at a
    second exam, once a key is to be corrected for all of them."""

    world: World

    @initialize()
    def arrive(self) -> None:
        self.ids, self.counted = itertools.count(1), itertools.count(1)
        self.now = self.world.clock.at = self.world.zero
        self.world.dice.thrown = itertools.count(1)
        self.twin: Sitter | None = None
        self.makeup: Sitter | None = None
        with db.transaction(self.world.engine) as work:
            self.world.stock(work)
            unit = make_unit(work)
            room, beside = make_unit(work, unit), make_unit(work, unit)
            examiner = make_person(work, unit, Role.EXAMINER)
            staff = {
                "first": examiner,
                "second": make_person(work, unit, Role.EXAMINER),
                "trainer": make_person(work, unit, Role.TRAINER),
                "elsewhere": make_person(work, make_unit(work), Role.EXAMINER, Role.TRAINER),
            }
            person, other = make_person(work, room), make_person(work, beside)
            self.unit_id, self.examiner_id, self.other_id = unit.id, examiner.id, other.id
            exam = self._make_exam(work)
            self.exam, self.exam_id, self.exam_ids = exam.public_id, exam.id, [exam.id]
            self.person, self.person_id = person.id, person.public_id
            self.targets = {
                "all": {"to": "all"},
                "room": {"to": room.public_id},
                "next": {"to": beside.public_id},
                "person": {"person": person.public_id},
            }
            self.model = Sitter(exam.opens_at, exam.closes_at, MINUTES, TRIES)
            self.me = self._sign_in(person, work)
            self.other = self._sign_in(other, work)
            self.staff = {name: self._sign_in(who, work) for name, who in staff.items()}
            self.staff["candidate"] = self.me
            work.flush()
            long = self.now + timedelta(days=13)
            work.execute(update(LoginSession).values(expires_at=long))
        self.start(("now", 0))

    def _make_exam(self, work: Session) -> Exam:
        return make_exam(
            work,
            work.get_one(OrgUnit, self.unit_id),
            by=work.get_one(Person, self.examiner_id),
            revision=work.get_one(BlueprintRevision, self.world.revision),
            now=self.now,
            opens_at=self.now,
            closes_at=self.now + timedelta(hours=WINDOW_H),
            duration_s=MINUTES * 60,
            attempts_max=TRIES,
            review_policy=ReviewPolicy.AT_ONCE,
        )

    def _sign_in(self, person: Person, work: Session) -> Browser:
        browser: Browser = self.world.app.test_client()  # type: ignore[assignment]
        return browser.sign_in(person, work, now=self.now)

    # ------------------------------------------------------------ small things

    @property
    def sittings(self) -> list[Sitting]:
        return self.model.sittings if hasattr(self, "model") else []

    @property
    def sitters(self) -> list[Sitter]:
        """The person's exam, its make-up, the other one's: those that are."""
        return [each for each in (self.model, self.makeup, self.twin) if each is not None]

    def jump(self, how: tuple[str, int]) -> None:
        """Move the clock: seconds from now, or from the deadline (never back by more than an hour)."""
        kind, seconds = how
        last = self.model.last
        base = last.deadline if kind == "deadline" and last else self.now
        self.jump_to(base + timedelta(seconds=seconds))

    def jump_to(self, target: datetime) -> None:
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
        event: dict[str, Any] = {
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
        assert (reply["seq"], reply["saved"]) == (seq, len(sitting.answers()))
        assert reply["paused"] == (sitting.paused is not None)
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
    @rule(how=jumps, sweepers=st.sampled_from([0, 0, 1]))
    def submit(self, how: tuple[str, int], sweepers: int) -> None:
        """Whoever closes it, a sweeper at the same moment or the candidate: once."""
        self.jump(how)
        sitting = self.sittings[-1]
        with self.sweeping(sweepers):
            response = self.me.post(f"/attempts/{sitting.public_id}/submit")
        assert response.status_code == 302
        self.model.submit(sitting, self.now)
        if sweepers:
            self.model.close_due(self.now)

    @rule(how=jumps, sweepers=st.sampled_from([1, 1, 2]))
    def sweep(self, how: tuple[str, int], sweepers: int) -> None:
        """Of one process, or of two at once."""
        self.jump(how)
        with self.sweeping(sweepers):
            pass
        self.model.close_due(self.now)

    @contextmanager
    def sweeping(self, sweepers: int) -> Iterator[None]:
        """So many sweep meanwhile, each in its own thread."""
        with ThreadPoolExecutor(max(1, sweepers)) as pool:
            runs = [
                pool.submit(sweeper.sweep, self.world.engine, now=self.now) for _ in range(sweepers)
            ]
            yield
            for run in runs:
                run.result()

    # ------------------------------------------------------------ time, by the examiners

    scopes = st.sampled_from(["all", "room", "person", "next"])
    who = st.sampled_from(["first", "second"])
    strangers = st.sampled_from(["candidate", "trainer", "elsewhere"])

    def change_time(self, who: str, do: str, scope: str, *, minutes: int = 0) -> int:
        data = {"do": do, "reason": "停电", "minutes": str(minutes), **self.targets[scope]}
        return self.staff[who].post(f"/manage/exams/{self.exam}/time", data=data).status_code

    def decide_time(self, who: str, public_id: str, do: str) -> int:
        url = f"/manage/exams/{self.exam}/time/{public_id}"
        return self.staff[who].post(url, data={"do": do, "reason": "核实"}).status_code

    def newest_change(self) -> TimeChange:
        with self.read() as work:
            query = select(TimeChange).where(TimeChange.exam_id == self.exam_id)
            return work.scalars(query.order_by(TimeChange.id.desc()).limit(1)).one()

    minutes = st.sampled_from([1, 4, 9, 10, 11, 30])

    @rule(how=jumps, who=who, scope=scopes, minutes=minutes)
    def extend(self, how: tuple[str, int], who: str, scope: str, minutes: int) -> None:
        """Above ten minutes by one person's word, all in all, it waits for a second one."""
        self.jump(how)
        assert self.change_time(who, "extend", scope, minutes=minutes) == 302
        model = self.model
        if not model.may_extend(self.now, scope):
            return
        model.time_changes += 1
        row = self.newest_change()
        needs = model.alone(scope) + minutes * 60 > 600
        assert row.needs_approval == needs
        made = Extension(row.public_id, scope, minutes * 60, who, needs, needs)
        model.extensions.append(made)
        if needs:
            assert self.decide_time(who, row.public_id, "approve") == 302  # alone: nothing
        else:
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

    @rule(how=jumps, who=who, scope=scopes)
    def pause(self, how: tuple[str, int], who: str, scope: str) -> None:
        self.jump(how)
        assert self.change_time(who, "pause", scope) == 302
        if self.model.may_pause(self.now, scope):
            self.model.time_changes += 1
            public_id = self.newest_change().public_id
            self.model.pause(public_id, self.now, scope)

    @precondition(lambda self: self.model.pauses)
    @rule(data=st.data(), how=jumps, who=who)
    def resume(self, data: st.DataObject, how: tuple[str, int], who: str) -> None:
        """And a second click."""
        self.jump(how)
        self._resume(data.draw(st.sampled_from(list(self.model.pauses))), who)

    def _resume(self, public_id: str, who: str) -> None:
        assert self.decide_time(who, public_id, "resume") == 302
        self.model.resume(public_id, self.now)
        self.model.time_changes += 1
        assert self.decide_time(who, public_id, "resume") == 302

    @precondition(lambda self: self.model.open_sitting() and not self.model.pauses)
    @rule(
        who=who,
        apart=st.sampled_from([1, 60]),
        pair=st.sampled_from(["person all", "person room", "room all", "next all", "next room"]),
        first=st.sampled_from([0, 1]),
    )
    def pause_inside_a_pause(self, who: str, apart: int, pair: str, first: int) -> None:
        """A smaller and a larger circle; one of them ends, the other holds on."""
        inner, outer = pair.split()
        self.pause(("now", 0), who, inner)
        self.pause(("now", apart), who, outer)
        if len(self.model.pauses) == 2:
            self.jump(("now", apart))
            self._resume(list(self.model.pauses)[first], who)

    @precondition(lambda self: self.model.open_sitting() and not self.model.pauses)
    @rule(who=who, paused=scopes, scope=scopes, minutes=minutes, apart=st.sampled_from([20, 7200]))
    def extend_inside_a_pause(
        self, who: str, paused: str, scope: str, minutes: int, apart: int
    ) -> None:
        """Both count: what the clock stood, and what was given meanwhile."""
        self.pause(("now", 0), who, paused)
        self.extend(("now", apart), who, scope, minutes)
        self.jump(("now", apart))
        for public_id in list(self.model.pauses):
            self._resume(public_id, who)

    # ------------------------------------------------------------ late answers

    @precondition(lambda self: any(s.held() for s in self.sittings))
    @rule(data=st.data(), how=jumps, who=who, accepted=st.sampled_from([True, True, False]))
    def decide_held(
        self, data: st.DataObject, how: tuple[str, int], who: str, *, accepted: bool
    ) -> None:
        """An examiner counts them or not, once; a closed attempt is graded anew."""
        self.jump(how)
        sitting = data.draw(st.sampled_from([s for s in self.sittings if s.held()]))
        held = sitting.held()
        some = held[: data.draw(st.integers(1, len(held)))]
        self._decide_held(sitting, some, who, accepted=accepted)

    def _decide_held(
        self, sitting: Sitting, events: list[Sent], who: str, *, accepted: bool
    ) -> None:
        form = {
            "attempt": sitting.public_id,
            "event": [event.id for event in events],
            "verdict": "accept" if accepted else "refuse",
            "reason": "考场断网，监考证明",
        }
        url = f"/manage/exams/{self.exam}/late"
        assert self.staff[who].post(url, data=form).status_code == 302
        self.model.decide_held(sitting, events, accepted=accepted)
        assert self.staff[who].post(url, data=form).status_code == 409  # a second click

    @precondition(lambda self: self.sittings)
    @rule(device=devices, several=st.lists(changes, min_size=1, max_size=3), who=who)
    def come_back_late(self, device: str, several: list[dict[str, Any]], who: str) -> None:
        """A phone that was away until all was over; what it brings is counted."""
        self.jump(("deadline", 181))
        sitting = self.sittings[-1]
        for change in several:
            self.deliver(sitting, **{**change, "device": device, "orphan": True})
        if sitting.held():
            self._decide_held(sitting, sitting.held(), who, accepted=True)

    # ------------------------------------------------------------ keys

    everywhere = st.sampled_from([False, False, True])

    @precondition(lambda self: self.sittings)
    @rule(
        data=st.data(),
        kind=st.sampled_from(["REPLACE", "REPLACE", "ACCEPT", "VOID"]),
        option=st.integers(0, 3),
        who=st.sampled_from(["trainer", "first"]),
        everywhere=everywhere,
    )
    def propose(
        self, data: st.DataObject, kind: str, option: int, who: str, *, everywhere: bool
    ) -> None:
        """Nothing changes by it."""
        sitters = self.sitters if everywhere else [self.model]
        seen = list(dict.fromkeys(digest for each in sitters for digest in each.digests()))
        digest = data.draw(st.sampled_from(seen))
        self._propose(digest, kind, option, who, everywhere=everywhere)

    def _propose(
        self, digest: str, kind: str, option: int, who: str = "trainer", *, everywhere: bool = False
    ) -> Correction | None:
        """None when it was not taken."""
        if everywhere and self.twin is None:
            self._sit_twin()
        made = Correction("", digest, kind, option, by=who, everywhere=everywhere)
        response = self.staff[who].post(
            f"/manage/corrections/new/{digest}",
            data={
                "part": "0",
                "kind": kind,
                "key-0": str(option),
                "scope": "all" if everywhere else self.exam,
                "reason": "条文已修订",
                "citation": CITED,
            },
        )
        if self.model.changes_nothing(made):
            assert response.status_code == 422
            return None
        assert response.status_code == 302, response.text
        made.public_id = response.location.split("/")[-1]
        self.model.corrections.append(made)
        for each in self.sitters[1:] if everywhere else ():
            each.corrections.append(made)
        url = f"/manage/corrections/{made.public_id}/decide"
        assert self.staff[who].post(url, data={"do": "approve"}).status_code == 403  # alone
        return made

    def _sit_twin(self) -> None:
        """Somebody else, another exam, the same bank: what holds for all exams holds there."""
        with db.transaction(self.world.engine) as work:
            exam = self._make_exam(work)
            self.exam_ids.append(exam.id)
            twin_exam = exam.public_id
            self.twin = Sitter(exam.opens_at, exam.closes_at, MINUTES, TRIES)
        response = self.other.post(f"/exams/{twin_exam}/start", data={"agreed": "1"})
        public_id = response.location.split("/")[2]
        deadline = self.twin.deadline_from(self.now)
        sitting = Sitting(public_id, self.now, deadline, paper=self.paper(public_id))
        self.twin.sittings.append(sitting)
        for item, (_, order) in sitting.paper.items():
            event_id = f"event-{next(self.ids)}-{self.other_id}"
            value = [order.index(item % 2)]  # every second one right
            event = {"event_id": event_id, "item": item, "part": 0, "value": value}
            body = {"device": DEVICES[0], "events": [event]}
            reply = self.other.post(f"/attempts/{public_id}/answers", json=body).get_json()
            assert reply["statuses"] == {event_id: "COUNTED"}
            sitting.events.append(Sent(event_id, item, value, "COUNTED", item, DEVICES[0], 0))
        assert self.other.post(f"/attempts/{public_id}/submit").status_code == 302
        self.twin.submit(sitting, self.now)

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
            self._approved(correction)
            assert self.staff[who].post(url, data={"do": "approve"}).status_code == 302

    def _approved(self, correction: Correction) -> None:
        correction.order = max(c.order for c in self.model.corrections) + 1

    @precondition(lambda self: self.model.corrections)
    @rule(how=jumps)
    def regrade(self, how: tuple[str, int]) -> None:
        """The worker: previews what is proposed, grades anew what is approved."""
        self.jump(how)
        while advance(self.world.engine, now=self.now, batch=2):
            pass
        for sitter in self.sitters:
            sitter.work_off()

    @precondition(lambda self: any(s.ended for s in self.sittings))
    @rule(
        data=st.data(), kind=st.sampled_from(["REPLACE", "ACCEPT", "VOID"]), everywhere=everywhere
    )
    def correct(self, data: st.DataObject, kind: str, *, everywhere: bool) -> None:
        """The whole way at once, for what somebody chose: it moves scores."""
        sitting = data.draw(st.sampled_from(self.sittings))
        item = data.draw(st.sampled_from(sorted(sitting.paper)))
        self._correct(sitting, item, kind, everywhere=everywhere)

    def _correct(
        self, sitting: Sitting, chosen: int, kind: str, *, everywhere: bool = False
    ) -> None:
        answers = sitting.answers()
        digest, order = sitting.paper[chosen]
        option = order[answers[chosen][0]] if chosen in answers else 1
        correction = self._propose(digest, kind, option, everywhere=everywhere)
        if correction is None:
            return
        self.regrade(("now", 0))
        url = f"/manage/corrections/{correction.public_id}/decide"
        assert self.staff["second"].post(url, data={"do": "approve"}).status_code == 302
        self._approved(correction)
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
        self._annul(sitting)
        item = data.draw(st.sampled_from(sorted(sitting.paper)))
        self._correct(sitting, item, kind)

    def _annul(self, sitting: Sitting) -> None:
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

    @precondition(lambda self: self.sittings and not self.model.covered)
    @rule(passes=st.sampled_from([True, True, False]), annul=st.sampled_from(["no", "one", "all"]))
    def sit_again(self, annul: str, *, passes: bool) -> None:
        """Another go: with what was handed in still standing, or annulled."""
        self.submit(("now", 0), 0)
        before = len(self.sittings)
        self.start(("now", 0))
        if len(self.sittings) == before:
            return
        sitting = self.sittings[-1]
        self._answer_all(sitting, self.model, passes=passes)
        self.submit(("now", 0), 0)
        done = [s for s in self.sittings if s.ended and not s.voided]
        for each in {"no": [], "one": done[:1], "all": done}[annul]:
            self._annul(each)

    def _answer_all(self, sitting: Sitting, sitter: Sitter, *, passes: bool) -> None:
        """By the keys of now: all right, or all wrong."""
        for item, (digest, order) in sitting.paper.items():
            right = next(o for o in range(4) if sitter.question(digest).points(o))
            value = [order.index(right if passes else (right + 1) % 4)]
            self.deliver(
                sitting,
                device=DEVICES[0],
                item=item,
                value=value,
                knows="latest",
                made=None,
                orphan=False,
                counts="no",
            )

    @precondition(lambda self: self.sittings and self.makeup is None and not self.model.covered)
    @rule(who=who, annul=st.booleans(), passes=st.booleans())
    def make_up(self, who: str, *, annul: bool, passes: bool) -> None:
        """When all is over, for whoever has not passed: failed, or annulled."""
        with self.read() as work:
            self.jump_to(ends_at(work.get_one(Exam, self.exam_id)) + timedelta(seconds=LATE + 1))
        self.sweep(("now", 0), 1)
        for sitting in [s for s in self.sittings if not s.voided] if annul else []:
            self._annul(sitting)
        opens = self.now.replace(second=0) + timedelta(minutes=1)
        times = {"opens_at": opens, "closes_at": opens + timedelta(hours=3)}
        form = {name: f"{t.astimezone(DISPLAY_ZONE):%Y-%m-%dT%H:%M}" for name, t in times.items()}
        response = self.staff[who].post(
            f"/manage/exams/{self.exam}/makeups",
            data={"title": "补考", "attempts_max": "1", "removed": "", **form},
        )
        invited = not any(s.grades[-1].passed for s in self.sittings)
        if invited and STOCK - len(self.model.digests()) < ITEMS:
            assert response.status_code == 422  # no questions left that the person has not seen
            return
        assert response.status_code == 302, response.text
        exam = response.location.split("/")[3]
        self.makeup = Sitter(times["opens_at"], times["closes_at"], MINUTES, 1, main=self.model)
        self.model.makeup = self.makeup
        self.makeup.corrections = [c for c in self.model.corrections if c.everywhere]
        self.jump_to(opens)
        started = self.me.post(f"/exams/{exam}/start", data={"agreed": "1"})
        if not invited:
            assert started.status_code == 404
            return
        with self.read() as work:
            found = work.scalars(select(Exam.id).where(Exam.public_id == exam)).one()
            self.exam_ids.append(found)
        public_id = started.location.split("/")[2]
        paper = self.paper(public_id)
        assert not {digest for digest, _ in paper.values()} & set(self.model.digests())
        deadline = self.makeup.deadline_from(self.now)
        sitting = Sitting(public_id, self.now, deadline, paper=paper)
        self.makeup.sittings.append(sitting)
        self._answer_all(sitting, self.makeup, passes=passes)
        assert self.me.post(f"/attempts/{public_id}/submit").status_code == 302
        self.makeup.submit(sitting, self.now)

    # ------------------------------------------------------------ who may not

    @rule(who=strangers, scope=scopes, what=st.sampled_from(["time", "attempts", "keys"]))
    def meddle(self, who: str, scope: str, what: str) -> None:
        """Candidates, trainers and the examiner of another unit change no time, annul nothing and
        count no late answer."""
        refused = 404 if who == "elsewhere" else 403
        if what == "time":
            assert self.change_time(who, "pause", scope) == refused
            for public_id in self.model.pauses:
                assert self.decide_time(who, public_id, "resume") == refused
            for extension in self.model.extensions[-1:]:
                assert self.decide_time(who, extension.public_id, "approve") == refused
        for url, form in self._their_business(what, who):
            assert self.staff[who].post(url, data=form).status_code == refused

    def _their_business(self, what: str, who: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """What an examiner could do now about keys, or the last attempt; a trainer decides keys."""
        for correction in self.model.waiting()[:2] if what == "keys" and who != "trainer" else ():
            yield f"/manage/corrections/{correction.public_id}/decide", {"do": "approve"}
        for sitting in self.sittings[-1:] if what == "attempts" else ():
            url = f"/manage/exams/{self.exam}"
            yield f"{url}/attempts/{sitting.public_id}/void", {"reason": "就是要作废"}
            if sitting.void_asked is not None:
                yield f"/manage/voids/{sitting.void_asked[0]}/decide", {"do": "approve"}
            if held := [each.id for each in sitting.held()]:
                form = {"event": held, "verdict": "accept", "reason": "就是要计分"}
                yield f"{url}/late", {"attempt": sitting.public_id, **form}

    @precondition(lambda self: self.sittings)
    @rule(
        item=items,
        value=values,
        device=devices,
        how=st.sampled_from(["nobody", "version", "inactive", "expired", "old"]),
    )
    def intrude(self, item: int, value: list[int], device: str, how: str) -> None:
        """A stranger, a signed-out browser, a forged form and a revoked session write nothing."""
        url = f"/attempts/{self.sittings[-1].public_id}/answers"
        device = self.sittings[-1].lease or device  # the one the short way takes
        event = {"event_id": f"x-event-{next(self.ids)}", "item": item, "part": 0, "value": value}
        body = {"device": device, "events": [event]}
        assert self.other.post(url, json=body).status_code == 404
        if how == "nobody":
            nobody: Browser = self.world.app.test_client()  # type: ignore[assignment]
            assert nobody.post(url, json=body).status_code == 401
            forged = self.me.post(url, json={**body, "csrf": "no"}, headers={"X-CSRFToken": "no"})
            assert forged.status_code == 400
        else:
            with self.revoked(how):
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
        """Of what may still change by itself, and of the last one; the tables tell of the others."""
        for sitting in [s for s in self.sittings if not s.settled or s is self.model.last]:
            url = f"/attempts/{sitting.public_id}/state?device={DEVICES[0]}"
            state = self.me.get(url).get_json()
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
            query = select(Attempt).where(Attempt.person_id.in_([self.person, self.other_id]))
            query = query.options(defer(Attempt.paper), defer(Attempt.draw))
            # The exam before its make-up: a clock set back may open the first one again.
            query = query.order_by(Attempt.exam_id, Attempt.no)
            rows = work.scalars(query).all()
            kept = Kept(work, rows)
            self._one_person(kept, [row for row in rows if row.person_id == self.person])
            self._one_person(kept, [row for row in rows if row.person_id != self.person])
            if proposed := {c.public_id: c.order > 0 for c in self.model.corrections}:
                query = select(KeyCorrection).where(KeyCorrection.public_id.in_(proposed))
                found = {row.public_id: row.no is not None for row in work.scalars(query)}
                assert found == proposed

    def _one_person(self, kept: Kept, rows: list[Attempt]) -> None:
        """Hours are the exam's, once, whatever was corrected or annulled."""
        if not rows:
            return
        mine = rows[0].person_id == self.person
        sitters = [each for each in self.sitters if (each is not self.twin) is mine]
        sittings = [sitting for each in sitters for sitting in each.sittings]
        assert [row.public_id for row in rows] == [s.public_id for s in sittings]
        for row, sitting in zip(rows, sittings, strict=True):
            self._one_attempt(kept, row, sitting)
        records = kept.records[rows[0].person_id]
        current = [each for each in records if each.id in kept.current]
        assert sum(each.hours_centi for each in current) == sum(
            each.hours() for each in sitters if each.main is None
        )

    def _one_attempt(self, kept: Kept, row: Attempt, sitting: Sitting) -> None:
        """Every answer acknowledged is there, and what follows from it."""
        events = kept.events[row.id]
        assert events == [
            (e.id, e.status, e.seq, [sitting.paper[e.item][1][at] for at in e.value], e.accepted)
            for e in sitting.events
        ]
        assert (row.submitted_at, row.deadline_at) == (sitting.ended, sitting.deadline)
        assert (row.voided_at is not None, row.paused_at) == (sitting.voided, sitting.paused)
        grades = kept.grades[row.id]
        assert grades == [(g.score, g.passed) for g in sitting.grades]
        records = [
            each
            for each in kept.records[row.person_id]
            if each.source_key.startswith(f"attempt:{row.public_id}")
        ]
        current = [each for each in records if each.id in kept.current]
        assert len(current) == int(sitting.settled)
        for each in records:  # none without its grade
            assert (each.score_centi, each.passed) == grades[each.evidence["grade_no"] - 1]
        if sitting.settled:
            last = sitting.grades[-1]
            assert (current[0].score_centi, current[0].passed) == (last.score, last.passed)
            assert (row.last_seq, row.answered) == (len(events), len(sitting.answers()))

    def teardown(self) -> None:
        """Every paper drawn again, every grade ever given worked out again; no record touched."""
        if not self.sittings:
            return
        with self.read() as work:
            for exam in work.scalars(select(Exam).where(Exam.id.in_(self.exam_ids))):
                found = replay_exam(work, exam=exam, vault=process_vault())
                assert found.differences == [], found.differences
                assert found.attempts > 0
            people = TrainingRecord.person_id.in_([self.person, self.other_id])
            records = work.scalars(select(TrainingRecord).where(people))
            assert all(verify_record(each) for each in records)


def test_any_course_of_events_is_the_models(
    own_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(own_engine, tmp_path)
    monkeypatch.setattr(lobby_views, "secrets", world.dice)
    monkeypatch.setattr(makeup_views, "secrets", world.dice)
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
