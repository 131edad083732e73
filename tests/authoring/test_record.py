"""The editor's record on its page: what is open, what rests on it, confirmed by whom."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from elearn.authoring.record import Show, chosen, fact_lines, load_record
from elearn.core.access import Role
from elearn.models import AuditEntry, ContentFile, FactConfirmation
from tests.conftest import Browser
from tests.factories import make_person
from tests.factories_courses import (
    FACTS,
    lesson_file,
    make_course,
    make_facts_file,
    publish_laws,
    quiz_item,
)


@pytest.fixture
def trainer(session: Session, client: Browser) -> Browser:
    """A trainer; facts SL-01 and SL-02 are published, and a quiz question rests on SL-01."""
    publish_laws(session)
    session.add(make_facts_file())
    item = quiz_item("c-1-q1").rstrip() + "\n事实：SL-01\n"
    make_course(session, code="c", lessons=1, files={"01-节.md": lesson_file("c-1", items=[item])})
    client.sign_in(make_person(session, None, Role.TRAINER, name="教员甲"), session)
    session.commit()
    return client


def lines(session: Session, show: Show) -> list[str]:
    record = load_record(session)
    assert record is not None
    return [line.fact.id for line in chosen(fact_lines(session, record), show)]


def hash_of(session: Session, name: str) -> str:
    record = load_record(session)
    assert record is not None
    return record.facts[name].text_hash


def test_a_fact_is_ticked_off_and_stays_so_until_reworded(
    trainer: Browser, session: Session
) -> None:
    page = trainer.get("/authoring/facts").text
    assert "c-1-q1" in page
    assert "间接来源，待核" in page
    assert lines(session, Show.OPEN) == ["SL-01", "SL-02"]
    assert lines(session, Show.WEAK) == ["SL-02"]
    data = {"text_hash": hash_of(session, "SL-01"), "note": "对过 2025 年文本"}
    for _ in range(2):
        assert trainer.post("/authoring/facts/SL-01", data=data).status_code == 303
    session.expire_all()
    assert len(session.scalars(select(FactConfirmation)).all()) == 1
    assert session.scalars(select(AuditEntry.action)).all().count("fact.confirm") == 1
    assert lines(session, Show.DONE) == ["SL-01"]
    assert "教员甲" in trainer.get("/authoring/facts?show=done").text
    file = session.scalars(select(ContentFile)).one()
    file.data = FACTS.replace("甲", "改过的话").encode()
    session.commit()
    assert lines(session, Show.DONE) == []
    assert trainer.post("/authoring/facts/SL-01", data=data).status_code == 409


def test_what_cannot_be_confirmed(trainer: Browser, session: Session) -> None:
    assert trainer.post("/authoring/facts/SL-99", data={"text_hash": "x"}).status_code == 404
    long = {"text_hash": hash_of(session, "SL-02"), "note": "长" * 301}
    assert trainer.post("/authoring/facts/SL-02", data=long).status_code == 422
    assert session.scalars(select(FactConfirmation)).all() == []


def test_examiners_read_and_do_not_confirm(
    trainer: Browser, session: Session, browser: Callable[[], Browser]
) -> None:
    assert trainer.get("/authoring/facts?show=all").status_code == 200
    other = browser().sign_in(make_person(session, None, Role.EXAMINER), session)
    assert "<form method=" not in other.get("/authoring/facts").text.split("</nav>", 2)[-1]
    data = {"text_hash": hash_of(session, "SL-01")}
    assert other.post("/authoring/facts/SL-01", data=data).status_code == 403


def test_confirmations_cannot_be_changed(trainer: Browser, session: Session) -> None:
    trainer.post("/authoring/facts/SL-01", data={"text_hash": hash_of(session, "SL-01")})
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text("UPDATE fact_confirmation SET note = 'x'"))


def test_an_office_without_a_record_is_told_how_to_keep_one(
    session: Session, client: Browser
) -> None:
    client.sign_in(make_person(session, None, Role.TRAINER), session)
    session.commit()
    assert "还没有编写依据" in client.get("/authoring/facts").text
