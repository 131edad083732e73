"""The report pages: own subtree and nothing else, the file says what the screen says."""

import csv
import io
import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

import openpyxl
import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.models import AuditEntry, OrgUnit, Person
from elearn.records.services import record_exam
from tests.conftest import Browser
from tests.factories import NOW, make_grant, make_person, make_unit
from tests.factories_reports import (
    Town,
    build_town,
    exam_values,
    make_attempt,
    make_course,
    make_exam,
)

PERIOD = "from=2026-01-01&to=2026-12-31"
URL = f"/reports/completion?{PERIOD}"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    """The views read the clock; the town stands still at NOW."""
    with time_machine.travel(NOW, tick=False):
        yield


def staff(session: Session, unit: OrgUnit, role: Role = Role.HR) -> Person:
    """Somebody of another unit, so that the numbers of the town stay as they are."""
    person = make_person(session, make_unit(session, name="人事科"))
    make_grant(session, person, role, unit)
    session.commit()
    return person


def town_for(session: Session) -> Town:
    town = build_town(session)
    session.commit()
    return town


def text_of(page: str) -> str:
    """What a person reads: tags out, blanks folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


# ------------------------------------------------------------------ the page


@pytest.mark.parametrize(("role", "title"), [(Role.HR, "完成情况"), (Role.LEADER, "单位看板")])
def test_one_sentence_says_it(client: Browser, session: Session, role: Role, title: str) -> None:
    town = town_for(session)
    page = client.sign_in(staff(session, town.district, role), session).get(URL).text
    assert f"<h1>{title}</h1>" in page
    assert "全区 6 人，应完成 7 人次，完成 4（57.1%），逾期 2，缺考 1" in text_of(page)
    assert "参与率 50.0%（1 / 2）" in page
    assert "数据时间 2026-11-23 09:00" in page


def test_with_one_item_the_sentence_counts_people(client: Browser, session: Session) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.good), session)
    item = f"task:{town.tasks['甲镇课'].public_id}"
    page = client.get(f"{URL}&item={item}").text
    assert "甲镇 2 人，完成 2（100.0%），逾期 0" in text_of(page)


def test_units_drill_down_by_links(client: Browser, session: Session) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.district), session)
    page = client.get(URL).text
    table = page.partition("按单位</caption>")[0] or page
    link = re.search(rf'href="([^"]*unit={town.late.public_id}[^"]*)"', table)
    assert link is not None
    below = client.get(link.group(1).replace("&amp;", "&")).text
    assert "乙镇 2 人，应完成 4 人次，完成 1（25.0%），逾期 2，缺考 1" in text_of(below)
    assert "乙镇财政所" in below
    assert "甲一" not in below
    assert "2026-01-01" in below, "the other filters stay"


def test_a_leader_sees_the_own_subtree_and_nothing_else(client: Browser, session: Session) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.late, Role.LEADER), session)
    page = client.get(URL).text
    assert "乙一" in page
    for hidden in ("甲镇", "甲一", "丙镇", "全区 "):
        assert hidden not in text_of(page)
    for unit in (town.good, town.district):
        for address in ("completion", "completion/export"):
            url = f"/reports/{address}?unit={unit.public_id}&format=csv"
            assert client.get(url).status_code == 404
    assert client.get(f"/reports/people/{town.people['甲一'].public_id}").status_code == 404
    assert client.get(f"/reports/people/{town.people['局长'].public_id}").status_code == 404


def test_search_does_not_reach_outside(client: Browser, session: Session) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.late, Role.LEADER), session)
    assert "没有符合条件的人员" in client.get(f"{URL}&q=甲一").text


def test_overdue_and_absent_lists_name_the_task_and_the_days(
    client: Browser, session: Session
) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.district), session)
    late = text_of(client.get(f"{URL}&state=OVERDUE").text)
    assert "人员名单：2 人（有「逾期」任务）" in late
    assert "礼品与宴请（逾 3 天）" in late
    absent = text_of(client.get(f"{URL}&state=ABSENT").text)
    assert "人员名单：1 人" in absent
    assert "季度测试（逾 1 天）" in absent
    assert "乙一" not in absent


def test_sorting_links_turn_around(client: Browser, session: Session) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.district), session)
    first = client.get(URL).text
    assert "sort=-overdue" in first
    down = client.get(f"{URL}&sort=-overdue").text
    assert 'aria-sort="descending"' in down
    assert "sort=overdue" in down
    body = down.partition("人员名单：")[2]
    assert body.index("乙一") < body.index("甲一")


def test_pages_and_sizes(client: Browser, session: Session) -> None:
    unit = make_unit(session)
    for at in range(130):
        make_person(session, unit, name=f"干部{at:03}")
    client.sign_in(staff(session, unit), session)
    page = client.get(f"{URL}&page=3").text
    assert "第 3 / 3 页，共 130 条" in page
    assert page.count('<th scope="row"><a href="/reports/people/') == 30
    assert client.get(f"{URL}&page=99999&size=1").status_code == 200
    assert client.get(f"{URL}&size=200").text.count('href="/reports/people/') == 130


def test_wrong_filters_are_named_and_the_page_still_works(
    client: Browser, session: Session
) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.district), session)
    page = client.get("/reports/completion?from=morgen&state=X&item=Y&sort=Z").text
    assert "有筛选条件没有采用" in page
    assert page.count("<li>") >= 4
    assert "全区 6 人" in text_of(page)


def test_a_unit_without_people_or_tasks(client: Browser, session: Session) -> None:
    unit = make_unit(session, name="空单位")
    page = client.sign_in(staff(session, unit), session).get(URL).text
    assert "空单位 0 人，完成 0（–），逾期 0" in text_of(page)
    assert "这个范围和期间没有任务" in page


def test_two_roles_in_two_units_show_both(client: Browser, session: Session) -> None:
    town = town_for(session)
    person = staff(session, town.good)
    make_grant(session, person, Role.LEADER, town.late)
    session.commit()
    page = client.sign_in(person, session).get(URL).text
    assert "甲镇、乙镇 4 人" in text_of(page)
    assert "丙一" not in page


def test_hostile_names_are_escaped(client: Browser, session: Session) -> None:
    unit = make_unit(session, name="<b>单位</b>")
    person = make_person(session, unit, name="<script>x</script>", post="<i>", rank='"><u>')
    make_attempt(session, person, make_exam(session, unit, title="<s>"), score=90, passed=True)
    session.commit()
    client.sign_in(staff(session, unit), session)
    for url in (URL, f"/reports/people/{person.public_id}"):
        page = client.get(url).text
        for tag in ("<b>单位", "<script>x", "<i>", "<u>", "<s>"):
            assert tag not in page


# ------------------------------------------------------------------ exports


def test_the_file_says_what_the_screen_says(client: Browser, session: Session) -> None:
    town = town_for(session)
    hr = staff(session, town.district)
    client.sign_in(hr, session)
    screen = client.get(f"{URL}&state=DONE").text
    link = re.search(r'href="(/reports/completion/export[^"]*format=xlsx[^"]*)"', screen)
    assert link is not None
    with client.get(link.group(1).replace("&amp;", "&")) as answer:
        assert answer.status_code == 200
        book = openpyxl.load_workbook(io.BytesIO(answer.data))
    names = [row[1] for row in book["完成情况"].iter_rows(min_row=2, values_only=True)]
    assert len(names) == int(re.search(r"人员名单：(\d+) 人", text_of(screen)).group(1)) == 4  # type: ignore[union-attr]
    assert all(name in screen for name in names)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor_id, entry.detail["people"]) == ("report.export", hr.id, 4)
    assert entry.detail["filters"]["状态"] == "完成"


@pytest.mark.parametrize(
    ("kind", "media"),
    [
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
    ],
)
def test_file_name_type_and_length(
    client: Browser, session: Session, kind: str, media: str
) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.district), session)
    with client.get(f"/reports/completion/export?{PERIOD}&format={kind}") as answer:
        data = answer.data
    disposition = answer.headers["Content-Disposition"]
    name = re.search(r"filename\*=UTF-8''(\S+)", disposition)
    assert disposition.startswith("attachment")
    assert name is not None
    assert unquote(name.group(1)) == f"完成情况_全区_2026-11-23.{kind}"
    assert answer.headers["Content-Type"] == media
    assert int(answer.headers["Content-Length"]) == len(data)
    assert answer.headers["Cache-Control"] == "no-store"
    if kind == "csv":
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        assert len(lines) == 7
    if kind == "json":
        assert json.loads(data)["counts"]["people"] == 6
    assert session.scalars(select(AuditEntry)).one().detail["format"] == kind


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json"])
def test_a_file_too_large_for_memory_is_the_same_file(
    client: Browser, session: Session, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.district), session)
    files = []
    for limit in (10_000_000, 1):
        monkeypatch.setattr("elearn.reports.views.IN_MEMORY", limit)
        with client.get(f"/reports/completion/export?{PERIOD}&format={kind}") as answer:
            files.append(answer.data)
    assert len(files[0]) == len(files[1]) > 100


@pytest.mark.parametrize("query", ["format=pdf", "format=csv&from=morgen", "format=csv&state=X"])
def test_nothing_is_exported_with_a_filter_not_understood(
    client: Browser, session: Session, query: str
) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.district), session)
    answer = client.get(f"/reports/completion/export?{query}")
    assert answer.status_code == 422
    assert session.scalars(select(AuditEntry)).all() == []


def test_every_export_is_on_record(client: Browser, session: Session) -> None:
    town = town_for(session)
    client.sign_in(staff(session, town.good), session)
    for _ in range(3):
        client.get("/reports/completion/export?format=csv").close()
    assert len(session.scalars(select(AuditEntry)).all()) == 3


# ------------------------------------------------------------------ a person


def test_the_person_page_shows_everything_of_one_person(client: Browser, session: Session) -> None:
    town = town_for(session)
    person = town.people["乙一"]
    record_exam(session, person=person, **exam_values(exam_title="廉政知识测试"))
    session.commit()
    client.sign_in(staff(session, town.late, Role.LEADER), session)
    page = text_of(client.get(f"/reports/people/{person.public_id}").text)
    for words in (
        "乙一",
        "应完成 2 项，完成 1（50.0%），逾期 1，缺考 0",
        "礼品与宴请",
        "季度测试",
        "85 / 100",
        "廉政知识测试",
        "86.5 / 100",
        "2 / 50 学时",
    ):
        assert words in page


def test_the_page_of_somebody_who_left(client: Browser, session: Session) -> None:
    unit = make_unit(session)
    person = make_person(session, unit, active=False)
    make_course(session)
    client.sign_in(staff(session, unit), session)
    page = client.get(f"/reports/people/{person.public_id}").text
    assert "已停用" in page
    assert "没有任务" in page


# ------------------------------------------------------------------ doors


@pytest.mark.parametrize("address", ["completion", "completion/export", "people/x"])
def test_doors(client: Browser, session: Session, address: str) -> None:
    url = f"/reports/{address}"
    unit = make_unit(session)
    cadre, trainer = make_person(session, unit), make_person(session, unit, Role.TRAINER)
    session.commit()
    assert client.get(url).headers["Location"].startswith("/sign-in")
    for person in (cadre, trainer):
        assert client.sign_in(person, session).get(url).status_code == 403
    client.sign_in(staff(session, unit), session)
    assert client.post(url).status_code == 405
    assert session.scalars(select(AuditEntry)).all() == []
