"""Keys by Chinese name or English alias."""

import pytest

from elearn.core.field_reader import FieldReader, nearest, split_list, to_hundredths
from elearn.core.located_yaml import Mapping, parse_yaml


def reader_of(text: str) -> FieldReader:
    value, problems = parse_yaml(text, "f")
    assert isinstance(value, Mapping)
    assert problems == []
    return FieldReader(value, "f", "L", [])


def test_values_by_either_name() -> None:
    reader = reader_of(
        "名称: 礼品  礼金\nhours: 1.5\n分钟: ８\ntopics: [a, b]\n标签: 甲、乙，丙\n性质: 必修"
    )
    assert reader.text("名称", "title") == "礼品 礼金"
    assert reader.hundredths("学时", "hours", high=1000) == 150
    assert reader.whole("分钟", "minutes", low=1, high=60) == 8
    assert [w.text for w in reader.words("主题", "topics")] == ["a", "b"]
    assert [w.text for w in reader.words("标签", "tags")] == ["甲", "乙", "丙"]
    assert reader.choice({"必修": "yes"}, "性质") == "yes"
    assert reader.text("简介") == ""
    assert reader.choice({}, "没有") is None
    assert reader.whole("没有", low=0, high=1) is None
    assert reader.hundredths("没有", high=1) is None
    assert reader.words("没有") == []
    assert reader.table("没有") is None
    reader.finish()
    assert reader.problems == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("分钟: 八", "L-field-value"), ("分钟: 99", "L-field-value"), ("分钟: [1]", "L-field-value"),
        ("学时: 1.234", "L-field-value"), ("学时: 11", "L-field-value"), ("性质: 可选", "L-field-value"),
        ("主题: [[a]]", "L-field-value"), ("主题: {a: b}", "L-field-value"), ("表: 一行", "L-field-value"),
        ("名称: a\ntitle: b", "L-field-twice"), ("名程: a", "L-field-unknown"),
        ("xyz: a", "L-field-unknown"), ("名称:", "L-field-missing"), ("分钟: 1", "L-field-missing"),
    ],
)  # fmt: skip
def test_each_fault_has_a_code_and_a_line(text: str, code: str) -> None:
    reader = reader_of(text)
    reader.whole("分钟", low=1, high=60)
    reader.hundredths("学时", high=1000)
    reader.choice({"必修": "yes"}, "性质")
    reader.words("主题")
    reader.table("表")
    reader.text("名称", "title", required=True)
    reader.finish()
    assert code in {problem.code for problem in reader.problems}
    assert all(problem.line >= 1 for problem in reader.problems)


def test_unknown_key_suggests_the_nearest() -> None:
    reader = reader_of("名程: a")
    reader.text("名称")
    reader.finish()
    assert [p.hint for p in reader.problems] == ["是不是“名称”？"]


def test_small_conversions() -> None:
    assert [to_hundredths(t) for t in ("4", "0.5", "1.25", "-1", "", "1.")] == [
        400, 50, 125, None, None, None,
    ]  # fmt: skip
    assert split_list("甲、、 乙 ;丙") == ["甲", "乙", "丙"]
    assert nearest("单迭", ["单选", "多选"]) == "单选"
    assert nearest("zzz", ["单选"]) == ""
