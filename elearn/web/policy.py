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


ROUTES: Final[dict[str, Access | Permission]] = {
    # web
    "static": Access.PUBLIC,
    "web.health": Access.PUBLIC,
    "web.preferences": Access.PUBLIC,
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
    # exams, as a candidate
    "exams.my_exams": Access.SIGNED_IN,
    "exams.lobby": Access.SIGNED_IN,
    "exams.start": Access.SIGNED_IN,
    "exams.take": Access.SIGNED_IN,
    "exams.save": Access.SIGNED_IN,
    "exams.save_page": Access.SIGNED_IN,
    "exams.state": Access.SIGNED_IN,
    "exams.confirm": Access.SIGNED_IN,
    "exams.submit": Access.SIGNED_IN,
    "exams.result": Access.SIGNED_IN,
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
    "exams.marking": Permission.MARK_EXAM,
    "exams.mark_attempt": Permission.MARK_EXAM,
    "exams.room_settings": Permission.SCHEDULE_EXAM,
    "exams.candidate": Permission.SCHEDULE_EXAM,
    "exams.message": Permission.SCHEDULE_EXAM,
    "exams.void_leave": Permission.SCHEDULE_EXAM,
    "exams.change_time": Permission.SCHEDULE_EXAM,
    "exams.decide_time": Permission.SCHEDULE_EXAM,
    "exams.accommodations": Permission.SCHEDULE_EXAM,
    "exams.decide_accommodation": Permission.SCHEDULE_EXAM,
    # records
    "records.portfolio": Access.SIGNED_IN,
    "records.record": Access.SIGNED_IN,
    # reports
    "reports.completion": Permission.VIEW_REPORT,
    "reports.export": Permission.VIEW_REPORT,
    "reports.person": Permission.VIEW_REPORT,
    # authoring
    "authoring.overview": Permission.VIEW_CONTENT,
    "authoring.course": Permission.VIEW_CONTENT,
    "authoring.lesson": Permission.VIEW_CONTENT,
    "authoring.bank": Permission.VIEW_CONTENT,
    "authoring.question": Permission.VIEW_CONTENT,
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
