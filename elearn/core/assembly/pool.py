"""What the draw knows of a question: enough to choose and shuffle it, nothing of its key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from elearn.core.canonical import content_hash
from elearn.core.questions.model import Part, Purpose, Question, QuestionStatus, QuestionType
from elearn.core.taxonomy import AUDIENCE_NAMES, Strand, strand_of

from .constraints import Quota
from .model import EVERYONE, PARTY_WORDS, POST_WORDS, Section


@dataclass(frozen=True, slots=True)
class PoolPart:
    """Shape of one part. `weight`: its share of a case's points, relative to the other parts."""

    type: QuestionType
    options: int = 0
    blanks: int = 0
    fixed_order: bool = False
    weight: int = 1


@dataclass(frozen=True, slots=True)
class PoolItem:
    """One revision that may be drawn.

    `laws` are short names without version and article, `audience` words (党员), not codes (PARTY).
    """

    revision_hash: str
    code: str
    type: QuestionType
    topic: str
    difficulty: int
    parts: tuple[PoolPart, ...]
    laws: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()

    @property
    def strand(self) -> Strand:
        """Derived from the topic."""
        return strand_of(self.topic)


def pool_item(question: Question) -> PoolItem:
    """The pool's view of a question."""
    return PoolItem(
        revision_hash=question.revision_hash,
        code=question.code,
        type=question.type,
        topic=question.topic,
        difficulty=question.difficulty,
        parts=tuple(
            PoolPart(part.type, len(part.options), len(part.blanks), part.fixed_order, weight)
            for part, weight in zip(question.parts, part_weights(question.parts), strict=True)
        ),
        laws=tuple(dict.fromkeys(citation.law for citation in question.citations)),
        tags=question.tags,
        audience=tuple(AUDIENCE_NAMES.get(code, code) for code in question.audience),
    )


def pool_of(questions: Iterable[Question]) -> list[PoolItem]:
    """The questions that may be drawn: only ACTIVE ones that are not kept for practice."""
    return [
        pool_item(q)
        for q in questions
        if q.status is QuestionStatus.ACTIVE and q.purpose is not Purpose.PRACTICE
    ]


def part_weights(parts: Sequence[Part]) -> list[int]:
    """How a case's points are shared: by rubric when every part is a short answer, else equally."""
    rubric = [sum(point.points_centi for point in part.rubric) for part in parts]
    return rubric if rubric and all(rubric) else [1] * len(parts)


def qualifies(item: PoolItem, section: Section, audience: Sequence[str] = ()) -> bool:
    """May this item be drawn for this section? `audience` is the blueprint's."""
    return (
        item.type is section.type
        and matches(item, section)
        and suits(item.audience, section.audience or audience)
    )


def matches(item: PoolItem, wanted: Section | Quota) -> bool:
    """Does the item pass the filters of a section or a quota?"""
    low, high = wanted.difficulty
    return (
        low <= item.difficulty <= high
        and _meets(wanted.topics, (item.topic,))
        and (not wanted.strands or item.strand in wanted.strands)
        and _meets(wanted.laws, item.laws)
        and _meets(wanted.tags_any, item.tags)
    )


def suits(item_audience: Sequence[str], sitting: Sequence[str]) -> bool:
    """Is a question for `item_audience` fair to everybody in `sitting`?

    Party membership and post are two independent dimensions. () as `sitting` asks nothing.
    A dimension the question does not name is open to all; one it names must cover everybody
    sitting: 全体, or a sitting that does not name the dimension, means every word of it.
    """
    if not sitting or not item_audience or EVERYONE in item_audience:
        return True
    return all(_covers(words, item_audience, sitting) for words in (PARTY_WORDS, POST_WORDS))


def _covers(words: Sequence[str], item_audience: Sequence[str], sitting: Sequence[str]) -> bool:
    open_to = {word for word in words if word in item_audience} or set(words)
    present = {word for word in words if word in sitting} or set(words)
    return present <= open_to


def bank_hash(pool: Iterable[PoolItem]) -> str:
    """Names the exact set of revisions a draw was made from, whatever their order."""
    return content_hash(sorted(item.revision_hash for item in pool))


def _meets(wanted: Sequence[str], present: Sequence[str]) -> bool:
    return not wanted or any(word in present for word in wanted)
