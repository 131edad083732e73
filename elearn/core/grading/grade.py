"""The grade: a pure function of (paper, answers, keys, policy, marks), integers throughout.

Rules (domain facts §2.2, §2.3): a single choice or true/false part is right or wrong; a multiple
choice part follows `Policy.multi_scoring`; blanks share a part's points, the last takes the
remainder; a short answer gets the marker's points. Any wrong option of a multiple choice gives 0
in every mode; nothing is ever taken off. A short answer left empty scores 0 without a marker.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from elearn.core.assembly.model import MultiScoring
from elearn.core.assembly.paper import Paper, PaperItem, PaperSection, split_points
from elearn.core.centi import centi_text
from elearn.core.errors import DomainError
from elearn.core.questions.model import QuestionType

from .answers import Answer, is_empty
from .keys import AnswerKey, PartKey, Policy

Place = tuple[int, int]  # (item number from 1, part from 0)


class GradeState(StrEnum):
    """PENDING until every short answer has a mark."""

    FINAL = "FINAL"
    PENDING = "PENDING"


class PartState(StrEnum):
    """How a part came by its points."""

    RIGHT = "RIGHT"
    PARTIAL = "PARTIAL"
    WRONG = "WRONG"
    EMPTY = "EMPTY"
    MARKED = "MARKED"
    PENDING = "PENDING"
    VOID = "VOID"


@dataclass(frozen=True, slots=True)
class PartGrade:
    """`awarded_centi` is 0 while PENDING."""

    state: PartState
    awarded_centi: int
    full_centi: int


@dataclass(frozen=True, slots=True)
class ItemGrade:
    """One numbered question. `state` is the parts' own when they agree, else by points."""

    number: int
    revision_hash: str
    state: PartState
    awarded_centi: int
    full_centi: int
    parts: tuple[PartGrade, ...]


@dataclass(frozen=True, slots=True)
class SectionGrade:
    """Points of one section of the paper."""

    name: str
    group: str
    awarded_centi: int
    full_centi: int


@dataclass(frozen=True, slots=True)
class MinimumGrade:
    """One section minimum. `met` is None while points of the group are pending."""

    group: str
    required_centi: int
    awarded_centi: int
    met: bool | None


@dataclass(frozen=True, slots=True)
class Grade:
    """`passed` is None while PENDING. `total_centi` then counts what is known so far."""

    state: GradeState
    total_centi: int
    full_centi: int
    pass_centi: int
    passed: bool | None
    items: tuple[ItemGrade, ...]
    sections: tuple[SectionGrade, ...]
    minima: tuple[MinimumGrade, ...]
    policy_version: str

    def canonical(self) -> dict[str, Any]:
        """JSON-able, what the database stores and the ledger hashes."""
        return {
            "state": self.state,
            "total_centi": self.total_centi,
            "full_centi": self.full_centi,
            "pass_centi": self.pass_centi,
            "passed": self.passed,
            "items": [_item_canonical(item) for item in self.items],
            "sections": [
                {
                    "name": section.name,
                    "group": section.group,
                    "awarded_centi": section.awarded_centi,
                    "full_centi": section.full_centi,
                }
                for section in self.sections
            ],
            "minima": [
                {
                    "group": minimum.group,
                    "required_centi": minimum.required_centi,
                    "awarded_centi": minimum.awarded_centi,
                    "met": minimum.met,
                }
                for minimum in self.minima
            ],
            "policy_version": self.policy_version,
        }


def grade(
    paper: Paper,
    answers: Mapping[Place, Answer],
    keys: Mapping[str, AnswerKey],
    policy: Policy,
    marks: Mapping[Place, int] | None = None,
) -> Grade:
    """Grade a paper. `keys` by revision hash; `marks` are a marker's points in hundredths.

    Raises DomainError for a mark outside 0..full or for a part that is not marked by hand, KeyError
    when a key is missing.
    """
    marks = marks or {}
    _check_marks(paper, marks)
    items = {i.number: _grade_item(i, answers, keys, policy, marks) for i in paper.items}
    sections = tuple(_grade_section(section, items) for section in paper.sections)
    minima = tuple(
        _grade_minimum(name, required, paper, items) for name, required in policy.section_minima
    )
    total = sum(item.awarded_centi for item in items.values())
    pending = any(item.state is PartState.PENDING for item in items.values())
    passed = total >= policy.pass_centi and all(minimum.met for minimum in minima)
    return Grade(
        state=GradeState.PENDING if pending else GradeState.FINAL,
        total_centi=total,
        full_centi=paper.total_centi,
        pass_centi=policy.pass_centi,
        passed=None if pending else passed,
        items=tuple(items.values()),
        sections=sections,
        minima=minima,
        policy_version=policy.version,
    )


def voided(grade: Grade) -> Grade:
    """What an annulled attempt (作废) counts: nothing, and final, whatever a marker still owes. What
    each question had stays in the detail."""
    return replace(grade, state=GradeState.FINAL, total_centi=0, passed=False)


def grade_part(
    key: PartKey, answer: Answer | None, full: int, policy: Policy, mark: int | None = None
) -> PartGrade:
    """Grade one part worth `full` hundredths, in an exam or a lesson."""
    if key.void:
        return PartGrade(PartState.VOID, full, full)
    if key.type is QuestionType.SHORT_ANSWER and mark is not None:
        return PartGrade(PartState.MARKED, mark, full)
    if answer is None or is_empty(answer):
        return PartGrade(PartState.EMPTY, 0, full)
    if key.type is QuestionType.SHORT_ANSWER:
        return PartGrade(PartState.PENDING, 0, full)
    if key.type is QuestionType.BLANK:
        return _grade_blanks(key, answer, full)
    return _grade_choice(key, frozenset(answer), full, policy)


def normal_text(text: str) -> str:
    """Blanks compare without width, case, white space and invisible characters.

    五 and 5 stay different: a key lists both when both are right.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) != "Cf")


def _grade_choice(
    key: PartKey, chosen: frozenset[int | str], full: int, policy: Policy
) -> PartGrade:
    if chosen == key.key or chosen in key.also:
        return PartGrade(PartState.RIGHT, full, full)
    # Of several right sets, the one that gives most: the smallest that holds the choice.
    around = [len(right) for right in (key.key, *key.also) if chosen < right]
    if key.type is not QuestionType.MULTI or not around:
        return PartGrade(PartState.WRONG, 0, full)
    if policy.multi_scoring is MultiScoring.PARTIAL_NO_WRONG:
        return PartGrade(PartState.PARTIAL, full * len(chosen) // min(around), full)
    if policy.multi_scoring is MultiScoring.PARTIAL_FIXED:
        points = min(full, policy.multi_fixed_centi * len(chosen))
        return PartGrade(PartState.PARTIAL, points, full)
    return PartGrade(PartState.WRONG, 0, full)


def _grade_blanks(key: PartKey, answer: Answer, full: int) -> PartGrade:
    shares = split_points(full, (1,) * len(key.blanks))
    hits = [
        normal_text(str(given)) in {normal_text(text) for text in accepted}
        for given, accepted in zip(answer, key.blanks, strict=True)
    ]
    points = sum(share for share, hit in zip(shares, hits, strict=True) if hit)
    if all(hits):
        return PartGrade(PartState.RIGHT, full, full)
    return PartGrade(PartState.PARTIAL if any(hits) else PartState.WRONG, points, full)


def _grade_item(
    item: PaperItem,
    answers: Mapping[Place, Answer],
    keys: Mapping[str, AnswerKey],
    policy: Policy,
    marks: Mapping[Place, int],
) -> ItemGrade:
    key = keys[item.revision_hash]
    graded = []
    for at, (part, part_key) in enumerate(zip(item.parts, key.parts, strict=True)):
        place = (item.number, at)
        answer, mark = answers.get(place), marks.get(place)
        graded.append(grade_part(part_key, answer, part.points_centi, policy, mark))
    parts = tuple(graded)
    awarded = sum(part.awarded_centi for part in parts)
    state = _item_state({part.state for part in parts}, awarded, item.points_centi)
    return ItemGrade(item.number, item.revision_hash, state, awarded, item.points_centi, parts)


def _item_state(states: set[PartState], awarded: int, full: int) -> PartState:
    if PartState.PENDING in states:
        return PartState.PENDING
    if len(states) == 1:
        return states.pop()
    if awarded == full:
        return PartState.RIGHT
    return PartState.PARTIAL if awarded else PartState.WRONG


def _grade_section(section: PaperSection, items: Mapping[int, ItemGrade]) -> SectionGrade:
    awarded = sum(items[item.number].awarded_centi for item in section.items)
    return SectionGrade(section.name, section.group, awarded, section.total_centi)


def _grade_minimum(
    group: str, required: int, paper: Paper, items: Mapping[int, ItemGrade]
) -> MinimumGrade:
    mine = [items[i.number] for s in paper.sections if s.group == group for i in s.items]
    awarded = sum(item.awarded_centi for item in mine)
    open_points = any(item.state is PartState.PENDING for item in mine)
    return MinimumGrade(group, required, awarded, None if open_points else awarded >= required)


def _check_marks(paper: Paper, marks: Mapping[Place, int]) -> None:
    for (number, at), points in marks.items():
        part = paper.part(number, at)
        if part is None or part.type is not QuestionType.SHORT_ANSWER:
            raise DomainError(f"第 {number} 题不是由阅卷人评分的题。", code="E-MARK")
        if not 0 <= points <= part.points_centi:
            full = centi_text(part.points_centi)
            raise DomainError(f"第 {number} 题的得分要在 0 到 {full} 分之间。", code="E-MARK")


def _item_canonical(item: ItemGrade) -> dict[str, Any]:
    return {
        "number": item.number,
        "revision_hash": item.revision_hash,
        "state": item.state,
        "awarded_centi": item.awarded_centi,
        "full_centi": item.full_centi,
        "parts": [
            {
                "state": part.state,
                "awarded_centi": part.awarded_centi,
                "full_centi": part.full_centi,
            }
            for part in item.parts
        ],
    }
