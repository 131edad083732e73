"""Filters of the trainer's pages, as the URL states them; the answer to a suggested difficulty."""

from enum import StrEnum
from typing import TypeVar

from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, IntegerField, StringField
from wtforms.validators import AnyOf, Length, NumberRange

from elearn.core.questions.model import QuestionStatus, QuestionType
from elearn.core.taxonomy import TOPIC_NAMES, Strand
from elearn.models import Pool
from elearn.web.forms import Form

from .queries import BankFilters

E = TypeVar("E", bound=StrEnum)


class DifficultyForm(Form):
    """Names the suggestion as it stood on the page."""

    revision = HiddenField("版本", [Length(min=64, max=64)])
    suggested = IntegerField("建议", [NumberRange(1, 5)])
    verdict = StringField("决定", [AnyOf(("accept", "reject"))])


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
