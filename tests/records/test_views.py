"""/me and one record, each only for its owner."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.records.services import record_exam
from tests.conftest import Browser
from tests.factories import NOW, make_person
from tests.factories_reports import exam_values, make_course, make_course_record


def test_the_portfolio_shows_hours_records_and_what_is_missing(
    client: Browser, session: Session
) -> None:
    person = make_person(session, rank="一级科员")
    make_course_record(session, person, make_course(session, title="礼品与宴请", hours_centi=1200))
    record_exam(session, person=person, **exam_values())
    session.commit()
    page = client.sign_in(person, session).get("/me?year=2026").text
    assert "14 / 50 学时" in page
    assert "网络自学还差 36 学时。集中培训还差 90 学时，或 12 天：有一样达到就行。" in page
    assert "礼品与宴请" in page
    assert "86.5 / 100 分" in page
    assert "2028-11-23 前有效" in page
    assert page.count("待发</td>") == 2


def test_an_empty_portfolio_says_what_to_do_next(client: Browser, session: Session) -> None:
    page = client.sign_in(make_person(session), session).get("/me").text
    assert "还没有记录" in page
    assert 'href="/courses"' in page


@pytest.mark.parametrize("year", ["abcd", "99999", "-1", "٢٠٢٦", "0"])
def test_a_year_that_is_none_shows_this_year(client: Browser, session: Session, year: str) -> None:
    assert client.sign_in(make_person(session), session).get(f"/me?year={year}").status_code == 200


def test_a_record_explains_itself(client: Browser, session: Session) -> None:
    person = make_person(session)
    record = make_course_record(session, person, make_course(session, title="礼品与宴请"))
    session.commit()
    page = client.sign_in(person, session).get(f"/me/records/{record.public_id}").text
    for words in (
        record.explanation,
        record.hash,
        "课程标注学时（本系统默认），第 1 版",
        "与写入时一致",
    ):
        assert words in page
    assert "&#34;lessons&#34;: 3" in page


def test_a_record_that_was_changed_says_so(client: Browser, session: Session) -> None:
    person = make_person(session)
    record = make_course_record(session, person, make_course(session))
    session.commit()
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DROP TRIGGER training_record_no_update"))
    else:
        session.execute(text("ALTER TABLE training_record DISABLE TRIGGER USER"))
    session.execute(text("UPDATE training_record SET hours_centi = 9900"))
    session.commit()
    page = client.sign_in(person, session).get(f"/me/records/{record.public_id}").text
    assert "与写入时不一致" in page


def test_records_of_others_do_not_exist(client: Browser, session: Session) -> None:
    owner = make_person(session)
    record = make_course_record(session, owner, make_course(session))
    boss = make_person(session, owner.org_unit, Role.HR, Role.LEADER)
    session.commit()
    assert client.get(f"/me/records/{record.public_id}").status_code == 302
    assert client.sign_in(boss, session).get(f"/me/records/{record.public_id}").status_code == 404
    assert client.get("/me/records/nothing").status_code == 404


def test_hostile_text_is_escaped(client: Browser, session: Session) -> None:
    person = make_person(session)
    values = exam_values(
        exam_title="<script>alert(1)</script>",
        evidence={"note": "</pre><img src=x onerror=alert(1)>"},
        finished_at=NOW + timedelta(minutes=1),
    )
    record = record_exam(session, person=person, **values)
    session.commit()
    client.sign_in(person, session)
    for url in ("/me?year=2026", f"/me/records/{record.public_id}"):
        page = client.get(url).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("url", ["/me", "/me/records/x"])
def test_only_reading(client: Browser, session: Session, url: str) -> None:
    client.sign_in(make_person(session), session)
    assert client.post(url).status_code == 405
