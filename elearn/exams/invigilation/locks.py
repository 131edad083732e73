"""The optional locks of an exam: 考场口令 and address ranges. Asked at the start and when another
device takes over, never in the middle of a running attempt."""

import hmac
import ipaddress
import unicodedata
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import DomainError, Forbidden, ThrottledError
from elearn.models import AuditEntry, Exam, LeaveRule

WINDOW: Final = timedelta(minutes=5)
TRIES: Final = 5
MOST_RANGES: Final = 50
WRONG_CODE: Final = "exam.wrong_code"


def enter_room(session: Session, *, exam: Exam, actor: Actor, code: str, now: datetime) -> None:
    """Pass the locks or raise: Forbidden for the address, DomainError for the code, ThrottledError
    after five wrong codes in five minutes of this person in this exam.

    What was refused is recorded: the caller commits in every case. An exam without locks costs no
    statement.
    """
    require_address(session, exam=exam, actor=actor, now=now)
    if not exam.room_code:
        return
    if _wrong_codes(session, exam, actor, now) >= TRIES:
        minutes = WINDOW // timedelta(minutes=1)
        message = f"考场口令连续输错 {TRIES} 次，请 {minutes} 分钟后再试。口令请问监考人员。"
        raise ThrottledError(message, retry_after_s=int(WINDOW.total_seconds()), code="E-CODE")
    given = plain_code(code)
    if not given:
        raise DomainError("请填写考场口令。", code="E-CODE", fields={"code": "请填写考场口令"})
    if not hmac.compare_digest(given.encode(), exam.room_code.encode()):
        _record_refusal(session, exam, actor, WRONG_CODE, "考场口令不对", now)
        message = "考场口令不对，请看考场公布的口令或问监考人员。"
        raise DomainError(message, code="E-CODE", fields={"code": message})


def require_address(session: Session, *, exam: Exam, actor: Actor, now: datetime) -> None:
    """Refuse an address outside the exam's ranges: Forbidden, recorded; the caller commits."""
    if exam.ip_ranges and not address_fits(exam.ip_ranges, actor.source):
        _record_refusal(session, exam, actor, "exam.wrong_address", "不在考场网络", now)
        message = (
            f"您现在的网络地址（{actor.source or '未知'}）不在考场范围内。"
            "请连接考场网络后再试，或请监考人员处理。"
        )
        raise Forbidden(message, code="E-ADDRESS")


def set_room(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    code: str,
    ip_ranges: str,
    leave_rule: LeaveRule,
    leave_min_s: int,
    leave_notify: int,
    now: datetime,
) -> Exam:
    """Set or lift the locks and the rule for page leaves. Raises DomainError with `fields`."""
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")
    code = plain_code(code)
    problems: dict[str, str] = {}
    if code and not 4 <= len(code) <= 20:
        problems["code"] = "口令要有 4 到 20 个字符，不用就留空"
    if not 3 <= leave_min_s <= 30:
        problems["leave_min_s"] = "填 3 到 30 秒"
    if not 1 <= leave_notify <= 50:
        problems["leave_notify"] = "填 1 到 50 次"
    ranges, wrong = read_ranges(ip_ranges)
    if wrong:
        problems["ip_ranges"] = wrong
    if problems:
        raise DomainError("没有保存：" + "；".join(problems.values()) + "。", fields=problems)
    before = _described(exam)
    exam.room_code, exam.ip_ranges = code, ranges
    exam.leave_rule, exam.leave_min_s, exam.leave_notify = leave_rule, leave_min_s, leave_notify
    session.flush()
    record_act(
        session,
        actor=actor,
        action="exam.room",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》修改考场设置",
        detail={"before": before, "after": _described(exam)},
    )
    return exam


def plain_code(text: str) -> str:
    """As compared: full-width letters and digits become plain, case and blanks do not matter."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()[:60]


def read_ranges(text: str) -> tuple[str, str]:
    """(one network a line, "") or ("", what is wrong). A single address is a network of one."""
    found: list[str] = []
    for word in text.replace(",", " ").replace("，", " ").replace("；", " ").split():
        try:
            found.append(str(ipaddress.ip_network(word, strict=False)))
        except ValueError:
            return "", f"看不懂「{word[:50]}」，每行写一个网段，例如 10.20.0.0/16"
    if len(found) > MOST_RANGES:
        return "", f"最多 {MOST_RANGES} 个网段"
    return "\n".join(dict.fromkeys(found)), ""


def address_fits(ranges: str, source: str) -> bool:
    """Is the address in one of the networks? One that cannot be read is in none."""
    try:
        address = ipaddress.ip_address(source.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    networks = [ipaddress.ip_network(line) for line in ranges.split()]
    # A server that listens on IPv6 sees IPv4 clients as ::ffff:10.0.0.1.
    forms = {address, getattr(address, "ipv4_mapped", None) or address}
    return any(form in network for form in forms for network in networks)


def _wrong_codes(session: Session, exam: Exam, actor: Actor, now: datetime) -> int:
    query = (
        select(func.count())
        .select_from(AuditEntry)
        .where(
            AuditEntry.actor_id == actor.person_id,
            AuditEntry.at > now - WINDOW,
            AuditEntry.action == WRONG_CODE,
            AuditEntry.object_id == exam.public_id,
        )
    )
    return session.scalar(query) or 0


def _record_refusal(
    session: Session, exam: Exam, actor: Actor, action: str, why: str, now: datetime
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》没有进入：{why}",
        ok=False,
    )


def _described(exam: Exam) -> dict[str, Any]:
    """For the audit log; the code itself is no business of who reads it."""
    return {
        "code": bool(exam.room_code),
        "ip_ranges": exam.ip_ranges.split(),
        "leave_rule": str(exam.leave_rule),
        "leave_min_s": exam.leave_min_s,
        "leave_notify": exam.leave_notify,
    }
