"""YAML with places."""

import pytest

from elearn.core.located_yaml import Mapping, Scalar, Sequence, parse_yaml


def test_scalars_stay_text_and_know_their_place() -> None:
    value, problems = parse_yaml("a: 2024-12-25\nb: [007, 是]\nc:\n  d: ~\n", "f", first_line=3)
    assert problems == []
    assert isinstance(value, Mapping)
    assert value.entries["a"] == Scalar("2024-12-25", 3, 4)
    assert value.keys["b"] == Scalar("b", 4, 1)
    assert value.entries["b"] == Sequence((Scalar("007", 4, 5), Scalar("是", 4, 10)), 4, 4)
    inner = value.entries["c"]
    assert isinstance(inner, Mapping)
    assert (inner.line, inner.entries["d"]) == (6, Scalar("", 6, 6))


def test_empty_document_is_none() -> None:
    assert parse_yaml("\n", "f") == (None, [])


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: c: d", 2, "冒号"),
        ("a: 1\n没有冒号\nb: 2", 2, "缺一个冒号"),
        ("a:\n\t- x", 2, "Tab"),
        ('a: "x', 1, "引号没有成对"),
        ("a: [x", 1, "没有成对"),
        ('a: "x" y\nb: 1', 1, "缩进不一致"),
        ("a: 1\x07", 1, "控制字符"),
        ("a: !x &", 1, "对照手册"),
        ("a: " + "[" * 3000, 1, ""),
    ],
)
def test_broken_yaml_says_where_and_what(text: str, line: int, said: str) -> None:
    value, problems = parse_yaml(text, "f", code="L-yaml")
    assert value is None
    [problem] = problems
    assert (problem.code, problem.line) == ("L-yaml", line)
    assert said in problem.hint


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ("a: 1\na: 2", "写了两次", (2, 1)),
        ("? [x]\n: 1", "一个名称", (1, 3)),
        ("a: &x [1]\nb: *x", "引用写法", (1, 4)),
    ],
)
def test_odd_yaml_is_named_and_the_rest_read(text: str, said: str, place: tuple[int, int]) -> None:
    value, [problem] = parse_yaml(text, "f")
    assert (problem.line, problem.column) == place
    assert isinstance(value, Mapping)
    assert said in problem.message
