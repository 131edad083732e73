"""What only shows when the items of the bank stand side by side, and hints for reviewers.

Errors: the same code twice, the same item twice, 「以上都对」 among options that get shuffled.
Everything else is a warning: a person decides.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from elearn.core.problems import Problem
from elearn.core.questions.bias import bank_bias
from elearn.core.questions.markup import plain_text
from elearn.core.questions.model import Part, Question, QuestionType
from elearn.core.questions.similarity import near_pairs, normalise

NEAR = 0.7
SHORT_STEM = 12

_REFERS_TO_OPTIONS = re.compile(
    r"^(?:以上|上述|上面|前面)(?:的|各项|选项|情形|情况|说法|做法|答案|内容|[二两三四五六几]项|[二两三四五六几]种)*"
    r"(?:都|均|全|皆|没有|无一)"
    r"|^(?:全|都|均|全部|全都)(?:对|错|是|不是|正确|不正确|不对|错误)$"
    r"|^[A-H](?:[和与及或、，,]\s*[A-H])+(?:项|选项|两项|都|均|$)"
)
_NEGATIVE_ASK = re.compile(
    r"(?:不正确|错误|不恰当|不妥|不属于|不包括|不符合|不是|不应当|不应)的?(?:做法|说法|情形)?(?:的是|是|有|是哪)"
)
_NEGATIVE_START = re.compile(r"^(?:不是|不属于|没有|无须|无需|不用|不必|并非|未必)")
_DOUBLE_NEGATIVE = re.compile(
    r"(?:并非|不是|没有|不能|不可|不会|未必)(?:不|没有|无|未)(?!同|仅|只|管|论|断|久|少|足|当|良|法|效|偿|关)"
)
_LETTER = re.compile(r"(?<![A-Za-z0-9])[A-H](?![A-Za-z0-9股超级类座轮照证站型])")
_CHOICE = (QuestionType.SINGLE, QuestionType.MULTI)


@dataclass(frozen=True, slots=True)
class _Entry:
    file: str
    question: Question

    def problem(
        self, code: str, message: str, hint: str = "", severity: str = "warning"
    ) -> Problem:
        return Problem(self.file, self.question.line, 1, code, message, hint, severity)

    @property
    def place(self) -> str:
        return f"{self.question.code}（{self.file} 第 {self.question.line} 行）"


def check_bank(questions_with_files: Iterable[tuple[str, Question]]) -> list[Problem]:
    """`(file, question)` of the whole bank, in any order -> problems sorted by place.

    5,000 items take about two seconds."""
    entries = [_Entry(file, question) for file, question in questions_with_files]
    problems = [*_same_code(entries), *_same_text(entries), *_near_text(entries)]
    for entry in entries:
        for part in entry.question.parts:
            problems += _hints(entry, part)
    problems += bank_bias([entry.question for entry in entries])
    return sorted(problems)


def _same_code(entries: list[_Entry]) -> Iterator[Problem]:
    first: dict[str, _Entry] = {}
    for entry in entries:
        before = first.setdefault(entry.question.code, entry)
        if before is not entry:
            message = (
                f"编号 {entry.question.code} 已经用在 {before.file} 第 {before.question.line} 行"
            )
            yield entry.problem("Q-code-twice", message, "换一个没有用过的编号", "error")


def _stem(question: Question) -> str:
    return normalise("".join([question.stem, *(plain_text(p.stem) for p in question.parts)]))


def _options(question: Question) -> tuple[str, ...]:
    return tuple(sorted(normalise(text) for part in question.parts for text in part.options))


def _same_text(entries: list[_Entry]) -> Iterator[Problem]:
    """The same type, stem and options (in any order)."""
    first: dict[tuple[object, ...], _Entry] = {}
    for entry in entries:
        question = entry.question
        before = first.setdefault((question.type, _stem(question), _options(question)), entry)
        if before is not entry:
            message = f"{question.code} 和 {before.place} 是同一道题"
            yield entry.problem("Q-same-text", message, "删去一道", "error")


def _near_text(entries: list[_Entry]) -> Iterator[Problem]:
    """Stems alike; a short stem (以下说法正确的是？) is compared together with its options."""
    keys = []
    for entry in entries:
        stem = _stem(entry.question)
        keys.append(stem if len(stem) >= SHORT_STEM else "".join([stem, *_options(entry.question)]))
    for earlier, later, score in near_pairs(keys, NEAR):
        one, other = entries[earlier], entries[later]
        same = keys[earlier] == keys[later] and _options(one.question) == _options(other.question)
        if same and one.question.type is other.question.type:
            continue
        message = f"{other.question.code} 的题干和 {one.place} 有 {score:.0%} 相同"
        yield other.problem("Q-near-text", message, "确认不是同一道题；是的话留一道")


def _hints(entry: _Entry, part: Part) -> Iterator[Problem]:
    if part.type in _CHOICE:
        yield from _option_hints(entry, part)
    if part.type in (*_CHOICE, QuestionType.TRUE_FALSE):
        yield from _negation_hint(entry, part)


def _option_hints(entry: _Entry, part: Part) -> Iterator[Problem]:
    code = entry.question.code
    if not part.fixed_order:
        for text in part.options:
            if _REFERS_TO_OPTIONS.search(text.strip("。. ")):
                message = f"{code} 的选项“{text}”指着别的选项，可选项会被打乱"
                hint = "加一行“选项：固定”，或改写这个选项"
                yield entry.problem("Q-option-refers", message, hint, "error")
        if found := _LETTER.search(part.explanation):
            message = f"{code} 的解析提到了字母 {found.group()}，考试时选项会打乱"
            hint = "写选项的内容，不写字母；或加一行“选项：固定”"
            yield entry.problem("Q-letter", message, hint)
    if part.type is QuestionType.SINGLE and _key_stands_out(part):
        message = f"{code} 的正确选项比其他选项长得多，容易猜"
        yield entry.problem("Q-key-long", message, "让各选项长短相近")


def _key_stands_out(part: Part) -> bool:
    lengths = [len(plain_text(text)) for text in part.options]
    key = lengths.pop(part.key[0])
    longest = max(lengths)
    return key >= longest + 8 and key >= longest * 1.6


def _negation_hint(entry: _Entry, part: Part) -> Iterator[Problem]:
    stem = plain_text(part.stem)
    asked = _NEGATIVE_ASK.search(stem)
    starts = sum(1 for text in part.options if _NEGATIVE_START.match(text))
    twice = part.type is QuestionType.TRUE_FALSE and _DOUBLE_NEGATIVE.search(stem)
    if twice or (asked and starts):
        message = f"{entry.question.code} 有双重否定，容易看错"
        yield entry.problem("Q-double-negative", message, "改成正面的问法或说法")
