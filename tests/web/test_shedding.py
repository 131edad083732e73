"""Overload: saves first. Real threads; nothing here depends on how fast the machine is."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from elearn.config import load_settings
from elearn.web import shedding
from elearn.web.shedding import Gate, Shedding, Work, threads_for, work_of
from tests.conftest import make_settings

PATHS = {
    Work.SAVE: "/attempts/a1/answers",
    Work.SUBMIT: "/attempts/a1/submit",
    Work.START: "/exams/e1/start",
    Work.SIGN_IN: "/sign-in",
    Work.OTHER: "/reports/completion",
}
IN_TIME = 30.0


class Room:
    """An application whose requests work until they are told to end; it notes who got in."""

    def __init__(self, *, slots: int, queue: int):
        self.gate = Gate(slots=slots, queue=queue)
        self.client = Client(Shedding(self.work, self.gate))
        self.entered: list[str] = []
        self.changed = threading.Condition()
        self.doors: dict[str, threading.Event] = {}
        self.pool = ThreadPoolExecutor(64)

    def work(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        name = environ["QUERY_STRING"]
        with self.changed:
            self.entered.append(name)
            self.changed.notify_all()
        if name in self.doors:
            assert self.doors[name].wait(IN_TIME)
        start("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def send(self, work: Work, name: str, *, held: bool = False) -> Future[TestResponse]:
        if held:
            self.doors[name] = threading.Event()
        return self.pool.submit(self.client.post, f"{PATHS[work]}?{name}")

    def hold(self, work: Work, name: str) -> Future[TestResponse]:
        """A request that is at work now, until `end(name)`."""
        future = self.send(work, name, held=True)
        with self.changed:
            assert self.changed.wait_for(lambda: name in self.entered, IN_TIME)
        return future

    def end(self, name: str) -> None:
        self.doors[name].set()

    def wait_for_queue(self, length: int) -> None:
        """Until so many wait: no clock, only the gate's own books."""
        done = threading.Event()
        for _ in range(int(IN_TIME / 0.01)):
            with self.gate._lock:
                if sum(map(len, self.gate._waiting.values())) == length:
                    return
            done.wait(0.01)
        pytest.fail("the queue never had that length")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up because the machine is slow."""
    for work, share in shedding.SHARES.items():
        slow = shedding.Share(share.of_slots, share.of_queue, IN_TIME, share.retry_s)
        monkeypatch.setitem(shedding.SHARES, work, slow)


def test_the_queue_is_served_by_urgency_not_by_arrival() -> None:
    room = Room(slots=1, queue=20)
    first = room.hold(Work.OTHER, "first")
    waiting = []
    for at, work in enumerate((Work.OTHER, Work.SIGN_IN, Work.START, Work.SUBMIT, Work.SAVE), 1):
        waiting.append(room.send(work, work.name))
        room.wait_for_queue(at)
    room.end("first")
    assert [each.result(IN_TIME).status_code for each in (first, *waiting)] == [200] * 6
    assert room.entered == ["first", "SAVE", "SUBMIT", "START", "SIGN_IN", "OTHER"]


def test_a_full_queue_refuses_low_classes_first_and_still_takes_saves() -> None:
    room = Room(slots=1, queue=20)
    room.hold(Work.SAVE, "first")
    shares = {Work.OTHER: 3, Work.SIGN_IN: 5, Work.START: 10, Work.SUBMIT: 15, Work.SAVE: 20}
    waiting: list[Future[TestResponse]] = []
    for work, room_for in shares.items():
        while len(waiting) < room_for:
            waiting.append(room.send(work, f"{work.name}-{len(waiting)}"))
            room.wait_for_queue(len(waiting))
        refused = room.send(work, "refused").result(IN_TIME)
        assert refused.status_code == 503
    assert "refused" not in room.entered
    room.end("first")
    assert {each.result(IN_TIME).status_code for each in waiting} == {200}


def test_reports_and_passwords_leave_slots_for_saves() -> None:
    room = Room(slots=4, queue=20)
    for name in ("report-1", "report-2"):
        room.hold(Work.OTHER, name)
    third = room.send(Work.OTHER, "report-3")
    room.wait_for_queue(1)
    assert room.send(Work.SAVE, "save").result(IN_TIME).status_code == 200
    room.hold(Work.SIGN_IN, "password-1")
    room.hold(Work.SIGN_IN, "password-2")
    for name in ("report-1", "report-2", "password-1", "password-2"):
        room.end(name)
    assert third.result(IN_TIME).status_code == 200


def test_a_burst_is_never_at_work_all_at_once() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def work(_: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.001)
        with lock:
            inside -= 1
        start("200 OK", [("Content-Length", "0")])
        return []

    client = Client(Shedding(work, Gate(slots=3, queue=200)))
    with ThreadPoolExecutor(40) as pool:
        codes = list(pool.map(lambda _: client.post(PATHS[Work.SAVE]).status_code, range(200)))
    assert set(codes) == {200}
    assert most <= 3


def test_who_waits_longer_than_its_patience_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    share = shedding.SHARES[Work.START]
    short = shedding.Share(share.of_slots, share.of_queue, 0.01, share.retry_s)
    monkeypatch.setitem(shedding.SHARES, Work.START, short)
    room = Room(slots=1, queue=20)
    room.hold(Work.SAVE, "first")
    assert room.send(Work.START, "late").result(IN_TIME).status_code == 503
    room.wait_for_queue(0)
    room.end("first")
    assert room.send(Work.START, "again").result(IN_TIME).status_code == 200


def test_an_application_that_breaks_gives_its_slot_back() -> None:
    def broken(_: Any, __: Any) -> Iterable[bytes]:
        raise RuntimeError("broken")

    gate = Gate(slots=1, queue=0)
    client = Client(Shedding(broken, gate))
    for _ in range(3):
        with pytest.raises(RuntimeError, match="broken"):
            client.post(PATHS[Work.SAVE])
    assert gate.enter(Work.SAVE)


def test_a_long_answer_holds_its_slot_until_it_is_closed() -> None:
    def streaming(_: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return iter([b"a", b"b"])

    gate = Gate(slots=1, queue=0)
    body = Shedding(streaming, gate)(
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/reports/export"}, lambda *_: bytes
    )
    assert not gate.enter(Work.SAVE)
    assert list(body) == [b"a", b"b"]
    body.close()  # type: ignore[attr-defined]  # a streamed body has it
    body.close()  # type: ignore[attr-defined]  # and is not counted twice
    assert gate.enter(Work.SAVE)
    assert not gate.enter(Work.SAVE)


def test_a_refusal_says_what_is_safe_and_when_to_come_back() -> None:
    room = Room(slots=1, queue=0)
    room.hold(Work.SAVE, "first")
    answers = [room.client.get("/exams/e1") for _ in range(30)]
    assert {answer.status_code for answer in answers} == {503}
    waits = {int(answer.headers["Retry-After"]) for answer in answers}
    assert waits <= set(range(5, 16))
    assert len(waits) > 1, "all would come back in the same second"
    page = answers[0].get_data(as_text=True)
    assert "您已保存的内容都还在" in page
    assert "秒后本页会自动再试" in page
    assert 'http-equiv="refresh"' in page
    form = room.client.post("/sign-in").get_data(as_text=True)
    assert "返回上一页再试一次" in form
    assert "refresh" not in form
    saved = room.client.post(PATHS[Work.SAVE], json={"events": []})
    assert saved.get_json()["error"]["code"] == "E-BUSY"
    room.end("first")


@pytest.mark.parametrize(
    ("method", "path", "work"),
    [
        ("POST", "/attempts/x/answers", Work.SAVE),
        ("POST", "/attempts/x/page", Work.SAVE),
        ("GET", "/attempts/x/state", Work.SAVE),
        ("POST", "/attempts/x/submit", Work.SUBMIT),
        ("GET", "/attempts/x/confirm", Work.SUBMIT),
        ("POST", "/exams/x/start", Work.START),
        ("GET", "/attempts/x", Work.START),
        ("GET", "/exams/x", Work.OTHER),
        ("GET", "/attempts/x/result", Work.OTHER),
        ("POST", "/sign-in", Work.SIGN_IN),
        ("GET", "/", Work.OTHER),
        ("GET", "/healthz", None),
        ("GET", "/static/build/app.css", None),
    ],
)
def test_the_class_of_a_request(method: str, path: str, work: Work | None) -> None:
    assert work_of(method, path) is work


def test_the_addresses_of_saving_are_the_product_s_own(app: Flask) -> None:
    """A path renamed in the route table would silently be shed with the reports."""
    urls = app.url_map.bind("localhost")
    for endpoint in ("exams.save", "exams.save_page", "exams.state", "exams.submit"):
        method = "GET" if endpoint == "exams.state" else "POST"
        path = urls.build(endpoint, {"public_id": "x"}, method=method)
        wanted = Work.SUBMIT if endpoint == "exams.submit" else Work.SAVE
        assert work_of(method, path) is wanted


def test_the_product_stands_behind_the_gate(app: Flask) -> None:
    assert isinstance(app.wsgi_app, Shedding)
    gate = app.wsgi_app._gate
    taken = 0
    while gate.enter(Work.OTHER):
        taken += 1
        assert taken < 100
        if taken == gate._most[Work.OTHER]:
            gate._room[Work.OTHER] = 0
    assert app.test_client().get("/exams").status_code == 503
    assert app.test_client().get("/healthz").status_code == 200
    gate.leave(Work.OTHER)
    assert app.test_client().get("/exams").status_code == 302


def test_settings_say_how_many_threads_a_process_needs(tmp_path: Any) -> None:
    assert threads_for(make_settings(tmp_path, work_slots=6, work_queue=30)) == 40
    env = {"ELEARN_INSTANCE_DIR": str(tmp_path), "ELEARN_WORK_SLOTS": "7"}
    assert load_settings(env).work_slots == 7
