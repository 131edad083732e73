"""An answer sheet and its forms: the same answers by the numbers and letters of another form.

Only for forms of one run with the same questions (`PrintMode.SHUFFLED`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from elearn.core.assembly.paper import Paper
from elearn.core.errors import DomainError
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place
from elearn.exams.printing.typed import Entry, places, read_part, shown_answer

# (revision hash, part from 0): what a place means on every form.
_Where = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One question by its number and letters on the sheet: what was typed, what stands there."""

    label: str
    before: str
    after: str


def moved(answers: Mapping[Place, Answer], source: Paper, target: Paper) -> dict[Place, Answer]:
    """Answers by the numbers of `source` -> the same answers to the same questions by those of
    `target`. Options are original ones on both sides."""
    where = {meaning: place for place, meaning in _meanings(target).items()}
    meanings = _meanings(source)
    return {where[meanings[place]]: answer for place, answer in answers.items()}


def read_as(answers: Mapping[Place, Answer], typed_as: Paper, really: Paper) -> Entry:
    """What was typed by form `typed_as`, read once more by the numbers and letters of `really`.

    `answers` are by the numbers of `typed_as`; those of the result by the ones of `really`.
    """
    entry = Entry()
    written = {
        label: shown_answer(part, answers.get(place)) for place, label, part in places(typed_as)
    }
    for place, label, part in places(really):
        try:
            entry.answers[place] = read_part(part, written.pop(label, "未答"))
        except DomainError as error:
            entry.problems.append(f"第 {label} 题：{error.message}")
    lost = [label for label, words in written.items() if words != "未答"]
    if lost:
        entry.problems.append(f"这种卷上没有第 {'、'.join(lost)} 题")
    return entry


def shown_changes(
    changes: Mapping[Place, tuple[Answer | None, Answer | None]], own: Paper, sheet: Paper
) -> list[ShownChange]:
    """Changes by the attempt's `own` numbers as somebody with the `sheet` of that form reads them."""
    where = {meaning: place for place, meaning in _meanings(own).items()}
    meanings = _meanings(sheet)
    shown = []
    for place, label, part in places(sheet):
        mine = where[meanings[place]]
        if mine in changes:
            before, after = changes[mine]
            shown.append(ShownChange(label, shown_answer(part, before), shown_answer(part, after)))
    return shown


def _meanings(paper: Paper) -> dict[Place, _Where]:
    return {
        (item.number, at): (item.revision_hash, at)
        for item in paper.items
        for at in range(len(item.parts))
    }
