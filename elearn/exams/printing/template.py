"""The table to fill in: a column per question, all of them text, and a sheet saying how."""

from collections.abc import Mapping
from typing import BinaryIO

from elearn.core.assembly.paper import Paper
from elearn.core.workbook import Column, Kind, Sheet, write_workbook

from .reading import LETTER, NAME, STAFF_NO, columns_of


def write_template(target: BinaryIO, papers: Mapping[str, Paper]) -> None:
    """The workbook for the forms of a run; `papers` by letter."""
    columns = [
        Column(STAFF_NO, Kind.TEXT, 14),
        Column(NAME, Kind.TEXT, 12),
        Column(LETTER, Kind.TEXT, 7),
        *(Column(label, Kind.TEXT, 8) for label in columns_of(papers)),
    ]
    notes = (
        ("工号", "必填，一个人一行。姓名可以不填；填了会和系统核对。"),
        ("卷别", "答题卡上涂的字母：" + "、".join(papers) + "。"),
        ("单选、多选", "答题卡上涂的字母，如 A、BD。单选涂了两个的，按未答留空。"),
        ("判断", "对 或 错。"),
        ("填空", "几个空之间用分号隔开；没有答的空留空，但分号要写。"),
        ("简答", "把答案的文字录进来，录入后进入阅卷。"),
        ("没有作答", "留空，或填 -。"),
        ("导入", "有一处错误就全部不导入。同一份表格导入两次，结果一样。"),
    )
    how = (Column("列", Kind.TEXT, 14), Column("要求", Kind.TEXT, 70))
    write_workbook(
        target,
        [
            Sheet("成绩", columns, (), frozen_columns=3, filters=False),
            Sheet("填写说明", how, notes, filters=False),
        ],
    )
