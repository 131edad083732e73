"""The product's server, weakened on purpose: `python -m bench.drills.weak serve …`.

DRILL_WEAKNESS says how; the product itself knows nothing of it.

    ack-early   saves are acknowledged at once and written a moment later
    sync-off    SQLite with synchronous=OFF
    no-late     nothing that arrives after the deadline counts
"""

import io
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

from flask import Flask
from sqlalchemy import event
from sqlalchemy.pool import Pool
from werkzeug.test import run_wsgi_app

from elearn.cli import main, server
from elearn.exams.attempts import protocol

VARIABLE: Final = "DRILL_WEAKNESS"
DELAY_S: Final = 0.05


class AckEarly:
    """Reply first, write afterwards: what a write-behind cache would do."""

    def __init__(self, app: Callable[..., Any]):
        self._app = app
        self._seq = 0
        self._later: queue.Queue[tuple[float, dict[str, Any]]] = queue.Queue()
        threading.Thread(target=self._write, daemon=True).start()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].endswith("/answers"):
            return self._app(environ, start)  # type: ignore[no-any-return]
        body = environ["wsgi.input"].read()
        told = json.loads(body)
        for each in told["events"]:
            each.pop("base", None)  # what is acknowledged early has no sequence number yet
        late = json.dumps(told).encode()
        again = {**environ, "wsgi.input": io.BytesIO(late), "CONTENT_LENGTH": str(len(late))}
        self._later.put((time.monotonic() + DELAY_S, again))
        self._seq += 1
        reply = {"acked": [each["event_id"] for each in told["events"]], "seq": self._seq}
        text = json.dumps(reply).encode()
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]

    def _write(self) -> None:
        while True:
            due, environ = self._later.get()
            time.sleep(max(0.0, due - time.monotonic()))
            _, status, _ = run_wsgi_app(self._app, environ)
            if not status.startswith("200"):
                print(f"drill: a write came to nothing: {status}", file=sys.stderr, flush=True)


def serving_app() -> Flask:
    """Like the product's, and weaker."""
    weakness = os.environ[VARIABLE]
    if weakness == "sync-off":
        event.listen(Pool, "checkout", _sync_off)
    if weakness == "no-late":
        protocol.LATE_SYNC = timedelta(0)  # type: ignore[misc]  # on purpose
    app = server.serving_app()
    if weakness == "ack-early":
        app.wsgi_app = AckEarly(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _sync_off(raw: Any, *_: Any) -> None:
    """Whenever a connection is taken: after the product set it to FULL."""
    raw.execute("PRAGMA synchronous=OFF")


def _weak_server(target: str, **options: Any) -> Any:
    from granian import Granian  # noqa: PLC0415  the name is taken in `server`

    del target
    return Granian("bench.drills.weak:serving_app", **options)


if __name__ == "__main__":
    server.Granian = _weak_server  # type: ignore[misc,assignment]
    sys.argv[0] = "elearn"
    main()
