"""Headers, preferences, error pages: what every response carries."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from elearn.app import create_app
from tests.conftest import Browser, make_settings
from tests.factories import make_person


def test_health_answers_without_signing_in(client: Browser) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_pages_carry_the_strict_policy_and_are_not_stored(client: Browser) -> None:
    response = client.get("/sign-in")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in response.headers


def test_https_pages_carry_hsts_and_host_cookies(connection: object, tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path, https=True), engine=connection)  # type: ignore[arg-type]
    response = app.test_client().get("/sign-in", base_url="https://localhost")
    assert "max-age" in response.headers["Strict-Transport-Security"]
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-elearn=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_font_and_theme_are_written_into_the_page(client: Browser) -> None:
    response = client.post("/preferences", data={"font": "4", "theme": "dark", "next": "/sign-in"})
    assert response.location == "/sign-in"
    page = client.get("/sign-in").text
    assert 'data-fs="4"' in page
    assert 'data-theme="dark"' in page


@pytest.mark.parametrize("value", ["9", "<b>", ""])
def test_unknown_preferences_are_ignored(client: Browser, value: str) -> None:
    client.post("/preferences", data={"font": value, "theme": value})
    client.set_cookie("font", "7")
    page = client.get("/sign-in").text
    assert 'data-fs="1"' in page
    assert "data-theme" not in page


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\nb", ""]
)
def test_preferences_never_redirect_off_site(client: Browser, target: str) -> None:
    assert client.post("/preferences", data={"next": target}).location == "/"


def test_unknown_page_is_a_chinese_404(browser: Callable[[], Browser], session: Session) -> None:
    response = browser().sign_in(make_person(session), session).get("/no-such-page")
    assert response.status_code == 404
    assert "没有找到" in response.text
    assert "E-404" in response.text


def test_an_unexpected_error_says_a_code_and_no_trace(app: Flask) -> None:
    def broken() -> str:
        raise RuntimeError("secret detail")

    app.view_functions["web.health"] = broken
    app.testing = False
    response = app.test_client().get("/healthz")
    assert response.status_code == 500
    assert re.search(r"E-[0-9A-F]{4}", response.text)
    assert "secret detail" not in response.text


def test_a_busy_database_asks_to_try_again(app: Flask) -> None:
    def busy() -> str:
        raise OperationalError("UPDATE x", {}, Exception("database is locked"))

    app.view_functions["web.health"] = busy
    response = app.test_client().get("/healthz", headers={"Accept": "application/json"})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "UPDATE" not in response.text
