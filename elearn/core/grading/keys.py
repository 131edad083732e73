"""Answer keys and the scoring policy: the two versioned things a grade depends on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from elearn.core.assembly.model import Blueprint, MultiScoring
from elearn.core.questions.model import Part, Question, QuestionType

POLICY_VERSION: Final = "2026-1"


@dataclass(frozen=True, slots=True)
class PartKey:
    """What is right in one part. `void`: the part was withdrawn, everybody gets its points.

    `also`: other sets of options that are right as well, by a later correction.
    """

    type: QuestionType
    key: frozenset[int] = frozenset()
    blanks: tuple[tuple[str, ...], ...] = ()
    void: bool = False
    also: tuple[frozenset[int], ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """The keys of one question, part by part."""

    parts: tuple[PartKey, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How answers become points and points a pass; made from a blueprint."""

    pass_centi: int
    section_minima: tuple[tuple[str, int], ...] = ()
    multi_scoring: MultiScoring = MultiScoring.ALL_OR_NOTHING
    multi_fixed_centi: int = 0
    version: str = POLICY_VERSION


def key_of(question: Question) -> AnswerKey:
    """The key of a question as its file states it."""
    return AnswerKey(tuple(part_key_of(part) for part in question.parts))


def part_key_of(part: Part) -> PartKey:
    """The key of one part, e.g. of a question inside a lesson."""
    return PartKey(part.type, frozenset(part.key), part.blanks)


def key_from_parts(types: Sequence[QuestionType], parts: Sequence[Mapping[str, Any]]) -> AnswerKey:
    """The key as stored: per part {"key": [..], "blanks": [[..]], "void": bool, ...}."""
    return AnswerKey(
        tuple(
            PartKey(
                type=kind,
                key=frozenset(part.get("key", ())),
                blanks=tuple(tuple(accepted) for accepted in part.get("blanks", ())),
                void=bool(part.get("void", False)),
            )
            for kind, part in zip(types, parts, strict=True)
        )
    )


def policy_of(blueprint: Blueprint) -> Policy:
    """The blueprint's scoring rules."""
    return Policy(
        pass_centi=blueprint.pass_centi,
        section_minima=blueprint.section_minima,
        multi_scoring=blueprint.multi_scoring,
        multi_fixed_centi=blueprint.multi_fixed_centi,
    )
