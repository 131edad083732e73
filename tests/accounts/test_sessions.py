"""Sessions through the pages: cookies, CSRF tokens, idle and absolute expiry."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from elearn import db
from elearn.accounts.passwords import hash_password
from elearn.app import create_app
from elearn.core.access import Role
from elearn.models import Person
from tests.conftest import Browser, MachineClock, make_settings
from tests.factories import NOW, make_person

PASSWORD = "Lian-zheng8"
HASH = hash_password(PASSWORD)


@pytest.fixture
def person(session: Session) -> Person:
    made = make_person(session, staff_no="zhang3", password_hash=HASH)
    session.commit()
    return made


def post_sign_in(client: FlaskClient) -> TestResponse:
    return client.post("/sign-in", data={"staff_no": "zhang3", "password": PASSWORD})


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/settings").status_code == 200


def cookie_of(response: TestResponse, name: str) -> str:
    """The Set-Cookie line of one cookie."""
    lines = response.headers.getlist("Set-Cookie")
    return next(line for line in lines if line.startswith(f"{name}="))


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
    app.extensions["elearn_clock"] = MachineClock()
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
