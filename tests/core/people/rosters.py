"""Rosters for tests, written as CSV text."""

from elearn.core.people.plan import Plan, plan_import
from elearn.core.people.roster import CellProblem, Roster
from elearn.core.people.table import parse_roster
from elearn.core.people.world import KnownPerson, KnownUnit, World
from elearn.core.spreadsheet import Sheet, Table, Value, read_table

UNITS = [
    KnownUnit(1, "Q01", "区政府", "DISTRICT", None, "/1/", True),
    KnownUnit(2, "CZ01", "财政局", "DEPARTMENT", 1, "/1/2/", True),
    KnownUnit(3, "CZ0101", "预算科", "UNIT", 2, "/1/2/3/", True),
    KnownUnit(4, "001", "民政局", "DEPARTMENT", 1, "/1/4/", True),
    KnownUnit(5, "OLD", "物价局", "DEPARTMENT", 1, "/1/5/", False),
    KnownUnit(6, "MZ02", "预算科", "UNIT", 4, "/1/4/6/", True),
    KnownUnit(7, "CZ0102", "国库科", "UNIT", 2, "/1/2/7/", True),
]
PEOPLE = [
    KnownPerson(
        11,
        "pub11",
        "p1",
        "王伟",
        3,
        "一级科员",
        "干部",
        is_leader=False,
        party="PARTY",
        active=True,
    ),
    KnownPerson(12, "pub12", "0042", "李静", 4, "", "", is_leader=True, party="", active=True),
    KnownPerson(13, "pub13", "Cadre9", "赵敏", 2, "", "", is_leader=False, party="", active=False),
]


def world(roots: tuple[str, ...] | None = None, **values: object) -> World:
    """The units and people above."""
    given: dict[str, object] = {
        "units": list(UNITS),
        "people": list(PEOPLE),
        "roots": roots,
        **values,
    }
    return World(**given)  # type: ignore[arg-type]  # built from a dict


def read(text: str) -> Roster:
    """A roster from CSV text."""
    return parse_roster(read_table(text.strip().encode()))


def read_rows(
    rows: list[list[Value]], *, merged: tuple[tuple[int, int, int, int], ...] = ()
) -> Roster:
    """A roster from the cells of one sheet 人员."""
    return parse_roster(Table("xlsx", [Sheet("人员", rows, merged)]))


def plan(text: str, given: World | None = None) -> Plan:
    """CSV text compared with the units and people above."""
    return plan_import(read(text), given or world())


def brief(problems: list[CellProblem]) -> list[tuple[str, str]]:
    """(cell, code) of each."""
    return [(problem.cell, problem.code) for problem in problems]
