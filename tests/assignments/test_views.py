"""The home page, and the pages of those who give out assignments."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.models import Assignment, OrgUnit, Person
from tests.conftest import Browser
from tests.factories import make_person, make_unit
from tests.factories_paths import make_path
from tests.factories_reports import (
    make_assignment,
    make_attempt,
    make_course,
    make_course_record,
    make_exam,
    make_progress,
)

DAY = timedelta(days=1)


def later(days: int) -> datetime:
    """The views read the clock themselves."""
    return datetime.now(UTC) + days * DAY


def make_hr(session: Session, unit: OrgUnit | None = None, role: Role = Role.HR) -> Person:
    return make_person(session, unit or make_unit(session, name="财政局"), role)


# ------------------------------------------------------------------ home


def test_home_greets_and_lists(client: Browser, session: Session) -> None:
    person = make_person(session, name="王建国")
    course = make_course(session, title="礼品与宴请", lessons=5)
    make_assignment(session, person.org_unit, course, due_at=later(-2))
    make_progress(session, person, course, opened=3, finished=2)
    exam = make_exam(
        session, person.org_unit, title="季度测试", opens_at=later(-1), closes_at=later(20)
    )
    make_assignment(session, person.org_unit, exam)
    session.commit()
    page = client.sign_in(person, session).get("/").text
    assert "王建国，您有 2 项待办" in page
    assert "已逾期 2 天" in page
    assert "继续学习：第 3 节 / 共 5 节" in page
    assert f'href="/courses/{course.course.code}/l3"' in page
    assert f'href="/exams/{exam.public_id}"' in page
    assert page.index("礼品与宴请") < page.index("季度测试")
    assert "0 / 50 学时" in page


def test_home_with_nothing_to_do_says_so(client: Browser, session: Session) -> None:
    person = make_person(session)
    make_course_record(session, person, make_course(session), at=datetime.now(UTC))
    session.commit()
    page = client.sign_in(person, session).get("/").text
    assert "没有待办。本年度已完成 1.5 / 50 学时" in page


def test_home_leads_back_into_a_running_exam(client: Browser, session: Session) -> None:
    person = make_person(session)
    exam = make_exam(session, person.org_unit, opens_at=later(-1), closes_at=later(1))
    attempt = make_attempt(session, person, exam, at=datetime.now(UTC) - timedelta(minutes=1))
    session.commit()
    page = client.sign_in(person, session).get("/").text
    assert "继续考试" in page
    assert f'href="/attempts/{attempt.public_id}"' in page


def test_home_names_absence_without_a_button(client: Browser, session: Session) -> None:
    person = make_person(session)
    exam = make_exam(
        session, person.org_unit, title="上季度测试", opens_at=later(-5), closes_at=later(-1)
    )
    make_assignment(session, person.org_unit, exam)
    session.commit()
    page = client.sign_in(person, session).get("/").text
    assert "没有待办" in page
    assert "缺考" in page
    assert "去考试" not in page


def test_home_asks_strangers_to_sign_in(client: Browser) -> None:
    assert client.get("/").headers["Location"].startswith("/sign-in")
    assert client.post("/").status_code == 405


# ------------------------------------------------------------------ giving out


def form(course_code: str, unit: OrgUnit, **changes: object) -> dict[str, object]:
    due = (later(10)).strftime("%Y-%m-%dT%H:%M")
    return {"target": f"course:{course_code}", "org_unit": unit.public_id, "due_at": due, **changes}


def count(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(Assignment))


def test_hr_assigns_a_course_and_the_cadre_sees_it(client: Browser, session: Session) -> None:
    hr = make_hr(session)
    cadre = make_person(session, make_unit(session, hr.org_unit), rank="一级科员")
    course = make_course(session, title="礼品与宴请")
    session.commit()
    client.sign_in(hr, session)
    data = form(course.course.code, hr.org_unit, ranks=["一级科员"], note="七一前完成")
    data["due_at"] = later(30).strftime("%Y-%m-%dT18:00")
    done = client.post("/manage/assignments/new", data=data)
    made = session.scalars(select(Assignment)).one()
    assert done.headers["Location"] == f"/manage/assignments/{made.public_id}"
    assert made.due_at.astimezone(UTC).hour == 10  # 18:00 in Shanghai
    assert made.ranks == "|一级科员|"
    page = client.get(done.headers["Location"]).text
    assert "应完成 2 人，完成 0（0.0%）" in page
    assert "任务已布置" in page
    assert "七一前完成" in client.sign_in(cadre, session).get("/").text


def test_the_second_click_is_told_that_the_first_worked(client: Browser, session: Session) -> None:
    hr, course = make_hr(session), make_course(session)
    session.commit()
    client.sign_in(hr, session)
    data = form(course.course.code, hr.org_unit)
    assert client.post("/manage/assignments/new", data=data).status_code == 302
    again = client.post("/manage/assignments/new", data=data)
    assert again.status_code == 200
    assert "这个单位已有相同的任务" in again.text
    assert count(session) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": ""}, "请选择课程、学习路径或考试"),
        ({"target": "course:nothing"}, "不是有效的选择"),
        ({"org_unit": "nothing"}, "不是有效的选择"),
        ({"due_at": ""}, "请填写截止时间"),
        ({"due_at": "morgen"}, "不是有效的日期与时间值"),
        ({"due_at": "2020-01-01T09:00"}, "截止时间要晚于现在"),
        ({"ranks": ["总经理"]}, "没有这样的职级：总经理"),
        ({"note": "长" * 201}, "最多 200 字"),
    ],
)
def test_wrong_input_is_named_beside_its_field_and_kept(
    client: Browser, session: Session, changes: dict[str, object], words: str
) -> None:
    hr, course = make_hr(session), make_course(session)
    session.commit()
    client.sign_in(hr, session)
    data = form(course.course.code, hr.org_unit, **{"note": "写好的说明", **changes})
    page = client.post("/manage/assignments/new", data=data)
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert words in page.text
    assert ("写好的说明" in page.text) or "note" in changes
    assert count(session) == 0


def test_an_exam_beyond_its_window_is_refused_beside_the_field(
    client: Browser, session: Session
) -> None:
    hr = make_hr(session)
    exam = make_exam(session, hr.org_unit, opens_at=later(1), closes_at=later(3))
    session.commit()
    client.sign_in(hr, session)
    data = form("", hr.org_unit, target=f"exam:{exam.public_id}")
    assert "不能晚于考试结束时间" in client.post("/manage/assignments/new", data=data).text
    assert count(session) == 0


def test_units_and_exams_of_others_are_not_offered(client: Browser, session: Session) -> None:
    root = make_unit(session, name="全区")
    hr = make_hr(session, make_unit(session, root, name="财政局"))
    other = make_unit(session, root, name="教育局")
    theirs = make_exam(session, other, title="教育局的考试", opens_at=later(-1), closes_at=later(5))
    make_exam(session, root, title="全区的考试", opens_at=later(-1), closes_at=later(5))
    course = make_course(session)
    session.commit()
    page = client.sign_in(hr, session).get("/manage/assignments/new").text
    assert "财政局" in page
    assert "全区的考试" in page
    assert "教育局" not in page
    for changes in ({"org_unit": other.public_id}, {"target": f"exam:{theirs.public_id}"}):
        data = form(course.course.code, hr.org_unit, **changes)
        assert client.post("/manage/assignments/new", data=data).status_code == 200
    assert count(session) == 0


# ------------------------------------------------------------------ list, detail, cancel


def test_the_list_shows_own_subtree_by_status(client: Browser, session: Session) -> None:
    root = make_unit(session)
    hr = make_hr(session, make_unit(session, root))
    names = {}
    for title, values in {
        "在办": {"due_at": later(3)},
        "过期": {"due_at": later(-3)},
        "取消": {"cancelled_at": later(-1)},
    }.items():
        names[title] = make_course(session, title=f"{title}的课")
        make_assignment(session, hr.org_unit, names[title], **values)
    make_assignment(session, root, make_course(session, title="上级布置的课"))
    session.commit()
    client.sign_in(hr, session)
    shown = {
        status: [
            t
            for t in names
            if f"{t}的课" in client.get(f"/manage/assignments?status={status}").text
        ]
        for status in ("open", "due", "cancelled", "all", "nonsense")
    }
    assert shown == {
        "open": ["在办"],
        "due": ["过期"],
        "cancelled": ["取消"],
        "all": ["在办", "过期", "取消"],
        "nonsense": ["在办"],
    }
    assert "上级布置的课" not in client.get("/manage/assignments?status=all").text


def test_detail_counts_and_filters_people(client: Browser, session: Session) -> None:
    hr = make_hr(session)
    people = [make_person(session, hr.org_unit, name=f"甲{at}") for at in range(60)]
    course = make_course(session)
    assignment = make_assignment(session, hr.org_unit, course, due_at=later(5))
    make_course_record(session, people[0], course)
    make_progress(session, people[1], course, opened=2, finished=2)
    session.commit()
    client.sign_in(hr, session)
    url = f"/manage/assignments/{assignment.public_id}"
    page = client.get(url).text
    assert "应完成 61 人，完成 1（1.6%）" in page
    assert "第 1 / 2 页，共 61 条" in page
    done = client.get(url + "?state=DONE").text
    assert people[0].staff_no in done
    assert people[1].staff_no not in done
    found = client.get(url + f"?q={people[1].staff_no}").text
    assert "进行中" in found
    assert '<td class="num">2</td>' in found
    assert "没有符合条件的人员" in client.get(url + "?q=%25").text
    assert client.get(url + "?state=NONSENSE&page=99999999&size=7").status_code == 200


def test_cancel_withdraws_it_and_twice_is_once(client: Browser, session: Session) -> None:
    hr = make_hr(session)
    assignment = make_assignment(session, hr.org_unit, make_course(session, title="礼品与宴请"))
    session.commit()
    client.sign_in(hr, session)
    url = f"/manage/assignments/{assignment.public_id}"
    assert client.post(url + "/cancel").headers["Location"] == url
    session.expire_all()
    first = assignment.cancelled_at
    assert first is not None
    client.post(url + "/cancel")
    session.expire_all()
    assert assignment.cancelled_at == first
    assert "不再计入待办和统计" in client.get(url).text
    assert "礼品与宴请" not in client.get("/").text


@pytest.mark.parametrize("role", [None, Role.LEADER, Role.EXAMINER, Role.SYS_ADMIN])
def test_other_roles_do_not_pass(client: Browser, session: Session, role: Role | None) -> None:
    hr = make_hr(session)
    assignment = make_assignment(session, hr.org_unit, make_course(session))
    person = make_person(session, hr.org_unit, *([role] if role else []))
    session.commit()
    client.sign_in(person, session)
    url = f"/manage/assignments/{assignment.public_id}"
    answers = [
        client.get("/manage/assignments"),
        client.get("/manage/assignments/new"),
        client.get(url),
        client.post("/manage/assignments/new", data={}),
        client.post(url + "/cancel"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    session.expire_all()
    assert assignment.cancelled_at is None


def test_other_units_get_404_and_strangers_the_sign_in(client: Browser, session: Session) -> None:
    root = make_unit(session)
    hr, neighbour = (make_hr(session, make_unit(session, root)) for _ in range(2))
    assignment = make_assignment(session, hr.org_unit, make_course(session))
    session.commit()
    url = f"/manage/assignments/{assignment.public_id}"
    assert client.post(url + "/cancel").headers["Location"].startswith("/sign-in")
    client.sign_in(neighbour, session)
    assert client.get(url).status_code == 404
    assert client.post(url + "/cancel").status_code == 404
    assert client.get(url + "/cancel").status_code == 405
    session.expire_all()
    assert assignment.cancelled_at is None


# ------------------------------------------------------------------ learning paths


def test_a_path_assigned_is_its_courses_assigned(client: Browser, session: Session) -> None:
    hr = make_hr(session)
    cadre = make_person(session, hr.org_unit)
    one, two, three = (make_course(session, title=f"路径课{n}") for n in "一二三")
    gone = make_course(session, active=False)
    make_assignment(session, hr.org_unit, two, due_at=later(3))
    make_path(session, [one, two, three, gone])
    session.commit()
    client.sign_in(hr, session)
    assert "一把手（4 门课）" in client.get("/manage/assignments/new").text
    data = form("", hr.org_unit, target="path:role-1-chief", note="七一前完成")
    done = client.post("/manage/assignments/new", data=data)
    assert done.headers["Location"] == "/manage/assignments"
    listed = client.get("/manage/assignments").text
    assert "的 2 门课已布置；另有 1 门原来就布置过" in listed
    made = session.scalars(select(Assignment).order_by(Assignment.id)).all()
    assert [row.course_id for row in made] == [two.course_id, one.course_id, three.course_id]
    assert {row.note for row in made[1:]} == {"学习路径《一把手》 七一前完成"}
    home = client.sign_in(cadre, session).get("/").text
    assert "路径课一" in home
    assert "学习路径《一把手》 七一前完成" in home


def test_a_path_assigned_twice_says_so(client: Browser, session: Session) -> None:
    hr = make_hr(session)
    make_path(session, [make_course(session)])
    make_path(session, [make_course(session, active=False)], code="empty")
    session.commit()
    client.sign_in(hr, session)
    data = form("", hr.org_unit, target="path:role-1-chief")
    assert client.post("/manage/assignments/new", data=data).status_code == 302
    again = client.post("/manage/assignments/new", data=data)
    assert "都已经布置给这个单位了" in again.text
    data["target"] = "path:empty"
    assert "没有在用的课程" in client.post("/manage/assignments/new", data=data).text
    data.update(target="path:role-1-chief", note="长" * 195, ranks=["一级科员"])
    assert "说明最多 190 字" in client.post("/manage/assignments/new", data=data).text
    assert count(session) == 1


def test_a_path_is_given_whole_or_not_at_all(client: Browser, session: Session) -> None:
    hr = make_hr(session)
    make_path(session, [make_course(session), make_course(session)])
    session.commit()
    client.sign_in(hr, session)
    data = form("", hr.org_unit, target="path:role-1-chief", due_at="2020-01-01T09:00")
    assert "截止时间要晚于现在" in client.post("/manage/assignments/new", data=data).text
    data = form("", make_unit(session), target="path:role-1-chief")
    assert client.post("/manage/assignments/new", data=data).status_code == 200
    assert count(session) == 0
