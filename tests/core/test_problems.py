"""How a problem is printed."""

from elearn.core.problems import Problem


def test_an_error_and_a_hint_read_differently() -> None:
    error = Problem("a.md", 3, 2, "Q-x", "没有答案", "加一行")
    hint = Problem("a.md", 0, 0, "Q-y", "太长", severity="warning")
    assert str(error) == "a.md:3:2 [Q-x] 没有答案 怎么改：加一行"
    assert str(hint) == "a.md:0:0 [Q-y] 提示 太长"
    assert (error.is_error, hint.is_error) == (True, False)
    assert hint.as_dict() == {
        "file": "a.md", "line": 0, "column": 0, "code": "Q-y", "message": "太长", "hint": "",
        "severity": "warning",
    }  # fmt: skip
