"""`python -m bench.load starts|saves|overload`: open-loop load against `elearn serve`.

Requests are due by the clock and latencies count from when they were due (no coordinated
omission). The generator is a process of its own and talks HTTP with keep-alive over loopback.

    starts    --people 10000 within a minute, half of them in the first ten seconds
    saves     --rate 300 per second for --minutes 10
    overload  --times 3 what the machine was measured to carry of a mix of everything
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import report
from bench.databases import KINDS, ROOT, open_server
from elearn.cli.rehearsal.generator import Arrival, Results, evenly, generate, rush
from elearn.cli.rehearsal.host import Host
from elearn.cli.rehearsal.numbers import Figures, Meter, figures, statuses
from elearn.cli.rehearsal.stage import Stage, build_stage, temporary_settings
from elearn.config import shipped
from tests.servers.postgres import PostgresUnavailable

TARGET: Final = ROOT / "build" / "load.json"
#: Shares of the mix in the overload scenario.
MIX: Final = {"save": 0.35, "submit": 0.01, "start": 0.06, "sign-in": 0.03, "home": 0.55}
PROBE_PER_S: Final = 20.0
PROBE_S: Final = 6.0
STARTS_S: Final = 60.0
LEAST_SAVED: Final = 0.999


def main() -> int:
    """0: the scenario's promise was kept on every database; 1: it was not."""
    options = _options()
    found: dict[str, Any] = {}
    for kind in options.database or KINDS:
        with tempfile.TemporaryDirectory(prefix="elearn-load-") as name:
            folder = Path(name)
            try:
                with open_server(kind, folder) as server:
                    found[kind] = _measure(kind, server.new_database("load"), folder, options)
            except PostgresUnavailable as why:
                print(f"{kind}: not on this machine: {why}")
    TARGET.parent.mkdir(exist_ok=True)
    before = json.loads(TARGET.read_text()) if TARGET.exists() else {}
    before[options.scenario] = found
    report.write(TARGET, before)
    return 0 if found and all(each["kept"] for each in found.values()) else 1


def _measure(kind: str, url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    load = os.getloadavg()[0]
    print(f"\n{kind}: {report.machine((), load)}")
    settings = temporary_settings(shipped("courses").parent, url, folder)
    people = options.people + 200 if options.scenario == "starts" else 4_000
    stage = build_stage(settings, people=people, now=datetime.now(UTC))
    host = Host(settings, workers=options.workers)
    host.start()
    try:
        began = time.monotonic()
        outcome = SCENARIOS[options.scenario](stage, host, options)
    finally:
        host.stop()
    outcome |= {"load_before": round(load, 2), "seconds": round(time.monotonic() - began)}
    print(report.doubts(load) or "the machine was quiet before")
    print("promise kept" if outcome["kept"] else "promise NOT kept here")
    return outcome


def starts(stage: Stage, host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """Everybody gets a paper within the minute, nothing breaks."""
    arrivals = rush("start", people=options.people, seconds=STARTS_S)
    results, outcome = _run(stage, host, arrivals, ("start",))
    last = max((s.done_s for s in results.samples if s.acked), default=float("inf"))
    got = sum(1 for sample in results.samples if sample.acked)
    print(f"{got} of {options.people} had their attempt after {last:.1f} s")
    broken = outcome["figures"]["start"]["broken"]
    return {
        **outcome,
        "all_started_s": round(last, 1),
        "started": got,
        "kept": (got == options.people and last <= STARTS_S and not broken),
    }


def saves(stage: Stage, host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """So many acknowledged saves a second, to the end."""
    seconds = options.minutes * 60
    arrivals = evenly("save", per_s=options.rate, seconds=seconds, people=2_000)
    results, outcome = _run(stage, host, arrivals, ("save",))
    found = figures(results.samples, "save")
    kept = found.done == found.n and not found.broken and found.p95_ms <= 500
    return {**outcome, "kept": kept and results.wall_s < seconds + 5}


def overload(stage: Stage, host: Host, options: argparse.Namespace) -> dict[str, Any]:
    """First what it carries of the mix, then `--times` that."""
    carried = options.carries or _capacity(stage, host)
    offered = carried * options.times
    print(f"carries {carried:.0f} requests/s of the mix; offering {offered:.0f}/s")
    arrivals = _mix(offered, options.minutes * 60)
    results, outcome = _run(stage, host, arrivals, tuple(MIX))
    save = figures(results.samples, "save")
    first = save.ok / max(1, save.n)
    final = save.done / max(1, save.n)
    low = [figures(results.samples, kind) for kind in MIX if kind != "save"]
    shed = sum(each.shed for each in low)
    honest = all(each.shed == each.shed_advised for each in (*low, save))
    broken = sum(each.broken for each in (*low, save))
    print(f"saves: {first:.2%} at the first try, {final:.2%} in the end; {shed} others shed")
    kept = first >= LEAST_SAVED and shed > 0 and honest and not broken
    return {
        **outcome,
        "carries_per_s": round(carried, 1),
        "offered_per_s": round(offered, 1),
        "saved_first_try": round(first, 5),
        "saved_in_the_end": round(final, 5),
        "shed": shed,
        "kept": kept,
    }


def _capacity(stage: Stage, host: Host) -> float:
    """Requests of the mix per second that get an answer when more are offered than that."""
    per_s = PROBE_PER_S
    while True:
        results = generate(stage, host.port, _mix(per_s, PROBE_S))
        good = sum(figures(results.samples, kind).ok for kind in MIX)
        rate = good / max(PROBE_S, results.wall_s)
        if rate < 0.85 * per_s or per_s > 2_000:
            return rate
        per_s *= 2


def _mix(per_s: float, seconds: float) -> list[Arrival]:
    """Kinds have their own people: savers 0–1499, and so on; submitters are used once."""
    firsts = {"save": 0, "home": 1500, "sign-in": 2000, "start": 2500, "submit": 3600}
    sizes = {"save": 1500, "home": 500, "sign-in": 500, "start": 1100, "submit": 400}
    arrivals: list[Arrival] = []
    for kind, share in MIX.items():
        arrivals += evenly(
            kind, per_s=per_s * share, seconds=seconds, people=sizes[kind], first=firsts[kind]
        )
    return sorted(arrivals, key=lambda each: each.due_s)


def _run(
    stage: Stage, host: Host, arrivals: Sequence[Arrival], kinds: tuple[str, ...]
) -> tuple[Results, dict[str, Any]]:
    meter = Meter(host)
    results = generate(stage, host.port, arrivals)
    usage = meter.usage()
    table = {kind: figures(results.samples, kind) for kind in kinds}
    for each in table.values():
        print(_line(each))
    generator = results.cpu_s / max(0.1, results.wall_s)
    print(
        f"machine: {usage.busy:.0%} busy, server {usage.server:.0%}, disk {usage.waiting_for_disk:.0%};"
        f" generator {generator:.0%} of one core; {statuses(results)}"
    )
    return results, {
        "figures": {kind: each.as_dict() for kind, each in table.items()},
        "statuses": statuses(results),
        "busy": round(usage.busy, 2),
        "server": round(usage.server, 2),
        "generator_core": round(generator, 2),
    }


def _line(each: Figures) -> str:
    return (
        f"{each.kind:<8} {each.n:>7} due, {each.ok} answered at the first try, {each.done} in the"
        f" end, {each.shed} shed ({each.shed_advised} with Retry-After), {each.broken} broken;"
        f" p50 {each.p50_ms:.0f} p95 {each.p95_ms:.0f} p99 {each.p99_ms:.0f} max {each.max_ms:.0f} ms"
    )


SCENARIOS: Final = {"starts": starts, "saves": saves, "overload": overload}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--database", action="append", choices=KINDS, help="only this one")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--times", type=float, default=3.0)
    parser.add_argument("--carries", type=float, default=0.0, help="do not measure, take this")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
