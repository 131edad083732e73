"""Signing in through the pages: cookies, rotation, first sign-in, redirects, CSRF, expiry."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from elearn import db
from elearn.accounts.passwords import hash_password, verify_password
from elearn.app import create_app
from elearn.core.access import Role
from elearn.models import LoginSession, Person
from tests.conftest import Browser, make_settings
from tests.factories import NOW, make_person

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


def cookie_of(response: TestResponse, name: str) -> str:
    """The Set-Cookie line of one cookie."""
    lines = response.headers.getlist("Set-Cookie")
    return next(line for line in lines if line.startswith(f"{name}="))


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


def test_scripts_get_a_status_instead_of_a_page(client: Browser, person: Person) -> None:
    response = client.get("/settings", headers={"Accept": "application/json"})
    assert response.status_code == 401
    assert response.json == {
        "error": {"code": "E-401", "message": response.json["error"]["message"]}
    }  # type: ignore[index]  # it is a dict


# ---------------------------------------------------------------- cookies and CSRF


@pytest.mark.parametrize(
    ("https", "name", "device"),
    [(True, "__Host-elearn", "__Host-device"), (False, "elearn", "device")],
)
def test_cookies_are_bound_to_the_host_under_https(
    connection: Connection,
    person: Person,
    tmp_path: Path,
    *,
    https: bool,
    name: str,
    device: str,
) -> None:
    app = create_app(make_settings(tmp_path, https=https), engine=connection)
    app.test_client_class = Browser
    client = app.test_client()
    base = "https://localhost" if https else "http://localhost"
    response = client.post(
        "/sign-in", data={"staff_no": "zhang3", "password": PASSWORD}, base_url=base
    )
    assert response.status_code == 302, response.text
    for cookie in (name, device):
        line = cookie_of(response, cookie)
        assert "HttpOnly" in line
        assert "SameSite=Lax" in line
        assert "Path=/" in line
        assert "Domain" not in line
        assert ("Secure" in line) is https


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


@pytest.fixture
def bare(app: Flask) -> FlaskClient:
    """A client that sends only what it is told to: no CSRF token of its own."""
    return FlaskClient(app, app.response_class)


def test_a_csrf_token_hours_old_is_still_good(bare: FlaskClient, person: Person) -> None:
    with time_machine.travel(NOW, tick=False):
        token = token_in(bare.get("/sign-in").text)
        data = {"staff_no": "zhang3", "password": PASSWORD, "csrf_token": token}
        assert bare.post("/sign-in", data=data).location == "/"
        token = token_in(bare.get("/settings").text)
    with time_machine.travel(NOW + timedelta(hours=7, minutes=59), tick=False):
        response = bare.post("/settings/sign-out-everywhere", data={"csrf_token": token})
        assert response.location == "/sign-in"


def test_without_csrf_token_nothing_happens_and_the_page_says_what_to_do(
    bare: FlaskClient, person: Person
) -> None:
    data = {"staff_no": "zhang3", "password": PASSWORD}
    assert bare.post("/sign-in", data=data).location == "/sign-in"
    token = token_in(bare.get("/sign-in").text)
    bare.post("/sign-in", data={**data, "csrf_token": token})
    for wrong in ({}, {"csrf_token": "forged"}, {"csrf_token": token}):
        response = bare.post("/settings/sign-out-everywhere", data=wrong)
        assert response.status_code == 400
        assert "页面已过期" in response.text
        assert "E-CSRF" in response.text
    assert is_signed_in(bare)


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("get", "/sign-out"),
        ("get", "/settings/sign-out-everywhere"),
        ("post", "/settings"),
        ("delete", "/sign-in"),
    ],
)
def test_wrong_methods_are_refused(
    client: Browser, person: Person, method: str, address: str
) -> None:
    post_sign_in(client)
    assert getattr(client, method)(address).status_code == 405
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "address",
    ["/sign-out", "/first-sign-in", "/settings/password", "/settings/sign-out-everywhere"],
)
def test_signed_out_posts_lead_to_sign_in_without_a_way_back(client: Browser, address: str) -> None:
    assert client.post(address).location == "/sign-in"


# ---------------------------------------------------------------- expiry


@pytest.fixture
def arrive(own_engine: Engine, tmp_path: Path) -> Callable[..., Browser]:
    """A browser signed in at NOW on a database with real commits: moving the idle limit on is a
    transaction of its own beside the reading one."""
    app = create_app(make_settings(tmp_path), engine=own_engine)
    app.test_client_class = Browser

    def make(*roles: Role) -> Browser:
        client: Browser = app.test_client()  # type: ignore[assignment]  # the class set above
        with db.transaction(own_engine) as work, time_machine.travel(NOW, tick=False):
            client.sign_in(make_person(work, None, *roles), work, now=NOW)
        return client

    return make


def visit(client: FlaskClient, after: timedelta) -> bool:
    with time_machine.travel(NOW + after, tick=False):
        return is_signed_in(client)


def test_a_session_ends_when_idle_and_lives_on_when_used(arrive: Callable[..., Browser]) -> None:
    client = arrive()
    assert visit(client, timedelta(hours=7))
    assert visit(client, timedelta(hours=14))
    assert not visit(client, timedelta(hours=22, minutes=1))


def test_staff_idle_out_sooner(arrive: Callable[..., Browser]) -> None:
    client = arrive(Role.HR)  # the session made for the test runs for eight hours
    assert visit(client, timedelta(hours=7))
    assert visit(client, timedelta(hours=8, minutes=30))
    assert not visit(client, timedelta(hours=10, minutes=31))


def test_a_session_ends_after_fourteen_days_however_much_it_is_used(
    arrive: Callable[..., Browser],
) -> None:
    client = arrive()
    for step in range(1, 56):
        assert visit(client, timedelta(hours=6 * step)), step
    assert not visit(client, timedelta(days=14, minutes=1))


def test_an_expired_session_says_so_and_keeps_the_address(arrive: Callable[..., Browser]) -> None:
    client = arrive()
    with time_machine.travel(NOW + timedelta(hours=9), tick=False):
        response = client.get("/settings")
        assert response.location == "/sign-in?next=/settings"
        assert "登录已过期" in client.get("/sign-in").text
        assert "登录已过期" not in client.get("/sign-in").text
