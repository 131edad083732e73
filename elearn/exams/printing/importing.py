"""Results from a table: every error at its cell, nothing written until all of it is right.

`reading` says what the table holds; here it meets people and forms.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.assembly.paper import paper_from_canonical
from elearn.core.canonical import bytes_hash
from elearn.core.errors import DomainError
from elearn.models import Person, PrintRun, ResultSource

from .entering import record_result, require_time
from .reading import ImportReport, Row, read_results


def import_results(
    session: Session,
    *,
    actor: Actor,
    run: PrintRun,
    data: bytes,
    filename: str,
    held_at: datetime,
    now: datetime,
) -> ImportReport:
    """All rows or none: with problems in the report the caller rolls back.

    The same file again changes nothing.
    """
    report = ImportReport()
    try:
        require_time(run.exam, held_at, now)
    except DomainError as error:
        report.say(0, 0, "", "", error.message)
        return report
    papers = {form.letter: paper_from_canonical(form.paper) for form in run.papers}
    rows = read_results(data, papers, report)
    people = _people(session, [row.staff_no for row in rows])
    for row in rows:
        _check_person(report, row, people.get(row.staff_no))
    if report.problems:
        return report
    for row in rows:
        try:
            with session.begin_nested():
                _, is_new = record_result(
                    session,
                    actor=actor,
                    run=run,
                    person=people[row.staff_no],
                    letter=row.letter,
                    answers=row.answers,
                    held_at=held_at,
                    source=ResultSource.IMPORTED,
                    now=now,
                )
        except DomainError as error:
            report.say_of_person(row, error.message)
        else:
            report.fresh += is_new
            report.known += not is_new
    if not report.problems:
        _record_file(session, actor, run, filename, data, report, now)
    return report


def _people(session: Session, numbers: Sequence[str]) -> dict[str, Person]:
    found: dict[str, Person] = {}
    for at in range(0, len(numbers), 500):
        query = select(Person).where(Person.staff_no.in_(numbers[at : at + 500]))
        for person in session.scalars(query.options(joinedload(Person.org_unit))):
            found[person.staff_no] = person
    return found


def _check_person(report: ImportReport, row: Row, person: Person | None) -> None:
    if not row.staff_no:
        return  # said already
    if person is None:
        report.say_of_person(row, "没有这个工号", "请核对答题卡")
    elif row.name and row.name != person.name:
        report.say_of_person(row, f"这个工号的人不叫“{row.name}”", "请核对工号和姓名")


def _record_file(
    session: Session,
    actor: Actor,
    run: PrintRun,
    filename: str,
    data: bytes,
    report: ImportReport,
    now: datetime,
) -> None:
    record_act(
        session,
        actor=actor,
        action="print.import",
        now=now,
        object_type="print_run",
        object_id=run.public_id,
        summary=f"导入纸笔答卷 {report.fresh} 份（{filename[-80:]}）",
        detail={"sha256": bytes_hash(data), "fresh": report.fresh, "known": report.known},
    )
