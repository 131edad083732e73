"""Tables for people, JSON for comparing runs."""

import json
import os
import platform
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bench.measure import Cost

HEADINGS: Final = (
    "operation",
    "app ms",
    "db ms",
    "sum",
    "floor",
    "×",
    "SQL",
    "n",
    "wall s",
    "MB",
)
MOST_SHOWN: Final = 2
#: Load average above which wall time says nothing (design/reliability.md 5.4).
QUIET: Final = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row: a cost and the floor beside it, or why there is none."""

    cost: Cost | None = None
    floor: Cost | None = None
    missing: str = ""
    failed: str = ""


def machine(versions: Iterable[str], load: float) -> str:
    """What the figures are true of; `load` is the load average before the run."""
    cores = len(os.sched_getaffinity(0))
    return "; ".join(
        (
            f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}",
            f"{_processor()}, {cores} cores, load {load:.2f} before the run",
            f"{platform.system()} {platform.release()}",
            f"Python {platform.python_version()}",
            *versions,
        )
    )


def table(outcomes: Mapping[str, Outcome]) -> str:
    """Aligned columns, one line per operation."""
    rows: list[Sequence[str]] = [HEADINGS]
    for name, outcome in outcomes.items():
        if outcome.cost is not None:
            rows.append(_row(name, outcome.cost, outcome.floor))
        else:
            what = f"missing: {outcome.missing}" if outcome.missing else f"FAILED: {outcome.failed}"
            rows.append((name, what))
    return "\n".join(_align(rows))


def better(before: Outcome, now: Outcome) -> Outcome:
    """The cheaper of two passes; a failure in either is the result."""
    if before.cost is None:
        return before
    if now.cost is None:
        return now
    return min(before, now, key=_cpu_ms)


def add_up(outcomes: Mapping[str, Outcome], parts: Mapping[str, int]) -> Outcome:
    """What `parts` (operation -> times) cost together, if all of them were measured."""
    total: list[Cost] = []
    floors: list[Cost] = []
    for name, times in parts.items():
        outcome = outcomes.get(name, Outcome())
        if outcome.cost is None or outcome.floor is None:
            return Outcome(missing=f"needs {name}")
        total += [outcome.cost] * times
        floors.append(outcome.floor)
    return Outcome(
        cost=Cost(
            n=min(cost.n for cost in total),
            app_cpu_ms=sum(cost.app_cpu_ms for cost in total),
            db_cpu_ms=sum(cost.db_cpu_ms or 0.0 for cost in total),
            statements=sum(cost.statements for cost in total),
        ),
        floor=min(floors, key=lambda cost: cost.cpu_ms),
    )


def doubts(load: float) -> str:
    """What the reader must not do with the figures."""
    if load <= QUIET:
        return ""
    return (
        f"others used the machine (load {load:.2f} > {QUIET}): do not judge wall seconds, and"
        " compare × between runs rather than ms"
    )


def repeats(outcomes: Mapping[str, Outcome]) -> str:
    """Statements an operation sends more than once."""
    lines = [
        f"  {name}: {times:.4g} × {statement}"
        for name, outcome in outcomes.items()
        if outcome.cost is not None
        for times, statement in outcome.cost.repeated[:MOST_SHOWN]
    ]
    return "\n".join(["sent more than once per operation:", *lines]) if lines else ""


def as_json(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """{operation: {app_cpu_ms, db_cpu_ms, statements, floor_cpu_ms, n, …}} of one database."""
    return {name: _entry(outcome) for name, outcome in outcomes.items()}


def write(path: Path, results: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)


def _entry(outcome: Outcome) -> dict[str, Any]:
    cost = outcome.cost
    if cost is None:
        kind = "missing" if outcome.missing else "failed"
        return {kind: outcome.missing or outcome.failed}
    entry: dict[str, Any] = {
        "app_cpu_ms": round(cost.app_cpu_ms, 3),
        "db_cpu_ms": None if cost.db_cpu_ms is None else round(cost.db_cpu_ms, 3),
        "statements": round(cost.statements, 2),
        "floor_cpu_ms": None if outcome.floor is None else round(outcome.floor.cpu_ms, 3),
        "n": cost.n,
    }
    if cost.wall_s is not None:
        entry["wall_s"] = round(cost.wall_s, 2)
    if cost.peak_rss_mb is not None:
        entry["peak_rss_mb"] = round(cost.peak_rss_mb, 1)
    return entry


def _row(name: str, cost: Cost, floor: Cost | None) -> tuple[str, ...]:
    return (
        name,
        _number(cost.app_cpu_ms),
        "?" if cost.db_cpu_ms is None else _number(cost.db_cpu_ms),
        _number(cost.cpu_ms),
        "" if floor is None else _number(floor.cpu_ms),
        "" if floor is None else f"{cost.cpu_ms / floor.cpu_ms:,.1f}",
        f"{cost.statements:,.4g}" if cost.statements < 1000 else f"{cost.statements:,.0f}",
        str(cost.n),
        "" if cost.wall_s is None else f"{cost.wall_s:.2f}",
        "" if cost.peak_rss_mb is None else f"{cost.peak_rss_mb:.0f}",
    )


def _cpu_ms(outcome: Outcome) -> float:
    return outcome.cost.cpu_ms if outcome.cost else 0.0


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    whole = [row for row in rows if len(row) == len(HEADINGS)]
    widths = [max(_width(row[column]) for row in whole) for column in range(len(HEADINGS))]
    widths[0] = max(_width(row[0]) for row in rows)
    lines = []
    for row in rows:
        first = row[0] + " " * (widths[0] - _width(row[0]))
        if len(row) != len(HEADINGS):
            lines.append("  ".join((first, *row[1:])))
            continue
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join((first, *rest)).rstrip())
    return lines


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
