"""Corrections of a key (issue 3, reliability EXM-17): the keys a grade uses are the key as published
and, in order, every approved correction up to the number the grade names. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from elearn.core.errors import DomainError
from elearn.core.questions.model import QuestionType

from .answers import CHOICES, MAX_BLANK
from .keys import AnswerKey, PartKey


class CorrectionKind(StrEnum):
    """REPLACE: a new key. ACCEPT: another answer is right as well. VOID: everybody gets the points.

    A REPLACE after a VOID counts the part again.
    """

    REPLACE = "REPLACE"
    ACCEPT = "ACCEPT"
    VOID = "VOID"


CORRECTION_NAMES: Final[dict[CorrectionKind, str]] = {
    CorrectionKind.REPLACE: "改答案",
    CorrectionKind.ACCEPT: "增加可接受的答案",
    CorrectionKind.VOID: "作废（人人得满分）",
}


@dataclass(frozen=True, slots=True)
class Correction:
    """`part` None: every part. `key`: original option indexes; `blanks`: texts per blank (for ACCEPT
    what is added to each)."""

    kind: CorrectionKind
    part: int | None = None
    key: frozenset[int] = frozenset()
    blanks: tuple[tuple[str, ...], ...] = ()

    def change(self) -> dict[str, Any]:
        """JSON-able; `correction_from` reads it back."""
        if self.kind is CorrectionKind.VOID:
            return {}
        if self.blanks:
            return {"blanks": [list(texts) for texts in self.blanks]}
        return {"key": sorted(self.key)}


def correction_from(kind: str, part: int | None, change: Mapping[str, Any]) -> Correction:
    """The inverse of `Correction.change()`."""
    return Correction(
        CorrectionKind(kind),
        part,
        frozenset(change.get("key", ())),
        tuple(tuple(texts) for texts in change.get("blanks", ())),
    )


def corrected(key: AnswerKey, corrections: Iterable[Correction]) -> AnswerKey:
    """The key after these corrections, in their order."""
    parts = list(key.parts)
    for correction in corrections:
        wanted = range(len(parts)) if correction.part is None else (correction.part,)
        for at in wanted:
            parts[at] = _corrected_part(parts[at], correction)
    return AnswerKey(tuple(parts))


def check_correction(key: AnswerKey, options: Sequence[int], correction: Correction) -> None:
    """Does it fit the question as it stands? `options`: how many each part shows.

    Raises DomainError: a part that does not exist, a shape that does not fit, no change at all.
    """
    if correction.part is None:
        if correction.kind is not CorrectionKind.VOID:
            raise _refused("请选择要更正第几小题。")
    elif not 0 <= correction.part < len(key.parts):
        raise _refused("没有这个小题。")
    elif correction.kind is not CorrectionKind.VOID:
        _check_part(key.parts[correction.part], options[correction.part], correction)
    if corrected(key, [correction]) == key:
        raise _refused("改后和现在的答案一样，不需要更正。")


def _corrected_part(part: PartKey, correction: Correction) -> PartKey:
    if correction.kind is CorrectionKind.VOID:
        return replace(part, void=True)
    if correction.kind is CorrectionKind.REPLACE:
        return PartKey(part.type, correction.key, correction.blanks)
    if part.type is QuestionType.BLANK:
        merged = tuple(
            tuple(dict.fromkeys((*known, *more)))
            for known, more in zip(part.blanks, correction.blanks, strict=True)
        )
        return replace(part, blanks=merged)
    if correction.key in (part.key, *part.also):
        return part
    return replace(part, also=(*part.also, correction.key))


def _check_part(part: PartKey, options: int, correction: Correction) -> None:
    if part.type is QuestionType.BLANK:
        _check_blanks(part, correction)
    elif part.type in CHOICES:
        if not correction.key or max(correction.key) >= options or min(correction.key) < 0:
            raise _refused("请选择正确的选项。")
        if part.type is not QuestionType.MULTI and len(correction.key) != 1:
            raise _refused("这道题只能有一个正确选项；两个都对时请用“增加可接受的答案”。")
    else:
        raise _refused("简答题由阅卷人评分，没有答案可改；只能作废或申请复核。")


def _check_blanks(part: PartKey, correction: Correction) -> None:
    texts = correction.blanks
    if len(texts) != len(part.blanks):
        raise _refused(f"这道题有 {len(part.blanks)} 个空。")
    if any(not text.strip() or len(text) > MAX_BLANK for each in texts for text in each):
        raise _refused(f"每个答案要有 1 到 {MAX_BLANK} 个字。")
    if correction.kind is CorrectionKind.REPLACE and not all(texts):
        raise _refused("每个空至少要有一个答案。")
    if not any(texts):
        raise _refused("还没有填写答案。")


def _refused(message: str) -> DomainError:
    return DomainError(message, code="E-CORRECTION")
