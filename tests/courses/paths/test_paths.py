"""Paths published from files, and the pages a cadre sees."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.paths import LearningPath as PathFile
from elearn.core.paths import PathKind, PathStep
from elearn.courses.paths.queries import path_lines, path_page
from elearn.courses.paths.services import publish_paths
from elearn.models import LearningPath, LearningPathStep, Party
from tests.conftest import Browser
from tests.courses.test_cost import statements
from tests.factories import make_person
from tests.factories_paths import make_path
from tests.factories_reports import make_course, make_course_record, make_progress


def path_file(*courses: str, code: str = "role-1-chief", title: str = "一把手") -> PathFile:
    steps = tuple(PathStep(course, f"为{course}") for course in courses)
    return PathFile(code, title, PathKind.ROLE, "说明", steps)


def published(session: Session) -> dict[str, list[tuple[int, str, str]]]:
    session.expire_all()
    paths = session.scalars(select(LearningPath).where(LearningPath.active))
    return {
        path.code: [(step.position, step.course.code, step.why) for step in path.steps]
        for path in paths
    }


def test_publishing_says_what_the_files_say(session: Session) -> None:
    for code in ("a", "b", "c"):
        make_course(session, code=code)
    publish_paths(session, paths=[path_file("a", "b"), path_file("c", code="other")])
    assert published(session) == {
        "role-1-chief": [(1, "a", "为a"), (2, "b", "为b")],
        "other": [(1, "c", "为c")],
    }
    publish_paths(session, paths=[path_file("b", "c", "a", title="正职")])
    assert published(session) == {
        "role-1-chief": [(1, "b", "为b"), (2, "c", "为c"), (3, "a", "为a")]
    }
    publish_paths(session, paths=[path_file("b"), path_file("c", code="other")])
    assert published(session).keys() == {"role-1-chief", "other"}
    assert len(session.scalars(select(LearningPathStep)).all()) == 2


def test_lines_count_what_is_done_of_what_the_person_may_see(session: Session) -> None:
    person = make_person(session, party=Party.NON_PARTY)
    one, two = make_course(session), make_course(session)
    party_only = make_course(session, audience=["PARTY"])
    gone = make_course(session, active=False)
    make_course_record(session, person, one, at=datetime.now(UTC))
    make_path(session, [one, two, party_only, gone])
    make_path(session, [two], code="life-1", kind=PathKind.STAGE)
    make_path(session, [party_only], code="none")
    make_path(session, [one], code="hidden", active=False)
    lines = path_lines(session, person)
    assert [(line.path.code, line.done, line.total, line.begun) for line in lines] == [
        ("life-1", 0, 1, False),
        ("role-1-chief", 1, 2, True),
    ]
    page = path_page(session, person, "role-1-chief")
    assert [step.card.revision.id for step in page.steps] == [one.id, two.id]
    assert (page.done, page.minutes, page.hours_centi) == (1, 60, 300)
    following = page.next_step()
    assert following is not None
    assert following.card.revision.id == two.id


def test_a_cadre_walks_from_the_catalogue_to_the_next_course(
    client: Browser, session: Session
) -> None:
    person = make_person(session)
    one, two = make_course(session, title="小事"), make_course(session, title="法律")
    make_course_record(session, person, one, at=datetime.now(UTC))
    make_progress(session, person, two, opened=2, finished=1)
    make_path(session, [one, two])
    session.commit()
    client.sign_in(person, session)
    catalogue = client.get("/courses").text
    assert 'href="/paths"' in catalogue
    assert "接着学：一把手" in catalogue
    assert "已完成 1 / 2 门" in catalogue
    assert 'href="/paths"' not in client.get("/courses?show=required").text
    assert 'href="/paths/role-1-chief"' in client.get("/paths").text
    page = client.get("/paths/role-1-chief").text
    assert "已完成 1 / 2 门" in page
    assert f'<a class="btn pri" href="/courses/{two.course.code}">继续学习：法律</a>' in page
    assert "为什么学小事" in page
    assert "已学 1 / 3 节" in page
    assert page.index("1. 小事") < page.index("2. 法律")


def test_a_finished_path_says_so_and_an_unknown_one_is_not_there(
    client: Browser, session: Session
) -> None:
    person = make_person(session)
    one = make_course(session)
    make_course_record(session, person, one, at=datetime.now(UTC))
    make_path(session, [one])
    make_path(session, [make_course(session, active=False)], code="empty")
    make_path(session, [one], code="hidden", active=False)
    session.commit()
    client.sign_in(person, session)
    page = client.get("/paths/role-1-chief").text
    assert "✓ 已全部完成" in page
    assert "btn pri" not in page
    assert "现在没有给您学的课程" in client.get("/paths/empty").text
    assert client.get("/paths/hidden").status_code == 404
    assert client.get("/paths/nothing").status_code == 404
    assert "接着学" not in client.get("/courses").text


def test_statements_do_not_grow_with_the_path(client: Browser, session: Session) -> None:
    courses = [make_course(session) for _ in range(20)]
    make_path(session, courses[:1], code="short")
    make_path(session, courses, code="long")
    session.commit()
    browser = client.sign_in(make_person(session), session)
    counts = [statements(session, browser, "GET", f"/paths/{code}") for code in ("short", "long")]
    assert counts[0] == counts[1]
    assert counts[0] <= 9
