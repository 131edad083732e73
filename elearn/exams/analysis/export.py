"""The statistics as a workbook: what the pages show, for people who calculate on."""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final

from sqlalchemy.orm import Session

from elearn.config import DISPLAY_ZONE
from elearn.core.statistics.items import FEW, FEW_FOR_RELATIONS
from elearn.core.workbook import Column, Kind, Sheet, write_workbook
from elearn.models import Exam, ExamAnalysis, ItemAnalysis

from .flags import FLAGS, Flag
from .queries import items_query

DESIGNS: Final = {
    "FIXED": "克龙巴赫 α（所有人同一套题）",
    "RANDOM": "概化系数 Φ（每人题目不同，题目嵌套于人）",
}
NOTES: Final = (
    ("统计范围", "每人第一次作答、成绩已定的答卷；作废的题不计。没有任何个人信息。"),
    ("得分率", "得分 ÷ 满分的平均值，0 到 1；区间是 95% 置信区间（Wilson）。"),
    (
        "区分度",
        "这道题与其余各题得分的相关系数。每人试卷不同，其余各题按“比同题的其他人好多少”折算后再算。",
    ),
    ("用时", "只统计能从保存记录看出的用时；几道题一起保存的不计。"),
    ("曝光", "本场有多少份试卷出了这道题，含重考。"),
    (
        "样本太少",
        f"少于 {FEW} 人的题不给出数字，少于 {FEW_FOR_RELATIONS} 人的题不给出区分度和选项分布。",
    ),
)


def write_analysis(
    session: Session, *, exam: Exam, analysis: ExamAnalysis, target: BinaryIO
) -> None:
    """Sheets 概况, 题目, 选项, 说明."""
    items = list(session.scalars(items_query(exam)))
    write_workbook(
        target,
        [
            Sheet("概况", _PAIRS, _overview(exam, analysis), filters=False),
            Sheet("题目", _ITEMS, _item_rows(items), frozen_columns=1),
            Sheet("选项", _OPTIONS, _option_rows(items), frozen_columns=1),
            Sheet("说明", _PAIRS, NOTES, filters=False),
        ],
    )


_PAIRS = (Column("项目", Kind.TEXT, 20), Column("内容", Kind.TEXT, 70))
_ITEMS = (
    Column("题目", Kind.TEXT, 16),
    Column("版本", Kind.TEXT, 14),
    Column("作答人数", Kind.COUNT, 9),
    Column("曝光", Kind.COUNT, 8),
    Column("得分率", Kind.RATE, 9),
    Column("得分率下限", Kind.RATE, 10),
    Column("得分率上限", Kind.RATE, 10),
    Column("区分度", Kind.HOURS, 9),
    Column("用时中位数（秒）", Kind.COUNT, 14),
    Column("以往得分率", Kind.RATE, 10),
    Column("提示", Kind.TEXT, 36),
)
_OPTIONS = (
    Column("题目", Kind.TEXT, 16),
    Column("小题", Kind.COUNT, 8),
    Column("选项（原卷序号）", Kind.TEXT, 16),
    Column("低分组", Kind.COUNT, 9),
    Column("中分组", Kind.COUNT, 9),
    Column("高分组", Kind.COUNT, 9),
)


def _overview(exam: Exam, analysis: ExamAnalysis) -> Iterator[tuple[str, str]]:
    s = analysis.summary
    yield "考试", exam.title
    yield "统计时间", f"{analysis.computed_at.astimezone(DISPLAY_ZONE):%Y-%m-%d %H:%M}"
    yield "人数", str(s["n"])
    yield "待阅卷（未计入）", str(s["pending"])
    if s["mean"] is None:
        yield "样本太少", f"少于 {FEW} 人，不给出统计"
        return
    interval = s["pass_interval"]
    yield "合格率", f"{s['passed'] / s['n']:.1%}（{interval['low']:.1%} 至 {interval['high']:.1%}）"
    yield "平均分", f"{s['mean'] / 100:.1f}"
    yield "标准差", f"{s['deviation'] / 100:.1f}"
    yield "中位数", f"{s['median'] / 100:.1f}"
    if s["reliability"]:
        yield (
            "信度",
            f"{s['reliability']['coefficient']:.2f}，{DESIGNS[s['reliability']['design']]}",
        )
        yield "测量标准误（分）", f"{s['reliability']['sem_centi'] / 100:.1f}"


def _item_rows(items: Iterable[ItemAnalysis]) -> Iterator[tuple[Any, ...]]:
    for item in items:
        if item.n < FEW:
            blank = (None,) * 6
            yield (
                item.code,
                item.revision_hash[:12],
                item.n,
                item.exposures,
                *blank,
                f"样本太少（{item.n} 人）",
            )
            continue
        past = item.detail["past"]
        yield (
            item.code,
            item.revision_hash[:12],
            item.n,
            item.exposures,
            item.facility,
            item.detail["interval"]["low"],
            item.detail["interval"]["high"],
            item.discrimination,
            item.median_s,
            past["facility"] if past else None,
            "、".join(FLAGS[Flag(flag)][1] for flag in item.flags),
        )


def _option_rows(items: Iterable[ItemAnalysis]) -> Iterator[tuple[Any, ...]]:
    for item in items:
        for number, part in enumerate(item.detail["parts"], 1):
            for option, counts in part["chosen"].items():
                yield (item.code, number, "ABCDEFGHIJKLMNOP"[int(option)], *counts)
            yield (item.code, number, "未选", *part["empty"])
