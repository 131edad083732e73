"""The paper as a page shows it: questions in paper order, options in screen order, own answers.

Made from bodies alone. No key ever comes near this module; the review is `review.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from elearn.bank.queries import Body, BodyPart
from elearn.core.assembly.model import MULTI_SCORING_NAMES, MultiScoring
from elearn.core.assembly.paper import Paper, PaperItem, PaperPart
from elearn.core.grading.answers import CHOICES, Answer, is_empty
from elearn.core.grading.grade import Place
from elearn.core.questions.model import QuestionType

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class ShownOption:
    """`position` counts from 0 on the screen; `letter` is None for 对/错."""

    position: int
    letter: str | None
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One thing to answer. `texts` are the blanks filled in, or the one long text."""

    at: int
    type: QuestionType
    stem: str
    points_centi: int
    options: tuple[ShownOption, ...]
    texts: tuple[str, ...]

    @property
    def answered(self) -> bool:
        """Is there anything in it?"""
        return any(option.chosen for option in self.options) or any(
            text.strip() for text in self.texts
        )


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One numbered question; `stem` is the material of a case, else ""."""

    number: int
    type: QuestionType
    stem: str
    points_centi: int
    flagged: bool
    parts: tuple[ShownPart, ...]

    @property
    def answered(self) -> bool:
        """Is any part answered? (The answer card, the counts.)"""
        return any(part.answered for part in self.parts)

    @property
    def complete(self) -> bool:
        """Is every part answered? (The check before handing in.)"""
        return all(part.answered for part in self.parts)


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section with its heading."""

    name: str
    type: QuestionType
    total_centi: int
    items: tuple[ShownItem, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole paper of one candidate."""

    sections: tuple[ShownSection, ...]

    @property
    def items(self) -> tuple[ShownItem, ...]:
        """All items in number order."""
        return tuple(item for section in self.sections for item in section.items)

    @property
    def unanswered(self) -> tuple[ShownItem, ...]:
        """Items with a part left open."""
        return tuple(item for item in self.items if not item.complete)

    @property
    def flagged(self) -> tuple[ShownItem, ...]:
        """Items the candidate marked for a second look."""
        return tuple(item for item in self.items if item.flagged)


def make_sheet(
    paper: Paper,
    bodies: Mapping[str, Body],
    answers: Mapping[Place, Answer],
    flags: list[int] | None = None,
) -> Sheet:
    """`answers` in canonical form; KeyError when a body is missing."""
    marked = set(flags or ())
    return Sheet(
        tuple(
            ShownSection(
                section.name,
                section.type,
                section.total_centi,
                tuple(
                    _item(item, bodies[item.revision_hash], answers, flagged=item.number in marked)
                    for item in section.items
                ),
            )
            for section in paper.sections
        )
    )


def _item(
    item: PaperItem, body: Body, answers: Mapping[Place, Answer], *, flagged: bool
) -> ShownItem:
    parts = tuple(
        _part(at, part, shown, answers.get((item.number, at)))
        for at, (part, shown) in enumerate(zip(item.parts, body.parts, strict=True))
    )
    return ShownItem(item.number, body.type, body.stem, item.points_centi, flagged, parts)


def _part(at: int, part: PaperPart, body: BodyPart, answer: Answer | None) -> ShownPart:
    options: tuple[ShownOption, ...] = ()
    texts: tuple[str, ...] = ()
    if part.type in CHOICES:
        chosen = set(answer or ())
        lettered = part.type is not QuestionType.TRUE_FALSE
        options = tuple(
            ShownOption(
                position,
                LETTERS[position] if lettered else None,
                body.options[original],
                original in chosen,
            )
            for position, original in enumerate(part.option_order)
        )
    elif part.type is QuestionType.BLANK:
        filled = answer if isinstance(answer, list) and not is_empty(answer) else []
        texts = tuple(str(text) for text in filled) or ("",) * part.blanks
    else:
        texts = (answer if isinstance(answer, str) else "",)
    return ShownPart(at, part.type, body.stem, part.points_centi, options, texts)


def scoring_words(mode: MultiScoring) -> str:
    """How multiple choices are scored, as a candidate is told."""
    words = {
        MultiScoring.ALL_OR_NOTHING: "多选题全部选对才得分",
        MultiScoring.PARTIAL_NO_WRONG: "多选题选错不得分，漏选按比例得分",
        MultiScoring.PARTIAL_FIXED: "多选题选错不得分，漏选时每个选对的选项得部分分",
    }
    return words.get(mode, MULTI_SCORING_NAMES[mode])
