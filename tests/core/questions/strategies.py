"""Hypothesis strategies: questions as the parser could have made them."""

import re

from hypothesis import strategies as st

from elearn.core.laws.registry import LawRegistry
from elearn.core.questions.model import (
    Citation,
    Part,
    Question,
    QuestionStatus,
    QuestionType,
    RubricPoint,
)
from elearn.core.source_text import fold, one_line
from elearn.core.taxonomy import AUDIENCE_NAMES, TOPIC_NAMES

# Letters that look like syntax on purpose: labels, letters with dots, brackets, separators.
PIECES = [
    "甲", "处分", "收礼", "A. ", "B、", "（1）", "【单选】", "答案：", "解析：", "编号：X", "难度：9", "\\", "；", "|",
    "：", "#", "# ", "以上", "a b", "3", "“引号”", "、", "《监察法》", "。", "_", "[注]", "---", "- ", "！", "ＡＢ",
    "*",
]  # fmt: skip


def _clean(text: str) -> str:
    """What the parser leaves as it is: no markup we refuse, blanks normalised."""
    return re.sub(r"([_*])\1+", r"\1", one_line(text))


LINES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map(lambda p: _clean("".join(p)))
WORDS = st.text("甲乙丙丁ABC123", min_size=1, max_size=6)


@st.composite
def prose(draw: st.DrawFn) -> str:
    """One to four lines, some with a blank line between."""
    lines = draw(st.lists(LINES.filter(bool), min_size=1, max_size=4))
    gaps = draw(st.lists(st.sampled_from(["\n", "\n\n"]), min_size=3, max_size=3))
    return "".join(line + gap for line, gap in zip(lines, [*gaps, ""], strict=False)).strip("\n")


def _different(texts: list[str]) -> bool:
    return len({"".join(fold(text).split()).casefold() for text in texts}) == len(texts)


def options(low: int) -> st.SearchStrategy[list[str]]:
    """At least `low` options of different text."""
    return st.lists(LINES.filter(bool), min_size=low, max_size=8).filter(_different)


@st.composite
def choice(draw: st.DrawFn, kind: QuestionType) -> Part:
    """A single or multiple choice part."""
    single = kind is QuestionType.SINGLE
    texts = draw(options(2 if single else 3))
    size = st.just(1) if single else st.integers(2, len(texts))
    count = draw(size)
    indexes = st.lists(st.integers(0, len(texts) - 1), min_size=count, max_size=count, unique=True)
    key = tuple(sorted(draw(indexes)))
    return Part(
        kind, draw(prose()), tuple(texts), key, explanation=draw(prose()),
        fixed_order=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def parts(draw: st.DrawFn) -> Part:
    """Any part a question or a case can have."""
    kind = draw(st.sampled_from([kind for kind in QuestionType if kind is not QuestionType.CASE]))
    if kind in (QuestionType.SINGLE, QuestionType.MULTI):
        return draw(choice(kind))
    stem, explanation = draw(prose()), draw(prose())
    if kind is QuestionType.TRUE_FALSE:
        key = (draw(st.sampled_from([0, 1])),)
        return Part(kind, stem, ("对", "错"), key, explanation=explanation)
    if kind is QuestionType.BLANK:
        accepted = st.lists(LINES.filter(bool), min_size=1, max_size=3).filter(_different)
        blanks = draw(st.lists(accepted, min_size=1, max_size=3))
        stem = stem + "甲".join([""] + ["____"] * len(blanks))
        return Part(kind, stem, blanks=tuple(map(tuple, blanks)), explanation=explanation)
    rubric = draw(
        st.lists(st.builds(RubricPoint, WORDS, st.integers(1, 2000)), min_size=1, max_size=4)
    )
    return Part(kind, stem, reference=draw(prose()), rubric=tuple(rubric), explanation=explanation)


def citations(registry: LawRegistry) -> st.SearchStrategy[tuple[Citation, ...]]:
    """One to three references the registry knows, old versions too."""
    versions = [v for one in registry.instruments.values() for v in one.versions]
    article = st.sampled_from(["", "1", "46", "46.1", "69.2.3"])
    one = st.builds(
        lambda version, article: Citation(version.law, version.version, article),
        st.sampled_from(versions), article,
    )  # fmt: skip
    return st.lists(one, min_size=1, max_size=3, unique=True).map(tuple)


@st.composite
def questions(draw: st.DrawFn, registry: LawRegistry) -> Question:
    """Any question, cases included."""
    case = draw(st.booleans())
    own = tuple(draw(st.lists(parts(), min_size=1, max_size=3))) if case else (draw(parts()),)
    words = st.lists(WORDS, max_size=3, unique=True).map(tuple)
    chosen = draw(st.sets(st.sampled_from(list(AUDIENCE_NAMES))))
    return Question(
        code=draw(st.from_regex(r"[A-Z]{2,3}(-[0-9]{1,3}){1,2}", fullmatch=True)),
        type=QuestionType.CASE if case else own[0].type,
        topic=draw(st.sampled_from(list(TOPIC_NAMES))),
        difficulty=draw(st.integers(1, 5)),
        parts=own,
        stem=draw(prose()) if case else "",
        explanation=draw(st.one_of(st.just(""), prose())) if case else "",
        citations=draw(citations(registry)),
        audience=tuple(code for code in AUDIENCE_NAMES if code in chosen),
        tags=draw(words),
        facts=draw(words),
        status=draw(st.sampled_from(QuestionStatus)),
    )
