"""`python -m bench.drills`: every fault drill with its control; docs/exam-day.md says which promise
each proves. Exit code 0: all passed; 1: an answer is gone, a control lost nothing, or a drill
could not run."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bench.databases import KINDS, ROOT
from bench.drills.browsers import BROWSER_DRILLS, BrowserDrill, judge_browser
from bench.drills.faults import DRILLS, Drill
from bench.drills.runner import Verdict, judge

TARGET: Final = ROOT / "build" / "drills.json"
MINUTES: Final = 11.0
#: Of a drill's share of the time, what may go into its faults; the rest is starting, the control
#: and counting.
FAULTS_SHARE: Final = 0.4


def main() -> int:
    options = _options()
    print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}, load {os.getloadavg()[0]:.2f}")
    planned = [
        (drill, database)
        for drill in (*BROWSER_DRILLS, *DRILLS)  # those that take their time, first
        if options.only in drill.name
        for database in options.database or KINDS
    ]
    verdicts: list[Verdict] = []
    end = time.monotonic() + options.minutes * 60 if options.minutes else None
    for at, (drill, database) in enumerate(planned):
        share = None if end is None else max(0.0, end - time.monotonic()) / (len(planned) - at)
        verdicts.append(_judge(drill, database, options, share))
        print(line(verdicts[-1]), flush=True)
        _write(verdicts)
    total = sum(verdict.sound.acked for verdict in verdicts)
    lost = sum(verdict.sound.wrong for verdict in verdicts)
    bad = [verdict for verdict in verdicts if verdict.state != "passed"]
    print(table(verdicts))
    print(
        f"{total} acknowledged answers, {lost} missing or wrong (95 %: < {3 / max(1, total):.1e})"
    )
    print(f"{len(verdicts) - len(bad)} of {len(verdicts)} passed; written: build/drills.json")
    return 1 if bad or not verdicts else 0


def line(verdict: Verdict) -> str:
    """One line for people."""
    sound, control = verdict.sound, verdict.control
    text = (
        f"{verdict.state:<7} {verdict.database:<10} {verdict.drill:<35} "
        f"{sound.wrong}/{sound.acked} lost in {sound.faults} faults"
        f" (unknown {sound.unknown}, refused {sound.refused}, left {sound.unresolved},"
        f" back in ≤ {sound.slowest_s:.1f} s, {sound.seconds:.0f} s)"
        f"; control: {control.wrong}/{control.acked} ({verdict.shows})"
    )
    notes = [verdict.why, *sound.notes]
    return "\n".join([text, *(f"        {note}" for note in notes if note)])


def table(verdicts: Sequence[Verdict]) -> str:
    """The end of the report: what was promised, what is missing, what the control lost."""
    head = ("drill", "database", "faults", "acknowledged", "missing", "control lost", "verdict")
    rows = [
        (
            verdict.drill,
            verdict.database,
            str(verdict.sound.faults),
            str(verdict.sound.acked),
            str(verdict.sound.wrong + verdict.sound.unresolved),
            f"{verdict.control.wrong} of {verdict.control.acked}",
            verdict.state,
        )
        for verdict in verdicts
    ]
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in (head, *rows)]  # fmt: skip
    return "\n".join(["", lines[0], "-" * len(lines[0]), *lines[1:], ""])


def _judge(
    drill: Drill | BrowserDrill, database: str, options: argparse.Namespace, share: float | None
) -> Verdict:
    times = options.times or (drill.short if options.short else drill.long)
    if isinstance(drill, BrowserDrill):
        return judge_browser(drill, database, times=times)
    seconds = None if share is None else share * FAULTS_SHARE
    return judge(drill, database, times=times, seconds=seconds)


def _write(verdicts: Sequence[Verdict]) -> None:
    """After every drill: what is through is not lost when the machine is."""
    TARGET.parent.mkdir(exist_ok=True)
    whole = [verdict.as_dict() for verdict in verdicts]
    TARGET.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.drills", description=__doc__)
    parser.add_argument("--database", action="append", choices=KINDS, help="only this one")
    parser.add_argument("--only", default="", help="drills with this text in their name")
    parser.add_argument("--short", action="store_true", help="few faults each (minutes)")
    parser.add_argument("--times", type=int, default=0, help="so many faults each")
    parser.add_argument(
        "--minutes",
        type=float,
        default=MINUTES,
        help="share so much time among all, fewer faults where it is short; 0: all, however long",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
