"""Requests by the clock, from a process of its own.

Open loop: when a request is due does not depend on what was answered before, and its latency
counts from when it was due, not from when a connection was free. So a server that stalls is
charged for everybody who would have come meanwhile (no coordinated omission).
"""

import asyncio
import gc
import json
import multiprocessing
import random
import resource
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from .protocol import Candidate, Event, Request, sign_in
from .stage import Stage
from .wire import Reply, Wire

CONNECTIONS: Final = 256
#: A phone tries a save again; the drill of shedding counts what succeeds at the first try too.
SAVE_TRIES: Final = 6
PREPARE_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Arrival:
    """Seconds after the beginning, what is done, and who does it (index of the visitor)."""

    due_s: float
    kind: str
    who: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. `done_s - due_s` is what the person waited.

    `retry`: not the first try. `acked`: of a save, that the server acknowledged the event.
    `advised`: a refusal came with Retry-After.
    """

    kind: str
    due_s: float
    done_s: float
    status: int
    acked: bool = False
    retry: bool = False
    advised: bool = False


@dataclass(slots=True)
class Results:
    """What one generator saw. `lost_saves`: not acknowledged after all tries."""

    samples: list[Sample] = field(default_factory=list)
    lost_saves: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    conflicts: int = 0


def generate(stage: Stage, port: int, arrivals: Sequence[Arrival]) -> Results:
    """Send `arrivals` in a fresh process and wait for it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_run, stage, port, tuple(arrivals)).result()


def evenly(
    kind: str, *, per_s: float, seconds: float, people: int, first: int = 0
) -> list[Arrival]:
    """Poisson arrivals: many independent phones; `people` take turns, from number `first`."""
    draw = random.Random(f"{kind}{per_s}{seconds}")
    made: list[Arrival] = []
    at = draw.expovariate(per_s)
    while at < seconds:
        made.append(Arrival(at, kind, first + len(made) % people))
        at += draw.expovariate(per_s)
    return made


def rush(kind: str, *, people: int, seconds: float, first: int = 0) -> list[Arrival]:
    """Everybody once: half in the first sixth of the time (they watch the countdown)."""
    early = people // 2
    times = [seconds / 6 * at / max(1, early) for at in range(early)]
    late = people - early
    times += [seconds / 6 + seconds * 5 / 6 * at / max(1, late) for at in range(late)]
    return [Arrival(at, kind, first + who) for who, at in enumerate(times)]


def _run(stage: Stage, port: int, arrivals: tuple[Arrival, ...]) -> Results:
    gc.disable()  # a pause of ours would be charged to the server
    return asyncio.run(_Generator(stage, port).run(arrivals))


class _Generator:
    def __init__(self, stage: Stage, port: int):
        self._stage = stage
        self._port = port
        self._people: dict[int, Candidate] = {}
        self._results = Results()
        self._idle: asyncio.LifoQueue[Wire] = asyncio.LifoQueue()
        self._begun = 0.0

    async def run(self, arrivals: Sequence[Arrival]) -> Results:
        for _ in range(CONNECTIONS):
            self._idle.put_nowait(Wire(self._port))
        needs = {each.who for each in arrivals if each.kind in {"save", "submit"}}
        await self._prepare(needs - {each.who for each in arrivals if each.kind == "start"})
        used = resource.getrusage(resource.RUSAGE_SELF)
        self._begun = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for each in arrivals:
                pause = each.due_s - self._now()
                if pause > 0:
                    await asyncio.sleep(pause)
                tasks.create_task(self._fire(each))
        self._results.wall_s = self._now()
        after = resource.getrusage(resource.RUSAGE_SELF)
        spent = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        self._results.cpu_s = spent
        return self._results

    async def _prepare(self, people: Iterable[int]) -> None:
        """Attempts of those who are in the middle of it already; a few at a time, not measured."""
        queue = list(people)

        async def work() -> None:
            while queue:
                candidate = self._candidate(queue.pop())
                for _ in range(50):
                    if await self._start(candidate):
                        break
                    await asyncio.sleep(0.5)
                candidate.knows(_json(await self._ask(candidate.state())))
                if not candidate.holds_lease:
                    await self._ask(candidate.take_over())

        await asyncio.gather(*(work() for _ in range(PREPARE_AT_ONCE)))

    async def _fire(self, arrival: Arrival) -> None:
        candidate = self._candidate(arrival.who)
        if arrival.kind == "save":
            await self._save(candidate, arrival.due_s)
        elif arrival.kind == "start":
            await self._measured_start(candidate, arrival.due_s)
        else:
            reply = await self._ask(self._request(arrival.kind, candidate))
            self._note(arrival.kind, arrival.due_s, reply)

    def _request(self, kind: str, candidate: Candidate) -> Request:
        if kind == "sign-in":
            stage = self._stage
            return sign_in(stage.stranger, candidate.visitor.person, stage.password)
        return candidate.submit() if kind == "submit" else candidate.home()

    async def _measured_start(self, candidate: Candidate, due_s: float) -> None:
        reply = await self._ask(candidate.start())
        got = candidate.started(reply.status, reply.location)
        self._note("start", due_s, reply, acked=got)
        for _ in range(20):
            if got:
                return
            await asyncio.sleep((reply.retry_after_s or 1) + random.random())
            reply = await self._ask(candidate.start())
            got = candidate.started(reply.status, reply.location)
            self._note("start", due_s, reply, acked=got, retry=True)

    async def _start(self, candidate: Candidate) -> bool:
        reply = await self._ask(candidate.start())
        return candidate.started(reply.status, reply.location)

    async def _save(self, candidate: Candidate, due_s: float) -> None:
        event: Event = candidate.change()
        for tried in range(SAVE_TRIES):
            reply = await self._ask(candidate.save(event))
            acked = candidate.saved(event, reply.status, reply.body)
            self._note("save", due_s, reply, acked=acked, retry=tried > 0)
            if acked:
                return
            if reply.status == 200:
                self._results.conflicts += 1
                return
            await asyncio.sleep((reply.retry_after_s or 1) * (0.5 + random.random()))
        self._results.lost_saves += 1

    async def _ask(self, request: Request) -> Reply:
        wire = await self._idle.get()
        try:
            return await wire.ask(request)
        finally:
            self._idle.put_nowait(wire)

    def _candidate(self, who: int) -> Candidate:
        if who not in self._people:
            stage = self._stage
            self._people[who] = Candidate(stage.visitors[who % len(stage.visitors)], stage.exam)
        return self._people[who]

    def _note(
        self, kind: str, due_s: float, reply: Reply, *, acked: bool = False, retry: bool = False
    ) -> None:
        advised = reply.retry_after_s is not None
        self._results.samples.append(
            Sample(kind, due_s, self._now(), reply.status, acked, retry, advised)
        )

    def _now(self) -> float:
        return time.perf_counter() - self._begun


def _json(reply: Reply) -> dict[str, Any]:
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
