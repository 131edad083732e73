"""改期, and the paper canary: nothing of a paper leaves before T0, also when T0 moves."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from elearn import db
from elearn.core.access import Actor, Role
from elearn.core.assembly.model import Section
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.attempts.services import start_attempt
from elearn.exams.moving.services import move_exam
from elearn.exams.papers.services import choose_mode, commit_seed, seal_papers
from elearn.exams.papers.vault import install_vault
from elearn.models import Attempt, AuditEntry, Exam, PaperMode, PaperOpening, Person
from tests.conftest import Browser
from tests.exams.test_canary import whole
from tests.exams.test_papers import MASTER, SECRET, VAULT, Room
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import T, make_bank, make_exam, make_question, make_revision, make_spec

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _vault() -> None:
    install_vault(SECRET)


@pytest.fixture
def room(session: Session) -> Room:
    return Room(session)


def move(room: Room, opens: timedelta, *, now: datetime = NOW, **values: Any) -> Exam:
    given: dict[str, Any] = {
        "actor": room.first,
        "opens_at": NOW + opens,
        "closes_at": NOW + opens + timedelta(hours=3),
        "reason": "机房检修",
        **values,
    }
    return move_exam(room.session, exam=room.exam, now=now, **given)


def test_a_move_is_said_in_the_audit_log(room: Room) -> None:
    move(room, 2 * HOUR)
    assert room.exam.opens_at == NOW + 2 * HOUR
    entry = room.session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.move")).one()
    assert entry.detail["reason"] == "机房检修"
    assert entry.detail["before"]["opens_at"] == (NOW + HOUR).isoformat()
    move(room, 2 * HOUR)  # a second click
    assert room.audit().count("exam.move") == 1


def test_sealed_papers_stay_what_they_are(room: Room) -> None:
    room.seal()
    move(room, 2 * HOUR)
    with pytest.raises(Conflict) as caught:
        room.start(room.people[0], minutes=90)
    assert caught.value.code == "E-NOTOPEN"
    attempt = room.start(room.people[0], minutes=121)
    assert attempt.draw is not None
    assert attempt.draw["sealed"] is True


@pytest.mark.parametrize(
    ("opens", "values", "field"),
    [
        (timedelta(0), {}, "opens_at"),
        (-HOUR, {}, "opens_at"),
        (2 * HOUR, {"closes_at": NOW + 2 * HOUR}, "closes_at"),
        (2 * HOUR, {"closes_at": NOW + 2 * HOUR + timedelta(minutes=10)}, "closes_at"),
        (2 * HOUR, {"closes_at": NOW + timedelta(days=400)}, "closes_at"),
        (2 * HOUR, {"reason": " "}, "reason"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    room: Room, opens: timedelta, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as caught:
        move(room, opens, **values)
    assert set(caught.value.fields) == {field}
    assert room.exam.opens_at == NOW + HOUR


def test_what_has_begun_is_not_moved(room: Room) -> None:
    with pytest.raises(Conflict):
        move(room, 3 * HOUR, now=NOW + HOUR)
    room.start(room.people[0])
    with pytest.raises(Conflict):
        move(room, 3 * HOUR)
    room.exam.cancelled_at = NOW
    room.session.flush()
    with pytest.raises(Conflict) as caught:
        move(room, 3 * HOUR)
    assert caught.value.code == "E-CANCELLED"
    with pytest.raises(Forbidden):
        move(room, 3 * HOUR, actor=make_actor(make_person(room.session, None, Role.EXAMINER)))


# ---------------------------------------------------------------- the paper canary

PAPER = "试卷金丝雀"


class Hall:
    """An exam of questions that carry a canary in stem and options, sealed, five minutes ahead."""

    def __init__(self, session: Session, mode: PaperMode):
        self.session = session
        self.now = datetime.now(UTC)
        questions = []
        for number in range(12):
            question = make_question(T.SINGLE)
            part = question.parts[0]
            options = tuple(f"{PAPER}{number}选项{at}" for at in range(4))
            part = replace(part, stem=f"{PAPER}{number}题干", options=options)
            questions.append(replace(question, parts=(part,)))
        make_bank(session, questions)
        root = make_unit(session)
        unit = make_unit(session, root)
        self.examiner = make_person(session, root, Role.EXAMINER)
        self.second = make_person(session, root, Role.EXAMINER)
        self.people = {
            "candidate": make_person(session, unit),
            "stranger": make_person(session),
            "examiner": self.examiner,
            "marker": make_person(session, root, Role.MARKER),
            "leader": make_person(session, root, Role.LEADER, Role.HR),
            "trainer elsewhere": make_person(session, None, Role.EXAMINER),
        }
        spec = make_spec(Section("单选", T.SINGLE, 5, 2000))
        self.exam = make_exam(
            session,
            unit,
            by=self.examiner,
            revision=make_revision(session, spec),
            opens_at=self.now + timedelta(minutes=5),
            closes_at=self.now + timedelta(hours=5),
        )
        commit_seed(session, exam=self.exam, master=MASTER, vault=VAULT, now=self.now)
        me = make_actor(self.examiner)
        choose_mode(session, actor=me, exam=self.exam, mode=mode, forms=2, now=self.now)
        seal_papers(session, actor=me, exam=self.exam, vault=VAULT, now=self.now)
        session.commit()

    def answers(self, client: Browser) -> Iterator[tuple[str, str]]:
        """Everything that can be asked about the exam, whoever asks."""
        exam = self.exam.public_id
        base = f"/manage/exams/{exam}"
        code = self.exam.blueprint_revision.blueprint.code
        for path in (
            "/", "/exams", f"/exams/{exam}", "/portfolio", "/manage/exams", f"{base}/monitor",
            f"{base}/papers", f"{base}/move", "/manage/blueprints", f"/manage/blueprints/{code}",
            f"/manage/blueprints/{code}/fairness", "/manage/marking", "/manage/audit", "/nothing",
        ):  # fmt: skip
            yield path, whole(client.get(path))
        yield "start", whole(client.post(f"/exams/{exam}/start", data={"agreed": "1"}))
        for path in ("papers/seal", "papers/reveal", "papers/looks", "papers/mode"):
            yield (
                path,
                whole(client.post(f"{base}/{path}", data={"form_no": "1", "reason": "想看"})),
            )
        looks = select(PaperOpening.public_id).where(PaperOpening.exam_id == self.exam.id)
        for look in self.session.scalars(looks).all():
            yield look, whole(client.get(f"{base}/papers/looks/{look}"))


@pytest.mark.parametrize("mode", list(PaperMode))
def test_nothing_of_a_paper_before_t0_for_anybody(
    session: Session, browser: Any, mode: PaperMode
) -> None:
    hall = Hall(session, mode)
    for name, person in {"anonymous": None, **hall.people}.items():
        client = browser()
        if person is not None:
            client.sign_in(person, session)
        for path, text in hall.answers(client):
            assert PAPER not in text, (name, path)
    assert session.scalar(select(func.count()).select_from(Attempt)) == 0


def test_t0_moved_during_the_countdown_moves_for_everybody(session: Session, browser: Any) -> None:
    """The candidate sits in the lobby; T0 moves a minute before; the old T0 opens nothing."""
    hall = Hall(session, PaperMode.FORMS)
    candidate = hall.people["candidate"]
    client = browser().sign_in(candidate, session)
    with time_machine.travel(hall.now + timedelta(minutes=4), tick=False):
        staff = browser().sign_in(hall.examiner, session, now=hall.now)
        assert PAPER not in whole(client.get(f"/exams/{hall.exam.public_id}"))
        moved = staff.post(
            f"/manage/exams/{hall.exam.public_id}/move",
            data={
                "opens_at": local_minutes(hall.now + timedelta(minutes=65)),
                "closes_at": local_minutes(hall.now + timedelta(hours=8)),
                "reason": "机房检修",
            },
        )
        assert moved.status_code == 302
    session.expire_all()
    t0 = hall.exam.opens_at
    for at in (hall.now + timedelta(minutes=5, seconds=1), t0 - timedelta(seconds=1)):
        with time_machine.travel(at, tick=False):
            client = browser().sign_in(candidate, session, now=at)
            answer = client.post(f"/exams/{hall.exam.public_id}/start", data={"agreed": "1"})
            assert (answer.status_code, "E-NOTOPEN" in whole(answer)) == (409, True)
            for path, text in hall.answers(client):
                assert PAPER not in text, path
    with time_machine.travel(t0, tick=False):
        client = browser().sign_in(candidate, session, now=t0)
        answer = client.post(f"/exams/{hall.exam.public_id}/start", data={"agreed": "1"})
        assert answer.status_code == 302
        assert PAPER in whole(client.get(answer.headers["Location"]))


def local_minutes(at: datetime) -> str:
    """As the form wants it: Asia/Shanghai, whole minutes."""
    return (at + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")


def test_a_move_and_a_start_at_once_never_both_win(own_engine: Engine) -> None:
    """Whoever holds the exam's row first decides, and the other one sees it. Ten rounds."""
    for _ in range(10):
        with db.transaction(own_engine) as work:
            made = Room(work, people=1)
            exam_id, person_id, actor = made.exam.id, made.people[0].id, made.first
        gate = threading.Barrier(2)

        def start(exam_id: int = exam_id, person_id: int = person_id, gate: Any = gate) -> bool:
            gate.wait()
            with db.transaction(own_engine) as work:
                exam, person = work.get_one(Exam, exam_id), work.get_one(Person, person_id)
                start_attempt(work, exam=exam, person=person, now=NOW + HOUR, seed="")
            return True

        def postpone(exam_id: int = exam_id, actor: Actor = actor, gate: Any = gate) -> bool:
            gate.wait()
            with db.transaction(own_engine) as work:
                move_exam(
                    work,
                    actor=actor,
                    exam=work.get_one(Exam, exam_id),
                    opens_at=NOW + 3 * HOUR,
                    closes_at=NOW + 6 * HOUR,
                    reason="机房检修",
                    now=NOW + HOUR - timedelta(seconds=1),
                )
            return True

        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(start), pool.submit(postpone)]
        outcomes = [job.exception() is None for job in jobs]
        assert sorted(outcomes) == [False, True], [job.exception() for job in jobs]
        lost = next(error for job in jobs if (error := job.exception()))
        assert isinstance(lost, Conflict)


# ---------------------------------------------------------------- pages


def test_move_page(session: Session, browser: Any) -> None:
    hall = Hall(session, PaperMode.FIXED)
    staff = browser().sign_in(hall.examiner, session)
    url = f"/manage/exams/{hall.exam.public_id}/move"
    assert "改期的原因" in staff.get(url).get_data(as_text=True)
    bad = staff.post(
        url,
        data={"opens_at": "2020-01-01T09:00", "closes_at": "2020-01-01T12:00", "reason": "迟了"},
    )
    assert bad.status_code == 422
    assert "新的开始时间已经过去" in bad.get_data(as_text=True)
    assert staff.post(url, data={"opens_at": "x"}).status_code == 422
    hall.exam.opens_at = hall.now - HOUR
    session.commit()
    assert "不能再改期" in staff.get(url).get_data(as_text=True)


def test_papers_page_walks_from_mode_to_reveal(session: Session, browser: Any) -> None:
    hall = Hall(session, PaperMode.INDIVIDUAL)
    staff = browser().sign_in(hall.examiner, session)
    url = f"/manage/exams/{hall.exam.public_id}/papers"
    page = staff.get(url).get_data(as_text=True)
    assert page.count('type="radio"') == 3
    assert f"{url}/seal" in page
    assert staff.post(f"{url}/mode", data={"mode": "FORMS", "forms": "1"}).status_code == 422
    assert staff.post(f"{url}/mode", data={"mode": "FORMS", "forms": "40"}).status_code == 302
    refused = staff.post(f"{url}/seal")
    assert refused.status_code in {302, 422}
    assert staff.post(f"{url}/mode", data={"mode": "FORMS", "forms": "2"}).status_code == 302
    assert staff.post(f"{url}/seal").status_code == 302
    page = staff.get(url).get_data(as_text=True)
    for words in ("平行卷，2 套", "已封存", "各套卷的难易", "种子承诺"):
        assert words in page
    assert PAPER not in page
    assert staff.post(f"{url}/looks", data={"form_no": "9", "reason": "核对"}).status_code == 422
    assert staff.post(f"{url}/looks", data={"form_no": "1", "reason": "核对"}).status_code == 302
    page = staff.get(url).get_data(as_text=True)
    assert "等另一位同意" in page
    other = browser().sign_in(hall.second, session)
    approve = re.search(r"papers/looks/[\w-]+/approve", other.get(url).get_data(as_text=True))
    assert approve is not None
    link = f"/manage/exams/{hall.exam.public_id}/{approve[0]}"
    assert staff.get(link.removesuffix("/approve")).status_code == 409
    assert other.post(link).status_code == 302
    shown = staff.get(link.removesuffix("/approve")).get_data(as_text=True)
    assert shown.count(hall.examiner.staff_no) >= 6
    assert PAPER in shown
    assert hall.second.staff_no in other.get(link.removesuffix("/approve")).get_data(as_text=True)
    assert "查看" in staff.get(url).get_data(as_text=True)
    assert staff.post(f"{url}/reveal").status_code == 409
    hall.exam.opens_at = hall.now - timedelta(hours=3)
    hall.exam.closes_at = hall.now - HOUR
    session.commit()
    assert MASTER not in staff.get(url).get_data(as_text=True)
    assert staff.post(f"{url}/reveal").status_code == 302
    assert MASTER in staff.get(url).get_data(as_text=True)
