"""Routes that belong to no feature: health, display preferences, the service worker."""

from flask import Blueprint, jsonify, redirect, request
from sqlalchemy import text
from werkzeug.wrappers import Response

from elearn import db

from .auth import safe_next, settings
from .offline import offline_page, worker_script
from .templating import FONT_STEPS, THEMES

blueprint = Blueprint("web", __name__)


@blueprint.get("/healthz")
def health() -> Response:
    """200 when the database answers; what load balancers and start scripts ask."""
    db.session().execute(text("SELECT 1"))
    return jsonify(status="ok")


@blueprint.post("/preferences")
def preferences() -> Response:
    """Font step and theme, as cookies; works signed out and without JavaScript."""
    response = redirect(safe_next(request.form.get("next")) or "/")
    for name, allowed in (("font", FONT_STEPS), ("theme", THEMES)):
        value = request.form.get(name)
        if value in allowed:
            response.set_cookie(
                name,
                value,
                max_age=365 * 86400,
                samesite="Lax",
                secure=settings().https,
            )
    return response


@blueprint.get("/sw.js")
def worker() -> Response:
    """At the root, so that it may answer for every page."""
    return worker_script()


@blueprint.get("/offline")
def offline() -> Response:
    """What a page looks like that cannot be reached; kept on the phone by the worker."""
    return offline_page()
