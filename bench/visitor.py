"""Browsers without a network: requests are built beforehand, only the WSGI call is measured."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import Engine, insert
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from bench.measure import Job, Missing, Unexpected
from elearn import db
from elearn.models import LoginSession

BASE_URL: Final = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser would get."""

    status: int
    location: str
    body: bytes


class Visitor:
    """One browser: its session cookie and a CSRF token of that session."""

    def __init__(self, app: Flask, token: str | None = None):
        self._app = app
        with app.test_request_context(base_url=BASE_URL):
            if token is not None:
                session["token"] = token
                session.permanent = True
            self._csrf = generate_csrf()
            signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # the cookie kind
            self._cookie = f"{app.config['SESSION_COOKIE_NAME']}={signer.dumps(dict(session))}"

    def get(self, path: str, *, expect: int = 200, needle: str = "") -> Job:
        """Open a page; `needle` is to be in it."""
        return self._job(EnvironBuilder(path, BASE_URL, headers=self._headers()), expect, needle)

    def post(
        self,
        path: str,
        *,
        data: Mapping[str, str | Sequence[str]] | None = None,
        json: Any = None,
        accept: str = "text/html",
        expect: int = 302,
        needle: str = "",
    ) -> Job:
        """Send a form, or JSON; `needle` is to be in the answer or in where it leads."""
        headers = self._headers()
        headers.extend({"X-CSRFToken": self._csrf, "Accept": accept})
        builder = EnvironBuilder(
            path, BASE_URL, method="POST", headers=headers, data=data, json=json
        )
        return self._job(builder, expect, needle)

    def _headers(self) -> Headers:
        return Headers({"Cookie": self._cookie, "User-Agent": "bench"})

    def _job(self, builder: EnvironBuilder, expect: int, needle: str) -> Job:
        environ = builder.get_environ()
        environ["REMOTE_ADDR"] = "127.0.0.1"

        def check(answer: Answer) -> None:
            found = needle in answer.location or needle.encode() in answer.body
            if answer.status != expect or not found:
                where = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
                raise Unexpected(
                    f"{where}: {answer.status}, wanted {expect} {needle}; {_said(answer)}"
                )

        return Job(lambda: ask(self._app, environ), check)


def ask(app: Flask, environ: dict[str, Any]) -> Answer:
    """One request through the WSGI callable, the body read to its end."""
    head: list[tuple[int, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        head.append((int(status[:3]), headers))

    parts: Iterable[bytes] = app(environ, start)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    status, headers = head[-1]
    return Answer(status, next((v for k, v in headers if k == "Location"), ""), body)


def _said(answer: Answer) -> str:
    """The first words of the page, or where it leads."""
    text = answer.body.decode("utf-8", "replace").partition("<main")[2].partition(">")[2]
    words = " ".join(re.sub("<[^>]*>", " ", text).split())
    return answer.location or words[:120] or repr(answer.body[:120])


def sign_in_all(app: Flask, engine: Engine, person_ids: Sequence[int]) -> list[Visitor]:
    """Signed-in browsers, without going through the password."""
    now = datetime.now().astimezone()
    tokens = [secrets.token_urlsafe(16) for _ in person_ids]
    with db.transaction(engine) as work:
        work.execute(
            insert(LoginSession),
            [
                _login(token, person_id, now)
                for token, person_id in zip(tokens, person_ids, strict=True)
            ],
        )
    return [Visitor(app, token) for token in tokens]


def address(app: Flask, endpoint: str, **values: str) -> str:
    """The path of a view. Raises Missing when there is none."""
    if endpoint not in app.view_functions:
        raise Missing(f"no view {endpoint}")
    return app.url_map.bind("127.0.0.1:8000").build(endpoint, values)


def _login(token: str, person_id: int, now: datetime) -> dict[str, Any]:
    return {
        "token_hash": hashlib.sha256(token.encode()).hexdigest(),
        "person_id": person_id,
        "session_version": 1,
        "created_at": now,
        "last_seen_at": now + timedelta(hours=1),  # nobody is touched while it is measured
        "expires_at": now + timedelta(days=2),
    }
