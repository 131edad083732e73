"""`python -m bench.drills`: every fault drill with its control; docs/exam-day.md says which promise
each proves. Exit code 0: all passed; 1: an answer is gone, a control lost nothing, or a drill
could not run."""

import argparse
import json
import os
import sys
from datetime import datetime
from typing import Final

from bench.databases import KINDS, ROOT
from bench.drills.faults import DRILLS
from bench.drills.runner import Verdict, judge

TARGET: Final = ROOT / "build" / "drills.json"


def main() -> int:
    options = _options()
    verdicts: list[Verdict] = []
    print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}, load {os.getloadavg()[0]:.2f}")
    for drill in DRILLS:
        if options.only not in drill.name:
            continue
        for database in options.database or KINDS:
            times = options.times or (drill.short if options.short else drill.long)
            verdict = judge(drill, database, times=times)
            verdicts.append(verdict)
            print(line(verdict), flush=True)
    TARGET.parent.mkdir(exist_ok=True)
    whole = [verdict.as_dict() for verdict in verdicts]
    TARGET.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    total = sum(verdict.sound.acked for verdict in verdicts)
    lost = sum(verdict.sound.wrong for verdict in verdicts)
    bad = [verdict for verdict in verdicts if verdict.state != "passed"]
    print(
        f"{total} acknowledged answers, {lost} missing or wrong (95 %: < {3 / max(1, total):.1e})"
    )
    print(f"{len(verdicts) - len(bad)} of {len(verdicts)} passed; written: build/drills.json")
    return 1 if bad or not verdicts else 0


def line(verdict: Verdict) -> str:
    """One line for people."""
    sound, control = verdict.sound, verdict.control
    text = (
        f"{verdict.state:<7} {verdict.database:<10} {verdict.drill:<32} "
        f"{sound.wrong}/{sound.acked} lost in {sound.faults} faults"
        f" (unknown {sound.unknown}, refused {sound.refused}, left {sound.unresolved},"
        f" back in ≤ {sound.slowest_s:.1f} s, {sound.seconds:.0f} s)"
        f"; control: {control.wrong}/{control.acked} ({verdict.shows})"
    )
    notes = [verdict.why, *sound.notes]
    return "\n".join([text, *(f"        {note}" for note in notes if note)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.drills", description=__doc__)
    parser.add_argument("--database", action="append", choices=KINDS, help="only this one")
    parser.add_argument("--only", default="", help="drills with this text in their name")
    parser.add_argument("--short", action="store_true", help="few faults each (minutes)")
    parser.add_argument("--times", type=int, default=0, help="so many faults each")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
