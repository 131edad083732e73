"""The canonical text, and that it reads back as what it was."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elearn.core.laws.registry import LawRegistry
from elearn.core.questions.model import Citation, Part, Question, QuestionType, RubricPoint
from elearn.core.questions.parser import parse_bank_file
from elearn.core.questions.writer import format_bank, format_question
from tests.core.questions.strategies import questions


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_parse_of_format_is_the_question_itself(registry: LawRegistry, data: st.DataObject) -> None:
    question = data.draw(questions(registry))
    text = format_question(question)
    [back], problems = parse_bank_file(text, "f.md", registry)
    assert [p for p in problems if p.is_error] == []
    assert back == question
    assert back.revision_hash == question.revision_hash
    assert format_question(back) == text


def test_format_writes_everything_out() -> None:
    question = Question(
        code="DIS-04-001", type=QuestionType.MULTI, topic="DIS-04", difficulty=3,
        parts=(
            Part(QuestionType.MULTI, "题干？\n答案：在哪", ("甲", "乙", "丙"), (0, 2),
                 explanation="因为。\nB. 错", fixed_order=True),
        ),
        citations=(Citation("监察法", "2024-12-25", "46"), Citation("民法典", "2020-05-28")),
        audience=("PARTY",), tags=("礼品", "日常"), facts=("SL-01",),
    )  # fmt: skip
    assert format_question(question) == (
        "【多选】题干？\n\\答案：在哪\nA. 甲\nB. 乙\nC. 丙\n答案：AC\n解析：因为。\n\\B. 错\n选项：固定\n"
        "依据：监察法@2024-12-25#46；民法典@2020-05-28\n难度：3\n主题：DIS-04\n对象：党员\n标签：礼品、日常\n"
        "事实：SL-01\n编号：DIS-04-001\n"
    )


def test_format_bank_separates_items_by_a_blank_line(registry: LawRegistry) -> None:
    rubric = (RubricPoint("说明", 150), RubricPoint("登记", 5))
    part = Part(QuestionType.SHORT_ANSWER, "问？", reference="答", rubric=rubric, explanation="因")
    items = [
        Question(f"X-{n}", QuestionType.SHORT_ANSWER, "DIS-04", 1, (part,),
                 citations=(Citation("监察法", "2024-12-25"),))
        for n in (1, 2)
    ]  # fmt: skip
    text = format_bank(items)
    assert "- 说明（1.5分）\n- 登记（0.05分）\n" in text
    assert "\n\n【简答】" in text
    assert parse_bank_file(text, "f", registry)[0] == items
