"""Completion for HR and unit leaders: own subtrees and nothing else."""

import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO, cast

from flask import Blueprint, render_template, request, send_file, url_for
from sqlalchemy.orm import Session, contains_eager
from werkzeug.wrappers import Response

from elearn import db
from elearn.accounts.queries import get_person, units_in, within
from elearn.assignments.coverage import due_of
from elearn.assignments.queries import ranks_in, title_of
from elearn.config import DISPLAY_ZONE
from elearn.core.access import Permission, Role
from elearn.core.duties import DUTY_KINDS, DUTY_NAMES, days_left
from elearn.core.errors import DomainError
from elearn.core.rates import RATE_DEFINITIONS, Counts
from elearn.models import Assignment, OrgUnit, Person, TrainingRecord
from elearn.records.promotions import making_up as find_making_up
from elearn.records.promotions import promoted_query
from elearn.records.queries import expiring as expiring_records
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .columns import result_words
from .filters import Filters, Item
from .forms import FilterForm, item_choices, rank_choices, read_filters, unit_choices
from .lines import lines_of
from .person import person_report
from .queries import (
    assignments_of,
    chosen_assignments,
    counts_by_unit,
    items_of,
    people_by_unit,
    people_ids,
    unit_lines,
)
from .services import MEDIA_TYPES, Export, record_export, write_completion

blueprint = Blueprint("reports", __name__)

EXPIRING_DAYS = 180
MOST_LINES = 500  # of those who have to make training up; the first due come first
IN_MEMORY = 4 * 1024 * 1024
CELLS = 6  # so many assignments have a column of their own on screen; exports have them all


@dataclass(frozen=True, slots=True)
class Asked:
    """What the URL asks for, within what the reader may see."""

    units: list[OrgUnit]
    chosen: list[Assignment]
    offered: dict[str, Item]
    form: FilterForm

    @property
    def filters(self) -> Filters:
        return self.form.filters


@blueprint.get("/reports/completion")
def completion() -> str:
    """How far the units are, and the people of them."""
    work, now = db.session(), utcnow()
    asked = _asked(work, now)
    filters = asked.filters
    counts = counts_by_unit(work, filters, asked.chosen, now=now)
    people = people_by_unit(work, filters)
    page = paginate(work, people_ids(filters, asked.chosen, now=now))
    return render_template(
        "reports/completion.html",
        title=_title(),
        filters=filters,
        problems=asked.form.problems,
        units=unit_choices(asked.units, filters.scope.unit),
        items=item_choices(asked.offered),
        ranks=rank_choices(ranks_in(work, filters.scope.roots)),
        total=sum(counts.values(), Counts()),
        people=sum(people.values()),
        unit_lines=unit_lines(asked.units, filters, counts, people),
        page=page,
        lines=lines_of(work, filters, asked.chosen, page.items, now=now),
        cells=asked.chosen if len(asked.chosen) <= CELLS and not filters.state else [],
        names=DUTY_NAMES,
        kinds=DUTY_KINDS,
        definitions=RATE_DEFINITIONS,
        result_words=result_words,
        title_of=title_of,
        due_of=due_of,
        days_late=lambda due: -days_left(due, now, DISPLAY_ZONE),
        link=_link,
        without_page=_without_page,
        now=now,
    )


@blueprint.get("/reports/completion/export")
def export() -> Response:
    """The same, as a file. What left the system is in the audit log before it leaves."""
    work, now = db.session(), utcnow()
    form = _asked(work, now).form
    if form.problems:
        raise DomainError("没有导出：" + "；".join(form.problems) + "。", code="E-FILTER")
    with ExitStack() as stack:
        stream = stack.enter_context(_spool())
        written = write_completion(
            work,
            actor=actor(),
            unit=None,
            format=request.args.get("format", "xlsx"),
            target=stream,
            now=now,
            filters=form.filters,
        )
        work.rollback()
        with db.transaction(db.get_engine()) as log:
            record_export(log, actor=actor(), export=written, now=now)
        response = _download(stream, written)
        stack.pop_all()  # from here on the response closes it
    return response


@blueprint.get("/reports/people/<public_id>")
def person(public_id: str) -> str:
    """One person of the own units; anybody else does not exist."""
    work, now = db.session(), utcnow()
    found = get_person(work, actor(), Permission.VIEW_REPORT, public_id)
    return render_template(
        "reports/person.html",
        report=person_report(work, found, now=now),
        names=DUTY_NAMES,
        kinds=DUTY_KINDS,
        result_words=result_words,
        title_of=title_of,
        title=_title(),
        now=now,
    )


def _spool() -> BinaryIO:
    """Small files stay in memory, large ones go to a file without a name."""
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))


def _download(stream: BinaryIO, written: Export) -> Response:
    """The finished file; the name is encoded by RFC 5987."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    response = send_file(
        stream,
        mimetype=MEDIA_TYPES[written.format],
        as_attachment=True,
        download_name=written.file_name,
    )
    response.content_length = size
    response.headers["Cache-Control"] = "no-store"
    return response


def _asked(work: Session, now: datetime) -> Asked:
    roots = actor().roots(Permission.VIEW_REPORT)
    units = units_in(work, roots, active=False)
    assignments = assignments_of(work, roots)
    items = items_of(assignments)
    form = read_filters(request.args, roots=roots, units=units, items=items, now=now)
    filters = form.filters
    in_period = chosen_assignments(assignments, replace(filters, item=None))
    offered = items_of(in_period) | ({filters.item.key: filters.item} if filters.item else {})
    return Asked(units, chosen_assignments(assignments, filters), offered, form)


def _title() -> str:
    """Leaders know the page as their board."""
    is_hr = any(role == Role.HR for role, _ in actor().grants)
    return "完成情况" if is_hr else "单位看板"


def _link(**changes: str | None) -> str:
    """This page with other filters; always back on the first page."""
    args: dict[str, Any] = {**request.args.to_dict(), "page": None, **changes}
    return url_for("reports.completion", **args)


def _without_page(args: dict[str, str]) -> dict[str, str]:
    """The filters of this page, for the links to the exports."""
    return {name: value for name, value in args.items() if name not in {"page", "size", "format"}}


@blueprint.get("/reports/expiring")
def expiring() -> str:
    """Passes of the reader's people that stop counting soon."""
    roots = actor().roots(Permission.VIEW_REPORT)
    today = utcnow().astimezone(DISPLAY_ZONE).date()
    query = (
        expiring_records(today, days=EXPIRING_DAYS)
        .join(TrainingRecord.person)
        .join(Person.org_unit)
        .options(contains_eager(TrainingRecord.person).contains_eager(Person.org_unit))
        .where(Person.active, within(roots))
    )
    return render_template(
        "reports/expiring.html", page=paginate(db.session(), query), days=EXPIRING_DAYS, today=today
    )


@blueprint.get("/reports/making-up")
def making_up() -> str:
    """Of the reader's people: whoever has to make training up after a promotion."""
    work, today = db.session(), utcnow().astimezone(DISPLAY_ZONE).date()
    people = work.scalars(promoted_query(actor().roots(Permission.VIEW_REPORT), today)).all()
    return render_template(
        "reports/making_up.html",
        lines=[each for each in find_making_up(work, people, today=today) if each.open],
        most=MOST_LINES,
        today=today,
    )
