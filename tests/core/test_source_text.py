"""Bytes to lines, and the front matter."""

import pytest

from elearn.core.source_text import (
    bad_characters,
    cut_front_matter,
    decode_text,
    fold,
    one_line,
    split_lines,
)


def test_decode_text_reads_utf8_with_and_without_bom() -> None:
    assert decode_text("答案：对".encode(), "a.md") == ("答案：对", [])
    assert decode_text(b"\xef\xbb\xbf" + "答案：对".encode(), "a.md") == ("答案：对", [])


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        ("第一行\n答案：对".encode("gb18030"), 1, "GB18030"),
        (b"ok\n" + "答案：对".encode("gbk"), 2, "GB18030"),
        ("答案：对".encode("utf-16"), 0, "UTF-16"),
        ("答案".encode("utf-16-be").join([b"\xfe\xff", b""]), 0, "UTF-16"),
        (b"ok\nok\n\xff\xfe\xfd", 3, "不是 UTF-8"),
        (b"ok\n\x80\x31\x20", 2, "不是 UTF-8"),
    ],
)
def test_decode_text_refuses_other_encodings_with_the_way_out(
    data: bytes, line: int, said: str
) -> None:
    text, problems = decode_text(data, "a.md", "L-encoding")
    assert text == ""
    [problem] = problems
    assert (problem.code, problem.line, problem.file) == ("L-encoding", line, "a.md")
    assert said in problem.message
    assert "UTF-8" in problem.hint


def test_split_lines_knows_all_line_ends_and_only_those() -> None:
    assert split_lines("a\r\nb\rc\nd\u2028e  \n\ufeffx\u200by") == ["a", "b", "c", "d\u2028e", "xy"]


def test_fold_keeps_the_length() -> None:
    text = "Ａ．答案：（１）　x\ty｜"
    assert fold(text) == "A.答案:(1) x y|"
    assert len(fold(text)) == len(text)


def test_one_line_makes_runs_of_blanks_one() -> None:
    assert one_line("　　甲 \t　乙\u00a0 ") == "甲 乙"


def test_bad_characters_are_located() -> None:
    lines = ["好", "⼯作", "a\x07", "\ue001"]
    found = bad_characters(lines, "f", 5, "Q-char")
    assert [(p.line, p.column) for p in found] == [(6, 1), (7, 2), (8, 1)]
    assert "⼯" in found[0].message
    assert "U+0007" in found[1].message


def test_cut_front_matter_finds_both_fences() -> None:
    front = cut_front_matter(["", "---", "主题：DIS-04", "名称: 礼品：茶叶", "－－－", "正文"])
    assert front.present
    assert front.closed
    assert front.yaml == "主题: DIS-04\n名称: 礼品：茶叶"
    assert (front.first_line, front.body_line) == (3, 6)


def test_cut_front_matter_absent_or_open() -> None:
    assert not cut_front_matter(["正文", "---"]).present
    assert not cut_front_matter(["", ""]).present
    assert not cut_front_matter(["---", "主题: x"]).closed
