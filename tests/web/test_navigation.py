"""Every page of staff has its place in the navigation, and everybody sees what they may open."""

from flask import Flask
from sqlalchemy.orm import Session

from elearn.core.access import Actor, Permission, Role
from elearn.web.navigation import EXAM_PAGES, STAFF_PAGES, Group, open_to
from elearn.web.policy import ROUTES
from tests.conftest import Browser
from tests.factories import make_person, make_unit


def links_of(groups: tuple[Group, ...], endpoint: str) -> list[str]:
    return [link.words for group in groups for link in group.links if link.holds(endpoint)]


def test_every_page_of_staff_belongs_to_one_link(app: Flask) -> None:
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and isinstance(ROUTES[rule.endpoint], Permission)
    }
    assert len(pages) > 50
    assert {
        page: links_of(STAFF_PAGES, page) for page in pages if len(links_of(STAFF_PAGES, page)) != 1
    } == {}


def test_every_link_and_what_it_covers_exists(app: Flask) -> None:
    for group in (*STAFF_PAGES, *EXAM_PAGES):
        for link in group.links:
            assert link.endpoint in app.view_functions
            covered = {name for name in link.covers if not name.endswith(".*")}
            assert covered <= app.view_functions.keys()


def test_the_pages_of_one_exam_take_its_id(app: Flask) -> None:
    one = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/manage/exams/<public_id>/") and "GET" in (rule.methods or ())
    }
    assert {page for page in one if len(links_of(EXAM_PAGES, page)) != 1} == set()


def test_people_see_what_they_may_open() -> None:
    def words(*roles: Role) -> list[str]:
        actor = Actor(1, "", "", tuple((role, "/1/") for role in roles))
        return [link.words for group in open_to(STAFF_PAGES, actor) for link in group.links]

    assert words(Role.MARKER) == ["我的学习", "阅卷"]
    assert words(Role.EXAMINER) == [
        "我的学习", "课程与题库", "考试安排", "组卷规则", "照顾加时", "异议与更正",
    ]  # fmt: skip
    assert "缓考免考" in words(Role.HR)


def test_an_address_that_is_no_page_is_said_to_staff_with_their_navigation(
    client: Browser, session: Session
) -> None:
    client.sign_in(make_person(session, make_unit(session), Role.HR), session)
    page = client.get("/manage/nowhere")
    assert page.status_code == 404
    assert "完成情况" in page.text
