"""The service worker and its page: the same for everybody, current, and possible to take away."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from elearn.app import create_app
from elearn.config import SettingsError, load_settings
from elearn.web.templating import asset
from tests.conftest import Browser, make_settings
from tests.factories import make_person

SHELL = re.compile(r"^self\.SHELL=(\{.*\});\n")


def shell_of(text: str) -> dict[str, object]:
    """What the worker keeps, from the line the server writes above it."""
    found = SHELL.match(text)
    assert found is not None, text[:200]
    shell: dict[str, object] = json.loads(found[1])
    return shell


@pytest.fixture
def statements(connection: Connection) -> Iterator[list[str]]:
    """What the database is asked."""
    seen: list[str] = []

    def note(*of: object) -> None:
        seen.append(str(of[2]))

    event.listen(connection, "before_cursor_execute", note)
    yield seen
    event.remove(connection, "before_cursor_execute", note)


def switched_off(connection: Connection, folder: Path) -> Browser:
    app = create_app(make_settings(folder, service_worker=False), engine=connection)
    app.test_client_class = Browser
    client: Browser = app.test_client()  # type: ignore[assignment]  # the class set above
    return client


def test_the_worker_keeps_hashed_files_and_one_page(client: Browser) -> None:
    response = client.get("/sw.js")
    assert response.mimetype == "text/javascript"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in response.headers["Content-Security-Policy"]
    shell = shell_of(response.text)
    page, *files = shell["files"]  # type: ignore[misc]  # JSON
    assert page == shell["page"] == "/offline"
    assert len(files) == 2
    for file in files:
        assert re.fullmatch(r"/static/build/(app|offline)-[A-Z0-9]{8}\.(css|js)", file)
        with client.get(file) as sent:
            assert sent.status_code == 200


def test_the_offline_page_is_nobodys_and_small(
    browser: Callable[[], Browser], session: Session
) -> None:
    signed_in, stranger = browser().sign_in(make_person(session), session), browser()
    mine, theirs = signed_in.get("/offline"), stranger.get("/offline")
    assert mine.text == theirs.text
    assert len(gzip.compress(mine.data)) < len(mine.data) < 4096
    assert "csrf" not in mine.text
    for response in (mine, signed_in.get("/sw.js")):
        assert "Set-Cookie" not in response.headers
    policy = mine.headers["Content-Security-Policy"]
    assert "unsafe" not in policy


def test_neither_asks_the_database(
    browser: Callable[[], Browser], session: Session, statements: list[str]
) -> None:
    signed_in = browser().sign_in(make_person(session), session)
    statements.clear()
    file = shell_of(signed_in.get("/sw.js").text)["files"][1]  # type: ignore[index]  # JSON
    signed_in.get("/offline")
    signed_in.get(file).close()
    assert statements == []
    signed_in.get("/settings")
    assert statements != []  # the ear works


def test_an_unchanged_worker_is_not_sent_again(client: Browser) -> None:
    first = client.get("/sw.js")
    again = client.get("/sw.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_the_worker_changes_with_what_it_keeps(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = client.get("/sw.js")
    app.jinja_env.globals["help_contact"] = "新的联系人"
    words = client.get("/sw.js")
    assert shell_of(words.text)["cache"] != shell_of(before.text)["cache"]
    assert words.headers["ETag"] != before.headers["ETag"]
    monkeypatch.setattr(
        "elearn.web.offline.asset",
        lambda name: "/static/build/app-NEWNEWNE.css" if name == "app.css" else asset(name),
    )
    style = client.get("/sw.js")
    caches = {shell_of(each.text)["cache"] for each in (before, words, style)}
    assert len(caches) == 3


def test_under_a_path_of_a_proxy_everything_stays_below_it(client: Browser) -> None:
    under = {"SCRIPT_NAME": "/lz"}
    shell = shell_of(client.get("/sw.js", environ_overrides=under).text)
    assert all(file.startswith("/lz/") for file in shell["files"])  # type: ignore[attr-defined]
    page = client.get("/offline", environ_overrides=under).text
    assert '"/static' not in page
    assert 'data-worker="/lz/sw.js"' in client.get("/sign-in", environ_overrides=under).text


def test_switched_off_it_takes_itself_away(connection: Connection, tmp_path: Path) -> None:
    client = switched_off(connection, tmp_path)
    text = client.get("/sw.js").text
    assert "unregister" in text
    assert "fetch" not in text
    assert "data-worker" not in client.get("/sign-in").text
    on = create_app(make_settings(tmp_path), engine=connection).test_client()
    assert 'data-worker="/sw.js"' in on.get("/sign-in").text


def test_the_switch_is_a_setting(tmp_path: Path) -> None:
    env = {"ELEARN_INSTANCE_DIR": str(tmp_path)}
    assert load_settings(env).service_worker
    assert not load_settings({**env, "ELEARN_SERVICE_WORKER": "0"}).service_worker
    with pytest.raises(SettingsError, match="ELEARN_SERVICE_WORKER"):
        load_settings({**env, "ELEARN_SERVICE_WORKER": "perhaps"})
