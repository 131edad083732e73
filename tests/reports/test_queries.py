"""The numbers of the report against a small town whose every number is known."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from elearn.accounts.queries import units_in
from elearn.assignments.queries import ranks_in
from elearn.core.duties import DutyState
from elearn.core.rates import Counts
from elearn.models import Assignment, OrgUnit, Person
from elearn.reports.filters import Filters, Item, Scope, Sort, unit_filters
from elearn.reports.lines import PersonLine, all_lines, lines_of
from elearn.reports.person import person_report
from elearn.reports.queries import (
    UnitLine,
    assignments_of,
    chosen_assignments,
    counts_by_unit,
    items_of,
    people_by_unit,
    people_ids,
    unit_lines,
)
from tests.factories import NOW, make_person, make_unit
from tests.factories_reports import (
    DAY,
    build_town,
    make_assignment,
    make_attempt,
    make_course,
    make_exam,
    make_grade,
)


def ask(session: Session, filters: Filters) -> list[Assignment]:
    return chosen_assignments(assignments_of(session, filters.scope.roots), filters)


def totals(session: Session, filters: Filters) -> Counts:
    return sum(counts_by_unit(session, filters, ask(session, filters), now=NOW).values(), Counts())


def names(session: Session, filters: Filters) -> list[str]:
    ids = list(session.scalars(people_ids(filters, ask(session, filters), now=NOW)))
    found = {person.id: person.name for person in session.query(Person)}
    return [found[person_id] for person_id in ids]


def table(session: Session, filters: Filters) -> list[UnitLine]:
    return unit_lines(
        units_in(session, filters.scope.roots, active=False),
        filters,
        counts_by_unit(session, filters, ask(session, filters), now=NOW),
        people_by_unit(session, filters),
    )


def test_totals_of_the_district(session: Session) -> None:
    town = build_town(session)
    filters = unit_filters(town.district, now=NOW)
    assert totals(session, filters) == Counts(
        assigned=7, done=4, overdue=2, absent=1, should_sit=2, took=1, passed=1
    )
    assert sum(people_by_unit(session, filters).values()) == 6


def test_the_table_by_unit_is_worst_first_and_no_data_last(session: Session) -> None:
    town = build_town(session)
    lines = table(session, unit_filters(town.district, now=NOW))
    seen = [
        (line.unit.name, line.own_people, line.people, line.counts.completion.text)
        for line in lines
    ]
    assert seen == [
        ("乙镇", False, 2, "25.0%（1 / 4）"),
        ("全区", True, 1, "100.0%（1 / 1）"),
        ("甲镇", False, 2, "100.0%（2 / 2）"),
        ("丙镇", False, 1, "–（0 / 0）"),
    ]
    assert sum((line.counts for line in lines), Counts()) == totals(
        session, unit_filters(town.district, now=NOW)
    )


def test_drilling_down_shows_the_children_and_the_own_people(session: Session) -> None:
    town = build_town(session)
    lines = table(session, unit_filters(town.late, now=NOW))
    assert [(line.unit.name, line.own_people, line.people) for line in lines] == [
        ("乙镇财政所", False, 1),
        ("乙镇", True, 1),
    ]


def test_several_roots_have_a_line_each(session: Session) -> None:
    town = build_town(session)
    scope = Scope((town.good.path, town.late.path), "甲镇、乙镇")
    lines = table(session, replace(unit_filters(town.good, now=NOW), scope=scope))
    assert [line.unit.name for line in lines] == ["乙镇", "甲镇"]


def test_a_closed_unit_with_people_still_counts(session: Session) -> None:
    town = build_town(session)
    town.late.active = town.empty.active = False
    session.delete(town.people["丙一"])
    session.flush()
    lines = table(session, unit_filters(town.district, now=NOW))
    assert [line.unit.name for line in lines] == ["乙镇", "全区", "甲镇"]


def test_item_period_and_rank_narrow_everything(session: Session) -> None:
    town = build_town(session)
    filters = unit_filters(town.district, now=NOW)
    items = items_of(assignments_of(session, (town.district.path,)))
    course = replace(filters, item=items[f"course:{town.course.course.code}"])
    exam = replace(filters, item=items[f"exam:{town.exam.public_id}"])
    task = replace(filters, item=items[f"task:{town.tasks['甲镇课'].public_id}"])
    assert totals(session, course) == Counts(assigned=5, done=3, overdue=2)
    assert totals(session, exam) == Counts(
        assigned=2, done=1, absent=1, should_sit=2, took=1, passed=1
    )
    assert totals(session, task) == Counts(assigned=2, done=2)
    assert names(session, task) == ["甲一", "甲二"]
    assert totals(session, replace(filters, rank="二级科员")) == Counts(
        assigned=2, overdue=1, absent=1, should_sit=1
    )
    assert sum(people_by_unit(session, replace(filters, rank="二级科员")).values()) == 1
    due = (NOW - 3 * DAY).date()
    assert totals(session, replace(filters, start=due, end=due)) == Counts(assigned=2, overdue=2)
    assert totals(session, replace(filters, end=date(2026, 1, 31))) == Counts()


def test_the_last_day_of_a_period_counts_to_its_end_in_shanghai(session: Session) -> None:
    unit = make_unit(session)
    make_person(session, unit)
    evening = datetime(2026, 6, 30, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
    make_assignment(session, unit, make_course(session), due_at=evening)
    make_assignment(session, unit, make_course(session), due_at=evening + timedelta(seconds=1))
    filters = Filters(Scope((unit.path,), "x", unit), end=date(2026, 6, 30))
    assert totals(session, filters).assigned == 1
    assert totals(session, replace(filters, end=date(2026, 7, 1))).assigned == 2


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (DutyState.DONE, ["局长", "甲一", "甲二", "乙一"]),
        (DutyState.OVERDUE, ["乙一", "乙二"]),
        (DutyState.ABSENT, ["乙二"]),
        (DutyState.FAILED, []),
        (None, ["局长", "甲一", "甲二", "乙一", "乙二", "丙一"]),
    ],
)
def test_the_list_by_state(session: Session, state: DutyState | None, found: list[str]) -> None:
    town = build_town(session)
    filters = replace(unit_filters(town.district, now=NOW), state=state)
    assert sorted(names(session, filters)) == sorted(found)
    assert totals(session, filters).assigned == 7, "the totals do not depend on it"


@pytest.mark.parametrize(("search", "found"), [("乙", 2), ("c1", 1), ("%", 0), ("_", 0), ("镇", 0)])
def test_the_list_by_name_or_number(session: Session, search: str, found: int) -> None:
    town = build_town(session)
    filters = replace(unit_filters(town.district, now=NOW), search=search)
    assert len(names(session, filters)) == found


@pytest.mark.parametrize(
    ("sort", "descending", "first"),
    [
        (Sort.OVERDUE, True, {"乙一", "乙二"}),
        (Sort.OVERDUE, False, {"局长", "甲一", "甲二", "丙一"}),
        (Sort.ASSIGNED, True, {"乙一", "乙二"}),
        (Sort.ASSIGNED, False, {"丙一"}),
        (Sort.DONE, False, {"乙二", "丙一"}),
        (Sort.HOURS, True, {"局长", "甲一", "甲二"}),
        (Sort.HOURS, False, {"乙一", "乙二", "丙一"}),
    ],
)
def test_the_list_in_order(
    session: Session, sort: Sort, first: set[str], *, descending: bool
) -> None:
    town = build_town(session)
    filters = replace(unit_filters(town.district, now=NOW), sort=sort, descending=descending)
    found = names(session, filters)
    assert len(found) == 6
    assert set(found[: len(first)]) == first


def test_the_list_by_unit_is_by_unit_and_staff_number(session: Session) -> None:
    town = build_town(session)
    found = names(session, unit_filters(town.district, now=NOW))
    assert found == ["局长", "甲一", "甲二", "乙一", "乙二", "丙一"]
    by_name = replace(unit_filters(town.district, now=NOW), sort=Sort.NAME)
    backwards = names(session, replace(by_name, descending=True))
    assert backwards == names(session, by_name)[::-1]


# ------------------------------------------------------------------ lines


def line_of(session: Session, filters: Filters, person: Person) -> PersonLine:
    [line] = lines_of(session, filters, ask(session, filters), [person.id], now=NOW)
    return line


def test_a_line_says_everything_about_a_person(session: Session) -> None:
    town = build_town(session)
    filters = unit_filters(town.district, now=NOW)
    line = line_of(session, filters, town.people["乙一"])
    assert (line.staff_no, line.name, line.unit_name) == ("c1", "乙一", "乙镇")
    assert line.counts == Counts(assigned=2, done=1, overdue=1, should_sit=1, took=1, passed=1)
    assert [duty.assignment.id for duty in line.in_state(DutyState.OVERDUE)] == [
        town.tasks["乙镇课"].id
    ]
    assert line.last_exam is not None
    assert (line.last_exam.title, line.last_exam.score_centi, line.last_exam.passed) == (
        "季度测试",
        8500,
        True,
    )
    good = line_of(session, filters, town.people["甲一"])
    assert (good.online_centi, good.concentrated_centi, good.last_exam) == (150, 0, None)
    assert line_of(session, filters, town.people["丙一"]).counts == Counts()


def test_hours_and_results_are_those_of_the_period(session: Session) -> None:
    town = build_town(session)
    filters = replace(unit_filters(town.district, now=NOW), start=NOW.date())
    assert line_of(session, filters, town.people["甲一"]).online_centi == 0
    assert line_of(session, filters, town.people["乙一"]).last_exam is None


def test_with_an_exam_chosen_the_result_is_of_that_exam(session: Session) -> None:
    town = build_town(session)
    other = make_exam(session, town.district, title="补考")
    make_attempt(session, town.people["乙一"], other, score=20, passed=False, at=NOW - DAY)
    filters = unit_filters(town.district, now=NOW)
    last = line_of(session, filters, town.people["乙一"]).last_exam
    assert last is not None
    assert last.title == "补考"
    chosen = replace(filters, item=Item(f"exam:{town.exam.public_id}", "季度测试", town.exam.id))
    last = line_of(session, chosen, town.people["乙一"]).last_exam
    assert last is not None
    assert last.title == "季度测试"


def test_lines_add_up_to_the_totals_whatever_the_filters(session: Session) -> None:
    town = build_town(session)
    base = unit_filters(town.district, now=NOW)
    for filters in (base, replace(base, rank="二级科员"), replace(base, end=NOW.date())):
        lines = all_lines(session, filters, ask(session, filters), now=NOW)
        assert sum((line.counts for line in lines), Counts()) == totals(session, filters)


def test_lines_keep_the_order_and_cross_chunks(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elearn.reports.lines.CHUNK", 2)
    town = build_town(session)
    filters = replace(unit_filters(town.district, now=NOW), sort=Sort.NAME, descending=True)
    lines = list(all_lines(session, filters, ask(session, filters), now=NOW))
    assert [line.name for line in lines] == names(session, filters)


def test_assignments_above_concern_a_unit_and_those_beside_do_not(session: Session) -> None:
    town = build_town(session)
    found = {task.id for task in ask(session, unit_filters(town.late, now=NOW))}
    assert found == {town.tasks[name].id for name in ("乙镇课", "乙镇考", "局长课")}


def test_a_chosen_unit_has_no_columns_of_the_units_beside_it(session: Session) -> None:
    town = build_town(session)
    everything = assignments_of(session, (town.district.path,))
    found = chosen_assignments(everything, unit_filters(town.good, now=NOW))
    assert {task.id for task in found} == {town.tasks[name].id for name in ("甲镇课", "局长课")}


def test_the_last_grade_of_an_attempt_speaks(session: Session) -> None:
    town = build_town(session)
    person = town.people["甲一"]
    attempt = make_attempt(session, person, town.exam, score=85, passed=True, at=NOW - DAY)
    make_grade(session, attempt, score=70, passed=False, no=2)
    last = line_of(session, unit_filters(town.district, now=NOW), person).last_exam
    assert last is not None
    assert (last.score_centi, last.passed) == (7000, False)
    [(seen, grade)] = person_report(session, person, now=NOW).attempts
    assert seen is attempt
    assert grade is not None
    assert grade.score_centi == 7000


def test_ranks_in_scope(session: Session) -> None:
    town = build_town(session)
    assert set(ranks_in(session, (town.late.path,))) == {"一级科员", "二级科员"}


def test_statements_do_not_grow_with_people_or_units(session: Session) -> None:
    """The whole page, for a small town and for one ten times as large."""

    def statements(unit: OrgUnit) -> int:
        session.expire_all()
        seen: list[str] = []

        def note(*args: object) -> None:
            seen.append(str(args[2]))

        bind = session.connection()
        filters = replace(unit_filters(unit, now=NOW), sort=Sort.OVERDUE, state=DutyState.OVERDUE)
        event.listen(bind, "before_cursor_execute", note)
        assignments = ask(session, filters)
        table(session, filters)
        ids = list(session.scalars(people_ids(filters, assignments, now=NOW).limit(200)))
        assert lines_of(session, filters, assignments, ids, now=NOW)
        ranks_in(session, filters.scope.roots)
        event.remove(bind, "before_cursor_execute", note)
        return len(seen)

    counted = []
    for size in (2, 60):
        root = make_unit(session)
        make_person(session, root)
        course, exam = make_course(session), make_exam(session, root)
        make_assignment(session, root, course, due_at=NOW - DAY)
        make_assignment(session, root, exam, due_at=NOW - DAY)
        for _ in range(size):
            person = make_person(session, make_unit(session, root))
            make_attempt(session, person, exam, score=80, passed=True)
        counted.append(statements(root))
    assert counted[0] == counted[1] <= 17
