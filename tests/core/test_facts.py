"""The editor's record: read with every fault located, and held against the questions."""

import pytest

from elearn.core.facts import EditorsRecord, FactStatus, check_evidence, parse_facts
from elearn.core.laws.registry import LawRegistry, parse_registry
from elearn.core.questions.model import (
    Citation,
    Part,
    Question,
    QuestionStatus,
    QuestionType,
)

LAWS = """
- short: 监察法
  code: SL
  title: 中华人民共和国监察法
  kind: LAW
  versions: [{version: 2024-12-25, articles: 78, status: IN_FORCE}]
"""
GOOD = """
facts:
  - {id: SL-01, law: 监察法, article: "1", status: V, text: 甲}
  - {id: SL-02, law: 监察法, article: "2", status: V-, text: 乙}
  - {id: X-01, law: "", article: "", status: DERIVED, text: 丙}
statutes:
  - {law: 监察法, version: 2024-12-25, articles: ["46", "50"]}
"""


@pytest.fixture(scope="module")
def registry() -> LawRegistry:
    return parse_registry(LAWS, "laws.yaml")[0]


def record_of(text: str, registry: LawRegistry) -> EditorsRecord:
    record, problems = parse_facts(text.encode(), "facts.yaml", registry)
    assert problems == []
    return record


def question(
    facts: tuple[str, ...] = (), article: str = "", status: QuestionStatus = QuestionStatus.ACTIVE
) -> Question:
    part = Part(QuestionType.TRUE_FALSE, "甲", ("对", "错"), (0,))
    cited = (Citation("监察法", "2024-12-25", article),) if article else ()
    return Question(
        "LAW-01-001", QuestionType.TRUE_FALSE, "LAW-01", 1, (part,), citations=cited, facts=facts,
        status=status, line=7,
    )  # fmt: skip


def test_a_good_record_is_read(registry: LawRegistry) -> None:
    record = record_of(GOOD, registry)
    assert record.facts["SL-02"].status is FactStatus.WEAK
    assert record.read == {("监察法", "2024-12-25", "46"), ("监察法", "2024-12-25", "50")}
    same = record_of(GOOD.replace("V-", "V"), registry)
    assert same.facts["SL-02"].text_hash == record.facts["SL-02"].text_hash
    other = record_of(GOOD.replace("乙", "丁"), registry)
    assert other.facts["SL-02"].text_hash != record.facts["SL-02"].text_hash


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("- 甲", "F-list", 1),
        ("facts: 甲", "F-list", 1),
        ("facts:\n  - 甲", "F-list", 2),
        ("facts: [", "F-yaml", 1),
        (GOOD.replace("SL-02", "SL-01"), "F-twice", 4),
        (GOOD.replace("status: V-", "status: W"), "F-field-value", 4),
        (GOOD.replace(", text: 乙", ""), "F-field-missing", 4),
        (GOOD.replace("id: SL-02, law: 监察法", "id: SL-02, law: 检察法"), "F-law", 4),
        (GOOD.replace("version: 2024-12-25", "version: 2020-01-01"), "F-law", 7),
        (GOOD.replace("articles: [", "文: 1, articles: ["), "F-field-unknown", 7),
    ],
)
def test_every_fault_has_its_line(text: str, code: str, line: int, registry: LawRegistry) -> None:
    _, problems = parse_facts(text.encode(), "facts.yaml", registry)
    assert [(problem.code, problem.line) for problem in problems] == [(code, line)]


def test_a_file_in_another_encoding_is_named(registry: LawRegistry) -> None:
    _, problems = parse_facts(GOOD.encode("gbk"), "facts.yaml", registry)
    assert {problem.code for problem in problems} == {"F-encoding"}


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        (question(("SL-01",)), []),
        (question(("SL-01", "SL-02")), ["F-unverified"]),
        (question(("X-01",)), ["F-unverified"]),
        (question(("SL-99",)), ["F-unknown"]),
        (question(article="46.1"), []),
        (question(article="47"), ["F-none"]),
        (question(), ["F-none"]),
        (question(("SL-02",), status=QuestionStatus.NEEDS_REVIEW), []),
    ],
)
def test_active_questions_rest_on_what_was_read(
    asked: Question, codes: list[str], registry: LawRegistry
) -> None:
    found = check_evidence(record_of(GOOD, registry), [("a.md", asked)])
    assert [problem.code for problem in found] == codes
    assert all((problem.file, problem.line) == ("a.md", 7) for problem in found)
