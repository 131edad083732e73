"""Pages of learning paths."""

from flask import Blueprint, render_template

from elearn import db
from elearn.core.paths import PATH_KIND_NAMES
from elearn.web.auth import current

from .queries import path_lines, path_page

blueprint = Blueprint("paths", __name__)


@blueprint.get("/paths")
def index() -> str:
    """Every path, and how far one is."""
    return render_template(
        "courses/paths/index.html",
        lines=path_lines(db.session(), current().person),
        kinds=PATH_KIND_NAMES,
    )


@blueprint.get("/paths/<code>")
def path(code: str) -> str:
    """The courses of one path, in order."""
    return render_template(
        "courses/paths/path.html", page=path_page(db.session(), current().person, code)
    )
