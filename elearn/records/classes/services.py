"""Entering a class for everybody who attended it, and withdrawing what was entered by mistake."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.config import DISPLAY_ZONE
from elearn.core.access import Actor, Permission
from elearn.core.canonical import content_hash
from elearn.core.credit.measures import Stated
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.models import Person, TrainingRecord
from elearn.records.classes.records import record_class, withdraw_class

from .queries import people_by_number

MOST_AT_ONCE: Final = 500
MAX_TITLE: Final = 100
MAX_SPAN: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """A class as its papers state it; the days are the first and the last of it."""

    title: str
    organiser: str
    document: str
    first: date
    last: date
    stated: Stated


@dataclass(frozen=True, slots=True)
class Entered:
    """`records` are new; `known` had this very class already."""

    records: list[TrainingRecord]
    known: list[Person]


def enter_class(
    session: Session, *, actor: Actor, numbers: Sequence[str], facts: ClassFacts, now: datetime
) -> Entered:
    """One record per person of a class they attended; all or nothing.

    Raises DomainError with what to mend beside its field: an unknown number, a class that is not
    over, papers that state nothing.
    """
    problems = _check(facts, now)
    people, wrong = _people(session, actor, numbers)
    problems |= wrong
    if problems:
        raise DomainError("；".join(problems.values()) + "。", code="E-CLASS", fields=problems)
    source = content_hash(
        {
            "title": facts.title,
            "organiser": facts.organiser,
            "first": facts.first.isoformat(),
            "last": facts.last.isoformat(),
        }
    )[:24]
    entered = Entered([], [])
    for person in people:
        record = record_class(
            session,
            person=person,
            source=source,
            title=facts.title,
            started_at=_at(facts.first, time.min),
            finished_at=min(_at(facts.last, time(23, 59, 59)), now),
            stated=facts.stated,
            evidence={
                "organiser": facts.organiser,
                "document": facts.document,
                "first": facts.first,
                "last": facts.last,
                "entered_by": f"{actor.name}（{actor.staff_no}）",
            },
            now=now,
        )
        if record is None:
            entered.known.append(person)
        else:
            entered.records.append(record)
    if entered.records:
        _log_entered(session, actor, facts, entered, source, now)
    return entered


def take_back(
    session: Session, *, actor: Actor, record: TrainingRecord, reason: str, now: datetime
) -> TrainingRecord:
    """The class counts for nothing from now on; what was entered stays readable."""
    if not actor.may(Permission.MANAGE_CREDIT, record.person.org_unit.path):
        raise Forbidden("这个人不在您的范围内。")
    if record.person_id == actor.person_id:
        raise Forbidden("自己的培训要由另一位组织人事办理。", code="E-FOUR-EYES")
    reason = " ".join(reason.split())
    if not 2 <= len(reason) <= 200:
        raise DomainError("请写明撤销的原因，2 到 200 个字。", code="E-REASON")
    by = f"{actor.name}（{actor.staff_no}）"
    later = withdraw_class(session, record=record, by=by, reason=reason, now=now)
    record_act(
        session,
        actor=actor,
        action="class.withdraw",
        now=now,
        object_type="training_record",
        object_id=record.public_id,
        summary=f"撤销{record.person.name}的集中培训登记《{record.subject_title}》",
        detail={"reason": reason, "record": later.public_id},
    )
    return later


def _check(facts: ClassFacts, now: datetime) -> dict[str, str]:
    today = now.astimezone(DISPLAY_ZONE).date()
    problems: dict[str, str] = {}
    if not 2 <= len(facts.title) <= MAX_TITLE:
        problems["title"] = f"班次名称要有 2 到 {MAX_TITLE} 个字"
    if facts.last < facts.first:
        problems["last"] = "结束日期在开始日期前面"
    elif facts.last - facts.first > MAX_SPAN:
        problems["last"] = "一个班最长一年，请核对日期"
    elif facts.last > today:
        problems["last"] = "培训还没有结束，结束以后再登记"
    days = (facts.last - facts.first).days + 1
    if facts.stated == Stated():
        problems["hours"] = "学时、天数、月数至少填一个，按培训班的通知或结业证书"
    elif "last" not in problems and facts.stated.days_centi > days * 100:
        problems["days"] = f"从开始到结束只有 {days} 天"
    return problems


def _people(
    session: Session, actor: Actor, numbers: Sequence[str]
) -> tuple[list[Person], dict[str, str]]:
    """In the order given, each once."""
    wanted = list(dict.fromkeys(number.lower() for number in numbers))
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        return [], {"staff_numbers": f"请填 1 到 {MOST_AT_ONCE} 个工号，一行一个"}
    found = people_by_number(session, actor, wanted)
    missing = [number for number in wanted if number not in found]
    if missing:
        more = f"等 {len(missing)} 个" if len(missing) > 5 else ""
        return [], {"staff_numbers": f"您的单位里没有工号 {'、'.join(missing[:5])}{more}"}
    if any(found[number].id == actor.person_id for number in wanted):
        return [], {"staff_numbers": "自己的培训要由另一位组织人事登记"}
    return [found[number] for number in wanted], {}


def _log_entered(
    session: Session,
    actor: Actor,
    facts: ClassFacts,
    entered: Entered,
    source: str,
    now: datetime,
) -> None:
    record_act(
        session,
        actor=actor,
        action="class.enter",
        now=now,
        object_type="class",
        object_id=source,
        summary=f"登记集中培训《{facts.title}》，{len(entered.records)} 人",
        detail={
            "document": facts.document,
            "hours_centi": facts.stated.hours_centi,
            "days_centi": facts.stated.days_centi,
            "months_centi": facts.stated.months_centi,
            "people": [record.person.staff_no for record in entered.records],
        },
    )


def _at(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, DISPLAY_ZONE)


def require_new(entered: Entered) -> None:
    """Raises Conflict when nobody was new: a second click, or the same class twice."""
    if not entered.records:
        raise Conflict("这些人的这个班次都登记过了，没有重复登记。", code="E-KNOWN")
