"""The service worker and the page it shows where there is no network (docs/decisions/0019).

Both are the same for everybody and need neither a session nor the database. The worker's text is
the built script behind one line that names what it keeps; anything that changes there changes the
text, and a browser takes up a worker whose text has changed.
"""

import hashlib
import json
from pathlib import Path
from typing import Final

from flask import Response, current_app, request, url_for

from elearn.config import PACKAGE

from .auth import settings
from .templating import asset

#: Caches of ours on a phone begin with this; the worker removes those of other texts.
FAMILY: Final = "elearn-offline-"


def offline_page() -> Response:
    """The page kept on phones."""
    response = Response(_page())
    response.headers["Cache-Control"] = "no-cache"
    return response


def worker_script() -> Response:
    """The worker; where it is switched off, one that takes itself away."""
    text = _worker() if settings().service_worker else _built("worker-off.js")
    response = Response(text, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def _page() -> str:
    """Rendered past the context processors: they would ask who is signed in."""
    return current_app.jinja_env.get_template("offline.html").render()


def _worker() -> str:
    page = url_for("web.offline")
    files = [page, asset("app.css"), asset("offline.js")]
    source = _built("worker.js")
    digest = hashlib.sha256()
    for part in (_page(), source, *files):
        digest.update(part.encode())
    shell = {"cache": FAMILY + digest.hexdigest()[:16], "page": page, "files": files}
    return f"self.SHELL={json.dumps(shell)};\n{source}"


def _built(name: str) -> str:
    """The text of a built script."""
    built: Path = PACKAGE / "static" / "build" / asset(name).rsplit("/", 1)[1]
    return built.read_text()
