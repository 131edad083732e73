"""Reading rosters: headings, cells, and every problem at its cell."""

from datetime import UTC, date, datetime

import pytest

from elearn.core.people.cells import clean_name, clean_text, shown
from elearn.core.people.columns import PERSON_COLUMNS, field_of
from elearn.core.people.table import parse_roster
from elearn.core.spreadsheet import Sheet, Table, Value
from tests.core.people.rosters import brief, read, read_rows


def test_people_with_all_columns_in_any_order() -> None:
    roster = read("""
状态,政治面貌,是否负责人,职务,职级,单位代码,姓名,工号
在职,中共党员,是,局长,乡科级正职,CZ01,王伟,p1
退休,群众,否,,,CZ01,李静,p2
""")
    assert roster.problems == []
    first, second = roster.people
    assert (first.staff_no, first.name, first.unit_code) == ("p1", "王伟", "CZ01")
    assert (first.rank, first.post, first.is_leader) == ("乡科级正职", "局长", True)
    assert (first.party, first.active) == ("PARTY", True)
    assert (second.rank, second.post, second.is_leader) == (None, None, False)
    assert (second.party, second.active) == ("NON_PARTY", False)
    assert first.at.address("staff_no") == "H2"


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("工号", "staff_no"),
        ("人员编号", "staff_no"),
        (" 工 号 * ", "staff_no"),
        ("姓名（必填）", "name"),
        ("姓名：", "name"),
        ("单位名称", "unit_name"),
        ("部门", "unit_name"),
        ("单位编号", "unit_code"),
        ("负责人", "is_leader"),
        ("身份证号", None),
        ("", None),
        ("（工号）", None),
    ],
)
def test_headings_have_aliases(heading: str, field: str | None) -> None:
    assert field_of(heading, PERSON_COLUMNS) == field


def test_title_rows_above_the_headings_are_no_matter_and_rows_keep_their_numbers() -> None:
    roster = read("""
某区干部名册,,
2026 年 11 月制表,,
工号,姓名,单位代码
p1,王伟,CZ01

p2,,CZ01
""")
    assert [person.at.row for person in roster.people] == [4, 6]
    assert brief(roster.problems) == [("B6", "P-empty")]


def test_headings_are_found_within_ten_rows_and_not_below() -> None:
    head = ["工号,姓名,单位代码", "p1,王伟,CZ01"]
    assert len(read("\n".join(["x"] * 9 + head)).people) == 1
    late = read("\n".join(["x"] * 10 + head))
    assert late.people == []
    assert [problem.code for problem in late.problems] == ["P-sheet"]


def test_headings_with_a_number_but_no_name_are_not_taken_for_units() -> None:
    roster = read("工号,单位代码,单位名称\np1,CZ01,财政局")
    assert [p.code for p in roster.problems] == ["P-column"]
    assert "姓名" in roster.problems[0].message


def test_missing_columns_are_named_together_with_what_was_found() -> None:
    roster = read("姓名,职级,职务\n王伟,一级科员,干部")
    assert [p.code for p in roster.problems] == ["P-column"]
    assert "第 1 行" in roster.problems[0].message
    assert "工号" in roster.problems[0].message


def test_a_people_table_without_unit_and_a_unit_table_without_parent_column() -> None:
    people = read("工号,姓名\np1,王伟")
    units = read("单位代码,单位名称\nA1,财政局")
    assert "单位代码（或单位）" in people.problems[0].message
    assert "上级代码" in units.problems[0].message


def test_a_heading_that_stands_twice_is_a_problem_at_the_second() -> None:
    roster = read("工号,姓名,单位代码,人员编号\np1,王伟,CZ01,p2")
    assert brief(roster.problems) == [("D1", "P-column")]
    assert "A1" in roster.problems[0].message


def test_unknown_columns_are_left_out_and_said() -> None:
    roster = read("序号,工号,姓名,单位代码,身份证号\n1,p1,王伟,CZ01,110101199001011234")
    assert roster.problems == []
    assert roster.notes == ["表格里没有导入的列：身份证号"]


def test_a_password_column_is_not_imported_and_does_not_stop() -> None:
    roster = read("工号,姓名,单位代码,初始密码\np1,王伟,CZ01,Secret-123")
    assert [(p.cell, p.code, p.is_error) for p in roster.problems] == [("D1", "P-password", False)]
    assert "Secret-123" not in repr(roster.problems)


def test_the_same_row_without_unit_cells_is_told_once() -> None:
    roster = read("工号,姓名,单位代码\np1,王伟,")
    assert brief(roster.problems) == [("C2", "P-empty")]


def test_two_sheets_units_and_people_in_one_file_and_another_one_unread() -> None:
    units = Sheet(
        "机构", [["单位代码", "单位名称", "上级代码", "类型"], ["A1", "财政局", "", "部门"]]
    )
    people = Sheet("人员", [["工号", "姓名", "单位代码"], ["p1", "王伟", "A1"]])
    notes = Sheet("填写说明", [["机构", "单位代码", "必填"]])
    other = Sheet("汇总", [["合计", 2]])
    roster = parse_roster(Table("xlsx", [units, people, notes, other], skipped=["旧"]))
    assert [(u.code, u.name, u.parent, u.type) for u in roster.units] == [
        ("A1", "财政局", "", "DEPARTMENT")
    ]
    assert [p.staff_no for p in roster.people] == ["p1"]
    assert roster.notes == ["没有读取的工作表：汇总", "隐藏的工作表没有读取：旧"]


def test_a_table_without_rows_is_a_problem() -> None:
    assert [p.code for p in read("工号,姓名,单位代码\n").problems] == ["P-empty"]


def test_every_problem_of_a_row_comes_at_once() -> None:
    roster = read("""
工号,姓名,单位代码,职级,是否负责人,政治面貌,状态
p 1,,C/1,县长,也许,信徒,休假
""")
    assert sorted(brief(roster.problems)) == [
        ("A2", "P-format"),
        ("B2", "P-empty"),
        ("C2", "P-format"),
        ("D2", "P-rank"),
        ("E2", "P-choice"),
        ("F2", "P-choice"),
        ("G2", "P-choice"),
    ]
    assert all(problem.hint for problem in roster.problems)


def test_the_unit_is_needed_by_code_or_by_name() -> None:
    roster = read("工号,姓名,单位代码,单位\np1,王伟,,\np2,李静,,财政局\np3,赵敏,CZ01,")
    assert brief(roster.problems) == [("C2", "P-empty")]


def test_full_width_digits_and_blanks_are_put_right_and_counted() -> None:
    roster = read("工号,姓名,单位代码\nｐ００１ ,王　伟,ＣＺ０１")
    person = roster.people[0]
    assert (person.staff_no, person.name, person.unit_code) == ("p001", "王伟", "CZ01")
    assert roster.problems == []
    assert roster.notes == ["3 个单元格的全角字符或多余空格已整理"]


def test_numbers_of_a_spreadsheet_read_as_the_text_they_were_meant_to_be() -> None:
    roster = read_rows([["工号", "姓名", "单位代码"], [20230001.0, "王伟", 7.0]])
    assert roster.problems == []
    assert (roster.people[0].staff_no, roster.people[0].unit_code) == ("20230001", "7")


@pytest.mark.parametrize(
    ("value", "word"),
    [(1.234567890123457e17, "15 位"), (date(2024, 1, 2), "日期"), (1.5, "小数"), (True, "编号")],
)
def test_codes_damaged_by_the_spreadsheet_program_are_named(value: object, word: str) -> None:
    roster = read_rows([["工号", "姓名", "单位代码"], [value, "王伟", "CZ01"]])  # type: ignore[list-item]  # any cell
    assert brief(roster.problems) == [("A2", "P-number")]
    assert word in roster.problems[0].message


def test_formula_like_cells_are_text() -> None:
    roster = read('工号,姓名,单位代码,职务\np1,=王伟,CZ01,"=1+1"')
    assert roster.problems == []
    assert (roster.people[0].name, roster.people[0].post) == ("=王伟", "=1+1")


def test_merged_cells_below_the_headings_fill_down() -> None:
    rows: list[list[object]] = [
        ["名册", "", ""],
        ["工号", "姓名", "单位"],
        ["", "", ""],
        ["p1", "王伟", "财政局"],
        ["p2", "李静", ""],
    ]
    merged = ((0, 0, 0, 2), (1, 0, 2, 0), (1, 2, 2, 2), (3, 2, 4, 2))
    roster = read_rows(rows, merged=merged)  # type: ignore[arg-type]  # cells of text
    assert roster.problems == []
    assert [(p.at.row, p.staff_no, p.unit_name) for p in roster.people] == [
        (4, "p1", "财政局"),
        (5, "p2", "财政局"),
    ]


def test_example_rows_of_the_template_are_skipped() -> None:
    roster = read("工号,姓名,单位代码\n示例001,张三,CZ01\np1,王伟,CZ01")
    assert [p.staff_no for p in roster.people] == ["p1"]
    assert roster.notes == ["跳过模板里的 1 行示例"]


def test_clearing_is_written_out() -> None:
    person = read("工号,姓名,单位代码,职级,职务,政治面貌\np1,王伟,CZ01,无,—,无").people[0]
    assert (person.rank, person.post, person.party) == ("", "", "")


@pytest.mark.parametrize(
    ("word", "party"),
    [
        ("中共党员", "PARTY"),
        ("中共预备党员", "PARTY"),
        ("群众", "NON_PARTY"),
        ("共青团员", "NON_PARTY"),
        ("农工党党员", "NON_PARTY"),
        ("九三学社社员", "NON_PARTY"),
        ("无党派人士", "NON_PARTY"),
    ],
)
def test_party_words(word: str, party: str) -> None:
    assert read(f"工号,姓名,单位代码,政治面貌\np1,王伟,CZ01,{word}").people[0].party == party


def test_too_long_values_and_control_characters() -> None:
    roster = read(f"工号,姓名,单位代码,职务\n{'p' * 41},{'王' * 51},CZ01,局\x07长")
    assert brief(roster.problems) == [("A2", "P-format"), ("B2", "P-format"), ("D2", "P-format")]
    assert "41" in roster.problems[0].message


def test_private_use_characters_are_a_hint() -> None:
    roster = read("工号,姓名,单位代码\np1,王\ue123,CZ01")
    assert [(p.cell, p.code, p.is_error) for p in roster.problems] == [("B2", "P-glyph", False)]


def test_units_with_an_unknown_type() -> None:
    roster = read("单位代码,单位名称,上级代码,类型\nA1,财政局,-,星球\nA2,民政局,A1,镇街")
    assert brief(roster.problems) == [("D2", "P-choice")]
    assert [(u.parent, u.type) for u in roster.units] == [("", None), ("A1", "TOWN_STREET")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("王 建国 ", "王 建国␠"),
        ("  x", "␠␠x"),
        ("王　伟", "王␠伟"),
        ("a\tb\nc", "a␉b␤c"),
        ("a\u200bb", "a‹U+200B›b"),
        ("   ", "␠␠␠"),
        (12.0, "12"),
        (datetime(2024, 1, 2, 3, 4, tzinfo=UTC), "2024-01-02 03:04:00+00:00"),
        (True, "是"),
        ("", ""),
        ("字" * 61, "字" * 60 + "…"),
    ],
)
def test_shown_values_make_blanks_visible(value: Value, text: str) -> None:
    assert shown(value) == text


def test_a_rare_ideograph_newer_than_this_python_is_no_problem() -> None:
    roster = read("工号,姓名,单位代码\np1,王\U0003134b,CZ01")
    assert roster.problems == []
    assert roster.people[0].name == "王\U0003134b"


def test_clean_text_keeps_chinese_punctuation() -> None:
    assert clean_text(" 财政局（国资办） Ａ１ ") == "财政局（国资办） A1"
    assert clean_name("买买提·艾力 江") == "买买提·艾力江"
    assert clean_name("John Smith") == "John Smith"


def test_a_problem_for_machines_names_its_place() -> None:
    problem = read("工号,姓名,单位代码\np 1,王伟,CZ01").problems[0].located("x.csv")
    assert (problem.file, problem.line, problem.column, problem.code) == ("x.csv", 2, 1, "P-format")
    assert problem.message.startswith("A2 工号「p 1」：")
