"""`elearn exams preflight` as an operator runs it: exit codes, words, JSON."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from elearn import db
from elearn.exams.attempts.heartbeat import beat
from elearn.exams.papers.vault import install_vault
from elearn.models import Person
from tests.cli.test_cli import Run, run
from tests.exams.test_papers import Room

__all__ = ["run"]  # the fixture
KEY = "0123456789abcdef" * 4


def verdicts(output: str) -> dict[str, str]:
    return {line["name"]: line["verdict"] for line in json.loads(output)["lines"]}


def rehearse_and_back_up(folder: Path, now: datetime) -> None:
    """What the machine and its operators left."""
    report = {"candidates": 3000, "machine": {"at": now.isoformat()}}
    (folder / "instance" / f"rehearsal-{now:%Y%m%d-%H%M}.json").write_text(json.dumps(report))
    (folder / "backup.db").write_bytes(b"x")


def test_from_not_passed_to_ready(run: Run, tmp_path: Path) -> None:
    env = {"ELEARN_SECRET_KEY": KEY}
    early = run("exams", "preflight", "x", **env)
    assert early.returncode == 2
    assert "不通过\t数据库结构" in early.stdout
    assert "怎么办：" in early.stdout
    install_vault(KEY)
    assert run("db", "upgrade", **env).returncode == 0
    unknown = run("exams", "preflight", "x", **env)
    assert (unknown.returncode, "没有编号为 x 的考试" in unknown.stderr) == (1, True)
    engine = db.make_engine(f"sqlite:///{tmp_path}/instance/elearn.db")
    now = datetime.now(UTC)
    day = (now + timedelta(days=1)).replace(hour=1, minute=0)
    with db.transaction(engine) as work:
        room = Room(work)
        exam = room.exam.public_id
        room.exam.opens_at, room.exam.closes_at = day, day + timedelta(hours=3)
        work.execute(update(Person).values(active=False))
    result = run("exams", "preflight", exam, "--json", **env)
    assert (result.returncode, verdicts(result.stdout)["应考名册"]) == (2, "FAIL"), result.stderr
    with db.transaction(engine) as work:
        work.execute(
            update(Person).values(active=True, password_hash="x", must_change_password=False)
        )
    result = run("exams", "preflight", exam, "--json", **env)
    found = verdicts(result.stdout)
    failing = {name for name, each in found.items() if each == "FAIL"}
    assert failing - {"磁盘", "试卷种子"} == {"收卷进程"}, "no service has ever run"
    assert {name for name, each in found.items() if each == "NOTE"} >= {"封存试卷", "承载", "备份"}
    rehearse_and_back_up(tmp_path, now)
    with db.transaction(engine) as work:
        work.execute(db.text("DELETE FROM exam_seed"))
    assert run("exams", "seal", exam, **env).returncode == 0
    beat(engine, now=datetime.now(UTC))
    result = run("exams", "preflight", exam, "--backup", "backup.db", "--json", **env)
    found = verdicts(result.stdout)
    disk = found.pop("磁盘")  # of whatever machine runs the tests
    assert set(found.values()) == {"PASS"}, result.stdout
    assert result.returncode == ["PASS", "NOTE", "FAIL"].index(disk)
    beat(engine, now=datetime.now(UTC))
    said = run("exams", "preflight", exam, "--backup", "backup.db", **env).stdout
    assert ("可以开考。" in said) == (disk == "PASS")
    engine.dispose()
