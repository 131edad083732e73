"""Signing and handing in over HTTP, without scripts; nothing typed is lost to a mistake."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.models import OrgUnit, Person, PledgeSignature, Reflection, ReflectionReview
from tests.conftest import Browser
from tests.core.lessons.test_tasks import PLEDGE, REFLECTION
from tests.factories import make_person, make_unit
from tests.factories_courses import lesson_file, make_course

SAID = "我会当面谢绝，说明自己正在经手他的事情，把东西请他带回去，再向科室负责人报告一声。"


@pytest.fixture
def unit(session: Session) -> OrgUnit:
    return make_unit(session)


@pytest.fixture
def person(session: Session, unit: OrgUnit) -> Person:
    return make_person(session, unit, name="周小兰")


@pytest.fixture
def cadre(client: Browser, session: Session, person: Person) -> Browser:
    """Has opened lesson c-1, which asks for a pledge and a reflection."""
    body = f"## 一\n\n先读。\n\n{PLEDGE}\n\n{REFLECTION}\n"
    make_course(session, code="c", lessons=1, files={"01-节.md": lesson_file("c-1", body=body)})
    client.sign_in(person, session)
    session.commit()
    return client


def tasks_on(page: str) -> list[str]:
    return re.findall(r'name="task" value="([0-9a-f]{64})"', page)


def test_pledge_is_signed_shown_and_kept(cadre: Browser, session: Session) -> None:
    page = cadre.get("/courses/c/c-1").text
    assert "不收<strong>一分</strong>礼金" in page
    data = {"task": tasks_on(page)[0], "name": "周小蓝", "agreed": "1"}
    refused = cadre.post("/courses/c/c-1/pledge", data=data)
    assert refused.status_code == 422
    assert "签名要与本人姓名一致：周小兰" in refused.text
    assert 'value="周小蓝"' in refused.text
    assert " checked" in refused.text
    done = cadre.post("/courses/c/c-1/pledge", data=data | {"name": "周小兰"})
    assert (done.status_code, done.location) == (303, "/courses/c/c-1#task-0")
    assert "已签署" in cadre.get("/courses/c/c-1").text
    signed = session.scalars(select(PledgeSignature)).one()
    mine = cadre.get("/me/tasks").text
    assert f"/me/pledges/{signed.public_id}" in mine
    assert "承诺人：周小兰" in cadre.get(f"/me/pledges/{signed.public_id}").text


def test_a_short_reflection_comes_back_with_its_text(cadre: Browser, session: Session) -> None:
    digest = tasks_on(cadre.get("/courses/c/c-1").text)[1]
    refused = cadre.post("/courses/c/c-1/reflection", data={"task": digest, "text": "太短了"})
    assert refused.status_code == 422
    assert "至少写 30 个字，现在是 3 个字" in refused.text
    assert ">太短了</textarea>" in refused.text
    assert session.scalar(select(Reflection)) is None


def test_a_changed_question_keeps_what_was_typed(cadre: Browser) -> None:
    cadre.get("/courses/c/c-1")
    refused = cadre.post("/courses/c/c-1/reflection", data={"task": "0" * 64, "text": SAID})
    assert refused.status_code == 409
    assert SAID in refused.text


def test_trainer_gives_back_and_accepts(
    cadre: Browser, session: Session, unit: OrgUnit, browser: Callable[[], Browser]
) -> None:
    digest = tasks_on(cadre.get("/courses/c/c-1").text)[1]
    cadre.post("/courses/c/c-1/reflection", data={"task": digest, "text": SAID})
    trainer = browser().sign_in(make_person(session, unit, Role.TRAINER), session)
    first = session.scalars(select(Reflection)).one()
    desk = f"/manage/reflections/{first.public_id}"
    assert desk in trainer.get("/manage/reflections").text
    assert trainer.post(desk, data={"verdict": "好"}).status_code == 422
    refused = trainer.post(desk, data={"verdict": "RETURNED", "comment": ""})
    assert "退回时请写明怎么改" in refused.text
    done = trainer.post(desk, data={"verdict": "RETURNED", "comment": "写具体的话"})
    assert (done.status_code, done.location) == (303, "/manage/reflections")
    page = cadre.get("/courses/c/c-1").text
    assert "退回修改" in page
    assert "教员：写具体的话" in page
    cadre.post("/courses/c/c-1/reflection", data={"task": digest, "text": SAID + "改。"})
    second = session.scalars(select(Reflection).where(Reflection.no == 2)).one()
    desk = f"/manage/reflections/{second.public_id}"
    assert "第 1 稿" in trainer.get(desk).text
    trainer.post(desk, data={"verdict": "ACCEPTED"})
    again = trainer.post(desk, data={"verdict": "ACCEPTED"})
    assert again.status_code == 422
    assert "已经有人批阅过了" in again.text
    assert len(session.scalars(select(ReflectionReview)).all()) == 2
    assert "已通过" in cadre.get("/me/tasks").text
    assert tasks_on(cadre.get("/courses/c/c-1").text)[1:] == []


def test_a_pledge_is_nobody_elses(
    cadre: Browser, session: Session, unit: OrgUnit, browser: Callable[[], Browser]
) -> None:
    digest = tasks_on(cadre.get("/courses/c/c-1").text)[0]
    data = {"task": digest, "name": "周小兰", "agreed": "1"}
    cadre.post("/courses/c/c-1/pledge", data=data)
    signed = session.scalars(select(PledgeSignature)).one()
    other = browser().sign_in(make_person(session, unit, Role.TRAINER), session)
    assert other.get(f"/me/pledges/{signed.public_id}").status_code == 404
    assert other.post("/courses/c/nothing/pledge", data=data).status_code == 404
    assert other.post("/courses/c/c-1/pledge", data=data).status_code == 422
