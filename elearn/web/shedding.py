"""More requests than the machine can carry: saves first, the rest is told to wait.

A WSGI layer in front of everything. Every process lets `slots` requests work at a time; a short
queue forms behind them, ordered by what a request is for: save > submit > start > sign-in >
everything else. A class that finds the queue already as long as its share of it, or waits longer
than its patience, is refused at once with 503 and `Retry-After`, for the price of a dictionary
look-up: no database, no session, no template. So an overload is spent on refusing pages, and
saves go through. Nothing is shared between processes.

The server must have more threads than `slots`, or nobody is left to refuse: `elearn serve` gives
granian `threads_for(settings)` of them. A short answer is handed over whole, so that a phone on a
weak network keeps neither a slot nor a thread busy while it reads.
"""

import json
import logging
import random
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from flask import Flask

from elearn.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("elearn")


class Work(IntEnum):
    """What a request is for, the most urgent first."""

    SAVE = 0
    SUBMIT = 1
    START = 2
    SIGN_IN = 3
    OTHER = 4


@dataclass(frozen=True, slots=True)
class Share:
    """`of_slots`, `of_queue`: the fraction a class may fill. `patience_s`: longest wait.

    `retry_s`: bounds of the random pause a refused client is asked for; without the spread all
    come back in the same second.
    """

    of_slots: float
    of_queue: float
    patience_s: float
    retry_s: tuple[int, int]


SHARES: Final = {
    Work.SAVE: Share(1.0, 1.0, 8.0, (1, 3)),
    Work.SUBMIT: Share(1.0, 0.75, 5.0, (2, 5)),
    Work.START: Share(0.75, 0.5, 3.0, (2, 8)),
    # A password costs thirty times a save: half of the slots at most.
    Work.SIGN_IN: Share(0.5, 0.25, 1.5, (3, 12)),
    Work.OTHER: Share(0.5, 0.15, 0.8, (5, 15)),
}
_ATTEMPT: Final = re.compile(r"/attempts/[^/]+(?:/([a-z-]+))?")
_OF_ATTEMPT: Final = {
    "answers": Work.SAVE,
    "page": Work.SAVE,
    "state": Work.SAVE,
    "takeover": Work.SAVE,
    "submit": Work.SUBMIT,
    "confirm": Work.SUBMIT,
    "": Work.START,
}
_START: Final = re.compile(r"/exams/[^/]+/start")
#: Threads beyond slots and queue, for refusing.
SPARE_THREADS: Final = 4
#: Longer answers are streamed, and hold their slot until the last byte.
WHOLE_BYTES: Final = 1024 * 1024
REPORT_EVERY_S: Final = 10.0
TITLE: Final = "系统繁忙"
MESSAGE: Final = "现在同时使用的人很多，系统正在优先保存大家的答案。您已保存的内容都还在。"
PAGE: Final = (
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}'
    "<title>{title}</title></head><body><h1>{title}</h1><p>{message}</p><p>{advice}</p>"
    "<p>代码 E-BUSY</p></body></html>"
)


def init_app(app: Flask, settings: Settings) -> None:
    """Put the layer outermost."""
    gate = Gate(slots=settings.work_slots, queue=settings.work_queue)
    app.wsgi_app = Shedding(app.wsgi_app, gate)  # type: ignore[method-assign]  # the documented way


def work_of(method: str, path: str) -> Work | None:
    """The class of a request; None passes without asking (health check, static files)."""
    if path == "/healthz" or path.startswith("/static/"):
        return None
    if found := _ATTEMPT.fullmatch(path):
        return _OF_ATTEMPT.get(found[1] or "", Work.OTHER)
    if method == "POST" and _START.fullmatch(path):
        return Work.START
    if path in {"/sign-in", "/first-sign-in"}:
        return Work.SIGN_IN
    return Work.OTHER


def threads_for(settings: Settings) -> int:
    """Threads a server process needs: at work, in the queue, refusing."""
    return settings.work_slots + settings.work_queue + SPARE_THREADS


@dataclass(slots=True)
class _Waiter:
    turn: threading.Event = field(default_factory=threading.Event)
    admitted: bool = False


class Gate:
    """Who works, who waits, who is refused: in one process, for any number of threads."""

    def __init__(self, *, slots: int, queue: int):
        self._slots = slots
        self._most = {work: max(1, int(slots * SHARES[work].of_slots)) for work in Work}
        self._room = {work: int(queue * SHARES[work].of_queue) for work in Work}
        self._lock = threading.Lock()
        self._busy: Counter[Work] = Counter()
        self._waiting: dict[Work, deque[_Waiter]] = {work: deque() for work in Work}
        self._refused: Counter[Work] = Counter()
        self._reported = time.monotonic()

    def enter(self, work: Work) -> bool:
        """True: work now, and `leave` afterwards. False: refused. Waits at most its patience."""
        with self._lock:
            if self._is_free(work) and not any(self._waiting[w] for w in Work if w <= work):
                self._busy[work] += 1
                return True
            if sum(map(len, self._waiting.values())) >= self._room[work]:
                self._note_refusal(work)
                return False
            waiter = _Waiter()
            self._waiting[work].append(waiter)
        waiter.turn.wait(SHARES[work].patience_s)
        with self._lock:
            if not waiter.admitted:
                self._waiting[work].remove(waiter)
                self._note_refusal(work)
            return waiter.admitted

    def leave(self, work: Work) -> None:
        """The work is done: the most urgent who waits is next."""
        with self._lock:
            self._busy[work] -= 1
            for each in Work:
                queue = self._waiting[each]
                while queue and self._is_free(each):
                    waiter = queue.popleft()
                    waiter.admitted = True
                    self._busy[each] += 1
                    waiter.turn.set()

    def _is_free(self, work: Work) -> bool:
        return self._busy.total() < self._slots and self._busy[work] < self._most[work]

    def _note_refusal(self, work: Work) -> None:
        """One line in the log per ten seconds, not one per refusal."""
        self._refused[work] += 1
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY_S:
            counts = ", ".join(f"{each.name.lower()} {n}" for each, n in self._refused.items())
            log.warning("overload: refused since the last line: %s", counts)
            self._refused.clear()
            self._reported = now


class Shedding:
    """The WSGI layer around an application."""

    def __init__(self, app: "WSGIApplication", gate: Gate):
        self._app = app
        self._gate = gate

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        work = work_of(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        if work is None:
            return self._app(environ, start_response)
        if not self._gate.enter(work):
            return refuse(work, environ, start_response)
        length: list[int | None] = []

        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            length.append(_length(headers))
            return start_response(status, headers, *rest)

        try:
            body = self._app(environ, started)
            if length and length[-1] is not None and length[-1] <= WHOLE_BYTES:
                body = _read_whole(body)
        except BaseException:
            self._gate.leave(work)
            raise
        if isinstance(body, list):
            self._gate.leave(work)
            return body
        return _Streamed(body, self._gate, work)


class _Streamed:
    """A long answer: its slot is free again when the server closes it."""

    def __init__(self, body: Iterable[bytes], gate: Gate, work: Work):
        self._body = body
        self._parts = iter(body)
        self._leave: Any = gate.leave
        self._work = work

    def __iter__(self) -> "_Streamed":
        return self

    def __next__(self) -> bytes:
        return next(self._parts)

    def close(self) -> None:
        """Harmless when called twice."""
        leave, self._leave = self._leave, None
        if leave is None:
            return
        try:
            _close(self._body)
        finally:
            leave(self._work)


def refuse(
    work: Work, environ: "WSGIEnvironment", start_response: "StartResponse"
) -> Iterable[bytes]:
    """503 with `Retry-After`; JSON for scripts, a page that comes back by itself for a GET."""
    wait_s = random.randint(*SHARES[work].retry_s)
    wants_json = "json" in environ.get("HTTP_ACCEPT", "") + environ.get("CONTENT_TYPE", "")
    if wants_json:
        error = {"code": "E-BUSY", "message": MESSAGE}
        body = json.dumps({"error": error}, ensure_ascii=False).encode()
    else:
        body = _page(environ["REQUEST_METHOD"], wait_s).encode()
    kind = "application/json" if wants_json else "text/html; charset=utf-8"
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(wait_s)),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response("503 Service Unavailable", headers)
    return [body]


def _page(method: str, wait_s: int) -> str:
    if method == "GET":
        refresh = f'<meta http-equiv="refresh" content="{wait_s}">'
        advice = f"不用操作，{wait_s} 秒后本页会自动再试。"
    else:
        refresh, advice = "", f"请等 {wait_s} 秒，返回上一页再试一次。"
    return PAGE.format(refresh=refresh, title=TITLE, message=MESSAGE, advice=advice)


def _length(headers: list[tuple[str, str]]) -> int | None:
    for name, value in headers:
        if name.lower() == "content-length":
            return int(value)
    return None


def _read_whole(body: Iterable[bytes]) -> list[bytes]:
    try:
        return [b"".join(body)]
    finally:
        _close(body)


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
