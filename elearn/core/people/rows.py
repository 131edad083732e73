"""One row of a roster -> a unit or a person, or problems at its cells."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, time, timedelta
from typing import Final

from elearn.core.people.cells import (
    as_text,
    clean_code,
    clean_name,
    clean_text,
    has_control,
    is_blank,
)
from elearn.core.people.columns import (
    ACTIVE,
    CLEARED,
    PARTIES,
    UNIT_TYPE_NAMES,
    UNIT_TYPES,
    YES_NO,
    word_key,
)
from elearn.core.people.roster import PersonRow, Place, Roster, UnitRow
from elearn.core.ranks import rank_of
from elearn.core.spreadsheet import Value

_DAY: Final = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")
MAX_STAFF_NO: Final = 40
MAX_UNIT_CODE: Final = 40
MAX_UNIT_NAME: Final = 100
MAX_NAME: Final = 50
MAX_POST: Final = 100
MAX_RANK: Final = 30
PRECISE: Final = 10**15  # a spreadsheet number keeps 15 digits


class _Row:
    """Reads the cells of one row; a cell that cannot be used gives a problem and reads as empty,
    so that the rest of the row is checked all the same."""

    def __init__(self, at: Place, roster: Roster) -> None:
        self.at = at
        self.roster = roster

    def fail(self, name: str, code: str, message: str, hint: str = "") -> str:
        self.roster.problems.append(self.at.problem(name, code, message, hint))
        return ""

    def code(self, name: str, most: int, *, required: bool = False) -> str:
        """A staff number or unit code: letters, digits and `. _ -`, kept as text."""
        value = self.at.value(name)
        if is_blank(value):
            return self._empty(name) if required else ""
        if damage := _damage(value):
            return self.fail(name, "P-number", damage, "把这一列设成“文本”格式，再重新填写")
        raw = as_text(value)
        text = clean_code(raw)
        self.roster.folded += text != raw
        if not text or not _is_code(text):
            hint = "只能用字母、数字、汉字和 . _ -，并以字母、数字或汉字开头"
            return self.fail(name, "P-format", "含有不能使用的字符", hint)
        if len(text) > most:
            return self.fail(name, "P-format", f"最多 {most} 个字符，现在是 {len(text)} 个")
        return text

    def text(self, name: str, most: int, *, required: bool = False, person: bool = False) -> str:
        """Free text in one line; formula-like text is text."""
        value = self.at.value(name)
        if is_blank(value):
            return self._empty(name) if required else ""
        raw = as_text(value)
        text = clean_name(raw) if person else clean_text(raw)
        self.roster.folded += text != raw
        if not text or has_control(text):
            return self.fail(name, "P-format", "含有不能使用的控制字符", "请把这个单元格重新打一遍")
        if len(text) > most:
            return self.fail(name, "P-format", f"最多 {most} 个字，现在是 {len(text)} 个")
        if any("\ue000" <= char <= "\uf8ff" for char in text):
            message = "有自造字，别的电脑和手机上会显示成方块"
            hint = "请用输入法里的标准生僻字重新打一遍"
            self.roster.problems.append(
                self.at.problem(name, "P-glyph", message, hint, severity="warning")
            )
        return text

    def choice(self, name: str, words: Mapping[str, bool]) -> bool | None:
        """One of a list of words; None for a blank cell."""
        value = self.at.value(name)
        if is_blank(value):
            return None
        found = words.get(word_key(as_text(value)))
        if found is None:
            expected = "是、否" if words is YES_NO else "在职、调出、退休、停用"
            self.fail(name, "P-choice", "看不懂这个值", f"请填：{expected}")
        return found

    def _empty(self, name: str) -> str:
        return self.fail(name, "P-empty", "不能为空", f"请填写{self.at.titles[name]}")


def read_unit(at: Place, roster: Roster) -> None:
    row = _Row(at, roster)
    code = row.code("code", MAX_UNIT_CODE, required=True)
    name = row.text("name", MAX_UNIT_NAME, required=True)
    raw_parent = as_text(at.value("parent")).strip()
    parent = "" if raw_parent in CLEARED else row.code("parent", MAX_UNIT_CODE)
    kind = None
    if not is_blank(at.value("type")):
        kind = UNIT_TYPES.get(word_key(as_text(at.value("type"))))
        if kind is None:
            row.fail(
                "type",
                "P-choice",
                "没有这种机构类型",
                "请填：" + "、".join(UNIT_TYPE_NAMES.values()),
            )
    roster.units.append(UnitRow(at, code, name, parent, kind))


def read_person(at: Place, roster: Roster) -> None:
    row = _Row(at, roster)
    person = PersonRow(
        at=at,
        staff_no=row.code("staff_no", MAX_STAFF_NO, required=True),
        name=row.text("name", MAX_NAME, required=True, person=True),
        unit_code=row.code("unit_code", MAX_UNIT_CODE),
        unit_name=row.text("unit_name", 300),
        rank=_rank(row),
        post=_clearable(row, "post", MAX_POST),
        is_leader=row.choice("is_leader", YES_NO),
        party=_party(row),
        active=row.choice("active", ACTIVE),
        promoted_on=_day(row, "promoted_on"),
    )
    units = [name for name in ("unit_code", "unit_name") if name in at.columns]
    if units and all(is_blank(at.value(name)) for name in units):
        row.fail(units[0], "P-empty", "不能为空", "请填写单位代码或单位名称")
    roster.people.append(person)


def _clearable(row: _Row, name: str, most: int) -> str | None:
    value = row.at.value(name)
    if is_blank(value):
        return None
    return "" if as_text(value).strip() in CLEARED else row.text(name, most)


def _rank(row: _Row) -> str | None:
    """The official name of the rank; another one is kept as written, with a hint."""
    text = _clearable(row, "rank", MAX_RANK)
    if not text:
        return text
    if official := rank_of(text):
        return official.name
    message = "不在职级表里，按原文导入；按职级指定的考试和任务不会包括此人"
    hint = "例：一级科员、四级主任科员、乡科级正职"
    problem = row.at.problem("rank", "P-rank", message, hint, severity="warning")
    row.roster.problems.append(problem)
    return text


def _party(row: _Row) -> str | None:
    value = row.at.value("party")
    if is_blank(value):
        return None
    text = as_text(value).strip()
    if text in CLEARED:
        return ""
    found = PARTIES.get(word_key(text))
    if found is None:
        row.fail(
            "party", "P-choice", "看不懂这个政治面貌", "例：中共党员、共青团员、民盟盟员、群众"
        )
    return found


def _day(row: _Row, name: str) -> str | None:
    """A date as 2026-06-30, from a date cell or a text of year, month and day."""
    value = row.at.value(name)
    if is_blank(value):
        return None
    if isinstance(value, date):
        return value.isoformat()[:10]
    text = clean_text(as_text(value))
    if text in CLEARED:
        return ""
    if found := _DAY.fullmatch(text):
        with suppress(ValueError):
            return date(*(int(part) for part in found.groups())).isoformat()
    return row.fail(name, "P-format", "看不懂这个日期", "写年月日，例如 2026-06-30")


def _damage(value: Value) -> str:
    """What the spreadsheet program did to a code that it took for a number or a date."""
    if isinstance(value, date | time | timedelta):
        return "表格软件把它变成了日期或时间"
    if isinstance(value, bool):
        return "这里应是编号"
    if isinstance(value, int | float) and abs(value) >= PRECISE:
        return "表格软件只保留了前 15 位数字，后面的已经丢失"
    if isinstance(value, float) and not value.is_integer():
        return "编号不能是小数"
    return ""


def _is_code(text: str) -> bool:
    return text[0].isalnum() and all(char.isalnum() or char in "._-" for char in text)
