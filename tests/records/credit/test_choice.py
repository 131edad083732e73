"""Which rule counts for whom: chosen for a unit, from then on, and said in the record."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.credit.files import parse_credit_rule
from elearn.core.credit.spec import RuleSpec
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.models import (
    AuditEntry,
    CreditRuleChoice,
    CreditRuleRevision,
    OrgUnit,
    Person,
    TrainingRecord,
)
from elearn.records.credit.queries import chosen_spec, newest_rules, rule_name
from elearn.records.credit.services import changed_versions, choose_rule, publish_credit_rules
from elearn.records.queries import portfolio, year_hours
from elearn.records.services import record_exam
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_reports import make_course, make_course_record

TEXT = """\
编号: {code}
版本: {version}
名称: {name}
依据: 某市办法
课程: {basis}
{more}"""
YEAR = "年度要求:\n  网络学时: 3\n  其中必修: 2\n  其中选修: 1\n  超出结转: 是\n"
BANDS = "时长分档:\n  30: 1\n  0: 0.25\n"


def spec(
    code: str = "bands", version: int = 1, basis: str = "课程时长", more: str = BANDS
) -> RuleSpec:
    text = TEXT.format(code=code, version=version, name=f"规则{code}", basis=basis, more=more)
    found, problems = parse_credit_rule(text.encode(), f"question_bank/credit/{code}.yaml")
    assert found is not None, problems
    return found


def publish(session: Session, *specs: RuleSpec) -> list[CreditRuleRevision]:
    publish_credit_rules(session, specs=specs, now=NOW)
    return [
        session.scalars(
            select(CreditRuleRevision).where(
                CreditRuleRevision.rule_id == one.id, CreditRuleRevision.version == one.version
            )
        ).one()
        for one in specs
    ]


def choose(
    session: Session, unit: OrgUnit, row: CreditRuleRevision | None, hr: Person | None = None
) -> CreditRuleChoice:
    actor = make_actor(hr or make_person(session, unit, Role.HR))
    return choose_rule(session, actor=actor, org_unit=unit, revision=row, reason="某文件", now=NOW)


def test_without_a_choice_the_products_own_rule_counts(session: Session) -> None:
    person = make_person(session)
    publish(session, spec())
    record = make_course_record(session, person, make_course(session, hours_centi=150))
    assert (record.credit_rule, record.credit_rule_version) == ("declared", "1")
    assert record.hours_centi == 150


def test_a_choice_counts_from_then_on_for_the_unit_and_below(session: Session) -> None:
    bureau = make_unit(session)
    office, other = make_unit(session, bureau), make_unit(session)
    [row] = publish(session, spec())
    inside, outside = make_person(session, office), make_person(session, other)
    before = make_course_record(session, inside, make_course(session, lessons=3))
    choose(session, bureau, row)
    after = make_course_record(session, inside, make_course(session, lessons=3))
    assert (before.credit_rule, before.hours_centi) == ("declared", 150)
    assert (after.credit_rule, after.credit_rule_version, after.hours_centi) == ("bands", "1", 100)
    assert "按“规则bands”（第 1 版）：课程 30 分钟" in after.explanation
    elsewhere = make_course_record(session, outside, make_course(session))
    assert elsewhere.credit_rule == "declared"


def test_the_nearest_unit_decides_and_its_last_word_counts(session: Session) -> None:
    bureau = make_unit(session)
    office = make_unit(session, bureau)
    one, two = publish(session, spec(), spec("other"))
    choose(session, bureau, one)
    choose(session, office, two)
    assert [_id(chosen_spec(session, unit.path)) for unit in (bureau, office)] == ["bands", "other"]
    choose(session, bureau, None)
    choose(session, bureau, one)
    assert _id(chosen_spec(session, office.path)) == "other"  # later, but further away
    choose(session, office, None)
    assert chosen_spec(session, office.path) is None  # the office went back to the product's own
    choose(session, office, one)
    assert _id(chosen_spec(session, office.path)) == "bands"


def _id(found: RuleSpec | None) -> str:
    return found.id if found else ""


def test_a_correction_is_worked_out_by_the_rule_of_the_first_record(session: Session) -> None:
    person = make_person(session)
    [row] = publish(session, spec(basis="标注学时", more="每天封顶: 0.2\n"))

    def record(**changes: object) -> TrainingRecord:
        values: dict[str, Any] = {
            "attempt_public_id": "a" * 22,
            "exam_title": "测试",
            "subject_code": "bp",
            "paper_hash": "p" * 64,
            "started_at": NOW,
            "finished_at": NOW,
            "score_centi": 8000,
            "full_centi": 10000,
            "passed": True,
            "hours_centi": 100,
            "valid_months": None,
            "evidence": {},
            "now": NOW,
        }
        return record_exam(session, person=person, **{**values, **changes})

    first = record()
    choose(session, session.get_one(OrgUnit, person.org_unit_id), row)
    assert record(reason="更正", grade_no=2) is first  # the same result is the same record
    later = record(reason="更正", grade_no=3, score_centi=8500)
    assert (later.credit_rule, later.hours_centi) == ("declared", 100)
    another = record(attempt_public_id="b" * 22)
    assert (another.credit_rule, another.hours_centi) == ("bands", 0)


def test_a_new_version_waits_until_it_is_chosen(session: Session) -> None:
    unit = make_unit(session)
    [first] = publish(session, spec())
    choose(session, unit, first)
    publish(session, spec(), spec(version=2, more="时长分档:\n  0: 2\n"))
    found = chosen_spec(session, unit.path)
    assert found is not None
    assert found.version == 1
    assert [(row.rule_id, row.version) for row, _ in newest_rules(session)] == [("bands", 2)]


def test_a_published_version_cannot_become_another_rule(session: Session) -> None:
    publish(session, spec())
    same, other = spec(), spec(more="时长分档:\n  0: 2\n")
    assert changed_versions(session, {"a.yaml": same}) == []
    [problem] = changed_versions(session, {"a.yaml": other})
    assert (problem.file, problem.code) == ("a.yaml", "H-version")


def test_choosing_is_refused_without_right_reason_or_change(session: Session) -> None:
    unit = make_unit(session)
    [row] = publish(session, spec())
    for stranger in (make_person(session, unit), make_person(session, make_unit(session), Role.HR)):
        with pytest.raises(Forbidden):
            choose(session, unit, row, stranger)
    actor = make_actor(make_person(session, unit, Role.HR))
    with pytest.raises(DomainError) as caught:
        choose_rule(session, actor=actor, org_unit=unit, revision=row, reason=" ", now=NOW)
    assert caught.value.fields.keys() == {"reason"}
    choose(session, unit, row)
    with pytest.raises(Conflict):
        choose(session, unit, row)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "credit.choose")).one()
    assert f"{unit.name}的学时规则改为“规则bands”" in entry.summary


def test_the_year_of_the_rule_is_what_the_portfolio_asks_for(session: Session) -> None:
    unit = make_unit(session)
    [row] = publish(session, spec(basis="标注学时", more=YEAR))
    person = make_person(session, unit)
    last_year = NOW - timedelta(days=400)
    make_course_record(session, person, make_course(session, hours_centi=350), at=last_year)
    make_course_record(session, person, make_course(session, hours_centi=150))
    make_course_record(session, person, make_course(session, required=False, hours_centi=100))
    online, _, _ = year_hours(session, person, year=2026)
    assert (online.done_centi, online.target_centi, online.carried_centi) == (250, 5000, 0)
    choose(session, unit, row)
    folio = portfolio(session, person, year=2026, this_year=2026)
    assert (folio.online.done_centi, folio.online.carried_centi) == (300, 50)
    assert (folio.online.target_centi, folio.online.missing_centi) == (300, 0)
    assert (folio.required_missing, folio.elective_missing) == (50, 0)


def test_hr_chooses_on_the_page_and_a_cadre_sees_it(client: Browser, session: Session) -> None:
    unit = make_unit(session, name="财政局")
    hr, person = make_person(session, unit, Role.HR), make_person(session, unit)
    [row] = publish(session, spec(basis="标注学时", more=YEAR))
    record = make_course_record(
        session, person, make_course(session, hours_centi=150), at=datetime.now(UTC)
    )
    session.commit()
    client.sign_in(hr, session)
    page = client.get("/manage/credit-rules").text
    assert "还没有单位选过规则" in page
    assert "网络 3，其中必修 2，选修 1；超出的结转到下一年" in page
    data = {"org_unit": unit.public_id, "rule": str(row.id), "reason": "财发〔2026〕1号"}
    assert "请写明依据" in client.post("/manage/credit-rules", data={**data, "reason": ""}).text
    assert client.post("/manage/credit-rules", data=data).status_code == 302
    page = client.get("/manage/credit-rules").text
    assert "财发〔2026〕1号" in page
    assert "已生效：财政局" in page
    assert "现在用的就是这条规则" in client.post("/manage/credit-rules", data=data).text
    stranger = make_unit(session)
    session.commit()
    for changes in ({"rule": "999999"}, {"org_unit": stranger.public_id}):
        assert (
            "不是有效的选择" in client.post("/manage/credit-rules", data={**data, **changes}).text
        )
    me = client.sign_in(person, session).get("/me").text
    assert "必修 1.5 / 2 学时，还差 0.5" in me
    assert "选修 0 / 1 学时，还差 1" in me
    assert "按“规则bands（第 1 版）”" in me
    report = client.sign_in(hr, session).get(f"/reports/people/{person.public_id}").text
    assert "按“规则bands（第 1 版）”：网络 3，其中必修 2，选修 1。" in report
    client.sign_in(person, session)
    assert rule_name(session, "bands", "1") == "规则bands（某市办法）"
    assert rule_name(session, "gone", "x") == "gone"
    assert "课程标注学时" in client.get(f"/me/records/{record.public_id}").text
