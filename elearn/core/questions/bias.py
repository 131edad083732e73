"""Patterns over the whole bank that let a person score by guessing."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from elearn.core.problems import Problem
from elearn.core.questions.markup import plain_text
from elearn.core.questions.model import Part, Question, QuestionType

BANK = "题库"
LEAST = 40

# Upper 0.1 % points of chi-square by degrees of freedom (Pearson and Hartley, table 8).
_CHI_SQUARE_999 = {1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47, 5: 20.52, 6: 22.46, 7: 24.32}
# Two-sided 0.1 % point of the normal distribution.
_NORMAL_999 = 3.29


def bank_bias(questions: Sequence[Question]) -> list[Problem]:
    """Warnings about the bank as a whole; silent below `LEAST` items of a kind."""
    parts = [part for question in questions for part in question.parts]
    singles = [part for part in parts if part.type is QuestionType.SINGLE]
    found = [*_positions(singles), *_lengths(singles), *_verdicts(parts)]
    return [Problem(BANK, 0, 0, code, message, hint, "warning") for code, message, hint in found]


def _positions(singles: list[Part]) -> Iterator[tuple[str, str, str]]:
    """Key positions against a uniform spread, per number of options."""
    for size in sorted({len(part.options) for part in singles}):
        keys = [part.key[0] for part in singles if len(part.options) == size]
        if len(keys) < LEAST:
            continue
        counts = Counter(keys)
        expected = len(keys) / size
        chi = sum((counts[index] - expected) ** 2 / expected for index in range(size))
        if chi > _CHI_SQUARE_999[size - 1]:
            spread = "、".join(f"{chr(65 + index)} {counts[index]}" for index in range(size))
            message = f"{size} 个选项的 {len(keys)} 道单选题，答案分布不匀：{spread}"
            yield "Q-bias-position", message, "调整一些题的选项顺序"


def _lengths(singles: list[Part]) -> Iterator[tuple[str, str, str]]:
    """How often the key is the one longest option, against chance."""
    if len(singles) < LEAST:
        return
    hits = sum(1 for part in singles if _key_longest(part))
    chance = sum(1 / len(part.options) for part in singles)
    variance = sum((1 / len(p.options)) * (1 - 1 / len(p.options)) for p in singles)
    if hits - chance > _NORMAL_999 * math.sqrt(variance):
        message = (
            f"{len(singles)} 道单选题里有 {hits} 道的答案是最长的选项"
            f"（凭运气约 {round(chance)} 道），“选最长的”就能多得分"
        )
        yield "Q-bias-length", message, "把一些题的错误选项写得和答案一样长"


def _key_longest(part: Part) -> bool:
    lengths = [len(plain_text(text)) for text in part.options]
    key = lengths.pop(part.key[0])
    return key > max(lengths)


def _verdicts(parts: list[Part]) -> Iterator[tuple[str, str, str]]:
    """The share of 对 among true-false items."""
    keys = [part.key[0] for part in parts if part.type is QuestionType.TRUE_FALSE]
    right = keys.count(0)
    if len(keys) >= LEAST and abs(right - len(keys) / 2) > _NORMAL_999 * math.sqrt(len(keys)) / 2:
        message = f"{len(keys)} 道判断题里“对”有 {right} 道，“错”有 {len(keys) - right} 道"
        yield "Q-bias-verdict", message, "让“对”“错”大致各半"
