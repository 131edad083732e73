"""Messages, page leaves, room locks, presence: services and pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from elearn.app import create_app
from elearn.core.access import Role
from elearn.core.errors import DomainError, Gone, NotFound
from elearn.exams.attempts.services import submit_attempt
from elearn.exams.invigilation.leaves import record_leaves, void_leave
from elearn.exams.invigilation.locks import WINDOW, address_fits, plain_code, read_ranges
from elearn.exams.invigilation.messages import notices_for, send_message
from elearn.exams.invigilation.presence import HEARD_EVERY, hear
from elearn.exams.timing.queries import Target
from elearn.models import (
    Attempt,
    AttemptPresence,
    AttemptState,
    AuditEntry,
    Exam,
    LeaveRule,
    MessageReceipt,
    PageLeave,
    PageLeaveVoid,
    TimeChange,
)
from tests.conftest import Browser, make_settings
from tests.exams.conftest import Case
from tests.factories import make_actor, make_person, make_unit
from tests.factories_exams import event as answer
from tests.factories_exams import make_attempt, make_exam

SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def attempt(case: Case, now: datetime) -> Attempt:
    made = make_attempt(case.session, case.exam, case.person, now=now - timedelta(minutes=10))
    case.session.commit()
    return made


@pytest.fixture
def me(client: Browser, case: Case) -> Browser:
    return client.sign_in(case.person, case.session)


@pytest.fixture
def staff(browser: Callable[[], Browser], case: Case) -> Browser:
    return browser().sign_in(case.examiner, case.session)


def base(exam: Exam) -> str:
    return f"/manage/exams/{exam.public_id}"


def left(number: int, **values: Any) -> dict[str, Any]:
    return {"id": f"leave-{number:04}", "kind": "LEAVE", "ago": 60_000, "ms": 12_000, "lock": False,
            **values}  # fmt: skip


# ---------------------------------------------------------------- messages


def say(case: Case, target: Target, text: str = "请安静", **values: Any) -> str:
    defaults: dict[str, Any] = {
        "actor": make_actor(case.examiner), "exam": case.exam, "target": target, "text": text,
        "now": datetime.now(UTC),
    }  # fmt: skip
    return send_message(case.session, **{**defaults, **values}).public_id


def test_messages_reach_whom_they_are_for(case: Case) -> None:
    session = case.session
    room = case.person.org_unit
    neighbour = make_person(session, make_unit(session, room))
    elsewhere = make_person(session, make_unit(session, case.exam.org_unit))
    say(case, Target(), "对全体")
    say(case, Target(org_unit=room), "对本室")
    say(case, Target(person=case.person), "对本人")
    seen = {
        person.id: [n.text for n in notices_for(session, exam_id=case.exam.id, person=person)]
        for person in (case.person, neighbour, elsewhere)
    }
    assert seen[case.person.id] == ["对全体", "对本室", "对本人"]
    assert seen[neighbour.id] == ["对全体", "对本室"]
    assert seen[elsewhere.id] == ["对全体"]


@pytest.mark.parametrize("text", ["", " \n ", "长" * 201])
def test_messages_that_do_not_fit(case: Case, text: str) -> None:
    with pytest.raises(DomainError, match="200"):
        say(case, Target(), text)


def test_a_message_is_fetched_read_once_and_counted(
    case: Case, attempt: Attempt, me: Browser, staff: Browser
) -> None:
    url = f"/attempts/{attempt.public_id}"
    sent = {"to": "all", "text": "第 3 题的材料在背面"}
    assert staff.post(base(case.exam) + "/messages", data=sent).status_code == 302
    news = me.get(f"{url}/room?seen=0").get_json()
    assert news["news"] == 1
    (message,) = news["messages"]
    assert (message["text"], message["read"]) == ("第 3 题的材料在背面", False)
    assert "messages" not in me.get(f"{url}/room?seen=1").get_json()
    assert "第 3 题的材料在背面" in me.get(url).get_data(as_text=True)
    for _ in range(2):
        response = me.post(
            f"{url}/messages/{message['id']}", headers={"Accept": "application/json"}
        )
        assert response.get_json() == {"read": message["id"]}
    assert case.session.scalar(select(func.count()).select_from(MessageReceipt)) == 1
    assert me.get(f"{url}/room").get_json()["messages"][0]["read"] is True
    assert "第 3 题的材料在背面" not in me.get(url).get_data(as_text=True)
    assert "1 人已读" in staff.get(base(case.exam) + "/monitor").get_data(as_text=True)
    assert me.get(f"{url}/state").get_json()["messages"][0]["text"] == "第 3 题的材料在背面"


def test_without_scripts_a_message_is_confirmed_by_its_form(
    case: Case, attempt: Attempt, me: Browser
) -> None:
    message = say(case, Target(person=case.person))
    case.session.commit()
    response = me.post(f"/attempts/{attempt.public_id}/messages/{message}")
    assert response.headers["Location"] == f"/attempts/{attempt.public_id}"


def test_a_message_for_somebody_else_is_not_found(
    case: Case, attempt: Attempt, me: Browser
) -> None:
    other = make_person(case.session, make_unit(case.session, case.exam.org_unit))
    message = say(case, Target(person=other))
    case.session.commit()
    assert me.post(f"/attempts/{attempt.public_id}/messages/{message}").status_code == 404
    assert me.post(f"/attempts/{attempt.public_id}/messages/nothing").status_code == 404


# ---------------------------------------------------------------- leaves


def test_leaves_are_recorded_once_and_counted(case: Case, attempt: Attempt, me: Browser) -> None:
    url = f"/attempts/{attempt.public_id}/leaves"
    sent = [left(1), left(2, ms=4_999), left(3, kind="GAP", ms=30_000), left(4, lock=True)]
    reply = me.post(url, json={"leaves": sent}).get_json()
    assert reply["acked"] == [each["id"] for each in sent]
    assert reply["leaves"] == {"count": 2, "away_ms": 24_000}
    assert me.post(url, json={"leaves": sent}).get_json() == reply
    rows = case.session.scalars(select(PageLeave).order_by(PageLeave.leave_id)).all()
    assert [(r.leave_id, str(r.kind), r.maybe_lock) for r in rows] == [
        ("leave-0001", "LEAVE", False), ("leave-0003", "GAP", False), ("leave-0004", "LEAVE", True),
    ]  # fmt: skip
    assert case.attempt().state == AttemptState.IN_PROGRESS
    news = me.get(f"/attempts/{attempt.public_id}/room").get_json()
    assert news["leaves"] == {"count": 2, "away_ms": 24_000}


def test_leaves_are_kept_inside_the_attempt(case: Case, attempt: Attempt, now: datetime) -> None:
    record_leaves(
        case.session,
        attempt=attempt,
        raw=[left(1, ago=10**9, ms=10**9), left(2, ago=6_000, ms=99_000)],
        now=now,
    )
    first, second = case.session.scalars(select(PageLeave).order_by(PageLeave.leave_id)).all()
    assert first.began_at == attempt.started_at
    assert first.duration_ms == 600_000
    assert (second.began_at, second.duration_ms) == (now - 6 * SECOND, 6_000)


@pytest.mark.parametrize(
    "raw",
    [
        None, "x", {}, [1], [left(1) | {"x": 1}], [{"id": "leave-0001"}], [left(1, id="short")],
        [left(1, kind="CHEAT")], [left(1, ms=-1)], [left(1, ms=True)], [left(1, ago="5")],
        [left(1, lock=1)], [left(n) for n in range(101)],
    ],
)  # fmt: skip
def test_leaves_no_page_of_ours_sends(case: Case, attempt: Attempt, me: Browser, raw: Any) -> None:
    response = me.post(f"/attempts/{attempt.public_id}/leaves", json={"leaves": raw})
    assert response.status_code == 422
    assert not case.session.scalars(select(PageLeave)).all()


def test_leaves_come_in_for_a_day_after_the_end(
    case: Case, attempt: Attempt, now: datetime
) -> None:
    submit_attempt(case.session, attempt=attempt, now=now)
    late = now + timedelta(hours=23)
    assert record_leaves(case.session, attempt=attempt, raw=[left(1)], now=late) == ["leave-0001"]
    with pytest.raises(Gone):
        record_leaves(case.session, attempt=attempt, raw=[left(2)], now=now + timedelta(hours=25))


def test_a_page_cannot_fill_the_table(case: Case, attempt: Attempt, now: datetime) -> None:
    for batch in range(12):
        raw = [left(batch * 100 + n) for n in range(100)]
        record_leaves(case.session, attempt=attempt, raw=raw, now=now)
    assert case.session.scalar(select(func.count()).select_from(PageLeave)) == 1000


def test_voiding_needs_a_reason_and_keeps_the_record(
    case: Case, attempt: Attempt, now: datetime, staff: Browser
) -> None:
    session = case.session
    record_leaves(session, attempt=attempt, raw=[left(1), left(2)], now=now)
    session.commit()
    leave = session.scalars(select(PageLeave).order_by(PageLeave.id)).first()
    assert leave is not None
    url = f"{base(case.exam)}/leaves/{leave.id}"
    back = f"{base(case.exam)}/candidates/{case.person.public_id}"
    posted = {"person": case.person.public_id, "reason": ""}
    assert staff.post(url, data=posted).headers["Location"] == back
    assert "写明不计入的原因" in staff.get(back).get_data(as_text=True)
    staff.post(url, data=posted | {"reason": "接听单位值班电话"})
    session.expire_all()
    assert session.get_one(AttemptPresence, attempt.id).leaves == 1
    assert session.get_one(PageLeaveVoid, leave.id).reason == "接听单位值班电话"
    staff.post(url, data=posted | {"reason": "再来一次"})
    page = staff.get(back).get_data(as_text=True)
    assert "已经不计入了" in page
    assert "不计入：接听单位值班电话" in page
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.void_leave")).one()
    assert entry.actor_id == case.examiner.id
    leave.duration_ms = 1
    with pytest.raises(DatabaseError, match="append-only"):
        session.flush()


def test_a_leave_of_another_exam_is_not_found(case: Case, attempt: Attempt, now: datetime) -> None:
    record_leaves(case.session, attempt=attempt, raw=[left(1)], now=now)
    leave = case.session.scalars(select(PageLeave)).one()
    other = make_exam(case.session, case.exam.org_unit, by=case.examiner)
    with pytest.raises(NotFound):
        void_leave(
            case.session, actor=make_actor(case.examiner), exam=other, leave_id=leave.id,
            reason="x", now=now,
        )  # fmt: skip


# ---------------------------------------------------------------- presence


def test_polls_are_written_now_and_then(case: Case, attempt: Attempt, me: Browser) -> None:
    url = f"/attempts/{attempt.public_id}/room?seen=0"
    me.get(url + "&oldest=0")
    first = case.session.get_one(AttemptPresence, attempt.id).heard_at
    me.get(url + "&oldest=0")
    case.session.expire_all()
    assert case.session.get_one(AttemptPresence, attempt.id).heard_at == first
    me.get(url + "&oldest=6000")
    case.session.expire_all()
    row = case.session.get_one(AttemptPresence, attempt.id)
    assert row.oldest_ms == 6000
    assert row.heard_at > first
    old = row.heard_at = row.heard_at - HEARD_EVERY
    attempt.last_saved_at = datetime.now(UTC)
    case.session.commit()
    me.get(url + "&oldest=6000")
    case.session.expire_all()
    assert case.session.get_one(AttemptPresence, attempt.id).heard_at == old
    attempt.last_saved_at = None
    case.session.commit()
    me.get(url + "&oldest=6000")
    case.session.expire_all()
    assert case.session.get_one(AttemptPresence, attempt.id).heard_at > first


@pytest.mark.parametrize("oldest", ["", "x", "-1", "9" * 40, "١٢"])
def test_any_oldest_is_survived(case: Case, attempt: Attempt, me: Browser, oldest: str) -> None:
    assert me.get(f"/attempts/{attempt.public_id}/room?oldest={oldest}").status_code == 200
    row = case.session.get_one(AttemptPresence, attempt.id)
    assert 0 <= row.oldest_ms <= 24 * 3600 * 1000


def test_a_poll_is_a_handful_of_reads(
    case: Case, attempt: Attempt, me: Browser, connection: Connection, now: datetime
) -> None:
    hear(case.session, attempt_id=attempt.id, oldest_ms=0, now=now)
    case.session.commit()
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    me.get(f"/attempts/{attempt.public_id}/room?seen=0")
    event.remove(connection, "before_cursor_execute", note)
    assert len([s for s in seen if s.startswith("SELECT")]) <= 4
    assert [
        s for s in seen if not s.startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK"))
    ] == []
    assert not any("attempt.paper," in s for s in seen)


def test_a_paused_attempt_has_no_paper_to_read(
    case: Case, attempt: Attempt, me: Browser, staff: Browser
) -> None:
    url = f"/attempts/{attempt.public_id}"
    assert "题干" in me.get(url).get_data(as_text=True)
    posted = {"do": "pause", "to": "all", "reason": "停电检修"}
    assert staff.post(base(case.exam) + "/time", data=posted).status_code == 302
    page = me.get(url).get_data(as_text=True)
    assert "考试已暂停" in page
    assert "停电检修" in page
    assert "题干" not in page
    reply = me.get(f"{url}/room?seen=-1").get_json()
    assert (reply["paused"], reply["pause_reason"]) == (True, "停电检修")
    saved = me.post(f"{url}/answers", json={"events": [answer(1, 0, [0])]}).get_json()
    assert (saved["saved"], saved["paused"]) == (1, True)
    lobby = me.get(f"/exams/{case.exam.public_id}").get_data(as_text=True)
    assert "停电检修" in lobby
    change = case.session.scalars(select(TimeChange)).one()
    staff.post(f"{base(case.exam)}/time/{change.public_id}", data={"do": "resume"})
    assert "题干" in me.get(url).get_data(as_text=True)
    assert me.get(f"{url}/room?seen=-1").get_json()["paused"] is False


def test_extension_page_flow_with_two_examiners(
    case: Case, attempt: Attempt, staff: Browser, me: Browser, browser: Callable[[], Browser]
) -> None:
    monitor = base(case.exam) + "/monitor"
    posted = {"do": "extend", "to": "all", "minutes": "20", "reason": "系统故障"}
    staff.post(base(case.exam) + "/time", data=posted)
    page = staff.get(monitor).get_data(as_text=True)
    assert "待批准" in page
    assert "撤回" in page
    change = case.session.scalars(select(TimeChange)).one()
    url = f"{base(case.exam)}/time/{change.public_id}"
    staff.post(url, data={"do": "approve"})
    assert "不能自己批准" in staff.get(monitor).get_data(as_text=True)
    before = me.get(f"/attempts/{attempt.public_id}/room").get_json()["deadline"]
    colleague = make_person(case.session, case.exam.org_unit, Role.EXAMINER)
    second = browser().sign_in(colleague, case.session)
    second.post(url, data={"do": "approve"})
    after = me.get(f"/attempts/{attempt.public_id}/room").get_json()
    moved = datetime.fromisoformat(after["deadline"]) - datetime.fromisoformat(before)
    assert moved == timedelta(minutes=20)
    assert after["messages"][0]["text"] == "监考为您延长 20 分钟。原因：系统故障"
    for wrong in ({"do": "x"}, {"do": ""}):
        assert second.post(url, data=wrong).status_code == 302
    assert second.post(url + "x", data={"do": "approve"}).status_code == 404


def test_one_persons_page_does_everything_for_that_person(
    case: Case, attempt: Attempt, staff: Browser
) -> None:
    page = f"{base(case.exam)}/candidates/{case.person.public_id}"
    assert case.person.name in staff.get(page).get_data(as_text=True)
    mine = {"person": case.person.public_id}
    for posted in ({"do": "extend", "minutes": "5", "reason": "设备更换"},
                   {"do": "pause", "reason": "身体不适"}):  # fmt: skip
        response = staff.post(base(case.exam) + "/time", data=mine | posted)
        assert response.headers["Location"] == page
    staff.post(base(case.exam) + "/messages", data=mine | {"text": "医务人员马上到"})
    shown = staff.get(page).get_data(as_text=True)
    for words in ("设备更换", "身体不适", "医务人员马上到", "已暂停", "未读"):
        assert words in shown
    stranger = f"{base(case.exam)}/candidates/{case.stranger.public_id}"
    assert staff.get(stranger).status_code == 404
    wrong = staff.post(base(case.exam) + "/time", data={"do": "pause", "reason": "x"})
    assert wrong.status_code == 302
    assert "请选择范围" in staff.get(base(case.exam) + "/monitor").get_data(as_text=True)
    gone = {"person": case.stranger.public_id, "do": "pause", "reason": "x"}
    assert staff.post(base(case.exam) + "/time", data=gone).status_code == 404


# ---------------------------------------------------------------- locks


@pytest.mark.parametrize(
    ("ranges", "address", "fits"),
    [
        ("10.0.0.0/8", "10.255.1.2", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.0/8", "::ffff:10.1.1.1", True),
        ("2001:db8::/32", "2001:db8:1::5", True),
        ("2001:db8::/32", "2001:db9::5", False),
        ("2001:db8::/32", "10.0.0.1", False),
        ("fe80::/10", "fe80::1%eth0", True),
        ("192.168.1.7/32\n10.0.0.0/8", "192.168.1.7", True),
        ("0.0.0.0/0", "", False),
        ("0.0.0.0/0", "unix:", False),
    ],
)
def test_addresses(ranges: str, address: str, fits: bool) -> None:  # noqa: FBT001  # a table
    assert address_fits(ranges, address) is fits


def test_ranges_are_read_as_people_write_them() -> None:
    assert read_ranges(" 10.1.2.3/16，192.168.1.1\n2001:DB8::/32 10.1.0.0/16") == (
        "10.1.0.0/16\n192.168.1.1/32\n2001:db8::/32",
        "",
    )
    assert read_ranges("") == ("", "")
    assert "10.300" in read_ranges("10.300.0.0/16")[1]
    assert "50" in read_ranges(" ".join(f"10.0.{n}.0/24" for n in range(51)))[1]


@given(st.ip_addresses())
def test_an_address_is_in_its_own_network(address: object) -> None:
    ranges, wrong = read_ranges(str(address))
    assert not wrong
    assert address_fits(ranges, str(address))


def test_codes_are_compared_as_people_type_them() -> None:
    assert plain_code("　ａｂ 12 c ") == "AB12C"


def start(browser: Browser, exam: Exam, **posted: str) -> Any:
    return browser.post(f"/exams/{exam.public_id}/start", data={"agreed": "1", **posted})


def lock(case: Case, **values: Any) -> None:
    for name, value in values.items():
        setattr(case.exam, name, value)
    case.session.commit()


def test_the_code_is_asked_and_wrong_ones_are_counted(case: Case, me: Browser) -> None:
    lock(case, room_code="8K3M")
    assert "考场口令" in me.get(f"/exams/{case.exam.public_id}").get_data(as_text=True)
    empty = start(me, case.exam)
    assert empty.status_code == 422
    assert "请填写考场口令" in empty.get_data(as_text=True)
    for _ in range(5):
        wrong = start(me, case.exam, code="8K3N")
        assert wrong.status_code == 422
        assert "考场口令不对" in wrong.get_data(as_text=True)
    refused = start(me, case.exam, code="8K3M")
    assert refused.status_code == 429
    assert "5 分钟后再试" in refused.get_data(as_text=True)
    assert not case.session.scalars(select(Attempt)).all()
    entries = case.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "exam.wrong_code")
    ).all()
    assert [entry.ok for entry in entries] == [False] * 5
    assert "8K3N" not in str([(e.summary, e.detail) for e in entries])


def test_the_throttle_is_ones_own_and_ends(
    case: Case, me: Browser, browser: Callable[[], Browser], now: datetime
) -> None:
    lock(case, room_code="8K3M")
    case.session.add_all(
        AuditEntry(
            at=now - WINDOW - SECOND, actor_id=case.person.id, actor_name="x",
            action="exam.wrong_code", object_type="exam", object_id=case.exam.public_id,
            summary="", detail={}, source="", ok=False,
        )
        for _ in range(9)
    )  # fmt: skip
    neighbour = make_person(case.session, case.person.org_unit)
    case.session.commit()
    other = browser().sign_in(neighbour, case.session)
    for _ in range(6):
        start(other, case.exam, code="nope")
    assert start(me, case.exam, code=" ８k3m ").status_code == 302


def test_nobody_is_locked_out_midway(case: Case, attempt: Attempt, me: Browser) -> None:
    lock(case, room_code="8K3M", ip_ranges="203.0.113.0/24")
    assert start(me, case.exam).headers["Location"] == f"/attempts/{attempt.public_id}"
    assert me.get(f"/attempts/{attempt.public_id}").status_code == 200
    saved = me.post(f"/attempts/{attempt.public_id}/answers", json={"events": [answer(1, 0, [0])]})
    assert saved.status_code == 200


def test_changing_the_device_asks_for_the_place_but_not_for_the_code(
    case: Case, attempt: Attempt, me: Browser
) -> None:
    url = f"/attempts/{attempt.public_id}/takeover"
    lock(case, room_code="8K3M", ip_ranges="203.0.113.0/24")
    refused = me.post(url, json={"device": "tablet-01"})
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "E-ADDRESS")
    assert "exam.wrong_address" in case.session.scalars(select(AuditEntry.action)).all()
    lock(case, room_code="8K3M", ip_ranges="")
    assert me.post(url, json={"device": "tablet-01"}).get_json()["lease"]["mine"] is True


def test_an_attempt_that_is_over_opens_no_lock(case: Case, attempt: Attempt, me: Browser) -> None:
    lock(case, room_code="8K3M", attempts_max=2)
    attempt.started_at -= timedelta(days=1)
    attempt.deadline_at -= timedelta(days=1)
    case.session.commit()
    assert start(me, case.exam, code="none").status_code == 422


def test_the_address_is_the_one_behind_the_configured_proxies(
    case: Case, connection: Connection, tmp_path: Any
) -> None:
    lock(case, ip_ranges="203.0.113.0/24")
    for hops, forwarded, wanted in (
        (0, "203.0.113.9", 403),
        (1, "203.0.113.9, 198.51.100.1", 403),
        (1, "198.51.100.1, 203.0.113.9", 302),
    ):
        app = create_app(make_settings(tmp_path, proxy_hops=hops), engine=connection)
        app.test_client_class = Browser
        made: Browser = app.test_client()  # type: ignore[assignment]  # the class set above
        made.sign_in(case.person, case.session)
        response = made.post(
            f"/exams/{case.exam.public_id}/start",
            data={"agreed": "1"},
            headers={"X-Forwarded-For": forwarded, "X-CSRFToken": made.csrf_token()},
        )
        assert response.status_code == wanted, (hops, forwarded)
        if wanted == 403:
            assert "不在考场范围内" in response.get_data(as_text=True)


def test_room_settings_page(case: Case, staff: Browser) -> None:
    url = base(case.exam) + "/room"
    assert "考场口令" in staff.get(url).get_data(as_text=True)
    good = {
        "code": "ab 12", "ip_ranges": "10.1.2.3/16", "leave_rule": "NOTIFY", "leave_min_s": "8",
        "leave_notify": "2",
    }  # fmt: skip
    assert staff.post(url, data=good).status_code == 302
    case.session.expire_all()
    exam = case.exam
    assert (exam.room_code, exam.ip_ranges) == ("AB12", "10.1.0.0/16")
    assert (exam.leave_rule, exam.leave_min_s, exam.leave_notify) == (LeaveRule.NOTIFY, 8, 2)
    entry = case.session.scalars(select(AuditEntry).where(AuditEntry.action == "exam.room")).one()
    assert "AB12" not in str(entry.detail) + entry.summary
    for field, value, words in (
        ("code", "ab", "4 到 20"), ("ip_ranges", "10.1.2", "看不懂"), ("leave_min_s", "2", "3"),
        ("leave_notify", "0", "1"), ("leave_rule", "FAIL", ""),
    ):  # fmt: skip
        response = staff.post(url, data=good | {field: value})
        assert response.status_code == 422
        assert words in response.get_data(as_text=True)
    case.session.expire_all()
    assert case.exam.room_code == "AB12"


# ---------------------------------------------------------------- accommodation page


def test_accommodation_pages_and_the_lobby(
    case: Case, staff: Browser, me: Browser, browser: Callable[[], Browser]
) -> None:
    good = {
        "staff_numbers": case.person.staff_no, "reason": "AGE", "minutes": "15", "document": "1 号",
        "valid_from": "2026-01-01", "valid_until": "2027-12-31",
    }  # fmt: skip
    url = "/manage/accommodations"
    wrong = staff.post(url, data=good | {"percent": "10"})
    assert wrong.status_code == 422
    assert "填一项" in wrong.get_data(as_text=True)
    assert staff.post(url, data=good | {"document": ""}).status_code == 422
    assert staff.post(url, data=good).status_code == 302
    page = staff.get(url).get_data(as_text=True)
    assert "待批准" in page
    assert "2026-01-01 至 2027-12-31" in page
    assert 'value="approve"' not in page
    lobby = f"/exams/{case.exam.public_id}"
    assert "照顾加时" not in me.get(lobby).get_data(as_text=True)
    colleague = make_person(case.session, case.exam.org_unit, Role.EXAMINER)
    second = browser().sign_in(colleague, case.session)
    row = second.get(url).text.split('name="chosen" value="')[1].split('"')[0]
    staff.post(f"{url}/{row}", data={"do": "approve"})
    assert "另一位考务人员" in staff.get(url).get_data(as_text=True)
    second.post(f"{url}/{row}", data={"do": "approve"})
    assert "您有 15 分钟照顾加时" in me.get(lobby).get_data(as_text=True)
    start(me, case.exam)
    assert case.attempt().extra_s == 900
    second.post(f"{url}/{row}", data={"do": "end"})
    assert "已停用" in second.get(url).get_data(as_text=True)
    assert second.post(f"{url}/nothing", data={"do": "end"}).status_code == 404
    assert second.post(f"{url}/{row}", data={}).status_code == 302


def test_pages_of_others(
    case: Case, attempt: Attempt, browser: Callable[[], Browser], session: Session
) -> None:
    """A stranger finds nothing; another role is turned away; GET does nothing."""
    mine = f"/attempts/{attempt.public_id}"
    stranger = browser().sign_in(case.stranger, session)
    assert stranger.get(f"{mine}/room").status_code == 404
    assert stranger.post(f"{mine}/leaves", json={"leaves": []}).status_code == 404
    assert stranger.post(f"{mine}/messages/x").status_code == 404
    staff_pages = ("/room", f"/candidates/{case.person.public_id}")
    acts = ("/time", "/time/x", "/messages", "/leaves/1", "/room")
    elsewhere = browser().sign_in(make_person(session, None, Role.EXAMINER), session)
    marker = browser().sign_in(case.marker, session)
    for client, status in ((elsewhere, 404), (marker, 403)):
        for path in staff_pages:
            assert client.get(base(case.exam) + path).status_code == status
        for path in acts:
            assert client.post(base(case.exam) + path, data={}).status_code == status
    assert marker.get("/manage/accommodations").status_code == 403
    examiner = browser().sign_in(case.examiner, session)
    for path in ("/time", "/time/x", "/messages", "/leaves/1"):
        assert examiner.get(base(case.exam) + path).status_code == 405
