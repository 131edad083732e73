"""Routes of exams: one table, the views are with their capability."""

from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint

from elearn.exams.amendments import views as amendments
from elearn.exams.analysis import views as analysis
from elearn.exams.attempts import lobby_views, saving_views
from elearn.exams.attempts import views as attempts
from elearn.exams.blueprints import views as blueprints
from elearn.exams.corrections import views as corrections
from elearn.exams.disputes import views as disputes
from elearn.exams.invigilation import candidate_views as room
from elearn.exams.invigilation import views as invigilation
from elearn.exams.late import views as late
from elearn.exams.makeups import views as makeups
from elearn.exams.marking import views as marking
from elearn.exams.moving import views as moving
from elearn.exams.notices import views as notices
from elearn.exams.papers import views as papers
from elearn.exams.printing import views as printing
from elearn.exams.refiling import views as refiling
from elearn.exams.rescue import views as rescue
from elearn.exams.sittings import views as sittings
from elearn.exams.timing import views as timing
from elearn.exams.voiding import views as voiding

blueprint = Blueprint("exams", __name__)

GET: Final = ("GET",)
POST: Final = ("POST",)
FORM: Final = ("GET", "POST")

# Endpoint, view, methods, addresses. Who may pass is in elearn/web/policy.py.
ROUTES: Final[tuple[tuple[str, Callable[..., Any], tuple[str, ...], tuple[str, ...]], ...]] = (
    ("my_exams", lobby_views.my_exams, GET, ("/exams",)),
    ("lobby", lobby_views.lobby, GET, ("/exams/<public_id>",)),
    ("start", lobby_views.start, POST, ("/exams/<public_id>/start",)),
    ("take", attempts.take, GET, ("/attempts/<public_id>",)),
    ("save", saving_views.save, POST, ("/attempts/<public_id>/answers",)),
    ("save_page", saving_views.save_page, POST, ("/attempts/<public_id>/page",)),
    ("state", saving_views.state, GET, ("/attempts/<public_id>/state",)),
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
    # attempts: the zero-loss protocol
    ("takeover", saving_views.takeover, POST, ("/attempts/<public_id>/takeover",)),
    ("late", late.late, FORM, ("/manage/exams/<public_id>/late",)),
    # analysis
    ("analysis", analysis.analysis, GET, ("/manage/exams/<public_id>/analysis",)),
    ("run_analysis", analysis.run_analysis, POST, ("/manage/exams/<public_id>/analysis/run",)),
    (
        "export_analysis",
        analysis.export_analysis,
        GET,
        ("/manage/exams/<public_id>/analysis/export",),
    ),
    (
        "item_analysis",
        analysis.item_analysis,
        GET,
        ("/manage/exams/<public_id>/analysis/items/<code>",),
    ),
    # printing
    ("prints", printing.prints, FORM, ("/manage/exams/<public_id>/print",)),
    ("print_run", printing.print_run, GET, ("/manage/exams/<public_id>/print/<run_id>",)),
    (
        "approve_print",
        printing.approve_print,
        POST,
        ("/manage/exams/<public_id>/print/<run_id>/approve",),
    ),
    (
        "print_papers",
        printing.print_papers,
        GET,
        ("/manage/exams/<public_id>/print/<run_id>/papers",),
    ),
    (
        "print_sheet",
        printing.print_sheet,
        GET,
        ("/manage/exams/<public_id>/print/<run_id>/sheet",),
    ),
    ("print_key", printing.print_key, GET, ("/manage/exams/<public_id>/print/<run_id>/key",)),
    (
        "enter_result",
        printing.enter_result,
        FORM,
        ("/manage/exams/<public_id>/print/<run_id>/results",),
    ),
    (
        "import_print_results",
        printing.import_print_results,
        FORM,
        ("/manage/exams/<public_id>/print/<run_id>/import",),
    ),
    (
        "results_template",
        printing.results_template,
        GET,
        ("/manage/exams/<public_id>/print/<run_id>/template",),
    ),
    (
        "amend_result",
        amendments.amend_result,
        FORM,
        ("/manage/exams/<public_id>/print/<run_id>/results/<attempt_id>",),
    ),
    (
        "amendment",
        amendments.amendment,
        FORM,
        ("/manage/exams/<public_id>/print/<run_id>/amendments/<amendment_id>",),
    ),
    (
        "refile_result",
        refiling.refile_result,
        FORM,
        ("/manage/exams/<public_id>/print/<run_id>/results/<attempt_id>/refile",),
    ),
    (
        "refiling",
        refiling.refiling,
        FORM,
        ("/manage/exams/<public_id>/print/<run_id>/refilings/<refiling_id>",),
    ),
    # fair papers
    ("fairness", blueprints.fairness, FORM, ("/manage/blueprints/<code>/fairness",)),
    ("papers", papers.papers, GET, ("/manage/exams/<public_id>/papers",)),
    ("set_paper_mode", papers.set_paper_mode, POST, ("/manage/exams/<public_id>/papers/mode",)),
    ("time_papers", papers.time_papers, POST, ("/manage/exams/<public_id>/papers/timed",)),
    ("seal_papers", papers.seal, POST, ("/manage/exams/<public_id>/papers/seal",)),
    ("reveal_seed", papers.reveal, POST, ("/manage/exams/<public_id>/papers/reveal",)),
    ("ask_look", papers.ask, POST, ("/manage/exams/<public_id>/papers/looks",)),
    ("look", papers.look, GET, ("/manage/exams/<public_id>/papers/looks/<look>",)),
    (
        "approve_look",
        papers.approve,
        POST,
        ("/manage/exams/<public_id>/papers/looks/<look>/approve",),
    ),
    ("move", moving.move, FORM, ("/manage/exams/<public_id>/move",)),
    # marking rules and rechecks
    ("take_sheet", marking.take_sheet, POST, ("/manage/marking/take",)),
    ("take_one_sheet", marking.take_one, POST, ("/manage/marking/<public_id>/take",)),
    ("leave_sheet", marking.leave, POST, ("/manage/marking/<public_id>/leave",)),
    ("marking_rules", marking.marking_rules, FORM, ("/manage/exams/<public_id>/marking-rules",)),
    ("order_recheck", marking.order, POST, ("/manage/exams/<public_id>/recheck",)),
    ("decide_recheck", marking.decide, POST, ("/manage/rechecks/<public_id>/decide",)),
    ("ask_recheck", marking.ask_recheck, POST, ("/attempts/<public_id>/recheck",)),
    # make-ups
    ("ask_standing", makeups.ask_standing, POST, ("/exams/<public_id>/standing",)),
    ("makeups", makeups.makeups, FORM, ("/manage/exams/<public_id>/makeups",)),
    ("resit_rules", makeups.resit_rules, POST, ("/manage/exams/<public_id>/resit-rules",)),
    ("decide_standing", makeups.decide, POST, ("/manage/standings/<public_id>/decide",)),
    ("deferrals", makeups.deferrals, FORM, ("/manage/deferrals",)),
    # corrections, disputes, notices
    ("corrections", corrections.corrections, GET, ("/manage/corrections",)),
    ("propose", corrections.propose, FORM, ("/manage/corrections/new/<digest>",)),
    ("correction", corrections.correction, GET, ("/manage/corrections/<public_id>",)),
    (
        "decide_correction",
        corrections.decide_correction,
        POST,
        ("/manage/corrections/<public_id>/decide",),
    ),
    ("disputes", disputes.disputes, GET, ("/manage/disputes",)),
    ("dispute", disputes.dispute, FORM, ("/manage/disputes/<public_id>",)),
    ("object_to_item", disputes.object_to_item, POST, ("/attempts/<public_id>/dispute",)),
    ("dismiss", notices.dismiss, POST, ("/notices/<public_id>/read",)),
    # rescue
    ("rescue", rescue.rescue, FORM, ("/manage/exams/<public_id>/rescue",)),
    ("rescue_file", rescue.rescue_file, FORM, ("/manage/answer-files/<public_id>",)),
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
        "ask_void",
        voiding.ask,
        POST,
        ("/manage/exams/<public_id>/attempts/<attempt_id>/void",),
    ),
    ("decide_void", voiding.decide, POST, ("/manage/voids/<public_id>/decide",)),
    (
        "approve_accommodations",
        timing.approve_selected,
        POST,
        ("/manage/accommodations/approve",),
    ),
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

# What the pages of an attempt seal the journal and the answer file with.
blueprint.add_app_template_global(rescue.attempt_key, "answer_key")
