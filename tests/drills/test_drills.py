"""The short fault drills of every test run; `make drill` runs all of them, longer.

Each is void unless its control, the same fault on a weakened system, loses something.
"""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bench.drills.__main__ import table
from bench.drills.arena import Arena, Setup
from bench.drills.browsers import BROWSER_DRILLS, judge_browser
from bench.drills.disks import Unavailable
from bench.drills.faults import DRILLS, EARLY, Drill, bad_network
from bench.drills.phones import Habits, Unsettled
from bench.drills.runner import Run, Verdict, explained, judge, state_of
from tests.servers.plugin import skip_missing

pytestmark = pytest.mark.slow
PHONES = 8
NAMED = {drill.name: drill for drill in DRILLS}
CARELESS = Habits(redeliver=0.3, swap=0.2, fresh_ids=True)
NETWORK = replace(
    NAMED["reply lost after the commit"],
    name="bad network",
    fault=bad_network,
    sound=Setup(lose=0.25, twice=0.1, habits=Habits(redeliver=0.3, swap=0.2)),
    weak=dict.fromkeys(("sqlite", "postgresql"), Setup(lose=0.25, twice=0.1, habits=CARELESS)),
)


def drilled(drill: Drill, database: str, times: int) -> Verdict:
    verdict = judge(drill, database, times=times, phones=PHONES, workers=1)
    if verdict.state == "not run":
        skip_missing("a fault drill", verdict.why)
    return verdict


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("drill", "times"), [(NAMED["kill -9 the database"], 1), (NETWORK, 25)], ids=["kill", "network"]
)
def test_no_acknowledged_answer_is_lost(drill: Drill, times: int, database: str) -> None:
    verdict = drilled(drill, database, times)
    assert verdict.state == "passed", verdict
    assert verdict.sound.wrong == 0
    assert verdict.sound.unresolved == 0
    assert verdict.sound.acked > 0
    assert verdict.control.wrong > 0


def test_a_server_that_acknowledges_early_fails_the_drill() -> None:
    drill = replace(NAMED["kill -9 master and workers"], sound=EARLY, weak={"sqlite": Setup()})
    verdict = drilled(drill, "sqlite", 1)
    assert verdict.state == "FAILED", verdict
    assert verdict.sound.missing > 0
    assert verdict.control.wrong == 0, "and a sound one loses nothing"


def test_a_browser_killed_while_typing_loses_nothing_it_said_it_has() -> None:
    """Real Chromium. With both databases, more people, and across the deadline: `make drill`."""
    drill = next(d for d in BROWSER_DRILLS if d.name == "browser killed while typing")
    with ThreadPoolExecutor(1) as apart:  # the browser tests' Playwright holds this thread's loop
        verdict = apart.submit(judge_browser, drill, "sqlite", times=1).result()
    if verdict.state == "not run":
        skip_missing("a browser drill", verdict.why)
    assert verdict.state == "passed", verdict
    assert (verdict.sound.acked, verdict.sound.wrong) == (drill.answers, 0)
    assert verdict.control.wrong > 0


def test_a_run_ends_when_its_time_is_up_and_says_so() -> None:
    def rounds(until: float | None) -> tuple[list[int], list[str]]:
        arena = Arena.__new__(Arena)
        arena.until, arena.notes = until, []
        return list(arena.rounds(3)), arena.notes

    assert rounds(None) == ([0, 1, 2], [])
    assert rounds(time.monotonic() - 1) == ([0], ["time was up after 1 of 3 faults"])
    assert rounds(time.monotonic() + 600) == ([0, 1, 2], [])


def test_a_run_that_breaks_is_a_verdict_and_not_the_end() -> None:
    for error in (Unsettled("x"), OSError("x"), subprocess.TimeoutExpired("x", 1)):
        verdict = Verdict("drill", "sqlite", "passed", Run(), Run(), "")
        with explained(verdict):
            raise error
        assert verdict.state == "FAILED", error
    verdict = Verdict("drill", "sqlite", "passed", Run(), Run(), "")
    with explained(verdict):
        raise Unavailable("no disk")
    assert (verdict.state, verdict.why) == ("not run", "no disk")


def test_the_table_says_what_is_missing_and_what_the_control_lost() -> None:
    sound, control = Run(acked=120, faults=9, missing=2, unresolved=1), Run(acked=40, missing=7)
    said = table([Verdict("power cut", "sqlite", "FAILED", sound, control, "")]).splitlines()
    assert said[-1].split() == "power cut sqlite 9 120 3 7 of 40 FAILED".split()


def test_a_control_that_loses_nothing_makes_a_drill_void() -> None:
    fine = Run(acked=100, faults=2)
    assert state_of(fine, Run(acked=100, faults=2, missing=1))[0] == "passed"
    assert state_of(fine, Run(acked=100, faults=2))[0] == "VOID"
    for bad in (
        Run(acked=100, faults=2, missing=1),
        Run(acked=100, faults=2, changed=1),
        Run(acked=100, faults=2, doubled=1),
        Run(acked=100, faults=2, stale=1),
        Run(acked=100, faults=2, unresolved=1),
        Run(acked=0, faults=2),
        Run(acked=100, faults=0),
    ):
        assert state_of(bad, Run(acked=100, faults=2, missing=1))[0] == "FAILED", bad
