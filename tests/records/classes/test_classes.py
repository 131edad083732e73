"""集中培训: entered by HR for everybody who attended, counted by either measure, withdrawable."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.credit.measures import Stated
from elearn.core.errors import DomainError, Forbidden
from elearn.models import AuditEntry, Person, TrainingRecord
from elearn.records.classes.services import ClassFacts, Entered, enter_class, take_back
from elearn.records.queries import records_of, year_hours
from elearn.records.writing import verify_record
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_reports import make_class_record

FACTS: dict[str, Any] = {
    "title": "科级干部进修班",
    "organiser": "区委党校",
    "document": "区组通〔2026〕7 号",
    "first": date(2026, 3, 2),
    "last": date(2026, 3, 6),
    "stated": Stated(3750, 500),
}


class Office:
    """HR of a unit, two people of it, one of another unit."""

    def __init__(self, session: Session):
        self.session = session
        root = make_unit(session)
        self.unit, other = make_unit(session, root), make_unit(session, root)
        self.hr = make_person(session, self.unit, Role.HR)
        self.people = [make_person(session, self.unit, rank="一级科员") for _ in range(2)]
        self.stranger = make_person(session, other)

    def enter(self, *people: Person, **changes: Any) -> Entered:
        return enter_class(
            self.session,
            actor=make_actor(self.hr),
            numbers=[person.staff_no for person in people or self.people],
            facts=ClassFacts(**{**FACTS, **changes}),
            now=NOW,
        )

    def line(self, person: Person) -> tuple[int, list[tuple[str, int]], int]:
        _, line, _ = year_hours(self.session, person, year=2026)
        others = [(other.unit, other.done_centi) for other in line.others]
        return line.done_centi, others, line.missing_centi


@pytest.fixture
def office(session: Session) -> Office:
    return Office(session)


def test_everybody_who_attended_gets_a_record_that_says_what_the_papers_say(
    office: Office,
) -> None:
    entered = office.enter()
    assert [record.person_id for record in entered.records] == [p.id for p in office.people]
    record = entered.records[0]
    assert verify_record(record)
    assert (record.hours_centi, record.hours_bucket, record.credit_year) == (
        3750,
        "CONCENTRATED",
        2026,
    )
    assert record.explanation.startswith("培训班载明 37.5 学时、5 天。")
    assert record.evidence["document"] == FACTS["document"]
    assert office.line(office.people[0]) == (3750, [("天", 500)], 5250)
    act = office.session.scalars(select(AuditEntry).where(AuditEntry.action == "class.enter")).one()
    assert act.summary == "登记集中培训《科级干部进修班》，2 人"


def test_a_second_click_enters_nobody_twice_and_somebody_new_once(office: Office) -> None:
    office.enter(office.people[0])
    again = office.enter()
    assert [record.person_id for record in again.records] == [office.people[1].id]
    assert again.known == [office.people[0]]
    assert office.enter().records == []
    assert len(office.session.scalars(select(TrainingRecord)).all()) == 2


def test_days_alone_meet_the_year_and_hours_are_not_made_of_them(office: Office) -> None:
    person = office.people[0]
    for month in (3, 5, 7):
        office.enter(
            person,
            first=date(2026, month, 1),
            last=date(2026, month, 4),
            stated=Stated(0, 400),
        )
    assert office.line(person) == (0, [("天", 1200)], 0)
    _, line, _ = year_hours(office.session, person, year=2025)
    assert (line.done_centi, line.missing_centi) == (0, 9000)


def test_three_months_meet_the_five_years_of_the_county_level(session: Session) -> None:
    person = make_person(session, rank="县处级正职")
    make_class_record(session, person, months=2, at=datetime(2022, 6, 1, tzinfo=UTC))
    make_class_record(session, person, hours=100, at=NOW)
    _, line, _ = year_hours(session, person, year=2026)
    assert line.missing_centi == 45_000
    make_class_record(session, person, months=1, at=NOW)
    _, line, _ = year_hours(session, person, year=2026)
    assert (line.others[0].unit, line.others[0].done_centi, line.missing_centi) == ("个月", 300, 0)
    _, line, _ = year_hours(session, person, year=2027)  # 2022 is out of the five years
    assert line.missing_centi == 45_000


def test_withdrawn_it_counts_no_more_stays_readable_and_can_be_entered_again(
    office: Office,
) -> None:
    person = office.people[0]
    (record,) = office.enter(person).records
    hr = make_actor(office.hr)
    take_back(office.session, actor=hr, record=record, reason="填错了人", now=NOW)
    take_back(office.session, actor=hr, record=record, reason="填错了人", now=NOW)
    assert office.line(person)[0] == 0
    (shown,) = records_of(office.session, person.id)
    assert shown.evidence["withdrawn"]
    assert "原因：填错了人" in shown.explanation
    assert verify_record(record)
    (anew,) = office.enter(person).records
    assert office.line(person)[0] == 3750
    assert anew.source_key.endswith("#2")
    assert office.enter(person).records == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "班"}, "title"),
        ({"last": date(2026, 3, 1)}, "last"),
        ({"last": date(2027, 6, 1)}, "last"),
        ({"first": date(2026, 11, 20), "last": date(2026, 11, 30)}, "last"),  # not over yet
        ({"stated": Stated()}, "hours"),
        ({"stated": Stated(0, 600)}, "days"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    office: Office, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as caught:
        office.enter(**changes)
    assert field in caught.value.fields
    assert office.session.scalars(select(TrainingRecord)).all() == []


def test_people_of_others_do_not_exist_and_nobody_enters_the_own(office: Office) -> None:
    for person in (office.stranger, office.hr):
        with pytest.raises(DomainError) as caught:
            office.enter(office.people[0], person)
        assert "staff_numbers" in caught.value.fields
    assert office.session.scalars(select(TrainingRecord)).all() == []
    record = make_class_record(office.session, office.hr, days=1)
    with pytest.raises(Forbidden):
        take_back(
            office.session, actor=make_actor(office.hr), record=record, reason="试试", now=NOW
        )


def test_the_pages_of_hr_and_of_the_cadre(client: Browser, session: Session) -> None:
    office, today = Office(session), datetime.now(UTC).date()
    last = today - timedelta(days=1)
    person = office.people[0]
    session.commit()
    client.sign_in(office.hr, session)
    form = {
        "title": "进修班",
        "organiser": "党校",
        "document": "通知 7 号",
        "first": str(last - timedelta(days=11)),
        "last": str(last),
        "days": "12",
        "staff_numbers": person.staff_no,
    }
    wrong = client.post("/manage/classes", data={**form, "staff_numbers": "nobody"})
    assert wrong.status_code == 422
    assert "您的单位里没有工号 nobody" in wrong.text
    assert client.post("/manage/classes", data=form).status_code == 302
    assert client.post("/manage/classes", data=form).status_code == 422  # the second click
    assert person.name in client.get("/manage/classes").text
    client.sign_in(person, session)
    page = client.get(f"/me?year={last.year}").text
    assert "或 12 / 12 天" in page
    assert "集中培训已达到要求" in page
    record = session.scalars(select(TrainingRecord)).one()
    assert "培训班载明 12 天。" in client.get(f"/me/records/{record.public_id}").text
    client.sign_in(office.hr, session)
    client.post(f"/manage/classes/{record.public_id}/withdraw", data={"reason": "填错了人"})
    assert "已撤销" in client.get("/manage/classes").text
    client.sign_in(person, session)
    assert "登记已撤销" in client.get(f"/me?year={last.year}").text
