"""The feasibility report: made when the blueprint is saved, remembered, shown with tables."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.exams.blueprints import views
from elearn.exams.papers.charts import HEIGHT, WIDTH, bars, binned
from elearn.models import BankQuestion, BlueprintReport
from tests.factories import make_person
from tests.factories_exams import T, make_bank, make_question

TEXT = """编号: fair-5
名称: 公平小测
时长: 10 分钟
合格线: 6
目标均分: 6.5
允差: 0.5
部分:
  - 名称: 单选题
    题型: 单选
    题数: 5
    每题: 2
    配额: 难度1-2 2 题
"""


@pytest.fixture
def staff(session: Session, browser: Any) -> Any:
    make_bank(session, [make_question(T.SINGLE, difficulty=n % 5 + 1) for n in range(30)])
    person = make_person(session, None, Role.EXAMINER)
    session.commit()
    return browser().sign_in(person, session)


def reports(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(BlueprintReport)) or 0


def test_saving_simulates_once_and_shows_pictures_with_tables(session: Session, staff: Any) -> None:
    assert staff.post("/manage/new-blueprint", data={"text": TEXT}).status_code == 302
    assert reports(session) == 1
    page = staff.get("/manage/blueprints/fair-5/fairness").get_data(as_text=True)
    assert page.count("<svg") == page.count("<table") == 3
    assert "没有发现问题" in page
    assert 'style="' not in page
    low, high = map(float, re.findall(r"([\d.]+) 至 ([\d.]+) 分，平均", page)[0])
    assert 6 <= low <= high <= 7
    overview = staff.get("/manage/blueprints/fair-5").get_data(as_text=True)
    assert "配额：难度1–2 2 题" in overview
    assert "目标均分" in overview
    assert staff.post("/manage/blueprints/fair-5/fairness").status_code == 302
    assert reports(session) == 1


def test_a_changed_bank_asks_for_a_new_simulation(session: Session, staff: Any) -> None:
    staff.post("/manage/new-blueprint", data={"text": TEXT})
    make_bank(session, [make_question(T.SINGLE)])
    session.commit()
    url = "/manage/blueprints/fair-5/fairness"
    assert "还没有模拟" in staff.get(url).get_data(as_text=True)
    assert staff.post(url).status_code == 302
    assert "没有发现问题" in staff.get(url).get_data(as_text=True)
    assert reports(session) == 2


def test_complaints_and_shortages_are_said(session: Session, staff: Any) -> None:
    tight = TEXT.replace("允差: 0.5", "允差: 0.5\n做过的题: 避开\n曝光上限: 2%")
    staff.post("/manage/new-blueprint", data={"text": tight})
    page = staff.get("/manage/blueprints/fair-5/fairness").get_data(as_text=True)
    assert "曝光上限 2.0%" in page
    for row in session.scalars(select(BankQuestion)):
        row.purpose = "PRACTICE"  # type: ignore[assignment]  # stored as text
    session.commit()
    page = staff.get("/manage/blueprints/fair-5/fairness").get_data(as_text=True)
    assert "缺：单选：需要 5 题，题库只有 0 题，缺 5 题" in page
    assert staff.post("/manage/blueprints/fair-5/fairness").status_code == 422


def test_a_quota_the_bank_lacks_is_not_saved(session: Session, staff: Any) -> None:
    text = TEXT.replace("难度1-2 2 题", "监察法·难度3 至少 9 题").replace("题数: 5", "题数: 25")
    answer = staff.post("/manage/new-blueprint", data={"text": text.replace("6.5", "30")})
    assert answer.status_code == 422
    said = "单选·监察法·难度3：需要 9 题，题库只有 6 题，缺 3 题"
    assert said in answer.get_data(as_text=True)
    assert reports(session) == 0


def test_a_target_out_of_reach_is_not_saved(session: Session, staff: Any) -> None:
    """Enough questions, but two of each five are easy by quota: 9.5 of 10 cannot be expected."""
    answer = staff.post("/manage/new-blueprint", data={"text": TEXT.replace("6.5", "9.5")})
    assert answer.status_code == 422
    assert "目标均分的允差" in answer.get_data(as_text=True)
    assert reports(session) == 0


def test_the_simulation_holds_no_transaction(
    session: Session, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long simulation must not keep the write lock of SQLite: nothing is open while it runs."""
    from elearn import db  # noqa: PLC0415

    open_while_drawing: list[bool] = []
    real = views.simulate

    def watched(plan: Any) -> Any:
        open_while_drawing.append(db.session().in_transaction())
        return real(plan, papers=10)

    monkeypatch.setattr(views, "simulate", watched)
    staff.post("/manage/new-blueprint", data={"text": TEXT})
    assert open_while_drawing == [False]


@given(st.dictionaries(st.integers(0, 50_000), st.integers(1, 1000), max_size=60))
def test_bins_keep_every_count_and_fit(counts: dict[int, int]) -> None:
    found = binned(counts)
    assert sum(count for _, _, count in found) == sum(counts.values())
    assert len(found) <= 20
    for low, high, count in found:
        assert count == sum(n for value, n in counts.items() if low <= value <= high)
    drawn = bars([(str(low), count) for low, _, count in found])
    for bar in drawn:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
