"""The access policy of every route, in one table. A route that is not here does not open:
`tests/web/test_matrix.py` fails, and at run time the request is refused.

Route-level access only decides the door; which objects stand behind it is decided by loading them
through the actor's scope (a stranger gets 404).
"""

from enum import StrEnum
from typing import Final

from elearn.core.access import Permission


class Access(StrEnum):
    """Doors that need no role."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    # Signed in, asked by the view itself: its first statement carries the whole predicate
    # (`auth.live_token`), and whatever that statement does not let through goes by
    # `auth.pass_own_door`, which is the door of SIGNED_IN.
    OWN_DOOR = "own_door"


ROUTES: Final[dict[str, Access | Permission]] = {
    # web
    "static": Access.PUBLIC,
    "web.health": Access.PUBLIC,
    "web.preferences": Access.PUBLIC,
    "web.worker": Access.PUBLIC,
    "web.offline": Access.PUBLIC,
    # accounts
    "accounts.sign_in": Access.PUBLIC,
    "accounts.sign_out": Access.SIGNED_IN,
    "accounts.first_sign_in": Access.SIGNED_IN,
    "accounts.settings": Access.SIGNED_IN,
    "accounts.change_password": Access.SIGNED_IN,
    "accounts.sign_out_everywhere": Access.SIGNED_IN,
    # assignments
    "assignments.home": Access.SIGNED_IN,
    "assignments.manage": Permission.MANAGE_ASSIGNMENT,
    "assignments.new": Permission.MANAGE_ASSIGNMENT,
    "assignments.detail": Permission.MANAGE_ASSIGNMENT,
    "assignments.cancel": Permission.MANAGE_ASSIGNMENT,
    # courses
    "courses.catalogue": Access.SIGNED_IN,
    "courses.course": Access.SIGNED_IN,
    "courses.lesson": Access.SIGNED_IN,
    "courses.beat": Access.SIGNED_IN,
    "courses.answer_quiz": Access.SIGNED_IN,
    "courses.finish_lesson": Access.SIGNED_IN,
    "courses.asset": Access.SIGNED_IN,
    "courses.laws": Access.SIGNED_IN,
    "courses.law": Access.SIGNED_IN,
    # learning paths
    "paths.index": Access.SIGNED_IN,
    "paths.path": Access.SIGNED_IN,
    # what lessons ask people to hand over
    "tasks.sign": Access.SIGNED_IN,
    "tasks.reflect": Access.SIGNED_IN,
    "tasks.mine": Access.SIGNED_IN,
    "tasks.pledge": Access.SIGNED_IN,
    "tasks.reviews": Permission.REVIEW_CONTENT,
    "tasks.review": Permission.REVIEW_CONTENT,
    # exams, as a candidate
    "exams.my_exams": Access.SIGNED_IN,
    "exams.lobby": Access.SIGNED_IN,
    "exams.start": Access.SIGNED_IN,
    "exams.take": Access.SIGNED_IN,
    "exams.save": Access.OWN_DOOR,
    "exams.save_page": Access.SIGNED_IN,
    "exams.state": Access.SIGNED_IN,
    "exams.confirm": Access.SIGNED_IN,
    "exams.submit": Access.SIGNED_IN,
    "exams.result": Access.SIGNED_IN,
    "exams.takeover": Access.SIGNED_IN,
    "exams.ask_recheck": Access.SIGNED_IN,
    "exams.ask_standing": Access.SIGNED_IN,
    "exams.object_to_item": Access.SIGNED_IN,
    "exams.dismiss": Access.SIGNED_IN,
    "exams.room": Access.SIGNED_IN,
    "exams.report_leaves": Access.SIGNED_IN,
    "exams.read_message": Access.SIGNED_IN,
    # exams, as staff
    "exams.manage": Permission.SCHEDULE_EXAM,
    "exams.schedule": Permission.SCHEDULE_EXAM,
    "exams.monitor": Permission.SCHEDULE_EXAM,
    "exams.release": Permission.SCHEDULE_EXAM,
    "exams.cancel": Permission.SCHEDULE_EXAM,
    "exams.blueprints": Permission.SCHEDULE_EXAM,
    "exams.blueprint": Permission.SCHEDULE_EXAM,
    "exams.edit_blueprint": Permission.SCHEDULE_EXAM,
    "exams.fairness": Permission.SCHEDULE_EXAM,
    "exams.papers": Permission.SCHEDULE_EXAM,
    "exams.set_paper_mode": Permission.SCHEDULE_EXAM,
    "exams.seal_papers": Permission.SCHEDULE_EXAM,
    "exams.reveal_seed": Permission.SCHEDULE_EXAM,
    "exams.ask_look": Permission.SCHEDULE_EXAM,
    "exams.look": Permission.SCHEDULE_EXAM,
    "exams.approve_look": Permission.SCHEDULE_EXAM,
    "exams.move": Permission.SCHEDULE_EXAM,
    "exams.marking": Permission.MARK_EXAM,
    "exams.mark_attempt": Permission.MARK_EXAM,
    "exams.rescue": Permission.SCHEDULE_EXAM,
    "exams.rescue_file": Permission.SCHEDULE_EXAM,
    "exams.late": Permission.SCHEDULE_EXAM,
    "exams.analysis": Permission.VIEW_CONTENT,
    "exams.run_analysis": Permission.VIEW_CONTENT,
    "exams.export_analysis": Permission.VIEW_CONTENT,
    "exams.item_analysis": Permission.VIEW_CONTENT,
    "exams.prints": Permission.SCHEDULE_EXAM,
    "exams.print_run": Permission.SCHEDULE_EXAM,
    "exams.approve_print": Permission.SCHEDULE_EXAM,
    "exams.print_papers": Permission.SCHEDULE_EXAM,
    "exams.print_sheet": Permission.SCHEDULE_EXAM,
    "exams.print_key": Permission.SCHEDULE_EXAM,
    "exams.enter_result": Permission.SCHEDULE_EXAM,
    "exams.import_print_results": Permission.SCHEDULE_EXAM,
    "exams.amend_result": Permission.SCHEDULE_EXAM,
    "exams.amendment": Permission.SCHEDULE_EXAM,
    "exams.results_template": Permission.SCHEDULE_EXAM,
    "exams.take_sheet": Permission.MARK_EXAM,
    "exams.take_one_sheet": Permission.MARK_EXAM,
    "exams.leave_sheet": Permission.MARK_EXAM,
    "exams.marking_rules": Permission.SCHEDULE_EXAM,
    "exams.order_recheck": Permission.SCHEDULE_EXAM,
    "exams.decide_recheck": Permission.SCHEDULE_EXAM,
    "exams.makeups": Permission.SCHEDULE_EXAM,
    "exams.resit_rules": Permission.SCHEDULE_EXAM,
    "exams.decide_standing": Permission.SCHEDULE_EXAM,
    "exams.deferrals": Permission.MANAGE_ASSIGNMENT,
    "exams.corrections": Permission.VIEW_CONTENT,
    "exams.propose": Permission.VIEW_CONTENT,
    "exams.correction": Permission.VIEW_CONTENT,
    "exams.decide_correction": Permission.VIEW_CONTENT,
    "exams.disputes": Permission.VIEW_CONTENT,
    "exams.dispute": Permission.VIEW_CONTENT,
    "exams.room_settings": Permission.SCHEDULE_EXAM,
    "exams.candidate": Permission.SCHEDULE_EXAM,
    "exams.message": Permission.SCHEDULE_EXAM,
    "exams.void_leave": Permission.SCHEDULE_EXAM,
    "exams.ask_void": Permission.SCHEDULE_EXAM,
    "exams.decide_void": Permission.SCHEDULE_EXAM,
    "exams.change_time": Permission.SCHEDULE_EXAM,
    "exams.decide_time": Permission.SCHEDULE_EXAM,
    "exams.accommodations": Permission.SCHEDULE_EXAM,
    "exams.approve_accommodations": Permission.SCHEDULE_EXAM,
    "exams.decide_accommodation": Permission.SCHEDULE_EXAM,
    # records
    "records.portfolio": Access.SIGNED_IN,
    "records.record": Access.SIGNED_IN,
    "credit.rules": Permission.MANAGE_CREDIT,
    "credit.choose": Permission.MANAGE_CREDIT,
    # reports
    "reports.completion": Permission.VIEW_REPORT,
    "reports.export": Permission.VIEW_REPORT,
    "reports.expiring": Permission.VIEW_REPORT,
    "reports.person": Permission.VIEW_REPORT,
    # authoring
    "authoring.overview": Permission.VIEW_CONTENT,
    "authoring.course": Permission.VIEW_CONTENT,
    "authoring.lesson": Permission.VIEW_CONTENT,
    "authoring.bank": Permission.VIEW_CONTENT,
    "authoring.question": Permission.VIEW_CONTENT,
    "authoring.facts": Permission.VIEW_CONTENT,
    "authoring.confirm_fact": Permission.REVIEW_CONTENT,
    "authoring.decide_difficulty": Permission.VIEW_CONTENT,
    # admin
    "admin.units": Permission.MANAGE_PEOPLE,
    "admin.edit_unit": Permission.MANAGE_PEOPLE,
    "admin.new_unit": Permission.MANAGE_PEOPLE,
    "admin.people": Permission.MANAGE_PEOPLE,
    "admin.new_person": Permission.MANAGE_PEOPLE,
    "admin.edit_person": Permission.MANAGE_PEOPLE,
    "admin.reset_password": Permission.MANAGE_PEOPLE,
    "admin.move_unit": Permission.MANAGE_PEOPLE,
    "admin.set_unit_active": Permission.MANAGE_PEOPLE,
    "admin.set_person_active": Permission.MANAGE_PEOPLE,
    "admin.initial_passwords": Permission.MANAGE_PEOPLE,
    "admin.check_import": Permission.MANAGE_PEOPLE,
    "admin.commit_import": Permission.MANAGE_PEOPLE,
    "admin.import_people": Permission.MANAGE_PEOPLE,
    "admin.import_template": Permission.MANAGE_PEOPLE,
    "admin.roles": Permission.GRANT_ROLE,
    "admin.grant": Permission.GRANT_ROLE,
    "admin.revoke": Permission.GRANT_ROLE,
    "admin.audit": Permission.READ_AUDIT,
    "admin.export_audit": Permission.READ_AUDIT,
}
