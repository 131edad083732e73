"""What an exam asks of the database, in statements: start and hand-in, as a browser sends them.

`make bench` says what they cost; the number of statements is a promise a test can keep.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event, select

from elearn.bank.queries import load_keys
from elearn.exams.attempts.services import save_answers
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
    make_attempt(case.session, case.exam, first, now=datetime.now(UTC))
    case.session.commit()
    return case


def test_starting_with_a_sealed_paper_takes_three(
    client: Browser, sealed: Case, connection: Connection
) -> None:
    me = client.sign_in(sealed.person, sealed.session)
    with counting(connection) as sent:
        response = me.post(f"/exams/{sealed.exam.public_id}/start", data={"agreed": "1"})
    assert response.status_code == 302
    assert sealed.attempt().draw is not None
    assert len(sent) <= 3, sent


def test_handing_in_takes_six(client: Browser, case: Case, connection: Connection) -> None:
    """Once the process knows the keys of the questions, which the first hand-ins read."""
    now = datetime.now(UTC)
    mine = make_attempt(case.session, case.exam, case.person, now=now)
    save_answers(case.session, attempt=mine, events=all_right(mine, case.bank), now=now)
    load_keys(case.session, [question.revision_hash for question in case.bank])
    me = client.sign_in(case.person, case.session)
    with counting(connection) as sent:
        response = me.post(f"/attempts/{mine.public_id}/submit", data={})
    assert response.status_code == 302
    assert case.session.scalars(select(TrainingRecord)).one().passed
    assert len(sent) <= 6, sent
