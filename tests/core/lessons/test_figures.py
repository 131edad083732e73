"""Characters, reading time, sentences: counted on what the page shows."""

import pytest

from elearn.core.lessons.figures import check_pace, figures_of, is_common, plain_text
from elearn.core.lessons.model import Lesson
from elearn.core.lessons.tasks import LessonTask, TaskKind
from elearn.core.questions.model import Citation, Part, Question, QuestionType


def lesson(html: str = "", minutes: int = 8, **values: object) -> Lesson:
    return Lesson("a-01", "第一节", minutes, True, "", html, **values)  # type: ignore[arg-type]  # a dict


def text_of(characters: int) -> str:
    return "<p>" + "这是一句十个字的话呀。" * (characters // 10) + "</p>"


def test_markup_is_not_read_and_a_number_is_one_glance() -> None:
    found = figures_of(lesson('<h2 id="s-不读">标题</h2><p title="不读">罚款 5000 元&amp;利息</p>'))
    assert found.characters == 2 + 3 + 1 + 2
    assert found.blocks == 2


def test_a_block_ends_a_sentence_and_inline_markup_does_not() -> None:
    html = "<ul><li>甲乙</li><li>丙</li></ul><p>丁<strong>戊</strong>己。庚<br>辛</p>"
    found = figures_of(lesson(html))
    assert found.sentences == 5
    assert found.sentence_length == 1.6
    assert plain_text("<td>甲</td><td>乙</td>").split() == ["甲", "乙"]


def test_long_sentences_have_more_than_forty_characters() -> None:
    html = f"<p>{'长' * 40}。{'长' * 41}。短。短！</p>"
    assert figures_of(lesson(html)).long_share == 0.25


def test_quiz_and_tasks_are_read_too() -> None:
    part = Part(QuestionType.SINGLE, "题干", ("选项一", "选项二"), (0,))
    plain = Question("q", QuestionType.SINGLE, "DIS-04", 2, (part,), explanation="解析")
    sub = Part(QuestionType.TRUE_FALSE, "小题", ("对", "错"), (0,), explanation="因为")
    case = Question("c", QuestionType.CASE, "DIS-04", 2, (sub,), stem="材料")
    task = LessonTask(TaskKind.PLEDGE, "承诺", "我承诺")
    found = figures_of(
        lesson(
            "<p>正文</p>",
            quizzes=((plain,), (case,)),
            tasks=(task,),
            citations=(Citation("监察法", "2024-12-25", "46"),),
        )
    )
    assert found.quiz_characters == 2 + 6 + 2 + 2 + 2 + 2 + 2
    assert found.characters == found.quiz_characters + 2 + 2 + 3
    assert (found.quiz_items, found.tasks, found.citations) == (2, 1, 1)


def test_rare_characters_are_those_outside_the_first_level_of_gb2312() -> None:
    assert is_common("廉")
    assert not is_common("夔")  # second level
    assert not is_common("㐀")  # not in GB/T 2312 at all
    assert not is_common("a")
    assert figures_of(lesson("<p>廉洁夔</p>")).rare_share == 0.3333


def test_an_empty_lesson_has_no_shares() -> None:
    found = figures_of(lesson())
    assert (found.sentence_length, found.long_share, found.rare_share) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("characters", "minutes", "hints"),
    [
        (2080, 8, 0),  # eight minutes of text
        (1040, 8, 0),  # exactly half
        (1000, 8, 1),
        (4160, 8, 0),  # exactly twice
        (4200, 8, 1),
        (1040, 4, 1),  # the text fits, four minutes are too short for a lesson
        (4160, 16, 1),
        (100, 16, 2),
        (1300, 5, 0),
        (3900, 15, 0),
    ],
)
def test_declared_minutes_are_held_against_the_text(
    characters: int, minutes: int, hints: int
) -> None:
    found = check_pace(lesson(text_of(characters), minutes), "courses/dis/x/01-x.md")
    assert [(one.code, one.severity, one.line) for one in found] == [
        ("L-pace", "warning", 1)
    ] * hints
