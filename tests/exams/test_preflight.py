"""Every line of `elearn exams preflight`, when it passes and when it does not."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, delete, select, text, update
from sqlalchemy.orm import Session

from elearn.config import Settings
from elearn.core.access import Role
from elearn.exams.papers.vault import Vault, install_vault
from elearn.exams.preflight import machine, papers, people, room
from elearn.exams.preflight.findings import Line, Verdict, worst
from elearn.models import (
    Accommodation,
    BankQuestion,
    ExamForm,
    ExamSeed,
    MarkingRule,
    PaperMode,
    Person,
    RoleGrant,
    SealedPaper,
    SweeperBeat,
)
from tests.exams.test_papers import SECRET, VAULT, Room
from tests.factories import NOW, make_grant, make_person
from tests.factories_exams import (
    make_attempt,
    make_bank,
    make_revision,
    short_spec,
)

PASS, NOTE, FAIL = Verdict.PASS, Verdict.NOTE, Verdict.FAIL


@pytest.fixture(autouse=True)
def _vault() -> None:
    install_vault(SECRET)


@pytest.fixture
def fair(session: Session) -> Room:
    return Room(session)


def only(lines: list[Line], name: str) -> Line:
    (found,) = [line for line in lines if line.name == name]
    return found


def says(line: Line, verdict: Verdict, *words: str) -> None:
    """The verdict, what was found, and how to mend it unless it passes."""
    assert (line.verdict, bool(line.mend)) == (verdict, verdict is not PASS), line
    for word in words:
        assert word in line.found + line.mend, line


# ---------------------------------------------------------------- people


def test_roster(fair: Room) -> None:
    says(people.check_roster(fair.session, fair.exam), PASS, "3 人")
    fair.session.execute(update(Person).values(active=False))
    says(people.check_roster(fair.session, fair.exam), FAIL, "没有应考的人")


def test_accounts(fair: Room) -> None:
    one, two, _ = fair.people
    for person in fair.people:
        person.password_hash, person.must_change_password = "x", False
    fair.session.flush()
    says(people.check_accounts(fair.session, fair.exam), PASS)
    one.password_hash, two.must_change_password = None, True
    fair.session.flush()
    line = people.check_accounts(fair.session, fair.exam)
    says(line, NOTE, "1 人没有密码", one.staff_no, "1 人从没登录过", two.staff_no)


def test_accommodations(fair: Room) -> None:
    says(people.check_accommodations(fair.session, fair.exam), PASS, "没有申请")
    first, second = fair.first.person_id, fair.second.person_id
    row = Accommodation(
        person_id=fair.people[0].id,
        reason="AGE",
        percent=25,
        document="文件",
        valid_from=NOW,
        valid_until=NOW + timedelta(days=30),
        requested_by_id=first,
        requested_at=NOW,
    )
    fair.session.add(row)
    fair.session.flush()
    says(people.check_accommodations(fair.session, fair.exam), NOTE, "1 项还没有批准")
    row.approved_by_id, row.approved_at = second, NOW
    fair.session.flush()
    says(people.check_accommodations(fair.session, fair.exam), PASS, "已批准 1 项")


def test_a_second_examiner_who_does_not_sit_it(fair: Room) -> None:
    says(people.check_examiners(fair.session, fair.exam), PASS, "2 人")
    second = fair.session.get_one(Person, fair.second.person_id)
    second.org_unit_id = fair.unit.id  # a candidate now
    fair.session.flush()
    fair.session.expire(second)
    says(people.check_examiners(fair.session, fair.exam), NOTE, "不参加考试的 1 人")
    fair.session.execute(delete(RoleGrant).where(RoleGrant.person_id == second.id))
    says(people.check_examiners(fair.session, fair.exam), NOTE, "只有")
    fair.session.execute(delete(RoleGrant))
    says(people.check_examiners(fair.session, fair.exam), FAIL)


def test_markers_where_somebody_must_read(fair: Room) -> None:
    assert people.check_markers(fair.session, fair.exam) == []
    make_bank(fair.session)
    fair.exam.blueprint_revision = make_revision(fair.session, short_spec())
    says(only(people.check_markers(fair.session, fair.exam), "阅卷人"), NOTE, "现在 0 人")
    make_grant(fair.session, make_person(fair.session), Role.MARKER, fair.unit)
    says(only(people.check_markers(fair.session, fair.exam), "阅卷人"), PASS, "1 人")
    rule = MarkingRule(
        exam_id=fair.exam.id, double=True, changed_by_id=fair.people[0].id, changed_at=NOW
    )
    fair.session.add(rule)
    fair.session.flush()
    says(only(people.check_markers(fair.session, fair.exam), "阅卷人"), NOTE, "要 2 人")


# ---------------------------------------------------------------- terms and papers


@pytest.mark.parametrize(
    ("opens", "hours", "now", "verdict", "word"),
    [
        ("2026-11-24T01:00", 2, "2026-11-23T00:00", PASS, "北京时间 2026-11-24 09:00 至 11:00"),
        ("2026-11-24T13:00", 24, "2026-11-23T00:00", PASS, "至 2026-11-25 21:00"),
        ("2026-11-24T18:00", 3, "2026-11-23T00:00", NOTE, "填反"),
        ("2026-11-24T01:00", 2, "2026-11-24T01:00", NOTE, "已经开始"),
        ("2026-11-24T01:00", 2, "2026-11-24T03:00", FAIL, "已经结束"),
    ],
)
def test_window(fair: Room, opens: str, hours: int, now: str, verdict: Verdict, word: str) -> None:
    fair.exam.opens_at = datetime.fromisoformat(opens).replace(tzinfo=UTC)
    fair.exam.closes_at = fair.exam.opens_at + timedelta(hours=hours)
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    says(papers.check_window(fair.exam, at), verdict, word)
    fair.exam.duration_s = hours * 3600 + 1
    if verdict is PASS:
        says(papers.check_window(fair.exam, at), FAIL, "比考试短")
    fair.exam.cancelled_at = at
    says(papers.check_window(fair.exam, at), FAIL, "已取消")


def test_seed_and_key(fair: Room) -> None:
    says(papers.check_seed(fair.session, fair.exam, VAULT), PASS, "已承诺")
    says(papers.check_seed(fair.session, fair.exam, Vault("another")), FAIL, "ELEARN_SECRET_KEY")
    row = fair.session.get_one(ExamSeed, fair.exam.id)
    row.commitment = "0" * 64
    says(papers.check_seed(fair.session, fair.exam, VAULT), FAIL, "承诺对不上")
    fair.session.delete(row)
    fair.session.flush()
    says(papers.check_seed(fair.session, fair.exam, VAULT), NOTE, "还没有承诺")


@pytest.mark.parametrize("mode", list(PaperMode))
def test_sealed_papers_open_with_the_present_key(fair: Room, mode: PaperMode) -> None:
    def lines(vault: Vault = VAULT) -> list[Line]:
        return list(papers.check_sealed(fair.session, fair.exam, vault, NOW))

    fair.mode(mode, 3)
    says(only(lines(), "封存试卷"), NOTE, "没有封存")
    open_now = papers.check_sealed(fair.session, fair.exam, VAULT, fair.exam.opens_at)
    says(only(list(open_now), "封存试卷"), PASS, "已经开考")
    says(only(list(papers.check_draw(fair.session, fair.exam, VAULT)), "题库"), PASS, "60 道题")
    fair.seal()
    says(only(lines(), "封存试卷"), PASS, "已封存")
    says(only(lines(), "题库"), PASS, "现行版本")
    assert list(papers.check_draw(fair.session, fair.exam, VAULT)) == []
    says(only(lines(Vault("another")), "封存试卷"), FAIL, "打不开")
    fair.session.execute(update(BankQuestion).values(status="RETIRED"))
    says(only(lines(), "题库"), NOTE, "已停用")
    for table in (ExamForm, SealedPaper):
        fair.session.execute(update(table).values(paper_hash="0" * 64))
    fair.session.expire_all()
    says(only(lines(), "封存试卷"), FAIL, "指纹不同")


def test_somebody_joined_after_the_seal(fair: Room) -> None:
    fair.seal()
    make_person(fair.session, fair.unit)
    line = only(list(papers.check_sealed(fair.session, fair.exam, VAULT, NOW)), "封存试卷")
    says(line, NOTE, "应有 4 份")


def test_a_bank_that_became_too_small(fair: Room) -> None:
    fair.session.execute(update(BankQuestion).values(status="RETIRED"))
    line = only(list(papers.check_draw(fair.session, fair.exam, VAULT)), "题库")
    says(line, FAIL, "抽不出试卷")


# ---------------------------------------------------------------- room


@pytest.mark.parametrize(
    ("code", "verdict"), [("", PASS), ("1234", NOTE), ("123456", NOTE), ("AAAAAAA", NOTE),
                          ("QH7M2K", PASS)],
)  # fmt: skip
def test_code(fair: Room, code: str, verdict: Verdict) -> None:
    fair.exam.room_code = code
    says(room.check_code(fair.exam), verdict)


@pytest.mark.parametrize(
    ("ranges", "hops", "verdict", "word"),
    [
        ("", 0, PASS, "没有限制"),
        ("10.20.0.0/16", 1, PASS, "1 个网段"),
        ("10.20.0.0/16", 0, NOTE, "ELEARN_PROXY_HOPS"),
        ("10.0.0.0/8\n0.0.0.0/0", 1, NOTE, "等于没有限制"),
        ("127.0.0.1/32", 1, NOTE, "只有本机"),
    ],
)
def test_ranges(
    fair: Room, config: Settings, ranges: str, hops: int, verdict: Verdict, word: str
) -> None:
    fair.exam.ip_ranges = ranges
    says(room.check_ranges(fair.exam, replace(config, proxy_hops=hops)), verdict, word)


# ---------------------------------------------------------------- machine


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{tmp_path / 'x.db'}",
        secret_key=os.urandom(32).hex(),
        instance_dir=tmp_path,
        content_dir=tmp_path,
    )


def test_schema() -> None:
    says(machine.check_schema("0013", "0013"), PASS)
    says(machine.check_schema("0009", "0013"), FAIL, "elearn db upgrade")
    says(machine.check_schema(None, "0013"), FAIL, "空的")


def test_clock() -> None:
    for seconds, verdict in ((0.4, PASS), (-3, NOTE), (3, NOTE), (-90, FAIL)):
        says(machine.check_clock(NOW + timedelta(seconds=seconds), NOW), verdict)


def test_durability_of_a_real_database(own_engine: Engine) -> None:
    with own_engine.connect() as connection:
        lite = connection.dialect.name == "sqlite"
        change = "PRAGMA synchronous=OFF" if lite else "SET synchronous_commit = off"
        found = machine.durability(connection)
        if lite:
            says(machine.check_durability(found), PASS)
        else:  # the tests' own server may be a fast and loose one
            safe = set(found.values()) <= {"on"}
            says(machine.check_durability(found), PASS if safe else FAIL, "fsync=")
        connection.rollback()
        connection.connection.cursor().execute(change)
        changed = machine.durability(connection)
        says(machine.check_durability(changed), FAIL, "synchronous=0" if lite else "commit=off")
        connection.invalidate()


def test_durability_by_its_values() -> None:
    says(
        machine.check_durability(
            {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "remote_apply"}
        ),
        PASS,
    )
    for wrong in ({"fsync": "off"}, {"full_page_writes": "off"}, {"journal_mode": "memory"}):
        says(machine.check_durability(wrong), FAIL, *wrong)


def test_disk(config: Settings) -> None:
    gb = machine.GB
    for total, free, verdict in (
        (100, 40, PASS), (100, 10, NOTE), (20, 4.9, NOTE), (1000, 0.5, FAIL),
    ):  # fmt: skip
        says(machine.check_disk(config, int(total * gb), int(free * gb)), verdict, "GB")
    assert str(config.instance_dir) in machine.check_disk(config).found
    elsewhere = replace(config, database_url="postgresql+psycopg://db/x")
    says(machine.check_disk(elsewhere, 100 * gb, 40 * gb), PASS, "那台机器")


def test_secret(config: Settings) -> None:
    says(machine.check_secret(config), PASS)
    for weak in ("short", "k" * 64):
        says(machine.check_secret(replace(config, secret_key=weak)), FAIL)
    path = config.instance_dir / "secret_key"
    path.write_text(config.secret_key)
    path.chmod(0o644)
    says(machine.check_secret(config), FAIL, "chmod 600")
    path.chmod(0o600)
    says(machine.check_secret(config), PASS, "备份")


def test_assets(tmp_path: Path) -> None:
    says(machine.check_assets(), PASS)
    says(machine.check_assets(tmp_path), FAIL, "manifest.json")
    (tmp_path / "manifest.json").write_text('{"app.css": "app-1.css"}')
    says(machine.check_assets(tmp_path), FAIL, "app-1.css")
    (tmp_path / "app-1.css").write_text("x")
    says(machine.check_assets(tmp_path), PASS)


def rehearsed(config: Settings, carries: object, at: datetime) -> None:
    report = {"candidates": carries, "machine": {"at": at.isoformat()}}
    stamp = f"{at:%Y%m%d-%H%M}"
    (config.instance_dir / f"rehearsal-{stamp}.json").write_text(json.dumps(report))


def test_capacity(fair: Room, config: Settings) -> None:
    def line() -> Line:
        return machine.check_capacity(fair.session, fair.exam, config, NOW)

    says(line(), NOTE, "没有演练记录", "--candidates 3")
    rehearsed(config, 3000, NOW - timedelta(days=20))
    says(line(), NOTE, "两周")
    rehearsed(config, 2, NOW - timedelta(days=2))
    says(line(), FAIL, "约可承载 2 人")
    rehearsed(config, 3000, NOW - timedelta(days=1))
    says(line(), PASS)
    rehearsed(config, "?", NOW)  # a broken report is passed over
    says(line(), PASS)


def test_sweeper(fair: Room) -> None:
    attempt = make_attempt(fair.session, fair.exam, fair.people[0], now=fair.exam.opens_at)
    soon = attempt.deadline_at + timedelta(minutes=1)
    says(machine.check_sweeper(fair.session, soon), PASS)
    says(machine.check_sweeper(fair.session, soon + timedelta(minutes=5)), FAIL, "1 份")


def test_heartbeat(fair: Room) -> None:
    def line(after: timedelta) -> Line:
        return machine.check_heartbeat(fair.session, NOW + after)

    says(line(timedelta()), FAIL, "从来没有", "elearn serve")
    fair.session.add(SweeperBeat(id=1, finished_at=NOW))
    fair.session.flush()
    says(line(timedelta(seconds=90)), PASS, "最近一轮")
    says(line(timedelta(minutes=3)), FAIL, "现在没有在跑", "elearn serve")
    says(line(-timedelta(minutes=3)), FAIL, "现在没有在跑")  # the clock was set back


def test_backup(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    says(machine.check_backup(None, now), NOTE, "没有核对")
    folder = tmp_path / "backup"
    folder.mkdir()
    says(machine.check_backup(folder, now), FAIL, "没有备份")
    (folder / "empty").touch()
    says(machine.check_backup(folder, now), FAIL)
    (folder / "elearn.dump").write_bytes(b"x" * 100)
    says(machine.check_backup(folder, now), PASS, "elearn.dump")
    says(machine.check_backup(folder / "elearn.dump", now + timedelta(hours=30)), NOTE, "一天")
    (folder / "elearn.dump").rename(folder / "live.db")
    (folder / "live.db-wal").write_bytes(b"x")
    says(machine.check_backup(folder, now, str(folder / "live.db")), FAIL, "没有备份")


def test_the_worst_line_decides() -> None:
    line: Callable[[Verdict], Line] = lambda verdict: Line("x", verdict, "y")  # noqa: E731 - three of them
    assert worst([]) is PASS
    assert worst([line(PASS), line(NOTE)]) is NOTE
    assert worst([line(FAIL), line(NOTE)]) is FAIL


def test_nothing_is_written(fair: Room, config: Settings, connection: Connection) -> None:
    fair.seal()
    fair.session.commit()
    before = connection.scalar(select(text("count(*)")).select_from(text("audit_entry")))
    people.check_people(fair.session, fair.exam)
    papers.check_papers(fair.session, fair.exam, VAULT, NOW)
    room.check_locks(fair.exam, config)
    assert not fair.session.dirty
    assert not fair.session.new
    assert connection.scalar(select(text("count(*)")).select_from(text("audit_entry"))) == before
