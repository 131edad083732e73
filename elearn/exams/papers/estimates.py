"""What answers say of each question's facility, for the expected score of a paper (decision 0015).

One set is in force: the last row of `facility_estimates`. An exam keeps the set it was scheduled
with, so that nothing done to statistics meanwhile changes anybody's paper.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from elearn.core.assembly.facility import ENOUGH, facility_from_answers
from elearn.core.canonical import canonical_json, content_hash
from elearn.core.errors import NotFound
from elearn.models import (
    BankQuestion,
    DifficultyDecision,
    FacilityEstimates,
    ItemAnalysis,
    QuestionKey,
    QuestionRevision,
)

T = TypeVar("T")
CHUNK: Final = 500
SETS_KEPT: Final = 8
# Statistics that say something about the exam rather than about the question.
DOUBTFUL: Final = ("KEY_DOUBT", "LEAK")
# A set never changes: remembered under its hash.
_sets: dict[str, Mapping[str, int]] = {}


def estimates_in_force(session: Session) -> str | None:
    """The hash of the last set; None before the first."""
    return session.scalar(
        select(FacilityEstimates.hash).order_by(FacilityEstimates.id.desc()).limit(1)
    )


def estimates_of(session: Session, name: str | None) -> Mapping[str, int]:
    """Revision hash -> permille of a set; nothing for None. One statement, once per process.

    Raises NotFound when there is no such set.
    """
    if name is None:
        return {}
    known = _sets.get(name)
    if known is None:
        known = read_estimates(session, name)
        if len(_sets) >= SETS_KEPT:
            _sets.clear()
        _sets[name] = known
    return known


def read_estimates(session: Session, name: str) -> dict[str, int]:
    """A set as it is stored now, whatever this process remembers. Raises NotFound."""
    query = select(FacilityEstimates.data).where(FacilityEstimates.hash == name).limit(1)
    data = session.scalar(query)
    if data is None:
        raise NotFound("没有保存当时的难度估计。", code="E-ESTIMATES")
    return dict(json.loads(zlib.decompress(data)))


def renew_estimates(session: Session, *, now: datetime) -> str | None:
    """Put what the statistics say now into force; the hash of the set in force afterwards.

    Two at once: the second waits for the first, then sees what it saw.
    """
    last = session.execute(
        select(FacilityEstimates.id, FacilityEstimates.hash)
        .order_by(FacilityEstimates.id.desc())
        .limit(1)
        .with_for_update()
    ).first()
    content = [list(pair) for pair in sorted(answer_estimates(session).items())]
    name = content_hash(content)
    if last is None and not content:
        return None
    if last is None or last.hash != name:
        data = zlib.compress(canonical_json(content).encode())
        session.add(FacilityEstimates(hash=name, data=data, made_at=now))
        session.flush()
    return name


def answer_estimates(session: Session) -> dict[str, int]:
    """Revision hash -> permille, for current revisions with enough answers.

    Answers to any revision that asks the same and has the same key count. Left out: statistics
    flagged as doubtful (the key, or a leak), and questions whose suggested difficulty a trainer
    refused: a person knows more about them than the figures.
    """
    sums = _sums(session)
    found: dict[str, int] = {}
    for digest, difficulty, same in _current(session, sums):
        n = sum(sums[each][1] for each in same)
        level = facility_from_answers(difficulty, sum(sums[each][0] for each in same), n)
        if level is not None:
            found[digest] = level
    for digest in _refused(session):
        found.pop(digest, None)
    return found


def _sums(session: Session) -> dict[str, tuple[float, int]]:
    """Revision hash -> (sum of shares, people) over all exams, doubtful statistics left out."""
    flags = cast(ItemAnalysis.flags, String)
    rows = session.execute(
        select(
            ItemAnalysis.revision_hash,
            func.sum(ItemAnalysis.total_share),
            func.sum(ItemAnalysis.n),
        )
        .where(*(flags.not_like(f'%"{flag}"%') for flag in DOUBTFUL))
        .group_by(ItemAnalysis.revision_hash)
    )
    return {digest: (float(share), int(n)) for digest, share, n in rows}


def _current(
    session: Session, sums: Mapping[str, tuple[float, int]]
) -> Iterable[tuple[str, int, list[str]]]:
    """(current revision, its difficulty, revisions of `sums` with the same wording and key) of
    every question with answers."""
    questions: dict[int, list[str]] = {}
    for hashes in _chunks(list(sums)):
        rows = session.execute(
            select(QuestionRevision.question_id, QuestionRevision.hash).where(
                QuestionRevision.hash.in_(hashes)
            )
        )
        for question, digest in rows:
            questions.setdefault(question, []).append(digest)
    current: dict[int, tuple[str, int]] = {}
    for ids in _chunks(list(questions)):
        now = session.execute(
            select(BankQuestion.id, QuestionRevision.hash, QuestionRevision.difficulty)
            .join(BankQuestion, BankQuestion.current_revision_id == QuestionRevision.id)
            .where(BankQuestion.id.in_(ids))
        )
        current.update((question, (digest, level)) for question, digest, level in now)
    mixed = [q for q, (digest, _) in current.items() if questions[q] != [digest]]
    words = _wordings(session, [each for q in mixed for each in {current[q][0], *questions[q]}])
    for question, (digest, level) in current.items():
        answered = questions[question]
        if answered == [digest]:
            yield digest, level, answered
        else:
            same = [each for each in answered if words[each] == words[digest]]
            if sum(sums[each][1] for each in same) >= ENOUGH:
                yield digest, level, same


def _wordings(session: Session, hashes: list[str]) -> dict[str, str]:
    """Revision hash -> hash of what is asked and what is right."""
    found = {}
    for chunk in _chunks(hashes):
        rows = session.execute(
            select(QuestionRevision.hash, QuestionRevision.body, QuestionKey.key)
            .join(QuestionKey, QuestionKey.question_revision_id == QuestionRevision.id)
            .where(QuestionRevision.hash.in_(chunk))
        )
        for digest, body, key in rows:
            keys = [[part["key"], part["blanks"]] for part in key["parts"]]
            found[digest] = content_hash({"body": body, "key": keys})
    return found


def _refused(session: Session) -> list[str]:
    """Revisions whose last suggestion a trainer turned down."""
    rows = session.execute(
        select(DifficultyDecision.revision_hash, DifficultyDecision.accepted).order_by(
            DifficultyDecision.id
        )
    )
    last = {digest: accepted for digest, accepted in rows}  # noqa: C416 - a Row is no pair to mypy
    return [digest for digest, accepted in last.items() if not accepted]


def _chunks(values: list[T]) -> Iterable[list[T]]:
    for at in range(0, len(values), CHUNK):
        yield values[at : at + CHUNK]
