"""Phones under load: each changes answers of its own attempt and sends every change until it is
acknowledged, as the page does."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from bench.drills.ledger import Ledger, Promise
from elearn.cli.rehearsal.protocol import Candidate, Event, Request
from elearn.cli.rehearsal.stage import Stage

TIMEOUT_S: Final = 10.0
CONVERGE_S: Final = 60.0
THINK_S: Final = 0.02
#: Answers that another try cannot change.
FINAL: Final = frozenset({400, 401, 403, 404, 409, 410, 422})


class Unsettled(Exception):
    """Something that should have happened did not, within the time given."""


@dataclass(frozen=True, slots=True)
class Habits:
    """`redeliver`: how often an older change is sent again, late. `swap`: how often two changes of
    one question arrive in the wrong order (only a server that knows bases can tell).
    `fresh_ids`: the control, a phone that makes up a new event id for every try."""

    redeliver: float = 0.0
    swap: float = 0.0
    fresh_ids: bool = False


@dataclass(slots=True)
class Count:
    """`unknown`: requests without an answer, the server may have kept them. `refused`: answered
    with an error. `odd`: what nobody expected, by status."""

    acked: int = 0
    unknown: int = 0
    refused: int = 0
    unresolved: int = 0
    redelivered: int = 0
    superseded: int = 0
    odd: Counter[str] = field(default_factory=Counter)


class Phone(threading.Thread):
    """One candidate."""

    def __init__(self, crowd: "Crowd", number: int):
        super().__init__(name=f"phone-{number}", daemon=True)
        stage = crowd.stage
        self.candidate = Candidate(stage.visitors[number], stage.exam)
        self.ledger = Ledger(crowd.folder / f"ledger-{number}.jsonl")
        self.count = Count()
        self.intended: dict[int, tuple[int, ...]] = {}
        self.events: set[str] = set()
        self._crowd = crowd
        self._draw = random.Random(number)
        self._link: http.client.HTTPConnection | None = None
        self._old: list[Event] = []

    def run(self) -> None:
        try:
            self._begin()
            while not self._crowd.stopping.is_set():
                self._crowd.frozen_phones.pass_by(self)
                self._one_change()
                time.sleep(self._draw.random() * 2 * THINK_S)
        finally:
            self.ledger.close()
            self._hang_up()

    def _begin(self) -> None:
        until = time.monotonic() + CONVERGE_S
        while time.monotonic() < until:
            status, location, _ = self._ask(self.candidate.start())
            if self.candidate.started(status, location):
                break
            time.sleep(0.2)
        status, _, body = self._ask(self.candidate.state())
        if status == 200:
            self.candidate.knows(_json(body))

    def _one_change(self) -> None:
        habits = self._crowd.habits
        event = self.candidate.change()
        if habits.swap and self.candidate.knows_base and self._draw.random() < habits.swap:
            self.candidate.made += 1
            newer = replace(
                event,
                event_id=event.event_id[::-1],
                value=[1 - event.value[0]],
                number=self.candidate.made,
            )
            self._deliver(newer)
            self._late(event)
            return
        self._deliver(event)
        if self._old and self._draw.random() < habits.redeliver:
            self._late(self._draw.choice(self._old))
        self._old = [*self._old[-4:], event]

    def _deliver(self, event: Event) -> None:
        """Until it is acknowledged, or nobody answers any more."""
        self.intended[event.item] = tuple(event.value)
        self.events.add(event.event_id)
        until: float | None = None
        while True:
            status, _, body = self._ask(self.candidate.save(event))
            if self.candidate.saved(event, status, body):
                promise = Promise(
                    self.candidate.attempt, event.event_id, event.item, tuple(event.value)
                )
                self.ledger.add(promise)
                self.count.acked += 1
                self._crowd.note_progress()
                return
            self._note(status)
            if status in FINAL or status == 200:
                self.count.odd[f"{status} {body[:160].decode(errors='replace')}"] += 1
                self.count.unresolved += 1
                return
            if self._crowd.stopping.is_set() and until is None:
                until = time.monotonic() + CONVERGE_S
            if until is not None and time.monotonic() > until:
                self.count.unresolved += 1
                return
            self._crowd.frozen_phones.pass_by(self)
            if self._crowd.habits.fresh_ids:
                event = replace(event, event_id=f"again-{self._draw.getrandbits(64):x}")
            time.sleep(0.05 + self._draw.random() * 0.15)

    def _late(self, event: Event) -> None:
        """An older delivery arrives again (or only now): it must change nothing."""
        if self._crowd.habits.fresh_ids:
            event = replace(event, event_id=f"late-{self._draw.getrandbits(64):x}")
        else:
            self.events.add(event.event_id)
        status, _, body = self._ask(self.candidate.save(event))
        kept = dict(self.candidate.bases)
        if status == 200:
            self.count.redelivered += 1
            self.count.superseded += b"CONFLICT" in body
            reply = _json(body)
            for place, other in reply.get("conflicts", {}).items():
                kept[int(place.split("-")[0])] = int(other["seq"])
        self.candidate.bases = kept

    def _note(self, status: int) -> None:
        if status == 0:
            self.count.unknown += 1
        else:
            self.count.refused += 1
        self._crowd.note_progress()

    def _ask(self, request: Request) -> tuple[int, str, bytes]:
        """(status, location, body); status 0 when there was no answer."""
        if self._link is None:
            self._link = http.client.HTTPConnection(
                "127.0.0.1", self._crowd.port, timeout=TIMEOUT_S
            )
        try:
            self._link.request(request.method, request.path, request.body or None, request.headers)
            reply = self._link.getresponse()
            return reply.status, reply.headers.get("Location", ""), reply.read()
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return 0, "", b""

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


class Freezer:
    """Before a power cut the phones stand still: an acknowledgement read after the cut would be
    an artefact of the drill."""

    def __init__(self) -> None:
        self._gate = threading.Condition()
        self._frozen = False
        self._standing: set[Phone] = set()

    def pass_by(self, phone: Phone) -> None:
        """Wait here while frozen."""
        with self._gate:
            self._standing.add(phone)
            self._gate.notify_all()
            self._gate.wait_for(lambda: not self._frozen)
            self._standing.discard(phone)

    def freeze(self, phones: list[Phone]) -> None:
        """Until everybody stands between two requests."""
        with self._gate:
            self._frozen = True
            alive = {phone for phone in phones if phone.is_alive()}
            if not self._gate.wait_for(lambda: alive <= self._standing, CONVERGE_S):
                raise Unsettled("the phones did not come to a stop")

    def thaw(self) -> None:
        """Go on."""
        with self._gate:
            self._frozen = False
            self._gate.notify_all()


class Crowd:
    """All phones of a drill."""

    def __init__(self, stage: Stage, port: int, folder: Path, *, phones: int, habits: Habits):
        self.stage = stage
        self.port = port
        self.folder = folder
        self.habits = habits
        self.stopping = threading.Event()
        self.frozen_phones = Freezer()
        self._progress = threading.Condition()
        self.phones = [Phone(self, number) for number in range(phones)]

    def start(self) -> None:
        for phone in self.phones:
            phone.start()
        self.wait_for(acked=len(self.phones))

    def note_progress(self) -> None:
        with self._progress:
            self._progress.notify_all()

    def wait_for(self, *, acked: int = 0, failed: int = 0) -> float:
        """Until so many more acknowledgements or failures; seconds it took."""
        begun = time.monotonic()
        base = self._totals()
        with self._progress:
            done = self._progress.wait_for(
                lambda: all(
                    now - then >= wanted
                    for now, then, wanted in zip(self._totals(), base, (acked, failed), strict=True)
                ),
                CONVERGE_S,
            )
        if not done:
            odd = [phone.count.odd for phone in self.phones if phone.count.odd][:2]
            raise Unsettled(f"no {acked} acks and {failed} failures in {CONVERGE_S:.0f} s; {odd}")
        return time.monotonic() - begun

    def finish(self) -> None:
        """Everybody sends what is not acknowledged yet, then stops."""
        self.stopping.set()
        self.frozen_phones.thaw()
        for phone in self.phones:
            phone.join(CONVERGE_S + 30)

    def total(self, name: str) -> int:
        """Of a field of `Count`."""
        return sum(getattr(phone.count, name) for phone in self.phones)

    def _totals(self) -> tuple[int, int]:
        return self.total("acked"), self.total("unknown") + self.total("refused")


def _json(body: bytes) -> dict[str, Any]:

    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
