"""Which link of the staff navigation a page belongs to, in groups a person can scan.

Who may see a link is the policy of its page (`policy.py`). `tests/web/test_navigation.py` fails for
a page of staff that belongs nowhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from elearn.core.access import Actor, Permission

from .policy import ROUTES


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `covers`: the pages below it, besides its own; `blueprint.*` for all of one."""

    endpoint: str
    words: str
    covers: frozenset[str] = frozenset()

    def holds(self, endpoint: str | None) -> bool:
        """Is this the link of that page? None: an address that is no page."""
        if endpoint is None:
            return False
        whole = f"{endpoint.partition('.')[0]}.*"
        return endpoint == self.endpoint or endpoint in self.covers or whole in self.covers

    def open_to(self, actor: Actor) -> bool:
        """May this person open it?"""
        needed = ROUTES[self.endpoint]
        return not isinstance(needed, Permission) or actor.may(needed)


@dataclass(frozen=True, slots=True)
class Group:
    """Links under one word."""

    name: str
    links: tuple[Link, ...]


def _link(endpoint: str, words: str, *covers: str) -> Link:
    return Link(endpoint, words, frozenset(covers))


#: The pages of one exam, in the order of the work.
EXAM_PAGES: Final = (
    Group(
        "考前",
        (
            _link("exams.room_settings", "考场设置"),
            _link("exams.papers", "试卷", "exams.look"),
            _link(
                "exams.prints",
                "纸笔试卷",
                "exams.print_run",
                "exams.print_papers",
                "exams.print_sheet",
                "exams.print_key",
                "exams.enter_result",
                "exams.amend_result",
                "exams.amendment",
                "exams.refile_result",
                "exams.refiling",
                "exams.import_print_results",
                "exams.results_template",
            ),
            _link("exams.move", "改期"),
        ),
    ),
    Group(
        "考中",
        (
            _link("exams.monitor", "考场监控", "exams.candidate"),
            _link("exams.rescue", "补收答案", "exams.rescue_file"),
        ),
    ),
    Group(
        "考后",
        (
            _link("exams.late", "补传待裁定"),
            _link("exams.marking_rules", "评阅与复核"),
            _link("exams.analysis", "统计分析", "exams.item_analysis", "exams.export_analysis"),
            _link("exams.makeups", "补考与缓考"),
        ),
    ),
)
_OF_EXAMS: Final = [
    name for group in EXAM_PAGES for link in group.links for name in (link.endpoint, *link.covers)
]

#: What somebody may do beside learning.
STAFF_PAGES: Final = (
    Group("", (_link("assignments.home", "我的学习"),)),
    Group(
        "学习",
        (
            _link("reports.completion", "完成情况", "reports.*"),
            _link("assignments.manage", "学习任务", "assignments.new", "assignments.detail"),
            _link("credit.rules", "学时规则", "credit.*"),
            _link("classes.manage", "集中培训", "classes.*"),
            _link("tasks.reviews", "心得批阅", "tasks.review"),
            _link("authoring.overview", "课程与题库", "authoring.*"),
        ),
    ),
    Group(
        "考试",
        (
            _link("exams.manage", "考试安排", "exams.schedule", *_OF_EXAMS),
            _link(
                "exams.blueprints",
                "组卷规则",
                "exams.blueprint",
                "exams.edit_blueprint",
                "exams.fairness",
            ),
            _link("exams.accommodations", "照顾加时"),
            _link("exams.deferrals", "缓考免考"),
        ),
    ),
    Group(
        "考后",
        (
            _link("exams.marking", "阅卷", "exams.mark_attempt"),
            _link(
                "exams.disputes",
                "异议与更正",
                "exams.dispute",
                "exams.corrections",
                "exams.correction",
                "exams.propose",
            ),
        ),
    ),
    Group(
        "系统",
        (
            _link(
                "admin.people",
                "人员",
                "admin.new_person",
                "admin.edit_person",
                "admin.reset_password",
                "admin.initial_passwords",
                "admin.import_people",
                "admin.check_import",
                "admin.import_template",
            ),
            _link("admin.units", "机构", "admin.new_unit", "admin.edit_unit", "admin.move_unit"),
            _link("admin.roles", "角色授权", "admin.grant"),
            _link("admin.audit", "审计日志", "admin.export_audit"),
        ),
    ),
)


def open_to(groups: Iterable[Group], actor: Actor) -> Iterator[Group]:
    """The groups with the links this person may open; a group without any is left out."""
    for group in groups:
        links = tuple(link for link in group.links if link.open_to(actor))
        if links:
            yield Group(group.name, links)
