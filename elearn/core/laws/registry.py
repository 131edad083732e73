"""`question_bank/laws.yaml` -> LawRegistry, and citations resolved against it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from elearn.core.field_reader import nearest
from elearn.core.laws.loading import read_instruments
from elearn.core.laws.model import Finding, Instrument, LawStatus, LawVersion
from elearn.core.laws.numerals import article_label, date_label
from elearn.core.problems import Problem
from elearn.core.questions.model import Citation
from elearn.core.source_text import fold, one_line

__all__ = [
    "Finding", "Instrument", "LawRegistry", "LawStatus", "LawVersion", "Resolution",
    "parse_registry", "split_citations",
]  # fmt: skip

_FORM = re.compile(r"(?P<law>[^@#]+?)\s*(?:@\s*(?P<version>[^#@]*?))?\s*(?:#\s*(?P<article>.*))?")
_ARTICLE = re.compile(r"[1-9]\d{0,3}(?:-[1-9]\d?)?(?:\.[1-9]\d?){0,2}")
_SPELLED_OUT = re.compile(r"第[0-9一二三四五六七八九十百千零]+条")
_BETWEEN = re.compile(r"[;、,](?![^《]*》)")


@dataclass(frozen=True, slots=True)
class Resolution:
    """A citation found in the registry, and what is to be said about it; a citation with a
    finding is a stale one, no citation means the finding is an error."""

    citation: Citation | None
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class LawRegistry:
    """Instruments by short name. Full titles and 《》 are accepted in citations too."""

    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    def current(self, short: str) -> LawVersion:
        """The version in force. KeyError for an unknown name."""
        return self.instruments[short].current

    def find(self, name: str) -> Instrument | None:
        """By short name, or by full title with or without 《》."""
        bare = name.strip().removeprefix("《").removesuffix("》")
        if found := self.instruments.get(bare):
            return found
        return next((one for one in self.instruments.values() if one.title == bare), None)

    def resolve(self, text: str, default_versions: Mapping[str, str] | None = None) -> Resolution:
        """`监察法#46`, `监察法@2018-03-20#43`, `刑法#388-1`, `民法典`.

        The version is the one written, else that of `default_versions`, else the current one.
        """
        match = _FORM.fullmatch(fold(one_line(text)))
        if not match:
            return _refuse("Q-citation-form", f"依据“{text}”的写法不对", "写成 监察法#46 这样")
        name = match["law"]
        instrument = self.find(name)
        if instrument is None:
            return self._unknown_law(name)
        chosen = match["version"] or (default_versions or {}).get(instrument.short)
        version = instrument.version(chosen) if chosen else instrument.current
        if version is None:
            known = "、".join(v.version for v in instrument.versions)
            message = f"《{instrument.short}》没有登记 {chosen} 这个版本"
            return _refuse("Q-version-unknown", message, f"已登记的版本：{known}")
        return _checked(instrument, version, match["article"])

    def label(self, citation: Citation, *, short: bool = False) -> str:
        """《中华人民共和国监察法》第四十六条第一款; an old version is named in brackets.

        An instrument the registry no longer knows keeps the name in the citation."""
        instrument = self.instruments.get(citation.law)
        name = citation.law if short or instrument is None else instrument.title
        label = f"《{name}》" + (article_label(citation.article) if citation.article else "")
        if instrument is None or citation.version != instrument.current.version:
            label += f"（{date_label(citation.version)}版本）"
        return label

    def _unknown_law(self, name: str) -> Resolution:
        if _SPELLED_OUT.search(name):
            hint = "不写“第几条”，写成 监察法#46、纪律处分条例#97.1 这样"
        elif like := nearest(name.strip("《》"), self.instruments, 0.4):
            hint = f"是不是“{like}”？"
        else:
            hint = "先在 question_bank/laws.yaml 里登记"
        return _refuse("Q-law-unknown", f"没有登记名为“{name}”的法规", hint)


def _checked(instrument: Instrument, version: LawVersion, article: str | None) -> Resolution:
    article = (article or "").strip()
    name = instrument.short
    if article and not _ARTICLE.fullmatch(article):
        hint = "# 后面写条号，如 46、97.1（第1款）、388-1（第388条之一）"
        return _refuse("Q-citation-form", f"条号“{article}”的写法不对", hint)
    if article and not version.has_article(article):
        message = f"《{name}》{version.version} 版本没有{article_label(article)}"
        return _refuse(
            "Q-article-unknown", message, f"这一版本共 {version.articles} 条，请核对条号和版本"
        )
    citation = Citation(name, version.version, article)
    if version.status is LawStatus.REPEALED:
        since = f"自 {version.repealed_on} 起" if version.repealed_on else ""
        instead = f"《{version.replaced_by}》" if version.replaced_by else "现行规定"
        message = f"《{name}》{since}已经废止"
        return _refuse("Q-repealed", message, f"改引{instead}，或把题目停用")
    if version.version != instrument.current.version:
        message = f"《{name}》{version.version} 版本已被 {instrument.current.version} 版本取代"
        hint = "按现行版本复核题目和条号，再改版本"
        return Resolution(citation, Finding("Q-stale", message, hint, "warning"))
    return Resolution(citation)


def _refuse(code: str, message: str, hint: str) -> Resolution:
    return Resolution(None, Finding(code, message, hint))


def split_citations(text: str) -> list[str]:
    """`监察法#46；刑法#385` -> two texts."""
    return [part for piece in _BETWEEN.split(fold(text)) if (part := one_line(piece))]


def parse_registry(text: str, file: str) -> tuple[LawRegistry, list[Problem]]:
    """The registry file; instruments with an error are left out."""
    instruments, problems = read_instruments(text, file)
    return LawRegistry({one.short: one for one in instruments}), problems
