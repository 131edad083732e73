"""Filters of the trainer's pages, as the URL states them."""

from enum import StrEnum
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from elearn.core.questions.model import QuestionStatus, QuestionType
from elearn.core.taxonomy import TOPIC_NAMES, Strand
from elearn.models import Pool

from .queries import BankFilters

E = TypeVar("E", bound=StrEnum)


def read_bank_filters(args: MultiDict[str, str]) -> BankFilters:
    """Anything unknown means no filter."""
    topic, difficulty = args.get("topic", ""), args.get("difficulty", "")
    return BankFilters(
        pool=_one_of(Pool, args.get("pool", "")) or Pool.BANK,
        strand=_one_of(Strand, args.get("strand", "")),
        topic=topic if topic in TOPIC_NAMES else "",
        type=_one_of(QuestionType, args.get("type", "")),
        difficulty=int(difficulty) if difficulty in {"1", "2", "3", "4", "5"} else None,
        status=_one_of(QuestionStatus, args.get("status", "")),
        law=args.get("law", "")[:60].strip(),
        text=" ".join(args.get("q", "")[:60].split()),
    )


def _one_of(kind: type[E], text: str) -> E | None:
    return kind(text) if text in set(kind) else None
