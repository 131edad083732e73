"""The review of a graded attempt: own answer, right answer, why, and where it stands.

Called only after `grades.policy` allowed it; it is the one place where keys meet a page for the
candidate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from elearn.bank.laws import CitationLink, cite, load_registry
from elearn.bank.queries import Body, KeyPart, StoredKey, load_bodies
from elearn.core.assembly.paper import Paper, PaperPart
from elearn.core.grading.answers import CHOICES, Answer, shown_options
from elearn.core.grading.corrections import CORRECTION_NAMES, CorrectionKind
from elearn.core.grading.grade import PartState, Place
from elearn.core.laws.registry import LawRegistry
from elearn.core.questions.model import RubricPoint
from elearn.core.taxonomy import STRAND_NAMES, Strand
from elearn.exams.grades.keys import load_exam_keys
from elearn.exams.grades.queries import marks_rows
from elearn.models import Attempt, Grade

from .queries import current_answers, paper_of
from .sheet import Sheet, ShownItem, ShownPart, make_sheet

STATE_WORDS = {
    PartState.RIGHT: ("ok", "正确"),
    PartState.PARTIAL: ("warn", "部分得分"),
    PartState.WRONG: ("bad", "错误"),
    PartState.EMPTY: ("bad", "未答"),
    PartState.MARKED: ("warn", "已阅"),
    PartState.PENDING: ("warn", "待阅卷"),
    PartState.VOID: ("ok", "本题送分"),
}


@dataclass(frozen=True, slots=True)
class ReviewedPart:
    """`right`: screen positions of the right options; `accepted`: texts per blank."""

    shown: ShownPart
    kind: str
    word: str
    awarded_centi: int
    full_centi: int
    right: tuple[int, ...]
    accepted: tuple[tuple[str, ...], ...]
    reference: str
    rubric: tuple[RubricPoint, ...]
    explanation: str
    comment: str


@dataclass(frozen=True, slots=True)
class CorrectionNote:
    """What was corrected in this question after the exam, and on what ground."""

    text: str
    citation: CitationLink


@dataclass(frozen=True, slots=True)
class ReviewedItem:
    """One question of the review."""

    shown: ShownItem
    kind: str
    word: str
    awarded_centi: int
    full_centi: int
    explanation: str
    citations: tuple[CitationLink, ...]
    parts: tuple[ReviewedPart, ...]
    corrections: tuple[CorrectionNote, ...] = ()

    @property
    def lost(self) -> bool:
        """Full marks were not reached: shown first."""
        return self.awarded_centi < self.full_centi


@dataclass(frozen=True, slots=True)
class StrandScore:
    """Points per strand of the founding speech."""

    name: str
    awarded_centi: int
    full_centi: int


@dataclass(frozen=True, slots=True)
class Review:
    """`items` in paper order."""

    items: tuple[ReviewedItem, ...]
    strands: tuple[StrandScore, ...]


def load_sheet(session: Session, attempt: Attempt) -> Sheet:
    """The paper with the candidate's own answers, without keys."""
    paper = paper_of(attempt)
    bodies = load_bodies(session, (item.revision_hash for item in paper.items))
    return make_sheet(paper, bodies, current_answers(session, attempt.id), attempt.flags)


def load_review(
    session: Session, attempt: Attempt, grade: Grade, answers: Mapping[Place, Answer]
) -> Review:
    """Everything; `answers` are the attempt's current ones. The caller has asked the policy."""
    paper = paper_of(attempt)
    hashes = [item.revision_hash for item in paper.items]
    bodies = load_bodies(session, hashes)
    keys = load_exam_keys(session, exam_id=attempt.exam_id, hashes=hashes, up_to=grade.keys_no)
    sheet = make_sheet(paper, bodies, answers, attempt.flags)
    registry = load_registry(session)
    comments = {
        (mark.item_no, mark.part_no): mark.comment for mark in marks_rows(session, attempt.id)
    }
    graded = {item["number"]: item for item in grade.detail["items"]}
    items = tuple(
        replace(
            _item(paper, item, keys.stored[digest], graded[item.number], registry, comments),
            corrections=tuple(
                CorrectionNote(
                    f"{CORRECTION_NAMES[CorrectionKind(row.kind)]}：{row.reason}",
                    cite(registry, row.citation),
                )
                for row in keys.corrections.get(digest, ())
            ),
        )
        for item, digest in zip(sheet.items, hashes, strict=True)
    )
    return Review(items, _strands(items, [bodies[digest] for digest in hashes]))


def _item(
    paper: Paper,
    shown: ShownItem,
    key: StoredKey,
    graded: Mapping[str, Any],
    registry: LawRegistry,
    comments: Mapping[tuple[int, int], str],
) -> ReviewedItem:
    kind, word = STATE_WORDS[PartState(graded["state"])]
    parts = tuple(
        _part(
            paper.part(shown.number, part.at),
            part,
            key.parts[part.at],
            graded["parts"][part.at],
            comments.get((shown.number, part.at), ""),
        )
        for part in shown.parts
    )
    return ReviewedItem(
        shown=shown,
        kind=kind,
        word=word,
        awarded_centi=graded["awarded_centi"],
        full_centi=graded["full_centi"],
        explanation=key.explanation,
        citations=tuple(cite(registry, text) for text in key.citations),
        parts=parts,
    )


def _part(
    part: PaperPart | None,
    shown: ShownPart,
    key: KeyPart,
    graded: Mapping[str, Any],
    comment: str,
) -> ReviewedPart:
    kind, word = STATE_WORDS[PartState(graded["state"])]
    right = tuple(shown_options(part, key.key)) if part and part.type in CHOICES else ()
    return ReviewedPart(
        shown=shown,
        kind=kind,
        word=word,
        awarded_centi=graded["awarded_centi"],
        full_centi=graded["full_centi"],
        right=right,
        accepted=key.blanks,
        reference=key.reference,
        rubric=key.rubric,
        explanation=key.explanation,
        comment=comment,
    )


def _strands(items: Iterable[ReviewedItem], bodies: Iterable[Body]) -> tuple[StrandScore, ...]:
    sums: dict[Strand, list[int]] = {}
    for item, body in zip(items, bodies, strict=True):
        points = sums.setdefault(body.strand, [0, 0])
        points[0] += item.awarded_centi
        points[1] += item.full_centi
    return tuple(
        StrandScore(STRAND_NAMES[strand], *sums[strand]) for strand in Strand if strand in sums
    )
