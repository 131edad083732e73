"""The filters of the report, from the URL: it can be kept, sent, and opened by the next person,
who then sees the same question answered for the own units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from elearn.core.duties import DutyState
from elearn.core.errors import NotFound
from elearn.core.ranks import RANKS
from elearn.models import OrgUnit

from .filters import Filters, Item, Scope, Sort, this_year

MANY_UNITS = 300  # more than that are not listed at once: the way up and the level below remain


@dataclass(frozen=True, slots=True)
class FilterForm:
    """`filters` as understood; `problems` names (in Chinese) what could not be."""

    filters: Filters
    problems: list[str]


def read_filters(
    args: Mapping[str, str],
    *,
    roots: Sequence[str],
    units: Sequence[OrgUnit],
    items: Mapping[str, Item],
    now: datetime,
) -> FilterForm:
    """Filters of a report over `roots`. Raises NotFound for a unit that is not among `units`.

    What is not understood is named and does not bind; nothing is guessed.
    """
    problems: list[str] = []
    start, end = _period(args, now, problems)
    item = items.get(args.get("item", ""))
    if args.get("item") and item is None:
        problems.append("没有这个项目，或者它不面向所选单位")
    state = args.get("state", "")
    if state and state not in DutyState.__members__:
        problems.append("没有这个状态")
    sort = args.get("sort", "")
    name = sort.removeprefix("-")
    if sort and name not in set(Sort):
        problems.append("不能这样排序")
    return FilterForm(
        Filters(
            scope=_scope(args.get("unit", ""), roots, units),
            item=item,
            start=start,
            end=end,
            rank=args.get("rank", "").strip()[:30],
            state=DutyState(state) if state in DutyState.__members__ else None,
            search=args.get("q", "").strip()[:50],
            sort=Sort(name) if name in set(Sort) else Sort.UNIT,
            descending=sort.startswith("-"),
        ),
        problems,
    )


def unit_choices(units: Sequence[OrgUnit], chosen: OrgUnit | None) -> list[tuple[str, str]]:
    """(public id, indented name) in tree order. Of very many units: the way up and one level."""
    units = [unit for unit in units if unit.active or unit is chosen]
    if len(units) > MANY_UNITS:
        path = chosen.path if chosen else ""
        own = chosen.id if chosen else None
        units = [
            unit
            for unit in units
            if path.startswith(unit.path)
            or unit.parent_id == own
            or (own is None and unit.parent_id not in {other.id for other in units})
        ]
    top = min((unit.path.count("/") for unit in units), default=0)
    return [(unit.public_id, "\u3000" * (unit.path.count("/") - top) + unit.name) for unit in units]


def item_choices(items: Mapping[str, Item]) -> dict[str, list[tuple[str, str]]]:
    """(key, title) by kind, for option groups."""
    names = {"course": "课程", "exam": "考试", "task": "单项任务"}
    groups: dict[str, list[tuple[str, str]]] = {name: [] for name in names.values()}
    for key, item in items.items():
        groups[names[item.kind]].append((key, item.title))
    return {name: choices for name, choices in groups.items() if choices}


def rank_choices(ranks: Sequence[str]) -> list[str]:
    """By the ladder, unknown ones last."""
    order = {rank.name: rank.order for rank in RANKS}
    return sorted(ranks, key=lambda rank: (order.get(rank, len(order)), rank))


def _scope(unit_id: str, roots: Sequence[str], units: Sequence[OrgUnit]) -> Scope:
    """One unit, or everything the reader may see. A single root is that unit."""
    heads = [unit for unit in units if unit.path in roots]
    if not unit_id:
        if len(heads) == 1:
            return Scope((heads[0].path,), heads[0].name, heads[0])
        named = "、".join(unit.name for unit in heads[:3])
        name = named if len(heads) <= 3 else f"{named}等 {len(heads)} 个单位"
        return Scope(tuple(roots), name or "没有单位")
    unit = next((unit for unit in units if unit.public_id == unit_id), None)
    if unit is None:
        raise NotFound
    return Scope((unit.path,), unit.name, unit)


def _period(
    args: Mapping[str, str], now: datetime, problems: list[str]
) -> tuple[date | None, date | None]:
    """This year unless the URL says otherwise; an empty field does not bind."""
    first, last = this_year(now)
    start = _day(args, "from", first, problems)
    end = _day(args, "to", last, problems)
    if start and end and start > end:
        problems.append("期间的开始晚于结束")
        return first, last
    return start, end


def _day(args: Mapping[str, str], name: str, default: date, problems: list[str]) -> date | None:
    text = args.get(name)
    if text is None:
        return default
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        problems.append(f"日期「{text.strip()[:20]}」不对，应写成 2026-06-30")
        return default
    if not 1990 <= day.year <= 2200:
        problems.append(f"日期「{day}」太远")
        return default
    return day
