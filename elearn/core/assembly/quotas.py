"""A quota as a trainer writes it: `难度1-2 10 题`, `监察法 至少 5 题`, `LAW-01·难度3 2-4 题`."""

import re
from typing import Any, Final

from elearn.core.taxonomy import STRAND_NAMES, Strand

from .constraints import ALL_DIFFICULTIES, Quota, amount_words
from .values import BadValue, plain, read_difficulty

_QUOTA: Final = re.compile(
    r"(?P<what>.+?)[\s:]*(?:(?P<bound>至少|最少|不少于|至多|最多|不超过|恰好|正好)\s*|[\s:]+)"
    r"(?P<low>\d{1,3})(?:\s*[-~–—至到]\s*(?P<high>\d{1,3}))?\s*[题道]?"
)
_BETWEEN: Final = re.compile(r"[·+\s]+")
_TOPIC: Final = re.compile(r"[A-Za-z]{3}-\d\d")
_STRANDS: Final = {name: s for s, name in STRAND_NAMES.items()} | {s.value: s for s in Strand}
_MOST: Final = frozenset({"至多", "最多", "不超过"})
_LEAST: Final = frozenset({"至少", "最少", "不少于"})
_EXAMPLE: Final = "例如“难度1-2 10 题”“监察法 至少 5 题”“LAW-01·难度3 2-4 题”"


def read_quota(text: str) -> Quota:
    """One quota. Raises BadValue."""
    found = _QUOTA.fullmatch(plain(text))
    if not found:
        raise BadValue(f"“{text}”不是配额", _EXAMPLE)
    low, high = int(found["low"]), int(found["high"] or found["low"])
    bound = found["bound"] or ""
    if found["high"] and bound in _MOST | _LEAST:
        raise BadValue(f"“{text}”又写了范围又写了“{bound}”", _EXAMPLE)
    least = 0 if bound in _MOST else low
    most = None if bound in _LEAST else high
    return Quota(least=least, most=most, **_conditions(found["what"], text))


def quota_text(quota: Quota) -> str:
    """The inverse: canonical text that `read_quota` reads back."""
    words = [STRAND_NAMES[s] for s in quota.strands]
    words += [*quota.topics, *quota.laws]
    low, high = quota.difficulty
    if quota.difficulty != ALL_DIFFICULTIES:
        words.append(f"难度{low}" if low == high else f"难度{low}-{high}")
    words += [f"标签{tag}" for tag in quota.tags_any]
    return f"{'·'.join(words)} {amount_words(quota.least, quota.most)}"


def _conditions(what: str, text: str) -> dict[str, Any]:
    strands: list[Strand] = []
    topics: list[str] = []
    laws: list[str] = []
    tags: list[str] = []
    difficulty = ALL_DIFFICULTIES
    for word in _BETWEEN.split(re.sub(r"(难度|标签)[\s:]+", r"\1", what.strip())):
        if word.startswith("难度"):
            if difficulty != ALL_DIFFICULTIES:
                raise BadValue(f"“{text}”写了两个难度", "写成一个范围，例如 难度1-2")
            difficulty = read_difficulty(word.removeprefix("难度"))
        elif word.startswith("标签"):
            tags.append(word.removeprefix("标签"))
        elif word in _STRANDS:
            strands.append(_STRANDS[word])
        elif _TOPIC.fullmatch(word):
            topics.append(word.upper())
        elif word:
            laws.append(word)
    return {
        "strands": tuple(strands),
        "topics": tuple(topics),
        "laws": tuple(laws),
        "difficulty": difficulty,
        "tags_any": tuple(tags),
    }
