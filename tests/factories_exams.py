"""Makes a bank, blueprints, exams and attempts for tests.

Everything a candidate must not see early carries `CANARY`: accepted blanks, references, rubric
texts, explanations. Choice keys are option indexes and cannot carry text; for those the tests
compare whole responses of twins that differ in the key alone.
"""

import itertools
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.bank.services import publish_questions
from elearn.core.access import Role
from elearn.core.assembly.model import Blueprint, MultiScoring, ReviewPolicy, Section
from elearn.core.credit.files import parse_credit_rule
from elearn.core.questions.model import Citation, Part, Question, QuestionType, RubricPoint
from elearn.exams.attempts.services import start_attempt
from elearn.exams.rescue.sealed import Contents, read_file, seal_file
from elearn.models import (
    AnswerFile,
    Attempt,
    BlueprintRevision,
    BlueprintRow,
    CreditRuleRevision,
    Exam,
    ExamCandidate,
    OrgUnit,
    Person,
    Pool,
)
from elearn.models import ReviewPolicy as ExamReview
from elearn.records.credit.services import choose_rule, publish_credit_rules
from tests.factories import NOW, make_actor, make_person

CANARY = "金丝雀"
_counter = itertools.count(1)

T = QuestionType
SEED = "0" * 32


def make_question(kind: QuestionType, **values: Any) -> Question:
    """One item of that type; the key of choices is the first option (MULTI: first two)."""
    number = next(_counter)
    defaults: dict[str, Any] = {
        "code": f"T-{kind.value}-{number}",
        "type": kind,
        "topic": "DIS-04",
        "difficulty": 2,
        "citations": (Citation("监察法", "2024-12-25", "46"),),
        "explanation": f"整题{CANARY}解析{number}" if kind is T.CASE else "",
        "stem": f"案例材料{number}：老赵的弟弟开了一家公司。" if kind is T.CASE else "",
        "parts": (make_part(kind, number),),
    }
    if kind is T.CASE:
        defaults["parts"] = (make_part(T.SINGLE, number), make_part(T.TRUE_FALSE, number))
    return Question(**{**defaults, **values})


def make_part(kind: QuestionType, number: int, **values: Any) -> Part:
    """One part of that type."""
    options = {
        T.SINGLE: tuple(f"选项{number}-{at}" for at in range(4)),
        T.MULTI: tuple(f"选项{number}-{at}" for at in range(5)),
        T.TRUE_FALSE: ("对", "错"),
    }.get(kind, ())
    defaults: dict[str, Any] = {
        "type": kind,
        "stem": f"第{number}号{kind.value}题干" + ("____和____" if kind is T.BLANK else ""),
        "options": options,
        "key": {T.SINGLE: (0,), T.MULTI: (0, 1), T.TRUE_FALSE: (0,)}.get(kind, ()),
        "explanation": f"{CANARY}解析{number}",
    }
    if kind is T.BLANK:
        defaults["blanks"] = ((f"{CANARY}甲{number}", f"甲{number}"), (f"{CANARY}乙{number}",))
    if kind is T.SHORT_ANSWER:
        defaults["reference"] = f"{CANARY}参考答案{number}"
        defaults["rubric"] = (
            RubricPoint(f"{CANARY}要点一", 400),
            RubricPoint(f"{CANARY}要点二", 600),
        )
    return Part(**{**defaults, **values})


def make_bank(
    session: Session, questions: Sequence[Question] | None = None, *, each: int = 4
) -> list[Question]:
    """Publish `questions`, or `each` of every type, as the bank."""
    made = list(questions or (make_question(kind) for kind in QuestionType for _ in range(each)))
    publish_questions(
        session,
        questions=made,
        pool=Pool.BANK,
        file_path=f"question_bank/t{next(_counter)}.md",
        now=NOW,
    )
    return made


def make_spec(*sections: Section, **values: Any) -> Blueprint:
    """A blueprint; default: two of every type that needs no marker, 2 points each."""
    kinds = (T.SINGLE, T.MULTI, T.TRUE_FALSE, T.BLANK, T.CASE)
    chosen = sections or tuple(Section(kind.value, kind, 2, 200) for kind in kinds)
    defaults: dict[str, Any] = {
        "code": f"bp-{next(_counter)}",
        "title": "测试用组卷规则",
        "sections": chosen,
        "duration_s": 3000,
        "pass_centi": 1200 if not sections else 1,
        "multi_scoring": MultiScoring.ALL_OR_NOTHING,
        "review": ReviewPolicy.AFTER_CLOSE,
        "hours_centi": 100,
        "validity_months": 24,
    }
    return Blueprint(**{**defaults, **values})


def short_spec(**values: Any) -> Blueprint:
    """One single choice and two short answers, so that a marker is needed."""
    return make_spec(
        Section("单选题", T.SINGLE, 1, 200), Section("简答题", T.SHORT_ANSWER, 2, 2000), **values
    )


def make_revision(session: Session, spec: Blueprint | None = None) -> BlueprintRevision:
    """The blueprint as a current revision."""
    spec = spec or make_spec()
    row = BlueprintRow(code=spec.code)
    session.add(row)
    session.flush()
    revision = BlueprintRevision(
        blueprint_id=row.id,
        hash=spec.revision_hash,
        title=spec.title,
        spec=spec.canonical(),
        created_at=NOW,
    )
    session.add(revision)
    session.flush()
    row.current_revision_id = revision.id
    session.flush()
    session.expire(row)
    return revision


def make_exam(
    session: Session,
    unit: OrgUnit,
    *,
    by: Person,
    revision: BlueprintRevision | None = None,
    now: datetime = NOW,
    listed: Sequence[Person] = (),
    **values: Any,
) -> Exam:
    """An exam open from an hour ago for a day."""
    revision = revision or make_revision(session)
    defaults: dict[str, Any] = {
        "title": f"考试{next(_counter)}",
        "blueprint_revision_id": revision.id,
        "org_unit_id": unit.id,
        "listed_only": bool(listed),
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=1),
        "duration_s": revision.spec["duration_s"],
        "attempts_max": 1,
        "review_policy": ExamReview.AFTER_CLOSE,
        "created_by_id": by.id,
        "created_at": now,
    }
    exam = Exam(**{**defaults, **values})
    session.add(exam)
    session.flush()
    session.add_all(ExamCandidate(exam_id=exam.id, person_id=person.id) for person in listed)
    session.flush()
    return exam


def make_attempt(
    session: Session, exam: Exam, person: Person, *, now: datetime = NOW, seed: str = SEED
) -> Attempt:
    """A started attempt."""
    return start_attempt(session, exam=exam, person=person, now=now, seed=seed)


def parts_of(attempt: Attempt) -> list[tuple[int, int, dict[str, Any]]]:
    """(item, part, stored part) of the whole paper."""
    return [
        (item["number"], at, part)
        for section in attempt.paper["sections"]
        for item in section["items"]
        for at, part in enumerate(item["parts"])
    ]


def right_value(attempt: Attempt, item: int, part: int, questions: Sequence[Question]) -> Any:
    """What a client sends for the right answer: screen positions, or texts."""
    by_hash = {question.revision_hash: question for question in questions}
    for section in attempt.paper["sections"]:
        for entry in section["items"]:
            if entry["number"] == item:
                key = by_hash[entry["revision_hash"]].parts[part]
                order = entry["parts"][part]["option_order"]
                if key.blanks:
                    return [accepted[0] for accepted in key.blanks]
                if key.type is T.SHORT_ANSWER:
                    return "我的回答"
                return sorted(order.index(option) for option in key.key)
    raise LookupError(item)


def event(item: int, part: int, value: Any, event_id: str | None = None) -> dict[str, Any]:
    """One answer event as a client sends it."""
    made = event_id or secrets.token_hex(16)
    return {"event_id": made, "item": item, "part": part, "value": value}


def all_right(attempt: Attempt, questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Events answering everything rightly."""
    return [
        event(item, part, right_value(attempt, item, part, questions))
        for item, part, _ in parts_of(attempt)
    ]


SECRET = "test-secret-key-of-enough-length-0123456789"  # of tests/conftest.py


def sealed(
    attempt: Attempt, events: Sequence[dict[str, Any]], *, device: str = "device-one"
) -> str:
    """An answer file as the page of that attempt makes it."""
    contents = Contents(device, list(events))
    return seal_file(attempt.public_id, contents, SECRET, nonce=secrets.token_bytes(12))


def make_answer_file(
    session: Session,
    attempt: Attempt,
    events: Sequence[dict[str, Any]] = (),
    *,
    by: Person,
    now: datetime = NOW,
) -> AnswerFile:
    """A file that waits for its import; default: the first option of question 1."""
    body = sealed(attempt, events or [event(1, 0, [0])])
    row = AnswerFile(
        attempt_id=attempt.id,
        sha256=read_file(body).sha256,
        body=body,
        uploaded_by_id=by.id,
        uploaded_at=now,
        result={},
    )
    session.add(row)
    session.flush()
    return row


CAPPED = """\
编号: capped
版本: 1
名称: 每天最多 0.6 学时
依据: 某市办法
课程: 标注学时
每天封顶: 0.6
"""


def cap_hours(session: Session, unit: OrgUnit) -> None:
    """From now on the unit goes by a rule of at most 0.6 hours a day."""
    rule, problems = parse_credit_rule(CAPPED.encode(), "question_bank/credit/capped.yaml")
    assert rule is not None, problems
    publish_credit_rules(session, specs=[rule], now=NOW)
    row = session.scalars(select(CreditRuleRevision)).one()
    hr = make_actor(make_person(session, unit, Role.HR))
    choose_rule(session, actor=hr, org_unit=unit, revision=row, reason="某文件", now=NOW)
