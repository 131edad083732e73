"""Signing in through the pages: cookies, rotation, first sign-in, redirects, CSRF, expiry."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from elearn.accounts.passwords import hash_password, verify_password
from elearn.app import create_app
from elearn.models import LoginSession, Person
from tests.conftest import Browser, make_settings
from tests.factories import make_person

PASSWORD = "Lian-zheng8"
HASH = hash_password(PASSWORD)
Browsers = Callable[[], Browser]


@pytest.fixture
def person(session: Session) -> Person:
    made = make_person(session, staff_no="zhang3", password_hash=HASH)
    session.commit()
    return made


def post_sign_in(client: FlaskClient, query: str = "", **values: str) -> TestResponse:
    data = {"staff_no": "zhang3", "password": PASSWORD, **values}
    return client.post(f"/sign-in{query}", data=data)


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/settings").status_code == 200


# ---------------------------------------------------------------- in and out


def test_sign_in_leads_home_and_out_again(client: Browser, person: Person) -> None:
    assert client.get("/sign-in").status_code == 200
    response = post_sign_in(client)
    assert (response.status_code, response.location) == (302, "/")
    assert is_signed_in(client)
    assert client.get("/sign-in").location == "/"
    assert client.post("/sign-out").location == "/sign-in"
    assert not is_signed_in(client)


def test_sign_out_kills_the_session_on_the_server(
    browser: Browsers, person: Person, session: Session
) -> None:
    client, thief = browser(), browser()
    post_sign_in(client)
    with client.session_transaction() as cookie:
        token = cookie["token"]
    with thief.session_transaction() as cookie:
        cookie["token"] = token
    assert is_signed_in(thief)
    client.post("/sign-out")
    assert session.scalar(select(LoginSession)) is None
    assert not is_signed_in(thief)


def test_signing_in_again_rotates_the_token_and_the_old_one_is_dead(
    browser: Browsers, person: Person
) -> None:
    client, thief = browser(), browser()
    post_sign_in(client)
    with client.session_transaction() as cookie:
        old, old_csrf = cookie["token"], cookie.get("csrf_token")
    with thief.session_transaction() as cookie:
        cookie["token"] = old
    post_sign_in(client)
    with client.session_transaction() as cookie:
        assert cookie["token"] != old
        assert cookie.get("csrf_token") != old_csrf or old_csrf is None
    assert is_signed_in(client)
    assert not is_signed_in(thief)


def test_a_session_planted_before_sign_in_is_not_used(client: Browser, person: Person) -> None:
    with client.session_transaction() as cookie:
        cookie["token"] = "planted"
        cookie["note"] = "planted"
    post_sign_in(client)
    with client.session_transaction() as cookie:
        assert cookie["token"] != "planted"
        assert "note" not in cookie


def test_sign_out_everywhere_ends_every_browser(browser: Browsers, person: Person) -> None:
    clients = [browser() for _ in range(3)]
    for client in clients:
        post_sign_in(client)
    assert clients[0].post("/settings/sign-out-everywhere").location == "/sign-in"
    assert [is_signed_in(client) for client in clients] == [False] * 3


def test_changing_the_password_keeps_this_browser_and_ends_the_others(
    browser: Browsers, person: Person
) -> None:
    here, there = browser(), browser()
    post_sign_in(here)
    post_sign_in(there)
    new = {"old": PASSWORD, "new": "New-pass99", "again": "New-pass99"}
    assert here.post("/settings/password", data=new).location == "/settings"
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert post_sign_in(there).status_code == 422
    assert post_sign_in(there, password="New-pass99").status_code == 302


def test_a_wrong_old_password_is_told_beside_the_field(client: Browser, person: Person) -> None:
    post_sign_in(client)
    data = {"old": "nope", "new": "New-pass99", "again": "New-pass99"}
    page = client.post("/settings/password", data=data)
    assert page.status_code == 200
    assert "原密码不对" in page.text
    data = {"old": PASSWORD, "new": "New-pass99", "again": "New-pass98"}
    assert "两次输入的新密码不一致" in client.post("/settings/password", data=data).text
    assert verify_password(person.password_hash, PASSWORD)


def test_settings_list_the_browsers_that_are_signed_in(browser: Browsers, person: Person) -> None:
    client = browser()
    post_sign_in(client)
    post_sign_in(browser())
    assert client.get("/settings").text.count("使用过") == 2


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize(
    "values",
    [{"password": "wrong"}, {"staff_no": "nobody"}, {"staff_no": "zh\x00ang"}],
)
def test_a_failed_sign_in_says_the_same_and_keeps_the_number(
    client: Browser, person: Person, values: dict[str, str]
) -> None:
    response = post_sign_in(client, **values)
    assert response.status_code == 422
    assert "工号或密码不对。忘记密码请联系本单位管理员重置。" in response.text
    assert PASSWORD not in response.text
    assert not is_signed_in(client)


def test_a_deactivated_person_reads_the_same_and_loses_open_sessions(
    client: Browser, person: Person, session: Session
) -> None:
    post_sign_in(client)
    person.active = False
    session.commit()
    assert not is_signed_in(client)
    assert "工号或密码不对" in post_sign_in(client).text


def test_empty_fields_are_named(client: Browser, person: Person) -> None:
    page = post_sign_in(client, staff_no="", password="").text
    assert "请填写工号" in page
    assert "请填写密码" in page


def test_the_throttle_counts_by_source_address_and_spares_the_known_browser(
    browser: Browsers, person: Person
) -> None:
    known, stranger, other = browser(), browser(), browser()
    post_sign_in(known)
    known.post("/sign-out")
    for _ in range(5):
        assert post_sign_in(stranger, password="wrong").status_code == 422
    blocked = post_sign_in(stranger)
    assert blocked.status_code == 429
    assert blocked.headers["Retry-After"] == "900"
    assert "15 分钟" in blocked.text
    assert post_sign_in(known).status_code == 302
    other.environ_base["REMOTE_ADDR"] = "10.1.1.1"
    assert post_sign_in(other).status_code == 302


def test_a_device_cookie_of_another_account_or_a_forged_one_is_no_use(
    browser: Browsers, session: Session, person: Person
) -> None:
    make_person(session, staff_no="li4", password_hash=HASH)
    session.commit()
    attacker = browser()
    post_sign_in(attacker, staff_no="li4")
    attacker.post("/sign-out")
    forger = browser()
    forger.set_cookie("device", "WyJ6aGFuZzMiLCJ4Il0.forged")
    for _ in range(5):
        post_sign_in(attacker, password="wrong")
    assert post_sign_in(attacker).status_code == 429
    assert post_sign_in(forger).status_code == 429


@pytest.mark.parametrize(("bind", "status"), [("127.0.0.1", 302), ("0.0.0.0", 422), ("", 422)])  # noqa: S104  # the setting under test
def test_demo_accounts_only_on_this_machine(
    connection: Connection, session: Session, tmp_path: Path, bind: str, status: int
) -> None:
    make_person(session, staff_no="cadre1", password_hash=HASH, is_demo=True)
    session.commit()
    app = create_app(make_settings(tmp_path, bind=bind), engine=connection)
    app.test_client_class = Browser
    response = post_sign_in(app.test_client(), staff_no="cadre1")
    assert response.status_code == status
    assert ("演示账号只能在本机登录" in response.text) is (status == 422)


# ---------------------------------------------------------------- first sign-in


def test_first_sign_in_asks_for_notice_and_password_before_anything_else(
    client: Browser, session: Session
) -> None:
    person = make_person(
        session, staff_no="zhang3", password_hash=HASH, must_change_password=True,
        notice_accepted_at=None,
    )  # fmt: skip
    session.commit()
    post_sign_in(client)
    for address in ("/", "/settings", "/settings/password"):
        assert client.get(address).location == "/first-sign-in"
    assert client.get("/", headers={"Accept": "application/json"}).status_code == 403
    page = client.get("/first-sign-in")
    assert "个人信息处理告知" in page.text
    for data, word in (
        ({"new": "New-pass99", "again": "New-pass99"}, "请先阅读并勾选"),
        ({"accept": "y", "new": "New-pass99", "again": "x"}, "不一致"),
        ({"accept": "y", "new": "weak", "again": "weak"}, "至少 8"),
        ({"accept": "y", "new": PASSWORD, "again": PASSWORD}, "不能和原密码相同"),
    ):
        assert word in client.post("/first-sign-in", data=data).text
    session.expire_all()
    assert person.notice_accepted_at is None
    data = {"accept": "y", "new": "New-pass99", "again": "New-pass99"}
    assert client.post("/first-sign-in", data=data).location == "/"
    session.expire_all()
    assert person.notice_accepted_at is not None
    assert not person.must_change_password
    assert is_signed_in(client)
    assert client.get("/first-sign-in").location == "/"
    again = client.post("/first-sign-in", data={**data, "new": "Other-pass9"})
    assert again.location == "/"
    assert verify_password(person.password_hash, "New-pass99")


# ---------------------------------------------------------------- where to go next


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/settings", "/settings"),
        ("/settings?tab=1", "/settings?tab=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/a\\b", "/"),
        ("/\t/evil.example", "/"),
        ("/\r\nSet-Cookie:x=1", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        (" /settings", "/"),
    ],
)
def test_next_stays_on_this_site(
    client: Browser, person: Person, target: str, location: str
) -> None:
    response = client.post(
        "/sign-in", query_string={"next": target}, data={"staff_no": "zhang3", "password": PASSWORD}
    )
    assert response.location == location
    assert client.get("/sign-in", query_string={"next": target}).location == location


def test_a_page_asked_for_before_sign_in_comes_after_it(client: Browser, person: Person) -> None:
    asked = client.get("/settings?x=1")
    assert asked.location == "/sign-in?next=/settings?x%3D1"
    assert post_sign_in(client, asked.location.removeprefix("/sign-in")).location == "/settings?x=1"


@pytest.mark.parametrize(
    ("came_from", "location"),
    [
        ("http://localhost/courses/a/b?x=1", "/sign-in?next=/courses/a/b?x%3D1"),
        ("http://localhost/me", "/sign-in?next=/me"),
        ("https://evil.example/me", "/sign-in"),
        ("http://localhost@evil.example/me", "/sign-in"),
        ("", "/sign-in"),
    ],
)
def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(
    client: Browser, person: Person, came_from: str, location: str
) -> None:
    headers = {"X-CSRFToken": client.csrf_token(), "Referer": came_from}
    assert client.post("/settings/password", headers=headers).location == location


def test_scripts_get_a_status_instead_of_a_page(client: Browser, person: Person) -> None:
    response = client.get("/settings", headers={"Accept": "application/json"})
    assert response.status_code == 401
    assert response.json == {
        "error": {"code": "E-401", "message": response.json["error"]["message"]}
    }  # type: ignore[index]  # it is a dict
