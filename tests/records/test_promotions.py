"""提任后补训: not met before a promotion, made up within a year, shown and reminded until then."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from elearn.assignments.home import home_of
from elearn.core.access import Role
from elearn.core.credit.measures import CatchUp
from elearn.models import Person
from elearn.records.promotions import making_up, promoted_query
from elearn.reports.person import person_report
from tests.conftest import Browser
from tests.factories import NOW, make_person, make_unit
from tests.factories_reports import make_class_record

TODAY = date(2026, 11, 23)
PROMOTED = date(2026, 3, 10)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def promoted(session: Session, on: date | None = PROMOTED, rank: str = "乡科级副职") -> Person:
    person = make_person(session, rank=rank)
    person.promoted_on = on
    session.flush()
    return person


def state(session: Session, person: Person, today: date = TODAY) -> CatchUp:
    found = making_up(session, [person], today=today)
    return found[0].state if found else CatchUp.NONE


def test_who_had_not_met_it_has_a_year(session: Session) -> None:
    person = promoted(session)
    (found,) = making_up(session, [person], today=TODAY)
    assert (found.state, found.by, found.open) == (CatchUp.DUE, date(2027, 3, 10), True)
    assert [(each.unit, each.done_centi) for each in found.done] == [("学时", 0), ("天", 0)]
    assert state(session, person, date(2027, 3, 11)) is CatchUp.LATE


def test_the_year_before_the_promotion_counts_and_what_is_older_does_not(session: Session) -> None:
    person = promoted(session)
    make_class_record(session, person, days=12, at=at(date(2025, 3, 9)))
    assert state(session, person) is CatchUp.DUE
    make_class_record(session, person, days=12, at=at(date(2025, 11, 1)))
    assert state(session, person) is CatchUp.NONE


def test_days_after_the_promotion_make_up_what_was_missing(session: Session) -> None:
    person = promoted(session)
    make_class_record(session, person, days=5, at=at(date(2026, 1, 20)))
    make_class_record(session, person, days=6.5, at=at(date(2026, 6, 1)))
    assert state(session, person) is CatchUp.DUE
    make_class_record(session, person, days=0.5, at=at(date(2026, 9, 1)))
    assert state(session, person) is CatchUp.DONE


def test_the_county_level_looks_back_five_years(session: Session) -> None:
    person = promoted(session, rank="县处级副职")
    make_class_record(session, person, months=3, at=at(date(2022, 5, 1)))
    assert state(session, person) is CatchUp.NONE
    other = promoted(session, rank="县处级副职")
    make_class_record(session, other, months=3, at=at(date(2021, 2, 1)))
    assert state(session, other) is CatchUp.DUE


@pytest.mark.parametrize("on", [None, date(2026, 11, 24), date(2020, 1, 1)])
def test_nobody_else_is_asked(session: Session, on: date | None) -> None:
    assert state(session, promoted(session, on)) is CatchUp.NONE
    assert state(session, promoted(session, PROMOTED, rank="")) is CatchUp.NONE


def test_the_person_is_reminded_until_it_is_made_up(client: Browser, session: Session) -> None:
    now = datetime.now(UTC)
    person = promoted(session, (now - timedelta(days=30)).date())
    session.commit()
    assert [each.state for each in home_of(session, person=person, now=now).making_up] == [
        CatchUp.DUE
    ]
    client.sign_in(person, session)
    for page in ("/", "/me"):
        assert "提任时集中培训还没有达标" in client.get(page).text, page
    make_class_record(session, person, hours=90, at=now - timedelta(days=1))
    session.commit()
    assert "提任时集中培训" not in client.get("/").text
    assert "已经补完" in client.get("/me").text


def test_hr_sees_its_own_people_alone(client: Browser, session: Session) -> None:
    root = make_unit(session)
    unit, other = make_unit(session, root), make_unit(session, root)
    hr = make_person(session, unit, Role.HR)
    mine = make_person(session, unit, rank="乡科级正职", name="本单位的")
    theirs = make_person(session, other, rank="乡科级正职", name="别单位的")
    long_ago = datetime.now(UTC).date() - timedelta(days=400)
    mine.promoted_on = theirs.promoted_on = long_ago
    session.commit()
    assert list(session.scalars(promoted_query([unit.path], TODAY))) == [mine]
    client.sign_in(hr, session)
    page = client.get("/reports/making-up").text
    assert "本单位的" in page
    assert "已过期" in page
    assert "0 / 90 学时，或 0 / 12 天" in page
    assert "别单位的" not in page
    report = person_report(session, mine, now=NOW + timedelta(days=400))
    assert report.making_up is not None
    assert "已过期" in client.get(f"/reports/people/{mine.public_id}").text


def test_the_administrator_sets_the_day(client: Browser, session: Session) -> None:
    unit = make_unit(session)
    admin, person = make_person(session, unit, Role.SYS_ADMIN), make_person(session, unit)
    session.commit()
    client.sign_in(admin, session)
    path = f"/admin/people/{person.public_id}"
    assert 'name="promoted_on"' in client.get(path).text
    form = {"staff_no": person.staff_no, "name": person.name, "unit": unit.code, "party": ""}
    assert client.post(path, data={**form, "promoted_on": "2026-03-10"}).status_code == 302
    session.refresh(person)
    assert person.promoted_on == PROMOTED
    assert client.post(path, data={**form, "promoted_on": "1026-03-10"}).status_code == 200
    session.refresh(person)
    assert person.promoted_on == PROMOTED
    assert client.post(path, data={**form, "promoted_on": ""}).status_code == 302
    session.refresh(person)
    assert person.promoted_on is None
