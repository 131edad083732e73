"""`elearn exams seal`, `replay`, `reveal`, `fairness`, as an operator runs them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from elearn import db
from elearn.exams.attempts.services import start_attempt, submit_attempt
from elearn.exams.papers.vault import install_vault
from elearn.models import Attempt, Exam, Person, SealedPaper
from tests.cli.test_cli import Run, run
from tests.exams.test_papers import Room

__all__ = ["run"]  # the fixture
SECRET = "k" * 40


def test_seal_replay_reveal(run: Run, tmp_path: Path) -> None:
    install_vault(SECRET)
    assert run("db", "upgrade").returncode == 0
    engine = db.make_engine(f"sqlite:///{tmp_path}/instance/elearn.db")
    now = datetime.now(UTC)
    with db.transaction(engine) as work:
        room = Room(work)
        exam_id = room.exam.public_id
        work.execute(text("DELETE FROM exam_seed"))
        room.exam.opens_at, room.exam.closes_at = now + timedelta(hours=1), now + timedelta(hours=9)
    done = run("exams", "seal", exam_id)
    assert (done.returncode, done.stdout) == (0, "试卷已抽好并封存。\n"), done.stderr
    with db.transaction(engine) as work:
        assert len(work.scalars(select(SealedPaper)).all()) == 3
        exam, person = work.scalars(select(Exam)).one(), work.scalars(select(Person)).all()[-1]
        later = now + timedelta(hours=2)
        attempt = start_attempt(work, exam=exam, person=person, now=later, seed="")
        submit_attempt(work, attempt=attempt, now=later)
    done = run("exams", "reveal", exam_id)
    assert (done.returncode, "种子会泄露" in done.stderr) == (1, True)
    # The room was made at the fixed time of the tests: its audit entry went with the deleted seed.
    done = run("exams", "replay", exam_id, "--json")
    result = json.loads(done.stdout)
    assert (result["attempts"], result["papers"], result["grades"]) == (1, 1, 1)
    assert [each["what"] for each in result["differences"]] == ["承诺和审计日志里记下的不同"]
    assert done.returncode == 1
    with db.transaction(engine) as work:
        exam = work.scalars(select(Exam)).one()
        exam.closes_at = now - timedelta(hours=1)
        exam.opens_at = now - timedelta(hours=5)
        work.execute(update(Attempt).values(seed="0" * 64))
    done = run("exams", "replay", exam_id)
    assert done.returncode == 1
    assert "第一处不同：" in done.stdout
    done = run("exams", "reveal", exam_id)
    assert (done.returncode, done.stdout.count("\n")) == (0, 2)
    engine.dispose()


def test_an_exam_that_is_not_there(run: Run) -> None:
    run("db", "upgrade")
    for command in ("seal", "replay", "reveal"):
        done = run("exams", command, "nothing")
        assert (done.returncode, "没有编号为" in done.stderr) == (1, True)


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_fairness_prints_figures(run: Run, words: tuple[str, ...]) -> None:
    done = run("exams", "fairness", "integrity-80", "--papers", "50", "--forms", "3", *words)
    assert done.returncode == 0, done.stderr
    if words:
        figures = json.loads(done.stdout)
        assert figures["fairness"]["papers"] == 50
        assert figures["forms"]["spread_percent"] <= 0.5
    else:
        assert "平行卷 3 套" in done.stdout
    unknown = run("exams", "fairness", "nothing")
    assert (unknown.returncode, "现有：" in unknown.stderr) == (1, True)
