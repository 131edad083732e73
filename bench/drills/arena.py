"""One run of one drill: disk, database, server, phones; and everything cleaned up afterwards."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from bench.databases import ROOT
from bench.drills import weak
from bench.drills.disks import Disk, LoopDisk, open_disk
from bench.drills.phones import Crowd, Habits
from bench.drills.proxy import Proxy
from bench.drills.stores import Store, open_store
from elearn.cli.rehearsal.host import Host
from elearn.cli.rehearsal.stage import Stage, build_stage, temporary_settings
from elearn.config import shipped


@dataclass(frozen=True, slots=True)
class Setup:
    """What a run is made of. `weakness` is for `bench.drills.weak`, `postgres` for the server."""

    disk: str = "plain"
    weakness: str = ""
    postgres: dict[str, str] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    lose: float = 0.0
    twice: float = 0.0


class Supervisor(threading.Thread):
    """What systemd does with `Restart=always`: granian gives up when one worker is killed twice
    within six seconds."""

    def __init__(self, host: Host):
        super().__init__(name="supervisor", daemon=True)
        self._host = host
        self._done = threading.Event()
        self.restarts = 0

    def run(self) -> None:
        while not self._done.wait(0.1):
            process = self._host.process
            if process is not None and process.poll() is not None and not self._done.is_set():
                self.restarts += 1
                self._host.start()

    def dismiss(self) -> None:
        """From now on an end is meant."""
        self._done.set()
        self.join()


@dataclass(slots=True)
class Arena:
    """What a fault may touch. `notes` go into the report."""

    kind: str
    disk: Disk
    store: Store
    stage: Stage
    host: Host
    crowd: Crowd
    proxy: Proxy | None
    supervisor: Supervisor
    faults: int = 0
    slowest_s: float = 0.0
    notes: list[str] = field(default_factory=list)
    #: When the run should come to its end (`time.monotonic`); None: when it has done all.
    until: float | None = None

    def has_time(self) -> bool:
        """For another fault?"""
        return self.until is None or time.monotonic() < self.until

    def rounds(self, times: int) -> Iterator[int]:
        """So many, at least one, fewer when time is up (and then the report says so)."""
        for number in range(times):
            if number and not self.has_time():
                self.notes.append(f"time was up after {number} of {times} faults")
                return
            yield number

    def recovered(self, seconds: float) -> None:
        """After a fault it took so long until answers were acknowledged again."""
        self.faults += 1
        self.slowest_s = max(self.slowest_s, seconds)


@dataclass(frozen=True, slots=True)
class Template:
    """A database with everything in it, made once in this process and copied for every run."""

    stage: Stage
    data: Path
    folder: tempfile.TemporaryDirectory[str]


_templates: dict[tuple[str, int], Template] = {}


def template_of(kind: str, phones: int) -> Template:
    """Made when first needed; its folder goes with the process."""
    if (kind, phones) not in _templates:
        temporary = tempfile.TemporaryDirectory(prefix="elearn-drill-template-")
        folder = Path(temporary.name)
        folder.chmod(0o755)
        store = open_store(kind, folder, {"fsync": "off"})
        try:
            store.start()
            settings = temporary_settings(shipped("courses").parent, store.url, folder)
            stage = build_stage(settings, people=phones, now=datetime.now(UTC))
        finally:
            store.stop_cleanly()
        _templates[kind, phones] = Template(stage, store.data, temporary)
    return _templates[kind, phones]


@contextmanager
def open_arena(kind: str, setup: Setup, *, phones: int, workers: int = 2) -> Iterator[Arena]:
    """Phones are at work when this yields; the caller lets them finish."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="elearn-drill-")))
        folder.chmod(0o755)
        for name in ("disk", "ledgers", "instance"):
            (folder / name).mkdir(mode=0o755)
        disk = stack.enter_context(open_disk(setup.disk, folder / "disk"))
        store = open_store(kind, disk.path, setup.postgres)
        template = template_of(kind, phones)
        stack.callback(store.remove)
        store.start(template.data)
        settings = replace(
            template.stage.settings, database_url=store.url, instance_dir=folder / "instance"
        )
        stage = replace(template.stage, settings=settings)
        module = "bench.drills.weak" if setup.weakness else "elearn.cli"
        host = Host(settings, workers=workers, module=module)
        host.environment |= {weak.VARIABLE: setup.weakness, "PYTHONPATH": str(ROOT)}
        stack.callback(host.kill_all)
        host.start()
        supervisor = Supervisor(host)
        supervisor.start()
        stack.callback(supervisor.dismiss)
        proxy = None
        if setup.lose or setup.twice:
            proxy = Proxy(host.port, lose=setup.lose, twice=setup.twice)
            stack.callback(proxy.close)
        port = proxy.port if proxy else host.port
        crowd = Crowd(stage, port, folder / "ledgers", phones=phones, habits=setup.habits)
        stack.callback(crowd.stopping.set)
        crowd.start()
        if isinstance(disk, LoopDisk):
            disk.settle()
        yield Arena(kind, disk, store, stage, host, crowd, proxy, supervisor)
