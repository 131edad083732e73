"""Pledges and reflections as trainers write them."""

import pytest

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.renderer import Rendered, render_lesson
from elearn.core.lessons.tasks import LessonTask, TaskKind, task_from_canonical

PLEDGE = "```承诺书 廉洁从家开始\n我承诺：\n- 不收**一分**礼金\n- 回家说一遍\n```"
REFLECTION = "```心得 一句能说出口的话\n下次再遇到，您会怎么说？\n字数：30-300\n```"


def render(text: str, registry: LawRegistry) -> Rendered:
    return render_lesson(text, "01.md", 1, registry)


def test_tasks_become_slots_and_texts(registry: LawRegistry) -> None:
    rendered = render(f"一\n\n{PLEDGE}\n\n二\n\n{REFLECTION}", registry)
    assert rendered.problems == ()
    assert rendered.html.count('class="task-slot"') == 2
    assert 'data-task="1"' in rendered.html
    assert "礼金" not in rendered.html
    assert rendered.tasks == (
        LessonTask(TaskKind.PLEDGE, "廉洁从家开始", "我承诺：\n- 不收**一分**礼金\n- 回家说一遍"),
        LessonTask(TaskKind.REFLECTION, "一句能说出口的话", "下次再遇到，您会怎么说？", 30, 300),
    )


def test_stored_and_read_back_is_the_same_task(registry: LawRegistry) -> None:
    for task in render(PLEDGE + "\n\n" + REFLECTION, registry).tasks:
        again = task_from_canonical(task.canonical())
        assert again == task
        assert again.text_hash == task.text_hash
        assert len(task.text_hash) == 64


def test_other_words_are_another_task(registry: LawRegistry) -> None:
    (first,) = render(PLEDGE, registry).tasks
    (second,) = render(PLEDGE.replace("一分", "半分"), registry).tasks
    assert first.text_hash != second.text_hash


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("一\n\n```承诺书\n\n```", "L-task-text", 3),
        ("```承诺书\n遵守[[监察法#1]]\n```", "L-task-text", 1),
        ("```承诺书\n" + "字" * 2001 + "\n```", "L-task-text", 1),
        ("```心得\n写\n字数：300-30\n```", "L-task-length", 3),
        ("```心得\n写\n字数：10-9000\n```", "L-task-length", 3),
    ],
)
def test_every_fault_has_its_line(text: str, code: str, line: int, registry: LawRegistry) -> None:
    assert [(p.code, p.line) for p in render(text, registry).problems] == [(code, line)]
