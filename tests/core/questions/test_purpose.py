"""用途: practice questions never come into an exam; the revision stays what it is."""

import dataclasses

import pytest

from elearn.core.assembly.pool import pool_of
from elearn.core.laws.registry import LawRegistry
from elearn.core.questions.model import Purpose
from elearn.core.questions.parser import parse_bank_file
from elearn.core.questions.writer import format_question

ITEM = """
【判断】一岗双责说的是两份责任。
答案：对
解析：业务和廉政两份责任。
依据：监察法#46
难度：2
编号：ETH-01-9{n}
"""


def parse(front: str, *lines: str, registry: LawRegistry) -> list[tuple[Purpose, str]]:
    head = f"---\n主题: ETH-01\n{front}---\n"
    items = "\n".join(ITEM.replace("{n}", str(n)) + line + "\n" for n, line in enumerate(lines))
    questions, problems = parse_bank_file(head + items, "f", registry)
    errors = [problem.code for problem in problems if problem.is_error]
    return [(q.purpose, format_question(q)) for q in questions] + [
        (Purpose.BOTH, e) for e in errors
    ]


def test_purpose_of_the_file_and_of_the_item(registry: LawRegistry) -> None:
    found = parse("用途: 练习\n", "", "用途：考试", "用途：两用", registry=registry)
    assert [purpose for purpose, _ in found] == [Purpose.PRACTICE, Purpose.EXAM, Purpose.BOTH]
    assert "用途：练习" in found[0][1]
    assert "用途：考试" in found[1][1]
    assert "用途" not in found[2][1]
    assert parse("", "", registry=registry)[0][0] is Purpose.BOTH


def test_purpose_that_is_none(registry: LawRegistry) -> None:
    assert parse("", "用途：抽查", registry=registry) == [(Purpose.BOTH, "Q-purpose")]
    assert "Q-" in parse("用途: 抽查\n", "", registry=registry)[-1][1]


@pytest.mark.parametrize("purpose", list(Purpose))
def test_pool_and_hash(registry: LawRegistry, purpose: Purpose) -> None:
    questions, _ = parse_bank_file(
        f"---\n主题: ETH-01\n---\n{ITEM.replace('{n}', '1')}", "f", registry
    )
    question = dataclasses.replace(questions[0], purpose=purpose)
    assert question.revision_hash == questions[0].revision_hash
    assert len(pool_of([question])) == (purpose is not Purpose.PRACTICE)
