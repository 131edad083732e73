"""Filters from the URL: nothing outside the own units, nothing guessed."""

from datetime import UTC, date, datetime

import pytest

from elearn.core.duties import DutyState
from elearn.core.errors import NotFound
from elearn.models import OrgUnit
from elearn.reports.filters import EARLIEST, LATEST, Filters, Item, Scope, Sort, unit_filters
from elearn.reports.forms import (
    MANY_UNITS,
    FilterForm,
    item_choices,
    rank_choices,
    read_filters,
    unit_choices,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def unit(number: int, path: str, *, parent: int | None = None, active: bool = True) -> OrgUnit:
    return OrgUnit(
        id=number,
        public_id=f"u{number}",
        name=f"单位{number}",
        path=path,
        parent_id=parent,
        active=active,
    )


UNITS = [unit(5, "/1/5/", parent=1), unit(7, "/1/5/7/", parent=5), unit(8, "/1/5/8/", parent=5)]
ITEMS = {"course:a": Item("course:a", "礼品", 3), "task:t": Item("task:t", "礼品（单位5）", 9)}


def read(
    *, roots: tuple[str, ...] = ("/1/5/",), units: list[OrgUnit] = UNITS, **args: str
) -> FilterForm:
    clean = {name.rstrip("_"): value for name, value in args.items()}
    return read_filters(clean, roots=roots, units=units, items=ITEMS, now=NOW)


def test_nothing_asked_is_the_own_unit_this_year() -> None:
    form = read()
    assert form.problems == []
    assert form.filters == unit_filters(UNITS[0], now=NOW)
    assert (form.filters.start, form.filters.end) == (date(2026, 1, 1), date(2026, 12, 31))


def test_this_year_is_that_of_shanghai() -> None:
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    form = read_filters({}, roots=("/1/5/",), units=UNITS, items={}, now=new_year)
    assert form.filters.start == date(2027, 1, 1)


def test_everything_asked() -> None:
    form = read(
        unit="u7",
        item="task:t",
        from_="2026-02-01",
        to="2026-03-31",
        rank="一级科员",
        state="OVERDUE",
        q=" 王 ",
        sort="-overdue",
    )
    assert form.problems == []
    assert form.filters == Filters(
        scope=Scope(("/1/5/7/",), "单位7", UNITS[1]),
        item=ITEMS["task:t"],
        start=date(2026, 2, 1),
        end=date(2026, 3, 31),
        rank="一级科员",
        state=DutyState.OVERDUE,
        search="王",
        sort=Sort.OVERDUE,
        descending=True,
    )
    assert form.filters.start_at == datetime(2026, 1, 31, 16, 0, tzinfo=UTC)
    assert form.filters.end_at == datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    assert form.filters.narrows_list


@pytest.mark.parametrize("public_id", ["u1", "u99", "nonsense"])
def test_a_unit_that_is_not_mine_does_not_exist(public_id: str) -> None:
    with pytest.raises(NotFound):
        read(unit=public_id)


def test_empty_dates_do_not_bind() -> None:
    filters = read(from_="", to="").filters
    assert (filters.start, filters.end, filters.period) == (None, None, "不限")
    assert (filters.start_at, filters.end_at) == (EARLIEST, LATEST)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"from_": "morgen"}, "应写成 2026-06-30"),
        ({"to": "2026-02-30"}, "应写成 2026-06-30"),
        ({"from_": "0001-01-01"}, "太远"),
        ({"to": "9999-12-31"}, "太远"),
        ({"from_": "2026-06-30", "to": "2026-06-01"}, "开始晚于结束"),
        ({"item": "course:unknown"}, "没有这个项目"),
        ({"state": "HAPPY"}, "没有这个状态"),
        ({"sort": "salary"}, "不能这样排序"),
    ],
)
def test_what_is_not_understood_is_named_and_does_not_bind(
    args: dict[str, str], words: str
) -> None:
    form = read(**args)
    assert len(form.problems) == 1
    assert words in form.problems[0]
    assert form.filters == unit_filters(UNITS[0], now=NOW)


def test_several_roots_are_named_together() -> None:
    units = [unit(at, f"/{at}/") for at in (1, 2, 3, 4)]
    two = read(roots=("/1/", "/2/"), units=units[:2]).filters.scope
    assert (two.roots, two.name, two.unit) == (("/1/", "/2/"), "单位1、单位2", None)
    four = read(roots=("/1/", "/2/", "/3/", "/4/"), units=units).filters.scope
    assert four.name == "单位1、单位2、单位3等 4 个单位"


def test_described_names_every_filter() -> None:
    words = dict(read(unit="u7", state="ABSENT", q="王").filters.described())
    assert words == {
        "单位": "单位7（含下级）",
        "项目": "全部",
        "期间": "2026-01-01 至 2026-12-31",
        "职级": "全部",
        "状态": "缺考",
        "姓名或工号": "王",
    }


def test_very_many_units_show_the_way_up_and_one_level() -> None:
    town = unit(2, "/1/2/", parent=1)
    units = [unit(1, "/1/"), town]
    units += [unit(at, f"/1/2/{at}/", parent=2) for at in range(10, 20)]
    units += [unit(at, f"/1/{at}/", parent=1) for at in range(1000, 1000 + MANY_UNITS)]
    shown = [value for value, _ in unit_choices(units, town)]
    assert shown == ["u1", "u2", *(f"u{at}" for at in range(10, 20))]
    assert unit_choices(units, None) == [("u1", "单位1")]


def test_units_are_indented_and_closed_ones_left_out() -> None:
    closed = unit(9, "/1/5/9/", parent=5, active=False)
    assert unit_choices([*UNITS, closed], UNITS[0]) == [
        ("u5", "单位5"),
        ("u7", "\u3000单位7"),
        ("u8", "\u3000单位8"),
    ]
    assert ("u9", "\u3000单位9") in unit_choices([*UNITS, closed], closed)


def test_choices_are_grouped_and_ranks_in_order() -> None:
    assert item_choices(ITEMS) == {
        "课程": [("course:a", "礼品")],
        "单项任务": [("task:t", "礼品（单位5）")],
    }
    assert rank_choices(["村干部", "县处级正职", "办事员"]) == ["办事员", "县处级正职", "村干部"]
