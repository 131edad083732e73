"""How many candidates a machine carries: steps of rising load, and where it stopped."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from .generator import evenly, generate, rush
from .host import Host
from .numbers import Figures, Meter, Usage, figures
from .stage import Stage

#: A candidate changes an answer this often (design: every 30 to 60 s).
SAVE_EVERY_S: Final = 45.0
#: A step is carried when nothing broke, hardly anything was refused, and the wait was short.
MOST_WAIT_MS: Final = 500.0
LEAST_DONE: Final = 0.999
#: What is promised: a machine that is also there for backups, logs and the unforeseen.
RESERVE: Final = 0.7
#: Everybody starts within a minute, half of them in the first ten seconds.
START_WITHIN_S: Final = 60.0
FIRST_PER_S: Final = 20.0
GROWTH: Final = 1.6
STEPS_AT_MOST: Final = 12
BUSY: Final = 0.85
CORES: Final = len(os.sched_getaffinity(0))
WAITING: Final = 0.2


@dataclass(frozen=True, slots=True)
class Step:
    """One level of load: offered per second, what came of it, what the machine did.

    `generator` is the share of one core the sending program itself needed.
    """

    per_s: float
    figures: Figures
    usage: Usage
    generator: float

    @property
    def carried(self) -> bool:
        """Would candidates have been content?"""
        enough = self.figures.ok >= LEAST_DONE * self.figures.n
        return enough and not self.figures.broken and self.figures.p95_ms <= MOST_WAIT_MS

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        usage = {name: round(value, 2) for name, value in asdict(self.usage).items()}
        return {
            "per_s": round(self.per_s, 1),
            "carried": self.carried,
            **self.figures.as_dict(),
            "machine": {**usage, "generator": round(self.generator, 2)},
        }


def climb(
    stage: Stage, host: Host, kind: str, *, step_s: float, until: float, tell: Callable[[str], None]
) -> list[Step]:
    """Steps of `kind` ("save" or "start"), each `GROWTH` times the last, until one is not carried
    or the time (`time.monotonic`) is up; down from the first while none is carried. Starters come
    from the front, savers from the back."""
    steps: list[Step] = []
    per_s, first = FIRST_PER_S, 0
    people = len(stage.visitors)
    for _ in range(STEPS_AT_MOST):
        if time.monotonic() + step_s > until:
            break
        if kind == "save":
            savers = max(8, min(people // 2, int(per_s * 4)))
            arrivals = evenly(
                kind, per_s=per_s, seconds=step_s, people=savers, first=people - savers
            )
        else:
            count = int(per_s * step_s)
            if first + count > people // 2:
                break
            arrivals = rush(kind, people=count, seconds=step_s, first=first)
            first += count
        meter = Meter(host)
        results = generate(stage, host.port, arrivals)
        step = Step(
            len(arrivals) / step_s,
            figures(results.samples, kind),
            meter.usage(),
            results.cpu_s / max(0.1, results.wall_s),
        )
        steps.append(step)
        found = step.figures
        tell(
            f"  每秒 {step.per_s:.0f} 次：成功 {found.ok}/{found.n}，"
            f"95% 在 {found.p95_ms:.0f} 毫秒内，处理器 {step.usage.busy:.0%}"
        )
        if step.carried and per_s < FIRST_PER_S:
            break
        if not step.carried and best(steps):
            break
        per_s = per_s * GROWTH if step.carried else per_s / 3
        if per_s < 1:
            break
    return steps


def best(steps: list[Step]) -> float:
    """The highest rate that was carried; 0 when none was."""
    return max((step.per_s for step in steps if step.carried), default=0.0)


def candidates(saves: float, starts: float) -> int:
    """The smaller of what saving and starting allow, with the reserve, rounded down to tens."""
    by_saving = saves * SAVE_EVERY_S
    by_starting = starts * START_WITHIN_S
    return math.floor(min(by_saving, by_starting) * RESERVE / 10) * 10


def first_used_up(step: Step, database: str) -> str:
    """The resource that ran out first at the highest step, in words."""
    if step.carried:
        return "没有：加到了最高一级也没有满，实际能承载的更多"
    if step.generator > BUSY:
        return "发请求的程序自己（它只用一个处理器核）：实际能承载的更多"
    others = step.usage.busy - step.usage.server - step.generator / CORES
    if database == "sqlite" and step.usage.busy > BUSY and others > 0.5:
        return f"处理器（{CORES} 核，其中 {others:.0%} 是本机上别的程序）：空闲时请再测"
    if step.usage.waiting_for_disk > WAITING:
        return "磁盘写入：换更快的磁盘，或把数据库放到单独的盘上"
    if step.usage.busy > BUSY:
        return (
            f"处理器（{len(os.sched_getaffinity(0))} 核，其中服务进程占 {step.usage.server:.0%}）"
        )
    if database == "sqlite":
        return "SQLite 的写入（一次只有一个写入者）：人多时请用 PostgreSQL"
    return "数据库的锁或连接：看数据库日志，或增加 --workers"


def sync_ms(folder: Path, times: int = 40) -> float:
    """Milliseconds the disk needs to keep 8 kB for good (median of `times`)."""
    path = folder / "sync-probe"
    waits = []
    with path.open("wb") as probe:
        for _ in range(times):
            begun = time.perf_counter()
            probe.write(b"x" * 8192)
            probe.flush()
            os.fdatasync(probe.fileno())
            waits.append(time.perf_counter() - begun)
    path.unlink()
    return sorted(waits)[len(waits) // 2] * 1000
