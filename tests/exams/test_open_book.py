"""开卷: by blueprint, or by person where the blueprint says so; told before, during and after."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.assembly.model import Book
from elearn.core.errors import DomainError
from elearn.exams.attempts.services import submit_attempt
from elearn.exams.timing.accommodations import (
    amount_words,
    approve_accommodation,
    end_accommodation,
    request_accommodations,
)
from elearn.exams.timing.queries import accommodation_seconds, open_book_for
from elearn.models import Accommodation, AccommodationReason, Attempt, Exam, Person, TrainingRecord
from tests.conftest import Browser
from tests.factories import make_actor, make_person, make_unit
from tests.factories_exams import make_attempt, make_bank, make_exam, make_revision, make_spec

DAY = timedelta(days=1)


class Hall:
    """An exam of each kind on request; `old` has an approved open book, `young` has none."""

    def __init__(self, session: Session):
        self.session, self.now = session, datetime.now(UTC).replace(microsecond=0)
        make_bank(session)
        self.unit = make_unit(session)
        self.asks, self.agrees = (make_person(session, self.unit, Role.EXAMINER) for _ in range(2))
        self.old, self.young = make_person(session, self.unit), make_person(session, self.unit)

    def exam(self, book: Book | None) -> Exam:
        spec = make_spec(book=book)
        return make_exam(
            self.session,
            self.unit,
            by=self.asks,
            revision=make_revision(self.session, spec),
            now=self.now,
        )

    def give(self, person: Person, **values: object) -> Accommodation:
        """Asked for by one, approved by another."""
        given: dict[str, object] = {"minutes": None, "percent": None, "open_book": True, **values}
        (row,) = request_accommodations(
            self.session,
            actor=make_actor(self.asks),
            staff_numbers=[person.staff_no],
            reason=AccommodationReason.AGE,
            document="干部处名单 3 号",
            valid_from=self.now - DAY,
            valid_until=self.now + 30 * DAY,
            now=self.now,
            **given,  # type: ignore[arg-type]  # built from a dict
        )
        return row

    def agree(self, row: Accommodation) -> None:
        approve_accommodation(self.session, actor=make_actor(self.agrees), row=row, now=self.now)

    def may(self, book: Book | None, person: Person) -> bool | None:
        return open_book_for(self.session, book=book, person=person, now=self.now)


@pytest.fixture
def hall(session: Session) -> Hall:
    return Hall(session)


def test_only_by_person_asks_who_it_is(hall: Hall) -> None:
    hall.agree(hall.give(hall.old))
    expected = {
        None: (None, None),
        Book.CLOSED: (False, False),
        Book.OPEN: (True, True),
        Book.BY_PERSON: (True, False),
    }
    for book, (old, young) in expected.items():
        assert (hall.may(book, hall.old), hall.may(book, hall.young)) == (old, young)


def test_it_counts_once_approved_until_ended_and_gives_no_time(hall: Hall) -> None:
    row, exam = hall.give(hall.old), hall.exam(Book.BY_PERSON)
    assert hall.may(Book.BY_PERSON, hall.old) is False
    hall.agree(row)
    assert hall.may(Book.BY_PERSON, hall.old) is True
    assert amount_words(row) == "开卷"
    assert accommodation_seconds(hall.session, exam=exam, person=hall.old, now=hall.now) == 0
    end_accommodation(hall.session, actor=make_actor(hall.asks), row=row, now=hall.now)
    assert hall.may(Book.BY_PERSON, hall.old) is False


def test_time_alone_opens_no_book_and_both_can_be_given(hall: Hall) -> None:
    hall.agree(hall.give(hall.young, minutes=15, open_book=False))
    assert hall.may(Book.BY_PERSON, hall.young) is False
    both = hall.give(hall.old, minutes=15)
    hall.agree(both)
    assert amount_words(both) == "15 分钟，开卷"
    exam = hall.exam(Book.BY_PERSON)
    assert accommodation_seconds(hall.session, exam=exam, person=hall.old, now=hall.now) == 900


@pytest.mark.parametrize(
    "values", [{"open_book": False}, {"minutes": 5, "percent": 5}, {"minutes": 0}]
)
def test_an_accommodation_gives_something(hall: Hall, values: dict[str, object]) -> None:
    with pytest.raises(DomainError):
        hall.give(hall.old, **values)


def test_the_attempt_keeps_what_was_allowed_then(hall: Hall) -> None:
    row = hall.give(hall.old)
    hall.agree(row)
    exam = hall.exam(Book.BY_PERSON)
    old, young = (
        make_attempt(hall.session, exam, person, now=hall.now) for person in (hall.old, hall.young)
    )
    unsaid = make_attempt(hall.session, hall.exam(None), hall.old, now=hall.now)
    end_accommodation(hall.session, actor=make_actor(hall.asks), row=row, now=hall.now)
    for attempt in (old, young, unsaid):
        submit_attempt(hall.session, attempt=attempt, now=hall.now)
    hall.session.expire_all()
    found = {each.id: each.open_book for each in hall.session.scalars(select(Attempt))}
    assert (found[old.id], found[young.id], found[unsaid.id]) == (True, False, None)
    books = {
        record.evidence["attempt"]: record.evidence.get("book")
        for record in hall.session.scalars(select(TrainingRecord))
    }
    assert books == {old.public_id: "开卷", young.public_id: "闭卷", unsaid.public_id: None}


def test_the_person_reads_it_before_during_and_after(
    client: Browser, hall: Hall, session: Session
) -> None:
    hall.agree(hall.give(hall.old))
    exam = hall.exam(Book.BY_PERSON)
    session.commit()
    for person, words in ((hall.old, "开卷"), (hall.young, "闭卷")):
        client.sign_in(person, session)
        assert f"<strong>{words}</strong>" in client.get(f"/exams/{exam.public_id}").text
        client.post(f"/exams/{exam.public_id}/start", data={"agreed": "1"})
        attempt = session.scalars(select(Attempt).where(Attempt.person_id == person.id)).one()
        assert f"{words}：" in client.get(f"/attempts/{attempt.public_id}").text
        client.post(f"/attempts/{attempt.public_id}/submit")
        assert f"题，{words}。" in client.get(f"/attempts/{attempt.public_id}/result").text


def test_the_page_registers_it_and_says_so(client: Browser, hall: Hall, session: Session) -> None:
    session.commit()
    client.sign_in(hall.asks, session)
    today = datetime.now(UTC).date()
    form = {
        "staff_numbers": hall.old.staff_no,
        "reason": "AGE",
        "document": "名单 3 号",
        "valid_from": str(today),
        "valid_until": str(today + 30 * DAY),
    }
    assert client.post("/manage/accommodations", data=form).status_code == 422
    assert client.post("/manage/accommodations", data={**form, "open_book": "y"}).status_code == 302
    assert "<td>开卷</td>" in client.get("/manage/accommodations").text
