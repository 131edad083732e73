"""The workbook that people fill in: units, people, and what each column wants."""

import io
from functools import lru_cache
from typing import Any

from rustpy_xlsxwriter import Format, write_worksheets

from elearn.core.people.columns import (
    EXAMPLE_PREFIX,
    PARTY_NAMES,
    TITLES,
    UNIT_TITLES,
    UNIT_TYPE_NAMES,
)

_PERSON_FIELDS = (
    "staff_no", "name", "unit_code", "unit_name", "rank", "post", "is_leader", "party", "active",
    "promoted_on",
)  # fmt: skip
_UNIT_EXAMPLES = (
    (f"{EXAMPLE_PREFIX}QU", "某区人民政府", "", "区"),
    (f"{EXAMPLE_PREFIX}CZ", "财政局", f"{EXAMPLE_PREFIX}QU", "部门"),
    (f"{EXAMPLE_PREFIX}CZ01", "预算科", f"{EXAMPLE_PREFIX}CZ", "单位"),
)
_PERSON_EXAMPLES = (
    (
        f"{EXAMPLE_PREFIX}0001", "王建国", f"{EXAMPLE_PREFIX}CZ", "", "乡科级正职", "局长", "是",
        "中共党员", "在职", "2026-03-10",
    ),
    (
        f"{EXAMPLE_PREFIX}0002", "李秀英", f"{EXAMPLE_PREFIX}CZ01", "预算科", "一级科员", "科员", "否",
        "群众", "在职", "",
    ),
    (f"{EXAMPLE_PREFIX}0003", "张伟", "", "财政局/预算科", "四级主任科员", "", "", "", "", ""),
)  # fmt: skip
_NOTES = (
    ("机构", "单位代码", "必填，不能重复。可用字母、数字、汉字和 . _ -，最多 40 个字符。"),
    ("机构", "单位名称", "必填，最多 100 个字。同一上级下不能同名。"),
    (
        "机构",
        "上级代码",
        "上级机构的单位代码。已有机构留空表示不改动；最上级的机构由运维人员建立。",
    ),
    ("机构", "类型", "区、镇街、部门、单位之一。留空：新机构按“单位”，已有机构不改动。"),
    ("人员", "工号", "必填，不能重复，登录时使用。有前导 0 的请先把这一列设成“文本”格式。"),
    ("人员", "姓名", "必填，最多 50 个字。"),
    ("人员", "单位代码", "和“单位”至少填一项；两项都填时必须一致。"),
    ("人员", "单位", "单位名称；有重名时写成“财政局/预算科”，或改填单位代码。"),
    ("人员", "职级", "例：一级科员、四级主任科员、乡科级正职。填“无”表示清空。"),
    ("人员", "职务", "最多 100 个字。填“无”表示清空。"),
    ("人员", "是否负责人", "是、否。"),
    (
        "人员",
        "政治面貌",
        "例：中共党员、共青团员、民盟盟员、群众；系统只区分是否中共党员。可不填。",
    ),
    ("人员", "状态", "在职、调出、退休、停用。留空：新人员按在职，已有人员不改动。"),
    (
        "人员",
        "提任日期",
        "提任领导职务的日期，例 2026-03-10；用于提任后一年内补训的提醒。可不填，填“无”表示清空。",
    ),
    ("说明", "空白单元格", "已有人员的空白单元格不改动原来的值。"),
    ("说明", "名册里没有的人", "不会被停用。要停用请写明状态，或在人员页面操作。"),
    ("说明", "示例行", f"工号或单位代码以“{EXAMPLE_PREFIX}”开头的行不导入，可以删去。"),
    ("说明", "密码", "不要写在表格里。导入后在结果页生成一次性初始密码。"),
    ("说明", "隐私", "不需要身份证号、电话和住址，写了也不会导入。"),
)


@lru_cache(maxsize=1)
def make_import_template() -> bytes:
    """An XLSX with the sheets 机构, 人员 and 填写说明."""
    unit_titles = list(UNIT_TITLES.values())
    person_titles = [TITLES[field] for field in _PERSON_FIELDS]
    target = io.BytesIO()
    write_worksheets(
        [
            ("机构", _records(unit_titles, _UNIT_EXAMPLES)),
            ("人员", _records(person_titles, _PERSON_EXAMPLES)),
            ("填写说明", _records(["工作表", "列", "要求"], _NOTES)),
        ],
        target,
        freeze_panes={"general": {"row": 1, "col": 0}},
        bold_headers=True,
        column_widths={
            "机构": [16.0, 26.0, 16.0, 10.0],
            "人员": [14.0, 12.0, 14.0, 24.0, 16.0, 18.0, 12.0, 14.0, 10.0, 12.0],
            "填写说明": [10.0, 18.0, 80.0],
        },
        column_formats={
            "机构": [Format().set_num_format("@") for _ in unit_titles],
            "人员": [Format().set_num_format("@") for _ in person_titles],
        },
        data_validations={
            "机构": {"类型": _choice(UNIT_TYPE_NAMES.values())},
            "人员": {
                "是否负责人": _choice(["是", "否"]),
                "政治面貌": _choice([PARTY_NAMES["PARTY"], "群众"]),
                "状态": _choice(["在职", "调出", "退休", "停用"]),
            },
        },
    )
    return target.getvalue()


def _records(titles: list[str], rows: Any) -> list[dict[str, str]]:
    return [dict(zip(titles, row, strict=True)) for row in rows]


def _choice(values: Any) -> dict[str, Any]:
    return {"type": "list", "values": list(values), "error_style": "warning"}
