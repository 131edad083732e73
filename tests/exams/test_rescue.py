"""Answer files: opened only whole and only for their attempt, imported once, judged like late saves."""

import base64
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.access import Actor, Role
from elearn.core.errors import Conflict, DomainError, Gone
from elearn.exams.attempts.queries import current_answers
from elearn.exams.attempts.saving import Sender, save_answers
from elearn.exams.attempts.services import close_due_attempts, submit_attempt
from elearn.exams.grades.policy import GRACE, HELD_AFTER_FINAL, LATE_SYNC
from elearn.exams.rescue.queries import lines_of
from elearn.exams.rescue.sealed import Contents, answer_key, open_file, read_file, seal_file
from elearn.exams.rescue.services import import_file, keep_file
from elearn.models import AnswerEvent, AnswerFile, Attempt, AuditEntry, Exam, Person
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import SECRET, event, make_attempt, make_bank, make_exam, sealed

from .conftest import Case

SECOND = timedelta(seconds=1)


@pytest.fixture
def examiner(session: Session) -> Person:
    return make_person(session, make_unit(session), Role.EXAMINER)


@pytest.fixture
def actor(examiner: Person) -> Actor:
    return make_actor(examiner)


@pytest.fixture
def exam(session: Session, examiner: Person) -> Exam:
    make_bank(session)
    return make_exam(session, examiner.org_unit, by=examiner)


@pytest.fixture
def attempt(session: Session, exam: Exam) -> Attempt:
    return make_attempt(session, exam, make_person(session, exam.org_unit))


def keep(session: Session, actor: Actor, exam: Exam, text: str) -> AnswerFile:
    return keep_file(session, actor=actor, exam=exam, text=text, secret=SECRET, now=NOW)


def take_in(session: Session, actor: Actor, file: AnswerFile, now: Any = NOW) -> dict[str, int]:
    return dict(import_file(session, actor=actor, file=file, secret=SECRET, now=now))


def events_of(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(AnswerEvent)) or 0


def late(item: int, value: Any, *, made_ms: int = 60_000, **more: Any) -> dict[str, Any]:
    return {**event(item, 0, value), "base": 0, "made_ms": made_ms, "n": item, **more}


# ---------------------------------------------------------------- the file


def test_file_opens_only_whole_and_only_for_its_attempt() -> None:
    contents = Contents("device-one", [event(1, 0, [2])])
    text = seal_file("attempt-one", contents, SECRET, nonce=b"n" * 12)
    assert open_file(read_file(text), SECRET) == contents
    assert open_file(read_file(f"\ufeff {text}\r\n"), SECRET) == contents
    file = json.loads(text)
    data = base64.b64decode(file["data"])
    for at in range(len(data)):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        changed = {**file, "data": base64.b64encode(flipped).decode()}
        with pytest.raises(DomainError, match="被改动过"):
            open_file(read_file(json.dumps(changed)), SECRET)
    for broken in (
        {**file, "attempt": "attempt-two"},
        {**file, "data": base64.b64encode(data[:-1]).decode()},
        {**file, "data": base64.b64encode(data + b"\0").decode()},
    ):
        with pytest.raises(DomainError, match="被改动过"):
            open_file(read_file(json.dumps(broken)), SECRET)
    with pytest.raises(DomainError, match="被改动过"):
        open_file(read_file(text), SECRET + "x")


def test_keys_of_attempts_have_nothing_in_common() -> None:
    keys = {answer_key(SECRET, f"attempt-{n}") for n in range(100)}
    assert len(keys) == 100
    assert all(len(key) == 32 for key in keys)


@given(st.one_of(st.text(max_size=200), st.recursive(st.none() | st.integers(), st.lists).map(str)))
def test_anything_else_is_no_answer_file(text: str) -> None:
    with pytest.raises(DomainError) as refused:
        read_file(text)
    assert refused.value.code == "E-FILE"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"format": "elearn-answers-2", "attempt": "a", "data": ""}',
        '{"format": "elearn-answers-1", "attempt": "a", "data": "AAAA"}',
        '{"format": "elearn-answers-1", "attempt": 7, "data": "' + "A" * 64 + '"}',
        '{"format": "elearn-answers-1", "attempt": "a", "data": "' + "é" * 64 + '"}',
        '{"format": "elearn-answers-1", "attempt": "a", "data": 1, "more": 1}',
        "[" * 100_000,
        " " * (1024 * 1024 + 1),
    ],
)
def test_shapes_that_are_nearly_one(text: str) -> None:
    with pytest.raises(DomainError) as refused:
        read_file(text)
    assert refused.value.code == "E-FILE"


# ---------------------------------------------------------------- keeping


def test_the_same_file_is_kept_once(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt
) -> None:
    text = sealed(attempt, [late(1, [0])])
    first = keep(session, actor, exam, text)
    assert keep(session, actor, exam, text + "\n").id == first.id
    assert session.scalar(select(func.count()).select_from(AnswerFile)) == 1
    acts = session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "attempt"))
    assert [act for act in acts if act.startswith("answer_file")] == ["answer_file.upload"]
    assert events_of(session) == 0


def test_a_file_of_another_exam_or_attempt_is_refused(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt, examiner: Person
) -> None:
    other = make_exam(session, examiner.org_unit, by=examiner)
    with pytest.raises(DomainError, match="不属于这场考试"):
        keep(session, actor, other, sealed(attempt, [late(1, [0])]))
    stranger = make_attempt(session, exam, make_person(session, exam.org_unit))
    relabelled = json.loads(sealed(attempt, [late(1, [0])]))
    relabelled["attempt"] = stranger.public_id
    with pytest.raises(DomainError, match="被改动过"):
        keep(session, actor, exam, json.dumps(relabelled))
    unknown = json.dumps({**relabelled, "attempt": "nobody"})
    with pytest.raises(DomainError, match="不属于这场考试"):
        keep(session, actor, exam, unknown)
    assert session.scalar(select(func.count()).select_from(AnswerFile)) == 0


@pytest.mark.parametrize(
    "wrong", [event(99, 0, [0]), event(1, 0, [77]), event(1, 0, "x"), {"event_id": "short"}, 7]
)
def test_answers_that_do_not_fit_the_paper_are_refused(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt, wrong: Any
) -> None:
    with pytest.raises(DomainError):
        keep(session, actor, exam, sealed(attempt, [late(1, [0]), wrong]))
    assert session.scalar(select(func.count()).select_from(AnswerFile)) == 0


# ---------------------------------------------------------------- taking them in


def test_import_in_time_counts_and_only_once(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt
) -> None:
    file = keep(session, actor, exam, sealed(attempt, [late(1, [0]), late(2, [1])]))
    assert take_in(session, actor, file) == {"COUNTED": 2}
    assert set(current_answers(session, attempt.id)) == {(1, 0), (2, 0)}
    with pytest.raises(Conflict, match="已经导入过"):
        take_in(session, actor, file)
    assert events_of(session) == 2
    assert file.imported_by_id == actor.person_id
    acts = session.scalars(select(AuditEntry).where(AuditEntry.action == "answer_file.import"))
    assert [entry.detail["events"] for entry in acts] == [{"COUNTED": 2}]


def test_import_after_the_deadline_is_judged_like_a_late_save(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt
) -> None:
    first = keep(session, actor, exam, sealed(attempt, [late(1, [0])]))
    second = keep(session, actor, exam, sealed(attempt, [late(2, [0])]))
    close_due_attempts(session, now=attempt.deadline_at + GRACE + SECOND)
    session.refresh(attempt)
    inside = attempt.deadline_at + LATE_SYNC
    assert take_in(session, actor, first, inside) == {"LATE": 1}
    assert take_in(session, actor, second, inside + SECOND) == {"HELD": 1}
    assert set(current_answers(session, attempt.id)) == {(1, 0)}


def test_import_after_handing_in_waits_for_a_decision(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt
) -> None:
    file = keep(session, actor, exam, sealed(attempt, [late(1, [0])]))
    submit_attempt(session, attempt=attempt, now=NOW + SECOND)
    assert take_in(session, actor, file, NOW + 2 * SECOND) == {"HELD": 1}
    assert current_answers(session, attempt.id) == {}


def test_import_never_replaces_a_newer_answer_of_another_device(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt
) -> None:
    file = keep(session, actor, exam, sealed(attempt, [late(1, [0])], device="old-phone"))
    save_answers(
        session, attempt=attempt, events=[event(1, 0, [2])], now=NOW, sender=Sender("new-phone")
    )
    standing = current_answers(session, attempt.id)
    assert take_in(session, actor, file) == {"CONFLICT": 1}
    assert current_answers(session, attempt.id) == standing
    assert events_of(session) == 2


def test_what_the_phone_delivered_meanwhile_stays_what_it_was(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt
) -> None:
    sent = late(1, [0])
    file = keep(session, actor, exam, sealed(attempt, [sent, late(2, [1])]))
    save_answers(session, attempt=attempt, events=[sent], now=NOW, sender=Sender("device-one"))
    contents = open_file(read_file(file.body), SECRET)
    lines = lines_of(session, file, contents)
    assert [(line.item, line.here, line.same) for line in lines] == [
        (1, True, True),
        (2, False, False),
    ]
    assert take_in(session, actor, file) == {"COUNTED": 2}
    assert events_of(session) == 2


def test_after_the_last_day_nothing_is_written(
    session: Session, actor: Actor, exam: Exam, attempt: Attempt
) -> None:
    file = keep(session, actor, exam, sealed(attempt, [late(1, [0])]))
    now = exam.closes_at + LATE_SYNC + HELD_AFTER_FINAL + SECOND
    close_due_attempts(session, now=now)
    with pytest.raises(Gone, match="期限已过"):
        take_in(session, actor, file, now)
    session.refresh(file)
    assert file.imported_at is None
    assert events_of(session) == 0


# ---------------------------------------------------------------- the pages


@pytest.fixture
def desk(client: Browser, case: Case) -> Browser:
    return client.sign_in(case.examiner, case.session)


def started(case: Case, browser: Callable[[], Browser]) -> Attempt:
    """Through the page, so that the clock is the real one."""
    me = browser().sign_in(case.person, case.session)
    me.post(f"/exams/{case.exam.public_id}/start", data={"agreed": "1"})
    return case.attempt()


def test_examiner_checks_and_imports(
    desk: Browser, case: Case, browser: Callable[[], Browser]
) -> None:
    attempt = started(case, browser)
    text = sealed(attempt, [late(1, [1]), late(3, [0])])
    address = f"/manage/exams/{case.exam.public_id}/rescue"
    response = desk.post(
        address, data={"file": (io.BytesIO(text.encode()), "答案文件.txt"), "text": ""}
    )
    assert response.status_code == 302
    page = desk.get(response.location).get_data(as_text=True)
    assert case.person.name in page
    assert "文件里的 2 条答案" in page
    assert "金丝雀" not in page
    assert case.attempt().last_seq == 0
    done = desk.post(response.location, follow_redirects=True).get_data(as_text=True)
    assert "计入 2 条" in done
    assert case.attempt().answered == 2
    again = desk.post(response.location)
    assert again.status_code == 409
    assert "已经导入过" in again.get_data(as_text=True)
    assert case.attempt().last_seq == 2
    listed = desk.get(address).get_data(as_text=True)
    assert listed.count("已导入") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "不是答案文件"),
        ("你好", "不是答案文件"),
        ("\x00\xff", "不是答案文件"),
        ('{"format": "elearn-answers-1", "attempt": "x", "data": "' + "A" * 80 + '"}', "不属于"),
    ],
)
def test_wrong_files_are_explained_beside_the_field(
    desk: Browser, case: Case, content: str, said: str
) -> None:
    address = f"/manage/exams/{case.exam.public_id}/rescue"
    response = desk.post(address, data={"text": content})
    assert response.status_code == 422
    assert said in response.get_data(as_text=True)


def test_key_is_on_the_own_pages_of_an_attempt_only(
    case: Case, browser: Callable[[], Browser], desk: Browser
) -> None:
    attempt = started(case, browser)
    key = answer_key(SECRET, attempt.public_id).hex()
    me = browser().sign_in(case.person, case.session)
    assert key in me.get(f"/attempts/{attempt.public_id}").get_data(as_text=True)
    for path in ("", "/rescue", "/monitor"):
        page = desk.get(f"/manage/exams/{case.exam.public_id}{path}").get_data(as_text=True)
        assert key not in page
