"""Routes of exams: one table, the views are with their capability."""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint

from elearn.exams.attempts import views as attempts
from elearn.exams.blueprints import views as blueprints
from elearn.exams.invigilation import candidate_views as room
from elearn.exams.invigilation import views as invigilation
from elearn.exams.marking import views as marking
from elearn.exams.sittings import views as sittings
from elearn.exams.timing import views as timing

blueprint = Blueprint("exams", __name__)

GET: Final = ("GET",)
POST: Final = ("POST",)
FORM: Final = ("GET", "POST")

# Endpoint, view, methods, addresses. Who may pass is in elearn/web/policy.py.
ROUTES: Final[tuple[tuple[str, Callable[..., Any], tuple[str, ...], tuple[str, ...]], ...]] = (
    ("my_exams", attempts.my_exams, GET, ("/exams",)),
    ("lobby", attempts.lobby, GET, ("/exams/<public_id>",)),
    ("start", attempts.start, POST, ("/exams/<public_id>/start",)),
    ("take", attempts.take, GET, ("/attempts/<public_id>",)),
    ("save", attempts.save, POST, ("/attempts/<public_id>/answers",)),
    ("save_page", attempts.save_page, POST, ("/attempts/<public_id>/page",)),
    ("state", attempts.state, GET, ("/attempts/<public_id>/state",)),
    ("confirm", attempts.confirm, GET, ("/attempts/<public_id>/confirm",)),
    ("submit", attempts.submit, POST, ("/attempts/<public_id>/submit",)),
    ("result", attempts.result, GET, ("/attempts/<public_id>/result",)),
    ("manage", sittings.manage, GET, ("/manage/exams",)),
    ("schedule", sittings.schedule, FORM, ("/manage/exams/new",)),
    ("monitor", invigilation.monitor, GET, ("/manage/exams/<public_id>/monitor",)),
    ("release", sittings.release, POST, ("/manage/exams/<public_id>/release",)),
    ("cancel", sittings.cancel, POST, ("/manage/exams/<public_id>/cancel",)),
    ("blueprints", blueprints.blueprints, GET, ("/manage/blueprints",)),
    ("blueprint", blueprints.blueprint, GET, ("/manage/blueprints/<code>",)),
    (
        "edit_blueprint",
        blueprints.edit_blueprint,
        FORM,
        ("/manage/blueprints/<code>/edit", "/manage/new-blueprint"),
    ),
    ("marking", marking.marking, GET, ("/manage/marking",)),
    ("mark_attempt", marking.mark_attempt_page, FORM, ("/manage/marking/<public_id>",)),
    # invigilation
    ("room", room.room, GET, ("/attempts/<public_id>/room",)),
    ("report_leaves", room.report_leaves, POST, ("/attempts/<public_id>/leaves",)),
    ("read_message", room.read_message, POST, ("/attempts/<public_id>/messages/<message_id>",)),
    ("room_settings", invigilation.room_settings, FORM, ("/manage/exams/<public_id>/room",)),
    (
        "candidate",
        invigilation.candidate,
        GET,
        ("/manage/exams/<public_id>/candidates/<person_id>",),
    ),
    ("message", invigilation.message, POST, ("/manage/exams/<public_id>/messages",)),
    (
        "void_leave",
        invigilation.void,
        POST,
        ("/manage/exams/<public_id>/leaves/<int:leave_id>",),
    ),
    ("change_time", timing.change_time, POST, ("/manage/exams/<public_id>/time",)),
    ("decide_time", timing.decide_time, POST, ("/manage/exams/<public_id>/time/<change_id>",)),
    ("accommodations", timing.accommodations, FORM, ("/manage/accommodations",)),
    (
        "decide_accommodation",
        timing.decide_accommodation,
        POST,
        ("/manage/accommodations/<public_id>",),
    ),
)

for endpoint, view, methods, addresses in ROUTES:
    for address in addresses:
        blueprint.add_url_rule(address, endpoint, view, methods=list(methods))
