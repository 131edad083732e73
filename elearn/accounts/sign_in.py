"""Signing in and the throttle.

Nobody can lock out somebody else: a browser that signed in before carries a device id and has a
counter of its own; strangers' wrong guesses count per (account, source), per account and per
source, and none of these counters stops a known device.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.errors import DomainError, ThrottledError
from elearn.models import LoginSession, Person, SignInFailure

from .passwords import hash_password, needs_rehash, password_problem, verify_password
from .queries import person_by_staff_no

WINDOW = timedelta(minutes=15)
KEEP_FAILURES = timedelta(days=1)
PER_ACCOUNT_AND_SOURCE = 5
PER_ACCOUNT = 20
PER_SOURCE = 100  # a whole county may sit behind one address
PER_DEVICE = 10


def sign_in(
    session: Session,
    *,
    staff_no: str,
    password: str,
    source: str,
    device: str | None,
    demo_allowed: bool,
    now: datetime,
) -> Person:
    """The person, or DomainError. A failure is recorded; the caller commits in both cases.

    `device` is the id of a browser that has signed in as this account before, else None.
    """
    account = "".join(filter(str.isprintable, staff_no)).strip()[:64]
    counter = f"device:{device}" if device else source
    _check_throttle(session, account=account, counter=counter, known=device is not None, now=now)
    person = person_by_staff_no(session, account)
    right = verify_password(person.password_hash if person else None, password)
    if person is None or not right or not person.active:
        session.add(SignInFailure(account=account, source=counter, at=now))
        _record_attempt(session, person, account, source, now, ok=False)
        msg = "工号或密码不对。忘记密码请联系本单位管理员重置。"
        raise DomainError(msg, code="E-SIGNIN")
    if person.is_demo and not demo_allowed:
        msg = "演示账号只能在本机登录：服务器正在对外监听。"
        raise DomainError(msg, code="E-DEMO")
    _tidy(session, person, now)
    if needs_rehash(person.password_hash or ""):
        person.password_hash = hash_password(password)
    session.execute(
        delete(SignInFailure).where(
            SignInFailure.account == account, SignInFailure.source == counter
        )
    )
    _record_attempt(session, person, account, source, now, ok=True)
    return person


def change_password(
    session: Session, *, person: Person, new: str, old: str | None, actor: Actor, now: datetime
) -> None:
    """Set a new password; all other browsers are signed out. `old` None skips its check (first
    sign-in, where the person has just proved it)."""
    if old is not None and not verify_password(person.password_hash, old):
        msg = "原密码不对"
        raise DomainError(msg, code="E-PASSWORD", fields={"old": msg})
    if old is None and verify_password(person.password_hash, new):
        msg = "新密码不能和原密码相同"
        raise DomainError(msg, code="E-PASSWORD", fields={"new": msg})
    problem = password_problem(new, staff_no=person.staff_no, old=old)
    if problem:
        raise DomainError(problem, code="E-PASSWORD", fields={"new": problem})
    person.password_hash = hash_password(new)
    person.must_change_password = False
    sign_out_everywhere(session, person=person, actor=actor, now=now, reason="修改密码")


def accept_notice(session: Session, *, person: Person, actor: Actor, now: datetime) -> None:
    """The person has read the privacy notice (个人信息保护法 art. 17)."""
    if person.notice_accepted_at is None:
        person.notice_accepted_at = now
        record_act(
            session,
            actor=actor,
            action="account.accept_notice",
            object_type="person",
            object_id=person.public_id,
            summary="已阅读个人信息处理告知",
            now=now,
        )


def sign_out_everywhere(
    session: Session, *, person: Person, actor: Actor, now: datetime, reason: str = "本人操作"
) -> None:
    """End every session of this person, this browser's too."""
    person.session_version += 1
    session.execute(delete(LoginSession).where(LoginSession.person_id == person.id))
    record_act(
        session,
        actor=actor,
        action="account.sign_out_everywhere",
        object_type="person",
        object_id=person.public_id,
        summary=f"{person.name} 的全部登录已退出（{reason}）",
        now=now,
    )


def _check_throttle(
    session: Session, *, account: str, counter: str, known: bool, now: datetime
) -> None:
    since = now - WINDOW
    recent = select(func.count()).select_from(SignInFailure).where(SignInFailure.at > since)
    mine = recent.where(SignInFailure.account == account, SignInFailure.source == counter)
    limits = [(mine, PER_DEVICE if known else PER_ACCOUNT_AND_SOURCE)]
    if not known:
        strangers = ~SignInFailure.source.startswith("device:")
        limits.append((recent.where(SignInFailure.account == account, strangers), PER_ACCOUNT))
        limits.append((recent.where(SignInFailure.source == counter), PER_SOURCE))
    for query, limit in limits:
        if (session.scalar(query) or 0) >= limit:
            minutes = int(WINDOW.total_seconds() // 60)
            msg = f"密码连续输错次数太多，请 {minutes} 分钟后再试，或联系本单位管理员重置密码。"
            raise ThrottledError(msg, retry_after_s=int(WINDOW.total_seconds()))


def _tidy(session: Session, person: Person, now: datetime) -> None:
    """Failures that count no more, and browsers of this person whose time is over."""
    session.execute(delete(SignInFailure).where(SignInFailure.at < now - KEEP_FAILURES))
    session.execute(
        delete(LoginSession).where(
            LoginSession.person_id == person.id, LoginSession.expires_at < now
        )
    )


def _record_attempt(
    session: Session, person: Person | None, account: str, source: str, now: datetime, *, ok: bool
) -> None:
    actor = Actor(person.id, person.name, person.staff_no, (), source) if person else None
    record_act(
        session,
        actor=actor,
        action="account.sign_in",
        object_type="person",
        object_id=person.public_id if person else "",
        summary=("登录成功" if ok else "登录失败") + f"：{account}",
        detail={"source": source},
        ok=ok,
        now=now,
    )
