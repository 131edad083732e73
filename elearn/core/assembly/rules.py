"""Does a blueprint make sense in itself? The same rules for files and for the web form."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from elearn.core.centi import centi_text
from elearn.core.taxonomy import TOPIC_NAMES, strand_of

from .constraints import Quota
from .model import AUDIENCE_WORDS, EVERYONE, Blueprint, MultiScoring, Section
from .values import nearest

MAX_QUESTIONS: Final = 500
MAX_DURATION_S: Final = 24 * 3600
MAX_ATTEMPTS: Final = 20
MAX_MAKEUPS: Final = 5
MAX_ENTRY_CENTI: Final = 1000_00
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule; `path` is the field, e.g. ("sections", 0, "count")."""

    path: tuple[str | int, ...]
    code: str
    message: str
    hint: str = ""


def check_blueprint(blueprint: Blueprint, laws: Collection[str] | None = None) -> list[Fault]:
    """Every rule the blueprint breaks. `laws`: known short names, None = not checked."""
    faults = list(_check_head(blueprint))
    faults += _check_minima(blueprint)
    faults += _check_scoring(blueprint)
    faults += _check_balance(blueprint)
    faults += _check_exam_rules(blueprint)
    for index, section in enumerate(blueprint.sections):
        faults += [
            Fault(("sections", index, *f.path), f.code, f.message, f.hint)
            for f in _check_section(section, laws)
        ]
    return faults + list(_check_names(blueprint))


def _check_head(bp: Blueprint) -> Iterator[Fault]:
    if not _CODE.fullmatch(bp.code):
        yield Fault(
            ("code",), "B-code", "编号只能用字母、数字和连字符，最长 60 个", "例如 monthly-20"
        )
    if not 1 <= len(bp.title) <= 200:
        yield Fault(("title",), "B-title", "名称要有 1 到 200 个字")
    if not 60 <= bp.duration_s <= MAX_DURATION_S:
        yield Fault(("duration_s",), "B-duration", "时长要在 1 分钟到 24 小时之间")
    elif bp.duration_s % 60:
        yield Fault(("duration_s",), "B-duration", "时长要是整分钟")
    if not 1 <= bp.attempts <= MAX_ATTEMPTS:
        yield Fault(("attempts",), "B-attempts", f"次数要在 1 到 {MAX_ATTEMPTS} 之间")
    if bp.validity_months is not None and not 1 <= bp.validity_months <= 240:
        yield Fault(("validity_months",), "B-validity", "有效期要在 1 个月到 20 年之间，或写“不限”")
    if not bp.sections:
        yield Fault(
            ("sections",), "B-empty", "一个部分也没有", "在“部分”下面写题型、题数和每题分值"
        )
    elif bp.question_count > MAX_QUESTIONS:
        yield Fault(
            ("sections",),
            "B-count",
            f"一张试卷最多 {MAX_QUESTIONS} 题，现在是 {bp.question_count} 题",
        )
    if bp.sections and not 0 < bp.pass_centi <= bp.total_centi:
        yield Fault(
            ("pass_centi",),
            "B-pass",
            f"合格线是 {centi_text(bp.pass_centi)} 分，满分是 {centi_text(bp.total_centi)} 分",
            "合格线要大于 0，不超过满分",
        )
    yield from _check_audience(bp.audience)


def _check_minima(bp: Blueprint) -> Iterator[Fault]:
    totals = bp.group_totals()
    seen: set[str] = set()
    for name, centi in bp.section_minima:
        path = ("section_minima", name)
        if name not in totals:
            yield Fault(path, "B-minimum", f"没有叫“{name}”的部分", nearest(name, totals))
        elif name in seen:
            yield Fault(path, "B-minimum", f"“{name}”的分项合格线写了两次", "只留一行")
        elif not 0 < centi <= totals[name]:
            yield Fault(
                path,
                "B-minimum",
                f"“{name}”的分项合格线是 {centi_text(centi)} 分，"
                f"这部分满分是 {centi_text(totals[name])} 分",
                "分项合格线要大于 0，不超过这部分的满分",
            )
        seen.add(name)


def _check_scoring(bp: Blueprint) -> Iterator[Fault]:
    fixed = bp.multi_scoring is MultiScoring.PARTIAL_FIXED
    if fixed and bp.multi_fixed_centi <= 0:
        hint = "加一行“漏选每项：0.5”"
        yield Fault(("multi_fixed_centi",), "B-fixed", "“漏选定分”没有说每个选对的选项得几分", hint)
    if not fixed and bp.multi_fixed_centi:
        hint = "把多选计分改成“漏选定分”，或删掉这一行"
        yield Fault(("multi_fixed_centi",), "B-fixed", "只有“漏选定分”才用“漏选每项”", hint)


def _check_exam_rules(bp: Blueprint) -> Iterator[Fault]:
    """Bands name passing scores only: whoever did not pass has none."""
    names = [name for name, _ in bp.bands]
    for name, centi in bp.bands:
        path = ("bands", name)
        if names.count(name) > 1 or not 1 <= len(name) <= 10:
            yield Fault(path, "B-band", f"等第“{name}”写了两次，或名称太长", "每个等第一行")
        elif not bp.pass_centi <= centi <= bp.total_centi:
            hint = f"写合格线 {centi_text(bp.pass_centi)} 到满分 {centi_text(bp.total_centi)} 之间"
            yield Fault(path, "B-band", f"等第“{name}”从 {centi_text(centi)} 分起不对", hint)
    if len({centi for _, centi in bp.bands}) < len(bp.bands):
        yield Fault(("bands",), "B-band", "两个等第从同一个分数起", "改其中一个")
    if bp.makeups_max is not None and not 0 <= bp.makeups_max <= MAX_MAKEUPS:
        message = f"补考次数要在 0 到 {MAX_MAKEUPS} 之间"
        yield Fault(("makeups_max",), "B-makeup", message, "写“1 次”或“不补考”")
    if bp.makeup_months is not None and not 1 <= bp.makeup_months <= 24:
        yield Fault(("makeup_months",), "B-makeup", "补考期限要在 1 到 24 个月之间", "例如 6 个月")
    if bp.entry_centi is not None and not 0 < bp.entry_centi <= MAX_ENTRY_CENTI:
        yield Fault(("entry_centi",), "B-entry", "参加条件要在 0 到 1000 学时之间", "例如 30 学时")


def _check_balance(bp: Blueprint) -> Iterator[Fault]:
    balance = bp.balance
    if balance.target_centi is not None and not 0 < balance.target_centi < bp.total_centi:
        message = f"目标均分要大于 0、小于满分（{centi_text(bp.total_centi)} 分）"
        yield Fault(("target_centi",), "B-balance", message)
    if balance.tolerance_centi is not None:
        if balance.target_centi is None:
            hint = "加一行“目标均分”，或删掉“允差”"
            yield Fault(("tolerance_centi",), "B-balance", "写了“允差”，没有写“目标均分”", hint)
        elif balance.tolerance_centi < 1:
            yield Fault(("tolerance_centi",), "B-balance", "允差要大于 0 分")
    for name, words in (("overlap_max", "最大重复"), ("seen_max", "做过的题")):
        most = getattr(balance, name)
        if most is not None and most >= max(1, bp.question_count):
            message = f"“{words}”是 {most} 题，一份试卷只有 {bp.question_count} 题"
            yield Fault((name,), "B-balance", message, "改小，或删掉这一行")
    exposure = balance.exposure_permille
    if exposure is not None and not 1 <= exposure <= 1000:
        yield Fault(("exposure_permille",), "B-balance", "曝光上限要在 0.1% 到 100% 之间")


def _check_section(section: Section, laws: Collection[str] | None) -> Iterator[Fault]:
    if not 1 <= len(section.name) <= 50:
        yield Fault(("name",), "B-title", "部分的名称要有 1 到 50 个字")
    if section.count < 1:
        yield Fault(("count",), "B-count", "题数至少是 1")
    if section.points_centi < 1:
        yield Fault(("points_centi",), "B-points", "每题分值要大于 0")
    low, high = section.difficulty
    if not 1 <= low <= high <= 5:
        yield Fault(
            ("difficulty",), "B-difficulty", "难度范围要从小到大，在 1 到 5 之间", "例如 2-4"
        )
    for quota in section.quotas:
        yield from _check_quota(quota, section, laws)
    for topic in section.topics:
        if topic not in TOPIC_NAMES:
            hint = nearest(topic, TOPIC_NAMES)
            yield Fault(("topics",), "B-topic", f"没有主题“{topic}”", hint)
        elif section.strands and strand_of(topic) not in section.strands:
            message = f"主题 {topic} 不在所写的类别里，抽不到题"
            yield Fault(("topics",), "B-topic", message, "类别和主题写一个就够")
    for law in section.laws:
        if laws is not None and law not in laws:
            hint = nearest(law, laws) or "简称登记在 question_bank/laws.yaml"
            yield Fault(("laws",), "B-law", f"没有登记“{law}”这部法规", hint)
    yield from _check_audience(section.audience)


def _check_quota(quota: Quota, section: Section, laws: Collection[str] | None) -> Iterator[Fault]:
    path = ("quotas",)
    if not quota.label:
        yield Fault(path, "B-quota", "配额没有说是哪些题", "例如“难度1-2 10 题”")
    if quota.most is not None and quota.most < max(quota.least, 1):
        yield Fault(path, "B-quota", f"配额“{quota.words}”要从小到大，“至多”不能是 0")
    if quota.least > section.count:
        message = f"配额“{quota.words}”比这部分的题数（{section.count} 题）还多"
        yield Fault(path, "B-quota", message)
    low, high = quota.difficulty
    if low > high:
        yield Fault(path, "B-quota", f"配额“{quota.words}”的难度要从小到大")
    for topic in quota.topics:
        if topic not in TOPIC_NAMES:
            hint = nearest(topic, TOPIC_NAMES)
            yield Fault(path, "B-quota", f"配额里没有主题“{topic}”", hint)
    for law in quota.laws:
        if laws is not None and law not in laws:
            hint = nearest(law, laws) or "简称登记在 question_bank/laws.yaml"
            yield Fault(path, "B-quota", f"配额里没有登记“{law}”这部法规", hint)


def _check_audience(audience: tuple[str, ...]) -> Iterator[Fault]:
    for word in audience:
        if word not in AUDIENCE_WORDS:
            hint = "可以写：" + "、".join(AUDIENCE_WORDS)
            yield Fault(("audience",), "B-audience", f"没有“{word}”这种对象", hint)
    if EVERYONE in audience and len(audience) > 1:
        yield Fault(("audience",), "B-audience", "写了“全体”就不要再写别的对象")


def _check_names(bp: Blueprint) -> Iterator[Fault]:
    owner: dict[str, Section] = {}
    for index, section in enumerate(bp.sections):
        if section.name in owner:
            message = f"有两个部分都叫“{section.name}”"
            yield Fault(("sections", index, "name"), "B-name", message, "换一个名称")
        owner.setdefault(section.name, section)
    for index, section in enumerate(bp.sections):
        named = owner.get(section.group) if section.group else None
        if named and named.group_name != section.group:
            message = f"“{section.group}”既是一个部分的名称，又是“归入”的名称"
            yield Fault(("sections", index, "group"), "B-name", message, "换一个名称")
