"""Blueprint files: YAML with the words a trainer uses -> `Blueprint`. `writer` writes them.

Problem codes: B-yaml (not YAML), B-key (unknown line), B-twice (line repeated), B-missing,
B-shape (list where a value belongs, or the reverse), B-value (value not understood), B-full
(stated full marks differ), and those of `rules`: B-code, B-title, B-duration, B-attempts,
B-validity, B-empty, B-count, B-points, B-pass, B-minimum, B-fixed, B-difficulty, B-topic, B-law,
B-audience, B-name, B-quota, B-balance, B-band, B-makeup, B-entry.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final, TypeVar

import yaml

from elearn.core.centi import centi_text
from elearn.core.problems import Problem
from elearn.core.questions.model import TYPE_NAMES, QuestionType
from elearn.core.taxonomy import STRAND_NAMES, Strand

from .constraints import Balance
from .model import (
    BOOK_NAMES,
    MULTI_SCORING_NAMES,
    REVIEW_NAMES,
    TAKING_NAMES,
    Blueprint,
    Book,
    MultiScoring,
    ReviewPolicy,
    Section,
    Taking,
    blueprint_from_canonical,
)
from .quotas import read_quota
from .rules import Fault, check_blueprint
from .values import (
    plain,
    read_centi,
    read_choice,
    read_count,
    read_difficulty,
    read_flag,
    read_minutes,
    read_months,
    read_permille,
    read_seen,
    read_times,
)
from .yaml_fields import Fields, Path, Sheet, compose

T = TypeVar("T")

__all__ = [
    "Blueprint",
    "MultiScoring",
    "ReviewPolicy",
    "Section",
    "blueprint_from_canonical",
    "check_blueprint",
    "parse_blueprint",
]

# Field -> the words for it; the first is the one written back and used in messages.
HEAD_WORDS: Final = {
    "code": ("编号", "code"),
    "title": ("名称", "title"),
    "note": ("说明", "note"),
    "audience": ("对象", "audience"),
    "duration_s": ("时长", "duration"),
    "full": ("满分", "full"),
    "pass_centi": ("合格线", "合格", "pass"),
    "section_minima": ("分项合格线", "分项合格", "section_minima"),
    "attempts": ("次数", "attempts"),
    "taking": ("取分", "taking"),
    "book": ("书本", "book"),
    "shuffle_questions": ("题目乱序", "shuffle_questions"),
    "shuffle_options": ("选项乱序", "shuffle_options"),
    "multi_scoring": ("多选计分", "multi_scoring"),
    "multi_fixed_centi": ("漏选每项", "multi_fixed"),
    "review": ("回看", "review"),
    "hours_centi": ("学时", "hours"),
    "validity_months": ("有效期", "validity"),
    "target_centi": ("目标均分", "target"),
    "tolerance_centi": ("允差", "tolerance"),
    "overlap_max": ("最大重复", "overlap"),
    "seen_max": ("做过的题", "seen"),
    "exposure_permille": ("曝光上限", "exposure"),
    "bands": ("等第", "bands"),
    "makeups_max": ("补考次数", "makeups"),
    "makeup_months": ("补考期限", "makeup_window"),
    "entry_centi": ("参加条件", "entry"),
    "sections": ("部分", "sections"),
}
SECTION_WORDS: Final = {
    "name": ("名称", "name"),
    "type": ("题型", "type"),
    "count": ("题数", "count"),
    "points_centi": ("每题", "每题分值", "points"),
    "group": ("归入", "group"),
    "strands": ("类别", "strands"),
    "topics": ("主题", "topics"),
    "laws": ("法规", "laws"),
    "difficulty": ("难度", "difficulty"),
    "tags_any": ("标签", "tags"),
    "audience": ("对象", "audience"),
    "quotas": ("配额", "quotas"),
}


def _aliases(fields: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {word: field for field, words in fields.items() for word in words}


_TYPES: Final = (
    {name: kind for kind, name in TYPE_NAMES.items()}
    | {f"{name}题": kind for kind, name in TYPE_NAMES.items()}
    | {kind.value: kind for kind in QuestionType}
)
_STRANDS: Final = {name: s for s, name in STRAND_NAMES.items()} | {s.value: s for s in Strand}
_SCORING: Final = {name: m for m, name in MULTI_SCORING_NAMES.items()} | {
    m.value: m for m in MultiScoring
}
_REVIEW: Final = {name: r for r, name in REVIEW_NAMES.items()} | {r.value: r for r in ReviewPolicy}
_BOOK: Final = {name: b for b, name in BOOK_NAMES.items()} | {b.value: b for b in Book}
_TAKING: Final = {name: t for t, name in TAKING_NAMES.items()} | {t.value: t for t in Taking}


def parse_blueprint(
    text: str, file: str, laws: Collection[str] | None = None
) -> tuple[Blueprint | None, list[Problem]]:
    """The blueprint, or None with every problem of the file, in line order.

    `laws`: the registry's short names; None leaves them unchecked.
    """
    sheet = Sheet(file)
    node = compose(sheet, text)
    if node is None:
        return None, sheet.problems
    fields = Fields(sheet, node, (), _aliases(HEAD_WORDS))
    fields.require("code", "title", "duration_s", "pass_centi", "sections")
    nodes = fields.mappings("sections")
    sections = tuple(_read_section(sheet, n, i) for i, n in enumerate(nodes))
    blueprint = _read_head(fields, sections)
    _check_full(fields, blueprint)
    for fault in check_blueprint(blueprint, laws):
        if not _consequence(fault, sheet.broken):
            sheet.report(sheet.find(fault.path), fault.code, fault.message, fault.hint)
    problems = sorted(sheet.problems)
    return (None if problems else blueprint), problems


def _consequence(fault: Fault, broken: Collection[Path]) -> bool:
    """Does the fault only repeat that a value it depends on could not be read?"""
    uses_sections = fault.path[0] in (
        "pass_centi",
        "section_minima",
        "bands",
        "target_centi",
        "overlap_max",
        "seen_max",
    )
    return any(
        fault.path[: len(path)] == path or (uses_sections and path[0] == "sections")
        for path in broken
    )


def _read_head(fields: Fields, sections: tuple[Section, ...]) -> Blueprint:
    read = fields.read
    return Blueprint(
        code=read("code", plain, ""),
        title=read("title", str.strip, ""),
        sections=sections,
        duration_s=read("duration_s", read_minutes, 0),
        pass_centi=read("pass_centi", read_centi, 0),
        section_minima=fields.pairs("section_minima", read_centi),
        shuffle_questions=read("shuffle_questions", read_flag, default=True),
        shuffle_options=read("shuffle_options", read_flag, default=True),
        attempts=read("attempts", read_count, 1),
        multi_scoring=read("multi_scoring", _choice(_SCORING), MultiScoring.ALL_OR_NOTHING),
        multi_fixed_centi=read("multi_fixed_centi", read_centi, 0),
        review=read("review", _choice(_REVIEW), ReviewPolicy.AFTER_CLOSE),
        hours_centi=read("hours_centi", read_centi, 0),
        validity_months=read("validity_months", read_months, None),
        audience=fields.read_all("audience", str),
        note=read("note", str.strip, ""),
        balance=_read_balance(fields),
        bands=tuple(sorted(fields.pairs("bands", read_centi), key=lambda band: -band[1])),
        makeups_max=read("makeups_max", read_times, None),
        makeup_months=read("makeup_months", read_months, None),
        entry_centi=read("entry_centi", read_centi, None),
        taking=read("taking", _choice(_TAKING), Taking.LATEST),
        book=read("book", _choice(_BOOK), None),
    )


def _read_balance(fields: Fields) -> Balance:
    read = fields.read
    return Balance(
        target_centi=read("target_centi", read_centi, None),
        tolerance_centi=read("tolerance_centi", read_centi, None),
        overlap_max=read("overlap_max", read_count, None),
        seen_max=read("seen_max", read_seen, None),
        exposure_permille=read("exposure_permille", read_permille, None),
    )


def _read_section(sheet: Sheet, node: yaml.MappingNode, index: int) -> Section:
    fields = Fields(sheet, node, ("sections", index), _aliases(SECTION_WORDS))
    fields.require("type", "count", "points_centi")
    kind = fields.read("type", _choice(_TYPES), QuestionType.SINGLE)
    return Section(
        name=fields.read("name", str.strip, f"{TYPE_NAMES[kind]}题"),
        type=kind,
        count=fields.read("count", read_count, 1),
        points_centi=fields.read("points_centi", read_centi, 100),
        group=fields.read("group", str.strip, ""),
        strands=fields.read_all("strands", _choice(_STRANDS)),
        topics=fields.read_all("topics", _topic),
        laws=fields.read_all("laws", str),
        difficulty=fields.read("difficulty", read_difficulty, (1, 5)),
        tags_any=fields.read_all("tags_any", str),
        audience=fields.read_all("audience", str),
        quotas=fields.read_all("quotas", read_quota),
    )


def _topic(text: str) -> str:
    return plain(text).upper()


def _choice(choices: Mapping[str, T]) -> Callable[[str], T]:
    return partial(read_choice, choices=choices)


def _check_full(fields: Fields, blueprint: Blueprint) -> None:
    full = fields.read("full", read_centi, blueprint.total_centi)
    readable = all(path[0] != "sections" for path in fields.sheet.broken)
    if full != blueprint.total_centi and readable:
        total = centi_text(blueprint.total_centi)
        fields.sheet.report(
            fields.sheet.find(("full",)),
            "B-full",
            f"满分写的是 {centi_text(full)} 分，各部分加起来是 {total} 分",
            "改题数、每题分值或满分",
        )
