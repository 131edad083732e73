"""Reading the bank: the pool to draw from, what a candidate may see, and - apart - the keys."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Row, String, and_, cast, func, select
from sqlalchemy.orm import Session

from elearn.core.assembly.pool import PoolItem, PoolPart, bank_hash
from elearn.core.grading.keys import AnswerKey, key_from_parts
from elearn.core.questions.model import Purpose, QuestionStatus, QuestionType, RubricPoint
from elearn.core.taxonomy import AUDIENCE_NAMES, Strand
from elearn.models import BankQuestion, LawVersion, Pool, QuestionKey, QuestionRevision

__all__ = [
    "Body",
    "BodyPart",
    "KeyPart",
    "StoredKey",
    "bank_hash",
    "known_laws",
    "load_bodies",
    "load_keys",
    "load_pool",
    "load_shapes",
]

CHUNK: Final = 500
SHAPES_KEPT: Final = 50_000
# A revision never changes, so its shape may be remembered; the hash is its whole identity.
_shapes: dict[str, PoolItem] = {}
REVISIONS_KEPT: Final = 20_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One thing to answer, as a candidate may see it."""

    type: QuestionType
    stem: str
    options: tuple[str, ...]
    blanks: int


@dataclass(frozen=True, slots=True)
class Body:
    """A question as a candidate may see it: no key, explanation, reference or rubric."""

    hash: str
    type: QuestionType
    strand: Strand
    topic: str
    stem: str
    parts: tuple[BodyPart, ...]


@dataclass(frozen=True, slots=True)
class KeyPart:
    """What review and marking show of one part after the policy allows it."""

    key: tuple[int, ...]
    blanks: tuple[tuple[str, ...], ...]
    reference: str
    rubric: tuple[RubricPoint, ...]
    explanation: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """The key of one revision. `answer` is what grading needs, the rest is for people."""

    answer: AnswerKey
    explanation: str
    citations: tuple[str, ...]
    parts: tuple[KeyPart, ...]


# The same of what is shown and of keys: read once per process, never in one dictionary.
_bodies: dict[str, Body] = {}
_keys: dict[str, StoredKey] = {}


def load_pool(session: Session, *, practice: bool = False) -> list[PoolItem]:
    """What may be drawn now: the current revision of every active question of the bank that is
    not kept for practice (`practice`: not kept for exams).

    Keys are not touched; after the first call a process reads no more than hashes.
    """
    return load_shapes(session, pool_hashes(session, practice=practice))


def pool_hashes(session: Session, *, practice: bool = False) -> Sequence[str]:
    """The revision hashes of `load_pool`, in its order."""
    return session.scalars(
        select(QuestionRevision.hash)
        .join(BankQuestion, BankQuestion.current_revision_id == QuestionRevision.id)
        .where(_drawable(practice=practice))
    ).all()


def _drawable(*, practice: bool = False) -> ColumnElement[bool]:
    return and_(
        BankQuestion.pool == Pool.BANK,
        BankQuestion.status == QuestionStatus.ACTIVE,
        BankQuestion.purpose != (Purpose.EXAM if practice else Purpose.PRACTICE),
    )


_NUMBER: Final = BankQuestion.current_revision_id
_NEWEST: Final = select(func.max(_NUMBER)).where(_drawable()).scalar_subquery()
_POOL_MARK: Final = select(
    func.coalesce(func.aggregate_strings(cast(_NUMBER, String), ","), ""),
    func.coalesce(
        select(QuestionRevision.hash).where(QuestionRevision.id == _NEWEST).scalar_subquery(), ""
    ),
).where(_drawable())


def pool_mark(session: Session) -> tuple[str, ...]:
    """Changes with every change of the pool; one row instead of thousands.

    The revisions by their numbers, the newest by its hash as well: numbers given out again, after
    a backup was put back under a running process, do not pass for those before.
    """
    return tuple(session.execute(_POOL_MARK).one())


def load_shapes(session: Session, hashes: Sequence[str]) -> list[PoolItem]:
    """The pool's view of these revisions, whether they may still be drawn or not, in their order.
    KeyError for an unknown hash."""
    found = {digest: shape for digest in hashes if (shape := _shapes.get(digest))}
    fresh: dict[str, PoolItem] = {}
    for chunk in _chunks([digest for digest in hashes if digest not in found]):
        fresh.update((item.revision_hash, item) for item in _read_shapes(session, chunk))
    if len(_shapes) + len(fresh) > SHAPES_KEPT:
        _shapes.clear()
    _shapes.update(islice(fresh.items(), SHAPES_KEPT))
    found |= fresh
    return [found[digest] for digest in hashes]


def load_bodies(session: Session, hashes: Iterable[str]) -> dict[str, Body]:
    """Revision hash -> what a candidate may see. KeyError is the caller's for unknown hashes."""
    bodies: dict[str, Body] = {}
    for chunk in _missing(hashes, _bodies, bodies):
        rows = session.execute(
            select(
                QuestionRevision.hash,
                QuestionRevision.type,
                QuestionRevision.strand,
                QuestionRevision.topic,
                QuestionRevision.body,
            ).where(QuestionRevision.hash.in_(chunk))
        )
        for digest, kind, strand, topic, body in rows:
            parts = tuple(_body_part(part) for part in body["parts"])
            bodies[digest] = Body(
                digest, QuestionType(kind), Strand(strand), topic, body["stem"], parts
            )
            _remember(_bodies, digest, bodies[digest])
    return bodies


def load_keys(session: Session, hashes: Iterable[str]) -> dict[str, StoredKey]:
    """Revision hash -> key. For grading, marking, and review after the policy allows it."""
    keys: dict[str, StoredKey] = {}
    for chunk in _missing(hashes, _keys, keys):
        rows = session.execute(
            select(QuestionRevision.hash, QuestionRevision.body, QuestionKey.key)
            .join(QuestionKey, QuestionKey.question_revision_id == QuestionRevision.id)
            .where(QuestionRevision.hash.in_(chunk))
        )
        for digest, body, key in rows:
            types = [QuestionType(part["type"]) for part in body["parts"]]
            keys[digest] = StoredKey(
                answer=key_from_parts(types, key["parts"]),
                explanation=key["explanation"],
                citations=tuple(key["citations"]),
                parts=tuple(_key_part(part) for part in key["parts"]),
            )
            _remember(_keys, digest, keys[digest])
    return keys


def known_laws(session: Session) -> set[str] | None:
    """Short names of the law registry; None while no registry has been published."""
    return set(session.scalars(select(LawVersion.short).distinct())) or None


def _read_shapes(session: Session, hashes: Sequence[str]) -> Iterator[PoolItem]:
    rows = session.execute(
        select(
            QuestionRevision.hash,
            BankQuestion.code,
            QuestionRevision.type,
            QuestionRevision.topic,
            QuestionRevision.difficulty,
            QuestionRevision.body,
            QuestionRevision.laws,
            QuestionRevision.tags,
            QuestionRevision.audience,
        )
        .join(BankQuestion, BankQuestion.id == QuestionRevision.question_id)
        .where(QuestionRevision.hash.in_(hashes))
    )
    return (_shape(row) for row in rows)


def _shape(row: Row[Any]) -> PoolItem:
    return PoolItem(
        revision_hash=row.hash,
        code=row.code,
        type=QuestionType(row.type),
        topic=row.topic,
        difficulty=row.difficulty,
        parts=_pool_parts(row.body["parts"]),
        # Stored in full (监察法@2024-12-25#46); a blueprint filters by the short name.
        laws=tuple(dict.fromkeys(text.split("@")[0].split("#")[0] for text in row.laws)),
        tags=tuple(row.tags),
        # Stored as codes; a blueprint speaks the words.
        audience=tuple(AUDIENCE_NAMES.get(code, code) for code in row.audience),
    )


def _pool_parts(parts: Sequence[Mapping[str, Any]]) -> tuple[PoolPart, ...]:
    """A case's points are shared by rubric when every part has one, else equally."""
    weights = [part.get("weight", 0) for part in parts]
    if not all(weights):
        weights = [1] * len(parts)
    return tuple(
        PoolPart(
            type=QuestionType(part["type"]),
            options=len(part["options"]),
            blanks=part["blanks"],
            fixed_order=part["fixed_order"],
            weight=weight,
        )
        for part, weight in zip(parts, weights, strict=True)
    )


def _body_part(part: Mapping[str, Any]) -> BodyPart:
    kind = QuestionType(part["type"])
    return BodyPart(kind, part["stem"], tuple(part["options"]), part["blanks"])


def _key_part(part: Mapping[str, Any]) -> KeyPart:
    return KeyPart(
        key=tuple(part["key"]),
        blanks=tuple(tuple(accepted) for accepted in part["blanks"]),
        reference=part["reference"],
        rubric=tuple(RubricPoint(text, points) for text, points in part["rubric"]),
        explanation=part["explanation"],
    )


def _missing(
    hashes: Iterable[str], known: Mapping[str, T], found: dict[str, T]
) -> Iterator[list[str]]:
    """Put what this process remembers into `found`; chunks of the rest."""
    wanted = list(dict.fromkeys(hashes))
    found.update((digest, known[digest]) for digest in wanted if digest in known)
    return _chunks([digest for digest in wanted if digest not in found])


def _remember(known: dict[str, T], digest: str, value: T) -> None:
    if len(known) >= REVISIONS_KEPT:
        known.clear()
    known[digest] = value


def _chunks(hashes: Iterable[str]) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(hashes))
    return (distinct[at : at + CHUNK] for at in range(0, len(distinct), CHUNK))
