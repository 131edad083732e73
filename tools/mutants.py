"""Take one guard out of the product at a time and see that a test fails.

python tools/mutants.py                all of them (about a minute each)
python tools/mutants.py void pause     those with a word in their name
python tools/mutants.py --table        the table of docs/guards.md, from the last run of each

Works on a copy of the checkout. Exit code 1 when a guard is gone and nothing noticed, or when a
guard is no longer where it was.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
RESULT: Final = ROOT / "build" / "mutants.json"
COPIED: Final = ("elearn", "tests", "bench", "migrations", "courses", "question_bank")
MACHINE: Final = "tests/exams/test_machine.py"
RACES: Final = "tests/exams/test_corrections_races.py"
VOIDING: Final = "tests/exams/test_voiding.py"
CORRECTIONS: Final = "tests/exams/test_corrections.py"
PROTOCOL: Final = "tests/exams/test_protocol.py"
STARTS: Final = "tests/exams/test_races.py"
AMENDMENTS: Final = "tests/exams/test_amendments.py"
ESTIMATES: Final = "tests/exams/test_estimates.py"
LATE: Final = "tests/exams/test_late.py"
REPLAY: Final = "tests/exams/test_replay.py"
EXAMPLES: Final = "60"


class Mutant(NamedTuple):
    """`guard`: what is taken out. `path` under elearn/. `test`: what must fail, on `database`."""

    guard: str
    path: str
    old: str
    new: str
    test: str = MACHINE
    database: str = "sqlite"


MUTANTS: Final = (
    Mutant(
        "time: above ten minutes a second person",
        "core/exam_time.py",
        "return earlier_alone_s + seconds > ALONE_S",
        "return False",
    ),
    Mutant(
        "time: small steps count together",
        "core/exam_time.py",
        "return earlier_alone_s + seconds > ALONE_S",
        "return seconds > ALONE_S",
    ),
    Mutant(
        "time: nobody approves an own extension",
        "exams/timing/services.py",
        "if change.by_id == actor.person_id:",
        "if False:",
    ),
    Mutant(
        "time: an extension is decided once",
        "exams/timing/services.py",
        'if change.id in ledger.answered:\n        raise Conflict("这次',
        'if False:\n        raise Conflict("这次',
    ),
    Mutant(
        "pause: the deadline moves by the pause",
        "exams/timing/services.py",
        "lambda paused_at: _stood(paused_at, now)",
        "lambda _: timedelta(0)",
    ),
    Mutant(
        "pause: the window moves by the pause",
        "exams/timing/services.py",
        "exam.closes_at += lost",
        "pass",
    ),
    Mutant(
        "pause: a clock set back takes nobody's time",
        "exams/timing/services.py",
        "return max(timedelta(0), now - (paused_at or now))",
        "return now - (paused_at or now)",
    ),
    Mutant(
        "pause: the clock of the attempt stands",
        "exams/timing/clock.py",
        "return attempt.paused_at or now",
        "return now",
    ),
    Mutant(
        "pause: what is paused is not closed",
        "exams/attempts/queries.py",
        "                Attempt.paused_at.is_(None),\n",
        "",
    ),
    Mutant(
        "pause: nobody starts into one",
        "exams/timing/queries.py",
        "for pause in ledger.pauses:\n            if covers",
        "for pause in ():\n            if covers",
    ),
    Mutant(
        "pause: who another pause covers stays paused",
        "exams/timing/services.py",
        "free = and_(Attempt.paused_at.is_not(None), *(not_(scope) for scope in still))",
        "free = and_(Attempt.paused_at.is_not(None), *(not_(scope) for scope in still[:0]))",
    ),
    Mutant(
        "void: an annulled attempt is graded as nothing",
        "exams/grades/services.py",
        "if attempt.voided_at is not None:",
        "if reason.startswith('作废'):",
    ),
    Mutant(
        "void: two people",
        "exams/voiding/services.py",
        "if approve and actor.person_id == void.asked_by_id:",
        "if False:",
        VOIDING,
    ),
    Mutant(
        "void: what runs is closed",
        "exams/voiding/services.py",
        "    if running:\n",
        "    if False:\n",
    ),
    Mutant(
        "void: one request at a time",
        "exams/voiding/services.py",
        "if waiting_void(session, attempt) is not None:",
        "if False:",
        VOIDING,
    ),
    Mutant(
        "void: not twice",
        "exams/voiding/services.py",
        "if attempt.voided_at is not None:\n        raise",
        "if False:\n        raise",
    ),
    Mutant(
        "void: decided once",
        "exams/voiding/services.py",
        "if session.get(VoidDecision, void.id, populate_existing=True) is not None:",
        "if False:",
    ),
    Mutant(
        "void: only in the examiner's own units",
        "exams/voiding/queries.py",
        "    get_managed_exam(session, public_id=row.attempt.exam.public_id, actor=actor)\n",
        "",
    ),
    Mutant(
        "void: hours go on to another pass",
        "exams/voiding/services.py",
        "if before is not None and before.passed:",
        "if False:",
    ),
    Mutant(
        "keys: two people",
        "exams/corrections/services.py",
        "if actor.person_id == correction.proposed_by_id:",
        "if False:",
        CORRECTIONS,
    ),
    Mutant(
        "keys: a preview before the approval",
        "exams/corrections/services.py",
        "if not summary(session, correction).ready:",
        "if False:",
        CORRECTIONS,
    ),
    Mutant(
        "keys: only approved corrections count",
        "exams/grades/keys.py",
        "            KeyCorrection.no.is_not(None),\n",
        "",
        CORRECTIONS,
    ),
    Mutant(
        "keys: one grade per correction",
        "exams/corrections/regrading.py",
        "before.keys_no < (correction.no or 0)",
        "before.keys_no <= (correction.no or 0)",
        CORRECTIONS,
    ),
    Mutant(
        "keys: a regrade is a new row",
        "exams/corrections/regrading.py",
        "after = grade_attempt(session, attempt=attempt, now=now, reason=reason, cache=cache)",
        "after = before; after.reason = reason; after.keys_no = correction.no; session.flush()",
        CORRECTIONS,
    ),
    Mutant(
        "keys: the record follows",
        "records/services.py",
        "        if not reason:\n            return before\n",
        "        return before\n",
        CORRECTIONS,
    ),
    Mutant(
        "keys: hours go on to another pass",
        "exams/grades/services.py",
        "if before.passed and not after.passed:",
        "if False:",
        CORRECTIONS,
    ),
    Mutant(
        "keys: hours once per exam",
        "records/services.py",
        "again = passed and not alone and _passed_before(session, person.id, attempt_public_id)",
        "again = False",
        VOIDING,
    ),
    Mutant(
        "keys: nobody approves what is about an own paper",
        "exams/corrections/services.py",
        "if session.scalar(mine.limit(1)) is not None:",
        "if False:",
        CORRECTIONS,
    ),
    Mutant(
        "keys: starts and sheets wait for the approval",
        "exams/corrections/services.py",
        "    session.execute(exams)\n",
        "",
        RACES,
        "postgresql",
    ),
    Mutant(
        "keys: a regrade reads the attempt under its lock",
        "exams/corrections/regrading.py",
        "    hold_attempt(session, attempt)",
        '    session.refresh(attempt, ["state"], with_for_update=True)',
        RACES,
        "postgresql",
    ),
    Mutant(
        "marks: the last mark reads the attempt under its lock",
        "exams/marking/services.py",
        "    hold_attempt(session, attempt)",
        '    session.refresh(attempt, ["state"], with_for_update=True)',
        RACES,
        "postgresql",
    ),
    Mutant(
        "hours: an attempt that fails by today's key is passed by",
        "exams/grades/services.py",
        "if grade_attempt(session, attempt=other, now=now, reason=reason).passed:\n            return",
        "grade_attempt(session, attempt=other, now=now, reason=reason)\n        return",
        VOIDING,
    ),
    Mutant(
        "attempt: handed in once",
        "exams/attempts/services.py",
        "Attempt.state == AttemptState.IN_PROGRESS,\n        Attempt.deadline_at == bindparam",
        "Attempt.deadline_at == bindparam",
    ),
    Mutant(
        "attempt: results wait for late answers",
        "exams/attempts/services.py",
        '"open_until": window if late and now <= window else None',
        '"open_until": None',
        "tests/exams/test_protocol.py",
    ),
    Mutant(
        "attempt: so many tries",
        "exams/attempts/queries.py",
        "return annulled or len(attempts) >= exam.attempts_max",
        "return annulled",
        "tests/exams/test_attempts.py",
    ),
    Mutant(
        "attempt: none after an annulled one",
        "exams/attempts/queries.py",
        "return annulled or len(attempts) >= exam.attempts_max",
        "return len(attempts) >= exam.attempts_max",
    ),
    Mutant(
        "answers: only one's own attempt",
        "exams/attempts/queries.py",
        'Attempt.person_id == bindparam("person_id"),\n        # A sheet',
        "# A sheet",
    ),
    Mutant(
        "answers: one device writes",
        "exams/attempts/saving.py",
        "if not sender.orphan and attempt.device not in {None, sender.device}:",
        "if False:",
    ),
    Mutant(
        "answers: none is replaced unseen",
        "exams/attempts/protocol.py",
        "return event.base < current.seq",
        "return False",
    ),
    Mutant(
        "answers: an event id stands for one answer",
        "exams/attempts/saving.py",
        'if says[event_id] != (item, part, value["answer"]):',
        "if False:",
    ),
    Mutant(
        "answers: the short way stops at the deadline",
        "exams/attempts/fast_save.py",
        "            a.deadline_at >= now,\n",
        "",
    ),
    Mutant(
        "answers: the short way asks for a live sign-in",
        "exams/attempts/fast_save.py",
        "        login.session_version == person.session_version,\n",
        "",
    ),
    Mutant(
        "answers: a delivery repeated is stored once",
        "exams/attempts/saving.py",
        "fresh = [event for event in delivery.events if event.event_id not in stored]",
        "fresh = list(delivery.events)",
        "tests/exams/test_attempts.py",
    ),
    Mutant(
        "short save: a delivery repeated goes the explicit way",
        "exams/attempts/fast_save.py",
        "    except IntegrityError:  # delivered before: the explicit way looks what it was\n"
        "        return None\n",
        "    except ZeroDivisionError:\n        return None\n",
        PROTOCOL,
    ),
    Mutant(
        "short save: only one's own attempt",
        "exams/attempts/fast_save.py",
        "            a.person_id == person.id,\n",
        "",
        PROTOCOL,
    ),
    Mutant(
        "short save: not after the end",
        "exams/attempts/fast_save.py",
        "            a.state == AttemptState.IN_PROGRESS,\n",
        "",
    ),
    Mutant(
        "short save: not in a pause",
        "exams/attempts/fast_save.py",
        "            a.paused_at.is_(None),\n",
        "",
        PROTOCOL,
    ),
    Mutant(
        "short save: the device that writes",
        "exams/attempts/fast_save.py",
        "            writes,\n",
        "",
    ),
    Mutant(
        "short save: nobody else's events in the log",
        "exams/attempts/fast_save.py",
        "            a.mixed == false(),\n",
        "",
        "tests/exams/test_protocol.py",
    ),
    Mutant(
        "short save: newer than all before",
        "exams/attempts/fast_save.py",
        "            or_(number == 0, a.device_no < number),\n",
        "",
    ),
    Mutant(
        "short save: a sign-in that has not expired",
        "exams/attempts/fast_save.py",
        "        login.expires_at > now,\n",
        "",
    ),
    Mutant(
        "short save: a sign-in that is not too old",
        "exams/attempts/fast_save.py",
        '        login.created_at > bindparam("oldest", type_=UTCDateTime()),\n',
        '        bindparam("oldest", type_=UTCDateTime()) <= now,\n',
    ),
    Mutant(
        "short save: an active person",
        "exams/attempts/fast_save.py",
        "        person.active,\n",
        "",
    ),
    Mutant(
        "start: many at once make one attempt",
        "inserting.py",
        ".on_conflict_do_nothing()",
        "",
        STARTS,
        "postgresql",
    ),
    Mutant(
        "start: whoever comes second gets the first one's",
        "exams/attempts/services.py",
        "        if faster is None:\n",
        "        if True:\n",
        STARTS,
        "postgresql",
    ),
    Mutant(
        "start: not before the opening",
        "exams/attempts/queries.py",
        "    if now < exam.opens_at:\n",
        "    if False:\n",
        "tests/exams/test_attempts.py",
    ),
    Mutant(
        "time: a room beside is another room",
        "exams/timing/queries.py",
        "    return paths[0].startswith(paths[1]) or paths[1].startswith(paths[0])",
        "    return True",
    ),
    Mutant(
        "time: a room's extension is for whoever starts later",
        "exams/timing/queries.py",
        "        and not (change.person_id is not None and touched)\n",
        "        and not touched\n",
    ),
    Mutant(
        "late: decided once",
        "exams/late/services.py",
        "if session.scalar(done.limit(1)) is not None:",
        "if False:",
    ),
    Mutant(
        "late: a closed attempt is graded anew",
        "exams/late/services.py",
        "if attempt.state != AttemptState.SUBMITTED:",
        "if True:",
    ),
    Mutant(
        "late: only what was accepted counts",
        "exams/attempts/queries.py",
        "select(AnswerDecision.answer_event_id).where(AnswerDecision.accepted)",
        "select(AnswerDecision.answer_event_id)",
    ),
    Mutant(
        "late: nobody decides on own answers",
        "exams/late/services.py",
        "if attempt.person_id == actor.person_id:",
        "if False:",
        LATE,
    ),
    Mutant(
        "late: hours go on to another pass",
        "exams/late/services.py",
        "    if before is not None:\n",
        "    if False:\n",
        LATE,
    ),
    Mutant(
        "replay: a grade knows which answers came before it",
        "exams/papers/recomputing.py",
        "return Extent(**named) if named is not None else None",
        "return None",
        REPLAY,
    ),
    Mutant(
        "keys: one for all exams reaches all of them",
        "exams/grades/keys.py",
        "or_(KeyCorrection.exam_id.is_(None), KeyCorrection.exam_id == exam_id)",
        "KeyCorrection.exam_id == exam_id",
    ),
    Mutant(
        "keys: one for one exam stays there",
        "exams/grades/keys.py",
        "            or_(KeyCorrection.exam_id.is_(None), KeyCorrection.exam_id == exam_id),\n",
        "",
        CORRECTIONS,
    ),
    Mutant(
        "amendment: two people",
        "exams/amendments/services.py",
        "if actor.person_id == amendment.proposed_by_id:",
        "if False:",
        AMENDMENTS,
    ),
    Mutant(
        "amendment: never one's own sheet",
        "exams/amendments/services.py",
        "if attempt.person_id == actor.person_id:",
        "if False:",
        AMENDMENTS,
    ),
    Mutant(
        "amendment: decided once",
        "exams/amendments/services.py",
        "if amendment.decision is not None:",
        "if False:",
        AMENDMENTS,
    ),
    Mutant(
        "amendment: one at a time",
        "exams/amendments/services.py",
        "    if waiting is not None:\n",
        "    if False:\n",
        AMENDMENTS,
    ),
    Mutant(
        "amendment: not over what changed meanwhile",
        "exams/amendments/services.py",
        "if standing.get((item, part)) != was:",
        "if False:",
        AMENDMENTS,
    ),
    Mutant(
        "amendment: hours go on, and the person is told",
        "exams/amendments/services.py",
        "    follow_correction(session, attempt=attempt, before=before, after=after, text=text,"
        " now=now)\n",
        "",
        AMENDMENTS,
    ),
    Mutant(
        "estimates: fixed when the exam is scheduled",
        "exams/papers/services.py",
        "estimates_hash=estimates_in_force(session)",
        "estimates_hash=None",
        ESTIMATES,
    ),
    Mutant(
        "estimates: a start uses those of the exam",
        "exams/papers/drawing.py",
        "stock = current_stock(session, row.estimates_hash)",
        "stock = current_stock(session, None)",
        ESTIMATES,
    ),
    Mutant(
        "estimates: replay knows a set that is not what its hash says",
        "exams/papers/replay.py",
        "if content_hash([list(pair) for pair in sorted(levels.items())]) != row.estimates_hash:",
        "if False:",
        ESTIMATES,
    ),
)


class Verdict(NamedTuple):
    """`state`: noticed, SURVIVED, or MOVED (the guard is not where it was)."""

    guard: str
    state: str
    test: str
    said: str
    seconds: float


def try_out(mutant: Mutant, copy: Path) -> Verdict:
    """Run the test on the copy without the guard."""
    file = copy / "elearn" / mutant.path
    whole = file.read_text(encoding="utf-8")
    name = f"{mutant.test} [{mutant.database}]"
    if whole.count(mutant.old) < 1:
        return Verdict(mutant.guard, "MOVED", name, "", 0.0)
    begun = time.monotonic()
    file.write_text(whole.replace(mutant.old, mutant.new, 1), encoding="utf-8")
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", mutant.test, "-q", "-x", "-p", "no:randomly"),
                *("-p", "no:cacheprovider", "-k", mutant.database),
            ],
            cwd=copy,
            env={
                **os.environ,
                "PYTHONPATH": str(copy),
                "ELEARN_TEST_MACHINE_EXAMPLES": os.environ.get(
                    "ELEARN_TEST_MACHINE_EXAMPLES", EXAMPLES
                ),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(whole, encoding="utf-8")
    state = {0: "SURVIVED", 1: "noticed"}.get(done.returncode, f"BROKEN ({done.returncode})")
    said = [line[4:].strip() for line in done.stdout.splitlines() if line.startswith("E   ")]
    first = next((line for line in said if line), "")
    return Verdict(mutant.guard, state, name, first[:120], time.monotonic() - begun)


def results() -> dict[str, Verdict]:
    """Guard -> what was found last."""
    if not RESULT.exists():
        return {}
    rows = json.loads(RESULT.read_text(encoding="utf-8"))
    return {row["guard"]: Verdict(**row) for row in rows}


def keep(verdict: Verdict) -> None:
    """Written after each: a run may be stopped, and go on another day."""
    known = {**results(), verdict.guard: verdict}
    rows = [known[m.guard]._asdict() for m in MUTANTS if m.guard in known]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def table() -> str:
    """Markdown, of the last run of each."""
    found = list(results().values())
    lines = ["| guard taken out | what fails | first words |", "|---|---|---|"]
    for each in found:
        test = each.test.removeprefix("tests/exams/").removesuffix("]").replace(".py [", ", ")
        said = each.said.replace("|", "\\|")
        lines.append(f"| {each.guard} | {each.state}: {test} | `{said[:80]}` |")
    return "\n".join(lines)


def main(words: list[str]) -> int:
    if words == ["--table"]:
        print(table())
        return 0
    chosen = [m for m in MUTANTS if not words or any(word in m.guard for word in words)]
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="elearn-mutants-") as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        for mutant in chosen:
            verdict = try_out(mutant, copy)
            verdicts.append(verdict)
            print(
                f"{verdict.state:<9} {verdict.guard:<55} {verdict.seconds:4.0f} s  {verdict.said}",
                flush=True,
            )
            keep(verdict)
    bad = [verdict for verdict in verdicts if verdict.state != "noticed"]
    print(f"{len(verdicts) - len(bad)} of {len(verdicts)} noticed")
    return 1 if bad or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
