"""What the printed pages show: forms, the answer sheet with its bubbles, the key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from elearn.bank.queries import KeyPart, load_bodies
from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.grading.answers import CHOICES
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.sheet import LETTERS, Sheet, make_sheet
from elearn.exams.grades.keys import load_exam_keys
from elearn.models import PrintPaper

from .typed import label_of, places

HASH_SHOWN: Final = 12  # of a paper's hash: enough to tell forms apart, short enough to read out


@dataclass(frozen=True, slots=True)
class PrintedForm:
    """One form as printed; `code` is the short hash at its head."""

    letter: str
    code: str
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Bubbles:
    """A row of the answer sheet: `marks` are the bubbles; none for a text, which gets `lines`."""

    label: str
    marks: tuple[str, ...]
    many: bool
    lines: int


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One part of a form's key, in the letters of that form."""

    label: str
    answer: str
    points_centi: int
    rubric: tuple[tuple[str, int], ...] = ()


def papers_of(forms: Sequence[PrintPaper]) -> dict[str, Paper]:
    """Letter -> paper."""
    return {form.letter: paper_from_canonical(form.paper) for form in forms}


def printed_forms(session: Session, forms: Sequence[PrintPaper]) -> list[PrintedForm]:
    """The questions of every form; no key is read."""
    papers = papers_of(forms)
    hashes = {item.revision_hash for paper in papers.values() for item in paper.items}
    bodies = load_bodies(session, sorted(hashes))
    return [
        PrintedForm(
            form.letter, form.paper_hash[:HASH_SHOWN], make_sheet(papers[form.letter], bodies, {})
        )
        for form in forms
    ]


def answer_sheet(papers: Mapping[str, Paper]) -> tuple[list[Bubbles], list[Bubbles]]:
    """(choice rows, text rows), the same sheet for every form: a row has as many bubbles as the
    longest list of options any form has there."""
    rows: dict[tuple[int, int], Bubbles] = {}
    for paper in papers.values():
        for place, label, part in places(paper):
            lines = {QuestionType.BLANK: 1, QuestionType.SHORT_ANSWER: 6}.get(part.type, 0)
            marks: tuple[str, ...] = ()
            if part.type is QuestionType.TRUE_FALSE:
                marks = ("对", "错")
            elif part.type in CHOICES:
                marks = tuple(LETTERS[: len(part.option_order)])
            before = rows.get(place)
            if before is None or (len(marks), lines) > (len(before.marks), before.lines):
                rows[place] = Bubbles(label, marks, part.type is QuestionType.MULTI, lines)
    ordered = [rows[place] for place in sorted(rows)]
    return [row for row in ordered if row.marks], [row for row in ordered if not row.marks]


def key_lines(
    session: Session, form: PrintPaper, *, exam_id: int
) -> list[tuple[str, list[KeyLine]]]:
    """Section by section, with the corrections that hold in the exam. Called only after `open_key` allowed it."""
    paper = paper_from_canonical(form.paper)
    hashes = [item.revision_hash for item in paper.items]
    keys = load_exam_keys(session, exam_id=exam_id, hashes=hashes).stored
    return [
        (
            section.name,
            [
                KeyLine(
                    label_of(item, at),
                    _key_text(part.type, part.option_order, keys[item.revision_hash].parts[at]),
                    part.points_centi,
                    tuple(
                        (point.text, point.points_centi)
                        for point in keys[item.revision_hash].parts[at].rubric
                    ),
                )
                for item in section.items
                for at, part in enumerate(item.parts)
            ],
        )
        for section in paper.sections
    ]


def _key_text(kind: QuestionType, order: tuple[int, ...], key: KeyPart) -> str:
    if kind is QuestionType.TRUE_FALSE:
        return "、".join("对错"[option] for option in key.key)
    if kind in CHOICES:
        return "".join(LETTERS[order.index(option)] for option in sorted(key.key, key=order.index))
    if kind is QuestionType.BLANK:
        return "；".join(" / ".join(accepted) for accepted in key.blanks)
    return key.reference
