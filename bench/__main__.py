"""`python -m bench`: the cost of every operation, on both databases; docs/performance.md."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import sqlalchemy

from bench import report
from bench.databases import KINDS, ROOT, open_server
from bench.floor import Floor
from bench.measure import Missing
from bench.operations import OPERATIONS
from bench.operations.catalogue import Operation
from bench.report import Outcome
from bench.world import Lab, World, close_worlds
from tests.servers.postgres import PostgresUnavailable

TARGET: Final = ROOT / "build" / "bench.json"
WHOLE: Final = "attempt of 50, sign-in to result"
#: Operation -> times in one attempt, answers saved one by one.
ATTEMPT: Final = {
    "sign-in": 1,
    "exam start (50)": 1,
    "exam page (50)": 1,
    "answer save": 50,
    "submit (50)": 1,
    "result page (50)": 1,
}


def main() -> int:
    """0: everything there was to measure was measured; 1: an operation failed."""
    options = _options()
    chosen = [each for each in OPERATIONS if options.only in each.name]
    results, failed, load = {}, False, os.getloadavg()[0]
    for kind in options.database or KINDS:
        try:
            outcomes, version = measure(kind, chosen, passes=options.passes, trace=options.trace)
        except PostgresUnavailable as why:
            print(f"\n{kind}: not on this machine: {why}")
            continue
        versions = (version, f"SQLAlchemy {sqlalchemy.__version__}")
        print(f"\n{kind}: {report.machine(versions, load)}\n")
        print(report.table(outcomes))
        print("\n".join(text for text in (report.doubts(load), report.repeats(outcomes)) if text))
        results[kind] = report.as_json(outcomes)
        failed |= any(outcome.failed for outcome in outcomes.values())
    if not options.only and len(results) == len(KINDS):
        report.write(TARGET, results)
        print(f"\nwritten: {TARGET.relative_to(ROOT)}")
    return int(failed)


def measure(
    kind: str, operations: Sequence[Operation], *, passes: int, trace: bool
) -> tuple[dict[str, Outcome], str]:
    """(outcome per operation, what the server calls itself).

    Of several passes the cheapest counts: what others do to the machine only ever adds.
    """
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="elearn-bench-") as name:
        folder = Path(name)
        with open_server(kind, folder) as server:
            lab, floor = Lab(server, folder, tracing=trace), Floor(server)
            try:
                for each in [*operations] * passes:
                    now = _try(each, lab, floor)
                    outcomes[each.name] = report.better(outcomes.get(each.name, now), now)
            finally:
                floor.close()
                close_worlds(lab)
            outcomes[WHOLE] = report.add_up(outcomes, ATTEMPT)
            return outcomes, server.version()


def _try(operation: Operation, lab: Lab, floor: Floor) -> Outcome:
    started = time.perf_counter()
    try:
        outcome = Outcome(cost=operation.measure(lab), floor=floor.measure())
    except Missing as missing:
        outcome = Outcome(missing=str(missing))
    except Exception as error:  # noqa: BLE001  whatever breaks one operation leaves the others
        outcome = Outcome(failed=f"{type(error).__name__}: {error}"[:300])
    seconds = time.perf_counter() - started
    print(f"{lab.server.kind}: {operation.name} ({seconds:.0f} s)", file=sys.stderr)
    if lab.tracing:
        _print_origins(lab)
    return outcome


def _print_origins(lab: Lab) -> None:
    world = lab.__dict__.get("world")
    if not isinstance(world, World):
        return
    for (where, statement), count in world.meter.tape.origins.most_common():
        print(f"  {count:>6}  {where:<44} {statement[:110]}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--database", action="append", choices=KINDS, help="only this one")
    parser.add_argument("--only", default="", help="operations with this text in their name")
    parser.add_argument("--passes", type=int, default=1, help="measure so often, keep the best")
    parser.add_argument("--trace", action="store_true", help="which line sends which statement")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
