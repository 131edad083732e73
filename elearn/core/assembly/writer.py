"""`Blueprint` -> the YAML a trainer would write; `parse_blueprint` reads the same one back."""

from collections.abc import Iterator

import yaml

from elearn.core.centi import centi_text
from elearn.core.questions.model import TYPE_NAMES

from .blueprint import HEAD_WORDS, SECTION_WORDS
from .constraints import Balance
from .model import (
    BOOK_NAMES,
    MULTI_SCORING_NAMES,
    REVIEW_NAMES,
    TAKING_NAMES,
    Blueprint,
    MultiScoring,
    Section,
    Taking,
)
from .quotas import quota_text


def format_blueprint(blueprint: Blueprint) -> str:
    """Canonical file text; lines that would state a default are left out."""
    lines = [f"{HEAD_WORDS[name][0]}: {value}" for name, value in _head(blueprint)]
    if blueprint.section_minima:
        lines.append(f"{HEAD_WORDS['section_minima'][0]}:")
        lines += [f"  {_text(n)}: {centi_text(c)}" for n, c in blueprint.section_minima]
    if blueprint.bands:
        lines.append(f"{HEAD_WORDS['bands'][0]}:")
        lines += [f"  {_text(n)}: {centi_text(c)}" for n, c in blueprint.bands]
    lines.append(f"{HEAD_WORDS['sections'][0]}:")
    for section in blueprint.sections:
        rows = [f"{SECTION_WORDS[name][0]}: {value}" for name, value in _section(section)]
        lines += [("  - " if at == 0 else "    ") + row for at, row in enumerate(rows)]
    return "\n".join(lines) + "\n"


def _head(bp: Blueprint) -> Iterator[tuple[str, str]]:
    yield "code", _text(bp.code)
    yield "title", _text(bp.title)
    if bp.note:
        yield "note", _text(bp.note)
    if bp.audience:
        yield "audience", _text("、".join(bp.audience))
    yield "duration_s", f"{bp.duration_s // 60} 分钟"
    yield "full", centi_text(bp.total_centi)
    yield "pass_centi", centi_text(bp.pass_centi)
    if bp.attempts != 1:
        yield "attempts", str(bp.attempts)
    if bp.taking is not Taking.LATEST:
        yield "taking", TAKING_NAMES[bp.taking]
    if bp.book is not None:
        yield "book", BOOK_NAMES[bp.book]
    for name in ("shuffle_questions", "shuffle_options"):
        if not getattr(bp, name):
            yield name, "否"
    yield "multi_scoring", MULTI_SCORING_NAMES[bp.multi_scoring]
    if bp.multi_scoring is MultiScoring.PARTIAL_FIXED:
        yield "multi_fixed_centi", centi_text(bp.multi_fixed_centi)
    yield "review", REVIEW_NAMES[bp.review]
    if bp.hours_centi:
        yield "hours_centi", centi_text(bp.hours_centi)
    if bp.validity_months is not None:
        yield "validity_months", f"{bp.validity_months} 个月"
    yield from _balance(bp.balance)
    if bp.makeups_max is not None:
        yield "makeups_max", f"{bp.makeups_max} 次" if bp.makeups_max else "不补考"
    if bp.makeup_months is not None:
        yield "makeup_months", f"{bp.makeup_months} 个月"
    if bp.entry_centi is not None:
        yield "entry_centi", f"{centi_text(bp.entry_centi)} 学时"


def _balance(balance: Balance) -> Iterator[tuple[str, str]]:
    for name in ("target_centi", "tolerance_centi"):
        centi = getattr(balance, name)
        if centi is not None:
            yield name, centi_text(centi)
    if balance.overlap_max is not None:
        yield "overlap_max", f"{balance.overlap_max} 题"
    if balance.seen_max is not None:
        yield "seen_max", f"最多 {balance.seen_max} 题" if balance.seen_max else "避开"
    if balance.exposure_permille is not None:
        whole, rest = divmod(balance.exposure_permille, 10)
        yield "exposure_permille", f"{whole}.{rest}%" if rest else f"{whole}%"


def _section(section: Section) -> Iterator[tuple[str, str]]:
    yield "name", _text(section.name)
    yield "type", TYPE_NAMES[section.type]
    yield "count", str(section.count)
    yield "points_centi", centi_text(section.points_centi)
    if section.group:
        yield "group", _text(section.group)
    for name in ("strands", "topics", "laws", "tags_any", "audience"):
        words = getattr(section, name)
        if words:
            yield name, _text("、".join(words))
    low, high = section.difficulty
    if (low, high) != (1, 5):
        yield "difficulty", str(low) if low == high else f"{low}-{high}"
    if section.quotas:
        yield "quotas", _text("、".join(quota_text(quota) for quota in section.quotas))


def _text(value: str) -> str:
    dumped: str = yaml.safe_dump(value, allow_unicode=True, width=float("inf"))
    return dumped.removesuffix("\n").removesuffix("\n...")
