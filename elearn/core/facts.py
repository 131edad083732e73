"""The editor's record: on which facts the content rests, and how each was read.

`question_bank/facts.yaml` has two lists. `facts`: `{id, law, article, status, text}`, where `status`
is V (read in a text of the version named), V- (one indirect source: to be confirmed before it may be
a key), U (not checked) or DERIVED (inferred). `statutes`: `{law, version, articles}`, articles read
in the statute itself, on which items without a fact number may rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from elearn.core.canonical import content_hash
from elearn.core.field_reader import FieldReader
from elearn.core.laws.registry import LawRegistry
from elearn.core.located_yaml import Mapping as Table
from elearn.core.located_yaml import Sequence, parse_yaml
from elearn.core.problems import Problem
from elearn.core.questions.model import Citation, Question, QuestionStatus
from elearn.core.source_text import decode_text, split_lines


class FactStatus(StrEnum):
    """How a fact was read."""

    VERIFIED = "V"
    WEAK = "V-"
    UNREAD = "U"
    DERIVED = "DERIVED"


FACT_STATUS_NAMES = {
    FactStatus.VERIFIED: "读过原文",
    FactStatus.WEAK: "间接来源，待核",
    FactStatus.UNREAD: "未核",
    FactStatus.DERIVED: "推算",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact in our own words. `law` is a short name of the registry, "" for none."""

    id: str
    law: str
    article: str
    status: FactStatus
    text: str
    line: int = field(default=0, compare=False)

    @property
    def text_hash(self) -> str:
        """What a reviewer confirms: other words are another thing to confirm."""
        return content_hash([self.id, self.law, self.article, self.text])


@dataclass(frozen=True, slots=True)
class EditorsRecord:
    """`read` holds (law, version, article without paragraph)."""

    facts: Mapping[str, Fact]
    read: frozenset[tuple[str, str, str]]

    def rests_on_statute(self, citations: Iterable[Citation]) -> bool:
        """Was one of the cited articles read?"""
        return any(
            (one.law, one.version, one.article.partition(".")[0]) in self.read for one in citations
        )


def parse_facts(
    data: bytes, file: str, registry: LawRegistry
) -> tuple[EditorsRecord, list[Problem]]:
    """What the file says as far as it can be read, and every problem of it."""
    text, problems = decode_text(data, file, "F-encoding")
    if problems:
        return EditorsRecord({}, frozenset()), problems
    value, found = parse_yaml("\n".join(split_lines(text)), file, code="F-yaml")
    problems += found
    if not isinstance(value, Table):
        if not found:
            problems.append(Problem(file, 1, 1, "F-list", "这个文件应有 facts 和 statutes 两张表"))
        return EditorsRecord({}, frozenset()), problems
    facts: dict[str, Fact] = {}
    for reader in _tables(value, "facts", file, problems):
        fact = _fact(reader, registry)
        if fact.id in facts:
            reader.problem(reader.mapping, "twice", f"事实 {fact.id} 登记了两次", "删去一条")
        facts.setdefault(fact.id, fact)
    read = {
        entry
        for reader in _tables(value, "statutes", file, problems)
        for entry in _statute(reader, registry)
    }
    return EditorsRecord(facts, frozenset(read)), problems


def check_evidence(
    record: EditorsRecord, questions: Iterable[tuple[str, Question]]
) -> list[Problem]:
    """`questions` are (file, question): every active one must rest on what was read."""
    problems: list[Problem] = []
    for file, question in questions:
        if question.status is not QuestionStatus.ACTIVE:
            continue
        for name in question.facts:
            fact = record.facts.get(name)
            if fact is None:
                message = f"{question.code} 写的事实 {name} 不在编写依据里"
                hint = "改编号，或先登记到 question_bank/facts.yaml"
                problems.append(Problem(file, question.line, 1, "F-unknown", message, hint))
            elif fact.status is not FactStatus.VERIFIED:
                named = FACT_STATUS_NAMES[fact.status]
                message = f"{question.code} 依据的事实 {name} 是“{named}”"
                hint = "核对后把事实改成 V，或在题里写 状态：待核"
                problems.append(Problem(file, question.line, 1, "F-unverified", message, hint))
        if not question.facts and not record.rests_on_statute(question.citations):
            message = f"{question.code} 没有写事实编号，所引条文也不在读过的条文里"
            hint = "写一行 事实：编号，或把读过的条登记到 question_bank/facts.yaml 的 statutes"
            problems.append(Problem(file, question.line, 1, "F-none", message, hint, "warning"))
    return problems


def _tables(value: Table, name: str, file: str, problems: list[Problem]) -> list[FieldReader]:
    rows = value.entries.get(name)
    if rows is None:
        return []
    if not isinstance(rows, Sequence):
        message = f"{name} 下面应是一条一条的列表"
        problems.append(Problem(file, rows.line, rows.column, "F-list", message))
        return []
    readers = []
    for row in rows.items:
        if isinstance(row, Table):
            readers.append(FieldReader(row, file, "F", problems))
        else:
            problems.append(Problem(file, row.line, row.column, "F-list", "这里应是一条记录"))
    return readers


def _fact(reader: FieldReader, registry: LawRegistry) -> Fact:
    status = reader.choice({s.value: s.value for s in FactStatus}, "status", required=True)
    fact = Fact(
        id=reader.text("id", required=True),
        law=_law(reader, registry),
        article=reader.text("article"),
        status=FactStatus(status or FactStatus.UNREAD),
        text=reader.text("text", required=True),
        line=reader.mapping.line,
    )
    reader.finish()
    return fact


def _law(reader: FieldReader, registry: LawRegistry) -> str:
    law = reader.text("law")
    if law and law not in registry.instruments:
        hint = "先登记到 question_bank/laws.yaml"
        reader.problem(reader.mapping, "law", f"法规登记表里没有“{law}”", hint)
    return law


def _statute(reader: FieldReader, registry: LawRegistry) -> list[tuple[str, str, str]]:
    law, version = _law(reader, registry), reader.text("version", required=True)
    articles = [word.text for word in reader.words("articles", required=True)]
    reader.finish()
    instrument = registry.instruments.get(law)
    if instrument and instrument.version(version) is None:
        reader.problem(reader.mapping, "law", f"“{law}”没有版本 {version}", "改 version")
    return [(law, version, article) for article in articles]
