"""The throttle and the checks of signing in, as a service."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.accounts.passwords import (
    hash_one_time,
    hash_password,
    make_one_time,
    needs_rehash,
    password_problem,
    verify_password,
)
from elearn.accounts.queries import covering_holders, sessions_of
from elearn.accounts.sign_in import (
    PER_ACCOUNT,
    PER_ACCOUNT_AND_SOURCE,
    PER_DEVICE,
    PER_SOURCE,
    WINDOW,
    change_password,
    sign_in,
)
from elearn.core.access import Role
from elearn.core.errors import DomainError, ThrottledError
from elearn.models import AuditEntry, LoginSession, Person, SignInFailure
from tests.factories import NOW, make_actor, make_person, make_unit, open_login_session

PASSWORD = "Lian-zheng8"
HASH = hash_password(PASSWORD)


def someone(session: Session, **values: Any) -> Person:
    return make_person(session, **{"staff_no": "zhang3", "password_hash": HASH, **values})


def attempt(session: Session, **values: Any) -> Person:
    given = {
        "staff_no": "zhang3", "password": PASSWORD, "source": "10.0.0.1", "device": None,
        "demo_allowed": False, "now": NOW, **values,
    }  # fmt: skip
    return sign_in(session, **given)


def fail(session: Session, times: int, **values: Any) -> None:
    for _ in range(times):
        with pytest.raises(DomainError) as caught:
            attempt(session, **{"password": "wrong", **values})
        assert caught.value.code == "E-SIGNIN"


def test_the_right_password_signs_in_and_is_recorded(session: Session) -> None:
    person = someone(session)
    assert attempt(session, staff_no=" zhang3 ") is person
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.ok, entry.actor_id) == ("account.sign_in", True, person.id)


def test_every_failure_reads_the_same(session: Session) -> None:
    someone(session)
    someone(session, staff_no="gone", active=False)
    someone(session, staff_no="fresh", password_hash=None)
    messages = set()
    for values in (
        {"password": "wrong"},
        {"staff_no": "nobody"},
        {"staff_no": "gone"},
        {"staff_no": "fresh"},
        {"staff_no": "ZHANG3"},
        {"password": "x" * 200},
        {"staff_no": "zh\x00ang4"},
        {"staff_no": ""},
    ):
        with pytest.raises(DomainError) as caught:
            attempt(session, **values)
        messages.add((caught.value.message, caught.value.code, caught.value.status))
    assert len(messages) == 1
    entries = session.scalars(select(AuditEntry)).all()
    assert [entry.ok for entry in entries] == [False] * 8
    assert "wrong" not in repr([(entry.summary, entry.detail) for entry in entries])


def test_wrong_guesses_from_one_source_are_stopped_and_the_right_one_too(session: Session) -> None:
    someone(session)
    fail(session, PER_ACCOUNT_AND_SOURCE)
    with pytest.raises(ThrottledError) as caught:
        attempt(session)
    assert caught.value.retry_after_s == WINDOW.total_seconds()
    attempt(session, source="10.0.0.2")
    later = NOW + WINDOW + timedelta(seconds=1)
    assert attempt(session, now=later).staff_no == "zhang3"


def test_a_known_device_is_not_locked_out_by_strangers(session: Session) -> None:
    someone(session)
    for number in range(PER_ACCOUNT // PER_ACCOUNT_AND_SOURCE):
        fail(session, PER_ACCOUNT_AND_SOURCE, source=f"10.0.9.{number}")
    with pytest.raises(ThrottledError):
        attempt(session, source="10.0.0.200")
    assert attempt(session, device="phone1").staff_no == "zhang3"


def test_a_known_device_has_a_limit_of_its_own_that_stops_nobody_else(session: Session) -> None:
    someone(session)
    fail(session, PER_DEVICE, device="phone1")
    with pytest.raises(ThrottledError):
        attempt(session, device="phone1")
    assert attempt(session, device="phone2").staff_no == "zhang3"
    assert attempt(session).staff_no == "zhang3"


def test_one_source_trying_many_accounts_is_stopped(session: Session) -> None:
    someone(session)
    session.add_all(
        SignInFailure(account=f"a{number}", source="10.0.0.1", at=NOW)
        for number in range(PER_SOURCE)
    )
    with pytest.raises(ThrottledError):
        attempt(session)
    assert attempt(session, source="10.0.0.2").staff_no == "zhang3"
    assert attempt(session, device="phone1").staff_no == "zhang3"


def test_a_success_clears_the_own_counter_and_old_rows_go(session: Session) -> None:
    person = someone(session)
    old = SignInFailure(account="other", source="10.9.9.9", at=NOW - timedelta(days=2))
    expired = open_login_session(session, person, now=NOW - timedelta(days=1))
    session.add(old)
    fail(session, PER_ACCOUNT_AND_SOURCE - 1)
    attempt(session)
    fail(session, PER_ACCOUNT_AND_SOURCE - 1)
    attempt(session)
    left = session.scalars(select(SignInFailure)).all()
    assert left == []
    assert expired
    assert session.scalar(select(LoginSession)) is None


def test_demo_accounts_need_a_server_on_this_machine(session: Session) -> None:
    someone(session, is_demo=True)
    with pytest.raises(DomainError) as caught:
        attempt(session)
    assert caught.value.code == "E-DEMO"
    assert attempt(session, demo_allowed=True).is_demo


def test_a_weaker_hash_is_made_strong_at_sign_in(session: Session) -> None:
    password = make_one_time()
    person = someone(session, password_hash=hash_one_time(password))
    assert needs_rehash(person.password_hash or "")
    attempt(session, password=password)
    assert not needs_rehash(person.password_hash or "")


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("Ab1-xyz", "至少 8"),
        ("Aa1-" + "x" * 125, "最多 128"),
        ("alllowercase1", "三种"),
        ("12345678-", "三种"),
        ("P@ssw0rd", "太常见"),
        ("Zhang3-2026", "工号"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, word: str) -> None:
    assert word in (password_problem(password, staff_no="zhang3") or "")


def test_a_password_of_three_kinds_is_good_enough_in_any_width() -> None:
    assert password_problem("Ab-cdefgh", staff_no="zhang3") is None
    assert password_problem("廉洁从政 Ab1", staff_no="zhang3") is None
    assert verify_password(hash_password("Ａｂ1-cdef"), "Ab1-cdef")


def test_changing_the_password_needs_the_old_one_and_a_new_one(session: Session) -> None:
    person = someone(session)
    actor = make_actor(person)
    for old, new, field in (
        ("wrong", "New-pass99", "old"),
        (PASSWORD, PASSWORD, "new"),
        (PASSWORD, "short", "new"),
        (None, PASSWORD, "new"),
    ):
        with pytest.raises(DomainError) as caught:
            change_password(session, person=person, new=new, old=old, actor=actor, now=NOW)
        assert list(caught.value.fields) == [field]
    open_login_session(session, person, now=NOW)
    change_password(session, person=person, new="New-pass99", old=PASSWORD, actor=actor, now=NOW)
    assert verify_password(person.password_hash, "New-pass99")
    assert (person.session_version, person.must_change_password) == (2, False)
    assert session.scalar(select(LoginSession)) is None


def test_sessions_of_lists_those_still_signed_in(session: Session) -> None:
    person = someone(session)
    for hours in (-20, -1, 0):
        open_login_session(session, person, now=NOW + timedelta(hours=hours))
    found = sessions_of(session, person, now=NOW)
    assert [row.last_seen_at for row in found] == [NOW, NOW - timedelta(hours=1)]
    person.session_version += 1
    assert sessions_of(session, person, now=NOW) == []


def test_covering_holders_look_up_the_tree_not_down(session: Session) -> None:
    root = make_unit(session)
    middle = make_unit(session, root)
    leaf = make_unit(session, middle)
    top, mid = make_person(session, root, Role.HR), make_person(session, middle, Role.HR)
    make_person(session, leaf, Role.HR)
    make_person(session, middle, Role.TRAINER)
    assert covering_holders(session, Role.HR, middle.path) == {top.id, mid.id}
    apart = covering_holders(session, Role.HR, middle.path, apart_from=mid.grants[0].id)
    assert apart == {top.id}
