"""The keys an exam's grades use: as published, and every approved correction in order.

`up_to` is what a grade names (`Grade.keys_no`), so that any earlier grade can be worked out again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from elearn.bank.queries import KeyPart, StoredKey, load_keys
from elearn.core.grading.corrections import Correction, corrected, correction_from
from elearn.core.grading.keys import AnswerKey, PartKey
from elearn.models import KeyCorrection, QuestionRevision


@dataclass(frozen=True, slots=True)
class ExamKeys:
    """Revision hash -> key after `corrections`; `no` names the last correction that is in."""

    stored: dict[str, StoredKey]
    no: int
    corrections: dict[str, tuple[KeyCorrection, ...]]

    @property
    def answers(self) -> dict[str, AnswerKey]:
        """What grading needs."""
        return {digest: key.answer for digest, key in self.stored.items()}


def load_exam_keys(
    session: Session, *, exam_id: int, hashes: Iterable[str], up_to: int | None = None
) -> ExamKeys:
    """The keys of these revisions in this exam, with the corrections up to number `up_to`."""
    wanted = list(dict.fromkeys(hashes))
    stored = load_keys(session, wanted)
    found = corrections_of(session, exam_id=exam_id, hashes=wanted, up_to=up_to)
    last = 0
    for digest, rows in found.items():
        stored[digest] = corrected_key(stored[digest], [as_correction(row) for row in rows])
        last = max(last, *(row.no or 0 for row in rows))
    return ExamKeys(stored, last, found)


def published_keys(session: Session, hashes: Iterable[str]) -> ExamKeys:
    """The keys as the bank published them, for an exam without corrections."""
    return ExamKeys(load_keys(session, hashes), 0, {})


class KeyCache:
    """Keys of many attempts, each revision read once; for one batch, inside one transaction."""

    def __init__(self, session: Session):
        self._session = session
        self._known: dict[tuple[int, str], tuple[StoredKey, tuple[KeyCorrection, ...]]] = {}

    def load(self, *, exam_id: int, hashes: Iterable[str]) -> ExamKeys:
        """The same as `load_exam_keys`."""
        wanted = list(dict.fromkeys(hashes))
        missing = [digest for digest in wanted if (exam_id, digest) not in self._known]
        if missing:
            found = load_exam_keys(self._session, exam_id=exam_id, hashes=missing)
            for digest, key in found.stored.items():
                self._known[exam_id, digest] = (key, found.corrections.get(digest, ()))
        known = {digest: self._known[exam_id, digest] for digest in wanted}
        numbers = [row.no or 0 for _, rows in known.values() for row in rows]
        return ExamKeys(
            {digest: key for digest, (key, _) in known.items()},
            max(numbers, default=0),
            {digest: rows for digest, (_, rows) in known.items() if rows},
        )


def corrections_of(
    session: Session, *, exam_id: int, hashes: Sequence[str], up_to: int | None = None
) -> dict[str, tuple[KeyCorrection, ...]]:
    """Revision hash -> approved corrections that hold in this exam, in order. One statement."""
    query = (
        select(QuestionRevision.hash, KeyCorrection)
        .join(KeyCorrection, KeyCorrection.question_revision_id == QuestionRevision.id)
        .where(
            QuestionRevision.hash.in_(hashes),
            KeyCorrection.no.is_not(None),
            or_(KeyCorrection.exam_id.is_(None), KeyCorrection.exam_id == exam_id),
        )
        .order_by(KeyCorrection.no)
    )
    if up_to is not None:
        query = query.where(KeyCorrection.no <= up_to)
    found: dict[str, tuple[KeyCorrection, ...]] = {}
    for digest, row in session.execute(query):
        found[digest] = (*found.get(digest, ()), row)
    return found


def as_correction(row: KeyCorrection) -> Correction:
    """The row as the core knows it."""
    return correction_from(row.kind, row.part_no, row.change)


def corrected_key(key: StoredKey, corrections: Iterable[Correction]) -> StoredKey:
    """For grading and for people: every option that is right is shown as right."""
    answer = corrected(key.answer, corrections)
    parts = tuple(_shown(shown, part) for shown, part in zip(key.parts, answer.parts, strict=True))
    return replace(key, answer=answer, parts=parts)


def _shown(shown: KeyPart, part: PartKey) -> KeyPart:
    right = part.key.union(*part.also)
    return replace(shown, key=tuple(sorted(right)), blanks=part.blanks)
