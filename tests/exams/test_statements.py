"""What an exam asks of the database, in statements: start and hand-in, as a browser sends them.

`make bench` says what they cost; the number of statements is a promise a test can keep.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event

from elearn.exams.papers.services import commit_seed, seal_papers
from elearn.exams.papers.vault import process_vault
from elearn.models import TrainingRecord
from tests.conftest import Browser
from tests.exams.conftest import Case
from tests.factories import make_actor, make_person
from tests.factories_exams import all_right, make_attempt

CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def counting(connection: Connection) -> Iterator[list[str]]:
    """The statements sent meanwhile; the savepoints of the tests themselves are left out."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(CONTROL):
            sent.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    yield sent
    event.remove(connection, "before_cursor_execute", note)


@pytest.fixture
def sealed(case: Case) -> Case:
    """The exam's papers were sealed before the opening, and somebody has started already."""
    before = case.exam.opens_at - timedelta(hours=1)
    vault = process_vault()
    commit_seed(case.session, exam=case.exam, master="5e" * 32, vault=vault, now=before)
    first = make_person(case.session, case.person.org_unit)
    case.session.flush()
    seal_papers(
        case.session, actor=make_actor(case.examiner), exam=case.exam, vault=vault, now=before
    )
    make_attempt(case.session, case.exam, first)
    case.session.commit()
    return case


def test_starting_with_a_sealed_paper_takes_four(
    client: Browser, sealed: Case, connection: Connection
) -> None:
    me = client.sign_in(sealed.person, sealed.session)
    with counting(connection) as sent:
        response = me.post(f"/exams/{sealed.exam.public_id}/start", data={"agreed": "1"})
    assert response.status_code == 302
    assert sealed.attempt().draw is not None
    assert len(sent) <= 4, sent


def test_handing_in_takes_six(client: Browser, case: Case, connection: Connection) -> None:
    attempt = make_attempt(case.session, case.exam, case.person)
    me = client.sign_in(case.person, case.session)
    reply = me.post(
        f"/attempts/{attempt.public_id}/answers",
        json={"events": all_right(attempt, case.bank)},
        headers={"X-CSRFToken": me.token()},
    )
    assert reply.status_code == 200, reply.text
    with counting(connection) as sent:
        response = me.post(f"/attempts/{attempt.public_id}/submit", data={})
    assert response.status_code == 302
    assert case.session.query(TrainingRecord).one().passed
    assert len(sent) <= 6, sent
