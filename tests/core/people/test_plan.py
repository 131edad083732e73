"""Comparing a roster with the units and people there are."""

import pytest

from elearn.core.people.plan import plan_import
from elearn.core.people.table import parse_roster
from elearn.core.people.world import KnownUnit, paths_of
from elearn.core.spreadsheet import Sheet, Table, Value
from tests.core.people.rosters import UNITS, brief, plan, read_rows, world

PEOPLE_HEAD = "工号,姓名,单位代码,职级,职务,是否负责人,政治面貌,状态\n"
UNIT_HEAD = "单位代码,单位名称,上级代码,类型\n"


def test_new_changed_and_same_people() -> None:
    found = plan(
        PEOPLE_HEAD
        + "p1,王伟,CZ0101,二级主任科员,干部,否,中共党员,在职\n"
        + "0042,李静,001,,,,,\n"
        + "p7,孙丽,CZ01,一级科员,科长,是,群众,在职\n"
    )
    assert found.problems == []
    assert [(p.staff_no, p.known is None, p.diffs) for p in found.people] == [
        ("p1", False, (("职级", "一级科员", "二级主任科员"),)),
        ("p7", True, ()),
    ]
    counts = found.counts()
    assert (counts["people_new"], counts["people_changed"], counts["people_same"]) == (1, 1, 1)
    assert (counts["errors"], counts["people_deactivated"]) == (0, 0)


def test_blank_cells_leave_and_none_words_clear() -> None:
    kept = plan(PEOPLE_HEAD + "p1,王伟,CZ0101,,,,,\n")
    cleared = plan(PEOPLE_HEAD + "p1,王伟,CZ0101,无,无,,无,\n")
    assert (kept.people, kept.same_people) == ([], 1)
    assert cleared.people[0].diffs == (
        ("职级", "一级科员", ""),
        ("职务", "干部", ""),
        ("政治面貌", "中共党员", ""),
    )


def test_moving_and_leaving_and_coming_back() -> None:
    found = plan(PEOPLE_HEAD + "p1,王伟,001,,,,,调出\nCadre9,赵敏,CZ01,,,,,在职\n")
    moved, back = found.people
    assert moved.diffs == (("单位", "预算科（CZ0101）", "民政局（001）"), ("状态", "在职", "停用"))
    assert (moved.deactivates, back.reactivates) == (True, True)
    assert found.counts()["people_deactivated"] == found.counts()["people_reactivated"] == 1


def test_units_are_found_by_name_path_and_code() -> None:
    found = plan("""
工号,姓名,单位
a1,甲,财政局
a2,乙,区政府/财政局/预算科
a3,丙,民政局／预算科
a4,丁,国 库 科
""")
    assert found.problems == []
    assert [person.unit for person in found.people] == ["CZ01", "CZ0101", "MZ02", "CZ0102"]


def test_unit_problems_say_how_to_mend_them() -> None:
    found = plan("""
工号,姓名,单位代码,单位
a1,甲,,预算科
a2,乙,,财政居
a3,丙,CZ99,
a4,丁,1,
a5,戊,OLD,
a6,己,CZ01,民政局
a7,庚,CZ0101,财政局/预算科
""")
    assert brief(found.problems) == [
        ("D2", "P-ambiguous"),
        ("D3", "P-unit"),
        ("C4", "P-unit"),
        ("C5", "P-unit"),
        ("C6", "P-inactive"),
        ("C7", "P-mismatch"),
    ]
    hints = [problem.hint for problem in found.problems]
    assert "CZ0101（区政府/财政局/预算科）" in hints[0]
    assert hints[1] == "是不是「财政局」（代码 CZ01）"
    assert hints[2] == "请先在机构表里添加这个单位"
    assert "是不是 001" in hints[3]


def test_a_row_without_unit_is_not_planned() -> None:
    found = plan("工号,姓名,单位代码\na1,甲,\n")
    assert brief(found.problems) == [("C2", "P-empty")]
    assert found.people == []


def test_who_has_left_may_stay_in_a_closed_unit() -> None:
    found = plan(PEOPLE_HEAD + "Cadre9,赵敏,OLD,,,,,退休\n")
    assert found.problems == []
    assert found.people[0].unit == "OLD"


def test_duplicates_and_other_spellings_of_staff_numbers() -> None:
    found = plan("""
工号,姓名,单位代码
a1,甲,CZ01
A1,乙,CZ01
CADRE9,赵敏,CZ01
42,李静,001
""")
    assert [(p.cell, p.code, p.is_error) for p in found.problems] == [
        ("A3", "P-duplicate", True),
        ("A4", "P-case", True),
        ("A5", "P-zeros", False),
    ]
    assert "A2（甲）" in found.problems[0].message


def test_a_new_name_for_a_known_number_is_a_hint() -> None:
    found = plan("工号,姓名,单位代码\np1,王维,CZ0101\n")
    assert [(p.cell, p.code, p.is_error) for p in found.problems] == [("B2", "P-name", False)]
    assert found.is_right


def test_problems_of_reading_and_comparing_come_together_in_file_order() -> None:
    found = plan("工号,姓名,单位代码\na1,,CZ99\na2,乙,CZ01\n,丙,CZ98\n")
    assert brief(found.problems) == [
        ("B2", "P-empty"),
        ("C2", "P-unit"),
        ("A4", "P-empty"),
        ("C4", "P-unit"),
    ]
    assert not found.is_right


def test_units_new_renamed_moved_and_the_same() -> None:
    found = plan(
        UNIT_HEAD
        + "Q01,区政府,,区\n"
        + "CZ01,财政和国资局,Q01,部门\n"
        + "CZ0102,国库科,001,单位\n"
        + "N1,新镇,Q01,镇街\n"
        + "N2,新村,N1,\n"
    )
    assert found.problems == []
    assert [(u.code, u.parent, u.type, u.known is None, u.diffs) for u in found.units] == [
        ("CZ01", "Q01", "DEPARTMENT", False, (("单位名称", "财政局", "财政和国资局"),)),
        ("CZ0102", "001", "UNIT", False, (("上级代码", "CZ01", "001"),)),
        ("N1", "Q01", "TOWN_STREET", True, ()),
        ("N2", "N1", "UNIT", True, ()),
    ]
    assert found.same_units == 1


def test_people_may_stand_in_units_of_the_same_file() -> None:
    units = plan(UNIT_HEAD + "N1,新镇,Q01,镇街\n")
    assert units.tree.find("N1", "").node is not None
    assert units.tree.full_name("N1") == "区政府/新镇"


def test_unit_problems() -> None:
    found = plan(
        UNIT_HEAD
        + "N1,新镇,Q0,镇街\n"  # unknown parent
        + "N1,新镇,Q01,镇街\n"  # twice
        + "q01,区政府,,区\n"  # case
        + "CZ01,财政局,CZ0101,部门\n"  # circle
        + "N4,民政局,Q01,部门\n"  # same name
        + "N5,小物价,OLD,单位\n"  # parent closed
    )
    assert brief(found.problems) == [
        ("C2", "P-parent"),
        ("A3", "P-duplicate"),
        ("A4", "P-case"),
        ("C5", "P-cycle"),
        ("B6", "P-sibling"),
        ("C7", "P-inactive"),
    ]
    assert "预算科" in found.problems[3].message
    assert "Q01" in found.problems[0].hint


def test_a_circle_inside_the_file() -> None:
    found = plan(UNIT_HEAD + "A,甲,B,单位\nB,乙,C,单位\nC,丙,A,单位\n")
    assert brief(found.problems) == [("C2", "P-cycle"), ("C3", "P-cycle"), ("C4", "P-cycle")]


def test_depth_is_limited_for_new_units_and_for_what_a_move_takes_along() -> None:
    chain = "".join(f"L{n},第{n}级,{f'L{n - 1}' if n > 2 else 'Q01'},\n" for n in range(2, 14))
    assert brief(plan(UNIT_HEAD + chain).problems) == [("C13", "P-depth")]
    deep = [
        KnownUnit(n, f"D{n}", f"深{n}", "UNIT", n - 1 if n > 1 else None, path_to(n), True)
        for n in range(1, 13)
    ]
    side = KnownUnit(20, "S", "旁", "UNIT", 1, "/1/20/", True)
    given = world(units=[*deep, side], people=[])
    assert brief(plan(UNIT_HEAD + "D2,深2,S,\n", given).problems) == [("C2", "P-depth")]


def path_to(number: int) -> str:
    return "/" + "".join(f"{n}/" for n in range(1, number + 1))


# ---------------------------------------------------------------- a manager of a subtree


CZ = ("/1/2/",)


def test_a_manager_reaches_the_own_subtree_only() -> None:
    found = plan(
        "工号,姓名,单位代码\np1,王伟,CZ0102\nn1,新人,CZ0101\nn2,外人,001\n0042,李静,CZ01\n",
        world(CZ),
    )
    assert brief(found.problems) == [("C4", "P-unit"), ("A5", "P-scope")]
    assert "民政局" not in found.problems[0].hint
    assert [person.staff_no for person in found.people] == ["p1", "n1"]


def test_a_manager_does_not_find_units_outside_by_name() -> None:
    found = plan("工号,姓名,单位\nn1,新人,预算科\nn2,新人,民政局\n", world(CZ))
    assert brief(found.problems) == [("C3", "P-unit")]
    assert found.people[0].unit == "CZ0101"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("N1,新科,CZ01,单位", None),
        ("CZ01,财政局（改名）,Q01,部门", None),
        ("Q01,区政府,,区", "P-scope"),
        ("001,民政局,Q01,部门", "P-scope"),
        ("N1,新局,Q01,部门", "P-parent"),
        ("N1,新区,,区", "P-root"),
        ("CZ0101,预算科,001,单位", "P-parent"),
        ("CZ01,财政局,CZ0101,部门", "P-cycle"),
    ],
)
def test_a_manager_changes_units_of_the_own_subtree_only(row: str, problem: str | None) -> None:
    found = plan(UNIT_HEAD + row + "\n", world(CZ))
    assert [p.code for p in found.problems] == ([problem] if problem else [])


def test_who_must_stay_is_not_deactivated() -> None:
    found = plan(PEOPLE_HEAD + "p1,王伟,CZ0101,,,,,离职\n", world(kept={11: "不能停用自己"}))
    assert brief(found.problems) == [("H2", "P-kept")]


def test_fingerprint_follows_what_would_be_done() -> None:
    one = plan("工号,姓名,单位代码\na1,甲,CZ01\n")
    again = plan("工号,姓名,单位代码\na1,甲,CZ01\n")
    other = plan("工号,姓名,单位代码\na1,甲,CZ01\np1,王伟,CZ0101\n")
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()


def test_paths_of_a_tree() -> None:
    assert paths_of({3: 2, 1: None, 2: 1, 9: None}) == {
        1: "/1/",
        2: "/1/2/",
        3: "/1/2/3/",
        9: "/9/",
    }
    assert paths_of({unit.id: unit.parent_id for unit in UNITS})[3] == "/1/2/3/"


def test_the_top_of_a_managed_subtree_is_not_moved_into_another_one() -> None:
    found = plan(UNIT_HEAD + "CZ01,财政局,001,部门\n", world(("/1/2/", "/1/4/")))
    assert brief(found.problems) == [("C2", "P-scope")]


def test_duplicates_on_two_sheets_name_the_sheet() -> None:
    rows: list[list[Value]] = [["工号", "姓名", "单位代码"], ["a1", "甲", "CZ01"]]
    roster = parse_roster(Table("xlsx", [Sheet("机关", rows), Sheet("乡镇", rows)]))
    found = plan_import(roster, world())
    assert brief(found.problems) == [("A2", "P-duplicate")]
    assert found.problems[0].sheet == "乡镇"
    assert "「机关」 A2" in found.problems[0].message


def test_zeros_lost_from_a_number_cell_stop_the_import() -> None:
    roster = read_rows([["工号", "姓名", "单位代码"], [42.0, "李静", "CZ01"], [43.0, "甲", "CZ01"]])
    found = plan_import(roster, world())
    assert [(p.cell, p.code, p.is_error) for p in found.problems] == [("A2", "P-zeros", True)]
    assert found.counts()["people_new"] == 1


def test_suggestions_stop_after_a_while_so_that_a_wrong_file_is_checked_quickly() -> None:
    rows = "".join(f"a{n},甲,CZ0{n}x\n" for n in range(60)) + "b,乙,CZ00x\n"
    hints = [problem.hint for problem in plan("工号,姓名,单位代码\n" + rows).problems]
    assert len(hints) == 61
    assert hints[0] == hints[60]
    assert hints[0].startswith("是不是")
    assert hints[59] == "请先在机构表里添加这个单位"


@pytest.mark.parametrize(
    ("cell", "read_as"),
    [
        ("2026-03-10", "2026-03-10"),
        ("2026/3/10", "2026-03-10"),
        ("２０２６年３月１０日", "2026-03-10"),
        ("无", ""),
        ("", ""),
    ],
)
def test_the_day_of_a_promotion_is_read_as_people_write_it(cell: str, read_as: str) -> None:
    (person,) = plan(f"工号,姓名,单位代码,提任日期\nn9,新人,CZ01,{cell}").people
    assert person.promoted_on == read_as


def test_another_day_is_a_change_and_a_blank_leaves_it() -> None:
    (person,) = plan("工号,姓名,单位代码,提任日期\np1,王伟,CZ0101,2026-03-10").people
    assert person.diffs == (("提任日期", "", "2026-03-10"),)
    assert not plan("工号,姓名,单位代码,提任日期\np1,王伟,CZ0101,").people


@pytest.mark.parametrize("cell", ["三月", "2026-02-30", "2026-03", "45000"])
def test_what_is_no_day_is_a_problem(cell: str) -> None:
    found = plan(f"工号,姓名,单位代码,提任日期\nn9,新人,CZ01,{cell}")
    assert ("P-format", "看不懂这个日期") in [
        (problem.code, problem.message) for problem in found.problems
    ]
