"""From samples to figures: counts, percentiles, and what the machine was busy with."""

import math
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from .generator import Results, Sample
from .host import Host, children

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one kind of request; times in ms from when it was due. First tries only, except
    `done`: the share that got what it wanted in the end, retries included."""

    kind: str
    n: int
    ok: int
    shed: int
    shed_advised: int
    broken: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    done: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: _round(value) for name, value in asdict(self).items()}


def figures(samples: Sequence[Sample], kind: str) -> Figures:
    """`broken` is everything that is neither an answer nor an honest 503."""
    first = [each for each in samples if each.kind == kind and not each.retry]
    good = [each for each in first if _good(each)]
    waits = sorted((each.done_s - each.due_s) * 1000 for each in good)
    shed = [each for each in first if each.status == 503]
    later = sum(1 for each in samples if each.kind == kind and each.retry and _good(each))
    return Figures(
        kind,
        len(first),
        len(good),
        len(shed),
        sum(1 for each in shed if each.advised),
        len(first) - len(good) - len(shed),
        percentile(waits, 0.50),
        percentile(waits, 0.95),
        percentile(waits, 0.99),
        waits[-1] if waits else math.nan,
        len(good) + later,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank; NaN of nothing."""
    if not ordered:
        return math.nan
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def statuses(results: Results) -> dict[str, int]:
    """`save 200` -> how often, every try counted."""
    counts = Counter(f"{each.kind} {each.status}" for each in results.samples)
    return dict(sorted(counts.items()))


@dataclass(frozen=True, slots=True)
class Usage:
    """Shares of all processors between two readings (0…1)."""

    busy: float
    waiting_for_disk: float
    server: float


class Meter:
    """Reads /proc at the beginning and the end of a step."""

    def __init__(self, host: Host):
        self._host = host
        self._cores = len(os.sched_getaffinity(0))
        self._before = self._read()

    def usage(self) -> Usage:
        """Since the meter was made."""
        (t0, idle0, wait0, own0), (t1, idle1, wait1, own1) = self._before, self._read()
        total = max(1.0, (t1 - t0) * TICKS_PER_S * self._cores)
        return Usage(
            max(0.0, 1 - (idle1 - idle0 + wait1 - wait0) / total),
            (wait1 - wait0) / total,
            (own1 - own0) / total,
        )

    def _read(self) -> tuple[float, float, float, float]:
        words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        return time.monotonic(), float(words[3]), float(words[4]), self._server_ticks()

    def _server_ticks(self) -> float:
        if self._host.process is None:
            return 0.0
        total = 0.0
        for pid in (self._host.process.pid, *children(self._host.process.pid)):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += float(fields[11]) + float(fields[12])
        return total


def _good(sample: Sample) -> bool:
    if sample.kind in {"save", "start"}:
        return sample.acked
    return sample.status in {200, 302}


def _round(value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) and not math.isnan(value) else value
