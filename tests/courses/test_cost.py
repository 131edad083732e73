"""Statements per request: reading pages are what everybody loads, heartbeats come every 15 s."""

from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.conftest import Browser
from tests.factories import make_person
from tests.factories_courses import make_course, publish_laws


def statements(session: Session, browser: Browser, method: str, path: str, **data: str) -> int:
    """How many statements one request sends, without savepoints of the test's transaction."""
    seen: list[str] = []

    def note(*args: object) -> None:
        text = str(args[2])
        if not text.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(text)

    event.listen(session.get_bind(), "before_cursor_execute", note)
    reply = browser.open(path, method=method, data=data or None)
    event.remove(session.get_bind(), "before_cursor_execute", note)
    assert reply.status_code < 400, reply.text
    return len(seen)


def test_statements_do_not_grow_with_the_course(client: Browser, session: Session) -> None:
    publish_laws(session)
    make_course(session, code="small", lessons=1)
    make_course(session, code="large", lessons=30)
    session.commit()
    browser = client.sign_in(make_person(session), session)
    for code in ("small", "large"):
        browser.get(f"/courses/{code}/{code}-1")
        browser.post(
            f"/courses/{code}/{code}-1/quiz",
            data={"question": f"{code}-1-q1", "parts": "1", "a0": "1"},
        )
    counts = {
        code: (
            statements(session, browser, "GET", f"/courses/{code}"),
            statements(session, browser, "GET", f"/courses/{code}/{code}-1"),
            statements(session, browser, "POST", f"/courses/{code}/{code}-1/beat", position="p-1"),
        )
        for code in ("small", "large")
    }
    assert counts["small"] == counts["large"]
    course, lesson, beat = counts["large"]
    assert course <= 10
    assert lesson <= 22
    assert beat <= 9
