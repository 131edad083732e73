"""The catalogue: filters, search, counts, standing, and many courses."""

from collections.abc import Callable

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from elearn.core.taxonomy import Strand
from elearn.courses.catalogue import (
    CourseCard,
    Filters,
    Show,
    cards,
    catalogue_query,
    strand_counts,
)
from elearn.models import Course, CourseRevision, Lesson, Party, Person
from tests.conftest import Browser
from tests.courses.reader import Reader
from tests.factories import NOW, make_person
from tests.factories_courses import lesson_file, make_course, publish_laws


@pytest.fixture
def person(session: Session) -> Person:
    return make_person(session)


@pytest.fixture
def codes(session: Session, person: Person) -> Callable[..., list[str]]:
    """Codes of the courses the filters find."""

    def find(**filters: object) -> list[str]:
        query = catalogue_query(person, Filters(**filters))  # type: ignore[arg-type]  # passed on
        return [one.course.code for one in session.scalars(query)]

    return find


def shelf(session: Session) -> None:
    """Four courses in three strands."""
    make_course(session, code="dis-1", title="礼品礼金")
    make_course(
        session, code="dis-2", title="公务用车", required=False, summary="讲派车_和100%油费"
    )
    custody = lesson_file("law-1-1", body="## 甲\n\n见 [[监察法#46]]。\n", title="留置")
    make_course(session, code="law-1", title="监察程序", strand="LAW", topic="LAW-01",
                files={"01-节.md": custody})  # fmt: skip
    make_course(session, code="fam-1", title="家风", strand="FAM", topic="FAM-01")
    publish_laws(session)


def test_courses_come_strand_by_strand_required_first(
    session: Session, codes: Callable[..., list[str]]
) -> None:
    shelf(session)
    assert codes() == ["dis-1", "dis-2", "law-1", "fam-1"]


def test_strand_and_kind_filter(session: Session, codes: Callable[..., list[str]]) -> None:
    shelf(session)
    assert codes(strand=Strand.LAW) == ["law-1"]
    assert codes(show=Show.ELECTIVE) == ["dis-2"]
    assert codes(show=Show.REQUIRED, strand=Strand.DIS) == ["dis-1"]
    assert codes(strand=Strand.CHR) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("礼品", ["dis-1"]),  # title
        ("派车", ["dis-2"]),  # summary
        ("留置", ["law-1"]),  # a lesson's title
        ("监察法", ["law-1"]),  # short name of a law
        ("中华人民共和国监察法", ["law-1"]),  # its full title
        ("law-1", ["law-1"]),  # code
        ("公务 油费", ["dis-2"]),  # every word
        ("公务 家风", []),
        ("100%", ["dis-2"]),
        ("车_和", ["dis-2"]),
        ("_", ["dis-2"]),
        ("%", ["dis-2"]),
        ("没有这个词", []),
    ],
)
def test_search(
    session: Session, codes: Callable[..., list[str]], text: str, found: list[str]
) -> None:
    shelf(session)
    assert codes(text=text) == found


def test_completed_courses_leave_the_open_list(
    session: Session, person: Person, codes: Callable[..., list[str]]
) -> None:
    one = make_course(session, code="one", lessons=1, study_minutes=0)
    two = make_course(session, code="two", title="另一门", lessons=1, study_minutes=0)
    Reader.of(session, one, person).read(1)
    Reader.of(session, two).read(1)  # somebody else
    assert codes(show=Show.OPEN) == ["two"]
    assert sorted(codes()) == ["one", "two"]


def test_strand_counts_follow_the_other_filters(session: Session, person: Person) -> None:
    shelf(session)
    counts = strand_counts(session, person=person, filters=Filters(strand=Strand.LAW))
    assert (counts[Strand.DIS], counts[Strand.LAW], counts[Strand.FAM]) == (2, 1, 1)
    assert counts[Strand.CHR] == 0
    counts = strand_counts(session, person=person, filters=Filters(show=Show.ELECTIVE))
    assert sum(counts.values()) == 1


def test_cards_say_how_far_the_person_is(session: Session, person: Person) -> None:
    done = make_course(session, code="done", lessons=1, study_minutes=0)
    begun = make_course(session, code="begun", lessons=3, minutes=5)
    opened = make_course(session, code="opened")
    new = make_course(session, code="new")
    Reader.of(session, done, person).read(1)
    Reader.of(session, begun, person).read(2)
    Reader.of(session, opened, person).open(1)
    Reader.of(session, new).read(1)  # somebody else
    made = cards(session, person=person, revisions=[done, begun, opened, new])

    def said(card: CourseCard) -> tuple[int, int, int | None, bool]:
        return card.lessons, card.minutes, card.finished, card.done

    assert list(map(said, made)) == [
        (1, 2, 1, True),
        (3, 15, 1, False),
        (2, 4, 0, False),
        (2, 4, None, False),
    ]


def test_page_shows_filters_counts_and_standing(
    client: Browser, session: Session, person: Person
) -> None:
    shelf(session)
    session.commit()
    browser = client.sign_in(person, session)
    page = browser.get("/courses?strand=DIS&show=required").text
    assert "礼品礼金" in page
    assert "公务用车" not in page
    assert "纪律教育 1" in page
    assert '<option value="required" selected>' in page
    assert "○ 未学" in page


def test_page_without_results_offers_the_way_back(
    client: Browser, session: Session, person: Person
) -> None:
    shelf(session)
    session.commit()
    page = client.sign_in(person, session).get("/courses?q=%3Cb%3E没有").text
    assert "没有找到与“&lt;b&gt;没有”有关的课程" in page
    assert "清除条件" in page


@pytest.mark.parametrize(
    "query", ["strand=XXX", "show=nothing", "page=abc", "page=-1", "page=999", "q=" + "x" * 5000]
)
def test_nonsense_in_the_url_is_no_filter(
    client: Browser, session: Session, person: Person, query: str
) -> None:
    shelf(session)
    session.commit()
    assert client.sign_in(person, session).get(f"/courses?{query}").status_code == 200


def many_courses(session: Session, number: int) -> None:
    """Rows straight into the tables."""
    for at in range(number):
        course = Course(code=f"m-{at:05}", active=True)
        session.add(course)
        session.flush()
        revision = CourseRevision(
            course=course, hash=f"{at:064}", title=f"课程 {at:05}", strand=Strand.DIS, topics=[],
            required=True, hours_centi=100, audience=["PARTY"] if at % 2 else [],
            rule={"version": 1, "lessons": None, "study_minutes": 0, "quiz": True}, created_at=NOW,
            lessons=[Lesson(position=1, code=f"m-{at}-1", title="节", minutes=5, quiz_required=False, html="", toc=[])],
        )  # fmt: skip
        session.add(revision)
        session.flush()
        course.current_revision_id = revision.id
    session.commit()


def test_many_courses_are_paged_in_a_handful_of_statements(
    client: Browser, session: Session
) -> None:
    many_courses(session, 400)
    browser = client.sign_in(make_person(session, party=Party.NON_PARTY), session)
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    page = browser.get("/courses?page=2").text
    event.remove(session.get_bind(), "before_cursor_execute", note)
    assert "第 2 / 4 页，共 200 条" in page
    assert "课程 00001" not in page
    selects = [one for one in statements if one.startswith("SELECT")]
    assert len(selects) <= 12
