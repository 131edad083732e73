"""The faults: each breaks a running arena so many times and waits until it works again."""

import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bench.drills.arena import Arena, Setup
from bench.drills.disks import LoopDisk, SmallDisk
from bench.drills.phones import Habits
from elearn.cli.rehearsal.host import kill

#: Acknowledgements between two faults: with sixteen phones about half a second of traffic.
BETWEEN: Final = 60
#: After a fault it counts as working again when this many came through.
AGAIN: Final = 5
FAILURES: Final = 8

Fault = Callable[[Arena, int], None]


def kill_workers(arena: Arena, times: int) -> None:
    """SIGKILL to one worker process at a time; the master starts another."""
    draw = random.Random(times)
    for _ in arena.rounds(times):
        arena.crowd.wait_for(acked=draw.randint(BETWEEN // 2, BETWEEN))
        workers = arena.host.workers()
        if workers:
            kill(draw.choice(workers))
        arena.recovered(arena.crowd.wait_for(acked=AGAIN))


def kill_server(arena: Arena, times: int) -> None:
    """SIGKILL to master and workers at once; a supervisor starts the service again."""
    for _ in arena.rounds(times):
        arena.crowd.wait_for(acked=BETWEEN)
        arena.host.kill_all()
        arena.host.start()
        arena.recovered(arena.crowd.wait_for(acked=AGAIN))


def kill_database(arena: Arena, times: int) -> None:
    """SIGKILL to every process of PostgreSQL; on SQLite to every process that holds the file."""
    for _ in arena.rounds(times):
        arena.crowd.wait_for(acked=BETWEEN)
        if arena.kind == "sqlite":
            for pid in arena.host.workers():
                kill(pid)
        else:
            arena.store.kill()
            arena.store.ensure_up()
        arena.recovered(arena.crowd.wait_for(acked=AGAIN))


def restart_database(arena: Arena, times: int) -> None:
    """PostgreSQL: immediate and fast restart in turn. SQLite: SIGTERM to the service, started
    again (the database has no server of its own)."""
    for number in arena.rounds(times):
        arena.crowd.wait_for(acked=BETWEEN)
        if arena.kind == "sqlite":
            restart_service(arena)
        else:
            arena.store.restart(signal.SIGINT if number % 2 else signal.SIGQUIT)
        arena.recovered(arena.crowd.wait_for(acked=AGAIN))


def restart_service(arena: Arena) -> None:
    """SIGTERM, and started again by whoever started it."""
    process = arena.host.process
    if process is not None:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    while arena.host.process is process:
        time.sleep(0.05)
    arena.host.wait_until_up()


def cut_power(arena: Arena, times: int) -> None:
    """The phones stand still, then the file system stops in the middle of whatever it does."""
    disk = arena.disk
    if not isinstance(disk, LoopDisk):
        raise TypeError("needs a loop disk")
    for _ in arena.rounds(times):
        arena.crowd.wait_for(acked=BETWEEN)
        arena.crowd.frozen_phones.freeze(arena.crowd.phones)
        disk.cut()
        arena.host.kill_all()
        arena.store.kill()
        disk.unmount()
        disk.mount()
        if arena.kind == "postgresql":
            arena.store.ensure_up()
        arena.host.start()
        arena.crowd.frozen_phones.thaw()
        arena.recovered(arena.crowd.wait_for(acked=AGAIN))


def fill_disk(arena: Arena, times: int) -> None:
    """Not a byte is left where the database is; phones see refusals; then there is space again."""
    disk = arena.disk
    if not isinstance(disk, SmallDisk):
        raise TypeError("needs a small disk")
    early = arena.host.environment.get("DRILL_WEAKNESS") == "ack-early"
    for _ in arena.rounds(times):
        arena.crowd.wait_for(acked=BETWEEN)
        disk.fill()
        if early:
            arena.crowd.wait_for(acked=BETWEEN * 4)
        else:
            arena.crowd.wait_for(failed=FAILURES)
        disk.free()
        if arena.store.ensure_up():
            arena.notes.append("PostgreSQL had stopped and was started again")
        arena.recovered(arena.crowd.wait_for(acked=AGAIN))


def bad_network(arena: Arena, times: int) -> None:
    """Nothing to do but to let the proxy work, until so many replies were lost or doubled."""
    proxy = arena.proxy
    if proxy is None:
        raise TypeError("needs a proxy")
    while (
        proxy.lost + proxy.doubled + arena.crowd.total("redelivered") < times and arena.has_time()
    ):
        arena.crowd.wait_for(acked=AGAIN)
    late = arena.crowd.total("redelivered")
    arena.faults = proxy.lost + proxy.doubled + late
    arena.notes.append(
        f"{proxy.lost} replies lost, {proxy.doubled} requests doubled, {late} old ones sent again"
    )


def late_deliveries(arena: Arena, times: int) -> None:
    """Older changes arrive again behind newer ones."""
    while arena.crowd.total("redelivered") < times and arena.has_time():
        arena.crowd.wait_for(acked=AGAIN)
    arena.faults = arena.crowd.total("redelivered")
    late = arena.crowd.total("superseded")
    arena.notes.append(f"{late} of them older than what stands, kept and not counted")


@dataclass(frozen=True, slots=True)
class Drill:
    """A fault, how often in a short and in a long run, and how to weaken the system so that the
    fault must show. `weak` is by database. `shows` is what the control is expected to do."""

    name: str
    fault: Fault
    short: int
    long: int
    sound: Setup
    weak: Mapping[str, Setup]
    shows: str
    phones: int = 16


EARLY: Final = Setup(weakness="ack-early")
NO_SYNC: Final = Setup(postgres={"synchronous_commit": "off"})


def _both(setup: Setup) -> dict[str, Setup]:
    return {"sqlite": setup, "postgresql": setup}


DRILLS: Final = (
    Drill(
        "kill -9 a worker",
        kill_workers,
        4,
        100,
        Setup(),
        _both(EARLY),
        "acknowledged before the commit",
    ),
    Drill(
        "kill -9 master and workers",
        kill_server,
        2,
        25,
        Setup(),
        _both(EARLY),
        "acknowledged before the commit",
    ),
    Drill(
        "kill -9 the database",
        kill_database,
        2,
        25,
        Setup(),
        {"sqlite": EARLY, "postgresql": NO_SYNC},
        "SQLite: acknowledged before the commit; PostgreSQL: synchronous_commit=off",
    ),
    Drill(
        "restart the database",
        restart_database,
        2,
        10,
        Setup(),
        {"sqlite": EARLY, "postgresql": NO_SYNC},
        "SQLite: acknowledged before the commit; PostgreSQL: synchronous_commit=off",
    ),
    Drill(
        "power cut",
        cut_power,
        2,
        25,
        Setup(disk="loop"),
        {
            "sqlite": Setup(disk="loop", weakness="sync-off"),
            "postgresql": Setup(disk="loop", postgres={"synchronous_commit": "off"}),
        },
        "SQLite: synchronous=OFF; PostgreSQL: synchronous_commit=off",
    ),
    Drill(
        "disk full",
        fill_disk,
        1,
        10,
        Setup(disk="small"),
        _both(Setup(disk="small", weakness="ack-early")),
        "errors of the write are ignored",
    ),
    Drill(
        "reply lost after the commit",
        bad_network,
        40,
        1000,
        Setup(lose=0.25, twice=0.1),
        _both(Setup(lose=0.25, twice=0.1, habits=Habits(fresh_ids=True))),
        "a new event id for every try",
    ),
    Drill(
        "delivered again and out of order",
        late_deliveries,
        40,
        1000,
        Setup(habits=Habits(redeliver=0.3, swap=0.2)),
        _both(Setup(habits=Habits(redeliver=0.3, swap=0.2, fresh_ids=True))),
        "a new event id for every delivery",
    ),
)
