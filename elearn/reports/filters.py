"""What a completion report is about: units, item, period, rank, state, name. Pure values."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from elearn.config import DISPLAY_ZONE
from elearn.core.duties import DUTY_NAMES, DutyState
from elearn.models import AssignmentKind, OrgUnit

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)


class Sort(StrEnum):
    """The order of the list of people. Ties, and UNIT, are by unit and staff number."""

    UNIT = "unit"
    NAME = "name"
    ASSIGNED = "assigned"
    DONE = "done"
    OVERDUE = "overdue"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Item:
    """One course, exam or single assignment. `key` is what stands in the URL: `course:<code>`,
    `exam:<public id>`, `task:<public id>`; `target_id` is the row's id."""

    key: str
    title: str
    target_id: int

    @property
    def kind(self) -> str:
        """course, exam or task."""
        return self.key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Scope:
    """The subtrees looked at, already narrowed to what the reader may see."""

    roots: tuple[str, ...]
    name: str
    unit: OrgUnit | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """`start` and `end` are days of Asia/Shanghai, both included; None does not bind.

    Duties count by their due date, hours and exam results by the day they were earned. `state` and
    `search` narrow the list of people only, never the totals by unit.
    """

    scope: Scope
    item: Item | None = None
    start: date | None = None
    end: date | None = None
    rank: str = ""
    state: DutyState | None = None
    search: str = ""
    sort: Sort = Sort.UNIT
    descending: bool = False

    @property
    def start_at(self) -> datetime:
        """The first instant that counts."""
        return EARLIEST if self.start is None else _midnight(self.start)

    @property
    def end_at(self) -> datetime:
        """The first instant that does not."""
        return LATEST if self.end is None else _midnight(self.end + timedelta(days=1))

    @property
    def whole_list(self) -> "Filters":
        """The same without what narrows only the list of people."""
        return replace(self, state=None, search="")

    @property
    def narrows_list(self) -> bool:
        """Is the list shorter than the people of the totals?"""
        return self.state is not None or bool(self.search)

    def described(self) -> list[tuple[str, str]]:
        """Every filter in words, for the page, the export and the audit log."""
        return [
            ("单位", f"{self.scope.name}（含下级）"),
            ("项目", self.item.title if self.item else "全部"),
            ("期间", self.period),
            ("职级", self.rank or "全部"),
            ("状态", DUTY_NAMES[self.state] if self.state else "全部"),
            ("姓名或工号", self.search or "不限"),
        ]

    @property
    def period(self) -> str:
        """`2026-01-01 至 2026-12-31`."""
        if self.start is None and self.end is None:
            return "不限"
        return f"{self.start or '最早'} 至 {self.end or '最晚'}"


def this_year(now: datetime) -> tuple[date, date]:
    """First and last day of the running year in Asia/Shanghai: the period when none is chosen."""
    year = now.astimezone(DISPLAY_ZONE).year
    return date(year, 1, 1), date(year, 12, 31)


def unit_filters(unit: OrgUnit, *, now: datetime) -> Filters:
    """This year's report of one unit and everything below it."""
    start, end = this_year(now)
    return Filters(Scope((unit.path,), unit.name, unit), start=start, end=end)


def is_exam_item(item: Item | None) -> bool:
    """Does the item ask for one exam?"""
    return item is not None and item.kind == AssignmentKind.EXAM.value.lower()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, DISPLAY_ZONE).astimezone(UTC)
