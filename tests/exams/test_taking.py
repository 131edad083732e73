"""三次取最高: every try keeps its record; pages, records and reports say which one stands."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.assembly.model import Taking
from elearn.core.questions.model import Question
from elearn.exams.attempts.services import save_answers, start_attempt, submit_attempt
from elearn.exams.grades.services import grade_attempt
from elearn.models import Attempt, Exam, Grade, OrgUnit, Person, ReviewPolicy, TrainingRecord
from elearn.records.queries import records_of, takens_of
from elearn.reports.filters import unit_filters
from elearn.reports.services import write_completion
from tests.conftest import Browser
from tests.factories import make_person, make_unit
from tests.factories_exams import all_right, make_bank, make_exam, make_revision, make_spec

BANDS = (("优秀", 1900), ("合格", 1200))


class Room:
    """One person who may try three times; `sit(right)` answers that many parts rightly."""

    def __init__(self, session: Session, taking: Taking = Taking.BEST, **values: object):
        self.session = session
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.bank: list[Question] = make_bank(session)
        self.unit: OrgUnit = make_unit(session)
        self.person: Person = make_person(session, self.unit)
        self.hr: Person = make_person(session, self.unit, Role.HR)
        revision = make_revision(session, make_spec(bands=BANDS, taking=taking, attempts=3))
        self.exam: Exam = make_exam(
            session,
            self.unit,
            by=self.hr,
            revision=revision,
            now=self.now,
            attempts_max=3,
            **{"review_policy": ReviewPolicy.AT_ONCE, **values},
        )

    def sit(self, right: int, at: datetime | None = None) -> Attempt:
        now = at or self.now
        attempt = start_attempt(
            self.session, exam=self.exam, person=self.person, now=now, seed=f"{right:032x}"
        )
        events = all_right(attempt, self.bank)[:right]
        if events:
            save_answers(self.session, attempt=attempt, events=events, now=now)
        submit_attempt(self.session, attempt=attempt, now=now)
        return attempt

    def score(self, attempt: Attempt) -> int:
        query = select(Grade.score_centi).where(Grade.attempt_id == attempt.id)
        return self.session.scalars(query.order_by(Grade.no.desc())).first() or 0

    def exported(self) -> dict[str, object]:
        target = io.BytesIO()
        filters = unit_filters(self.unit, now=self.now)
        write_completion(
            self.session,
            actor=None,
            unit=None,
            format="json",
            target=target,
            now=self.now,
            filters=filters,
        )
        people = json.loads(target.getvalue())["people"]
        mine = next(each for each in people if each["staff_no"] == self.person.staff_no)
        last: dict[str, object] = mine["last_exam"]
        return last


def test_the_best_try_stands_everywhere_and_the_others_stay(
    client: Browser, session: Session
) -> None:
    room = Room(session)
    low, best, last = room.sit(3), room.sit(99), room.sit(6)
    assert room.score(low) < room.score(last) < room.score(best) == 2000
    assert len(session.scalars(select(TrainingRecord)).all()) == 3
    exported = room.exported()
    assert (exported["score"], exported["result"], exported["band"], exported["taken"]) == (
        20,
        "合格",
        "优秀",
        "3 次中最高，第 2 次",
    )
    session.commit()
    client.sign_in(room.person, session)
    for page in (
        f"/attempts/{last.public_id}/result",
        f"/attempts/{best.public_id}/result",
        f"/exams/{room.exam.public_id}",
        "/exams",
    ):
        assert "成绩取 3 次中最高，第 2 次：20 分" in client.get(page).text, page
    assert "报表和档案以第 2 次为准" in client.get(f"/attempts/{last.public_id}/result").text
    assert "成绩取最高一次" in client.get(f"/exams/{room.exam.public_id}").text
    folio = client.get("/me").text
    assert folio.count("取这次：3 次中最高") == 1
    assert folio.count("成绩取第 2 次（20 分）") == 2
    client.sign_in(room.hr, session)
    report = client.get(f"/reports/people/{room.person.public_id}").text
    assert report.count("取这次：3 次中最高") == 2  # its record and its attempt
    assert "取 3 次中最高，第 2 次" in client.get("/reports/completion").text


def test_a_corrected_or_annulled_best_try_hands_over(session: Session) -> None:
    room = Room(session)
    best, second = room.sit(99), room.sit(6)
    assert room.exported()["score"] == 20
    best.voided_at = room.now
    session.flush()
    grade_attempt(session, attempt=best, now=room.now, reason="作废")
    session.flush()
    assert room.exported()["score"] == room.score(second) / 100
    assert room.exported()["taken"] == ""
    assert takens_of(records_of(session, room.person.id)) == {}


def test_the_portfolio_derives_the_same_from_records_of_two_years(session: Session) -> None:
    room = Room(session, opens_at=datetime(2020, 1, 1, tzinfo=UTC))
    best = room.sit(99, at=room.now - timedelta(days=400))
    later = room.sit(3)
    stands = takens_of(records_of(session, room.person.id))
    assert {each.best.no for each in stands.values()} == {best.no}
    assert len(stands) == 2
    exported = room.exported()  # of this year: the exam of this year, the try that stands
    assert (exported["score"], exported["taken"]) == (20, "2 次中最高，第 1 次")
    assert later.no == 2


def test_without_the_rule_the_latest_try_is_shown_as_before(
    client: Browser, session: Session
) -> None:
    room = Room(session, Taking.LATEST)
    room.sit(99)
    last = room.sit(3)
    assert room.exported()["score"] == room.score(last) / 100
    assert room.exported()["taken"] == ""
    session.commit()
    client.sign_in(room.person, session)
    page = client.get(f"/attempts/{last.public_id}/result").text
    assert "次中最高" not in page
    assert "次中最高" not in client.get("/me").text


def test_hidden_scores_are_not_told_by_the_choice(client: Browser, session: Session) -> None:
    room = Room(session, review_policy=ReviewPolicy.HIDDEN)
    room.sit(99)
    last = room.sit(3)
    session.commit()
    client.sign_in(room.person, session)
    for page in (f"/attempts/{last.public_id}/result", f"/exams/{room.exam.public_id}", "/exams"):
        assert "次中最高" not in client.get(page).text


@pytest.mark.parametrize("right", [0, 99])
def test_one_try_says_nothing_of_choice(session: Session, right: int) -> None:
    room = Room(session)
    room.sit(right)
    assert room.exported()["taken"] == ""
