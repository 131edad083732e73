"""The columns of a roster: their headings and the words their cells may hold."""

import unicodedata
from collections.abc import Mapping
from typing import Final

UNITS: Final = "units"
PEOPLE: Final = "people"

# field -> headings, the first one is what templates and messages use
UNIT_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "code": ("单位代码", "单位编号", "机构代码", "机构编号", "部门代码", "部门编号"),
    "name": ("单位名称", "机构名称", "部门名称", "单位", "机构", "部门"),
    "parent": (
        "上级代码", "上级单位代码", "上级编号", "上级单位编号", "上级机构代码", "上级机构编号",
        "上级部门代码",
    ),
    "type": ("类型", "机构类型", "单位类型", "单位类别", "机构类别"),
}  # fmt: skip
PERSON_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "staff_no": ("工号", "人员编号", "职工编号", "人员工号", "员工编号"),
    "name": ("姓名", "人员姓名"),
    "unit_code": (
        "单位代码", "单位编号", "机构代码", "机构编号", "部门代码", "部门编号", "所在单位代码",
    ),
    "unit_name": ("单位", "单位名称", "所在单位", "工作单位", "部门", "部门名称", "机构名称"),
    "rank": ("职级", "职务职级", "级别", "职务层次"),
    "post": ("职务", "岗位", "现任职务", "职务名称"),
    "is_leader": ("是否负责人", "负责人", "单位负责人", "是否单位负责人", "领导班子成员"),
    "party": ("政治面貌", "党派"),
    "promoted_on": ("提任日期", "提任时间", "任现职日期", "任现职时间", "提拔日期"),
    "active": ("状态", "人员状态", "在职状态", "是否在职"),
    "password": ("初始密码", "密码"),
}  # fmt: skip
TITLES: Final[dict[str, str]] = {field: names[0] for field, names in PERSON_COLUMNS.items()}
UNIT_TITLES: Final[dict[str, str]] = {field: names[0] for field, names in UNIT_COLUMNS.items()}

UNIT_TYPES: Final[dict[str, str]] = {
    "区": "DISTRICT", "县": "DISTRICT", "市": "DISTRICT", "区县": "DISTRICT", "地区": "DISTRICT",
    "镇街": "TOWN_STREET", "镇": "TOWN_STREET", "街道": "TOWN_STREET", "乡": "TOWN_STREET",
    "乡镇": "TOWN_STREET", "乡镇街道": "TOWN_STREET", "镇街道": "TOWN_STREET",
    "部门": "DEPARTMENT", "局": "DEPARTMENT", "委办局": "DEPARTMENT",
    "单位": "UNIT", "科室": "UNIT", "下属单位": "UNIT", "事业单位": "UNIT", "村": "UNIT",
    "社区": "UNIT", "村社区": "UNIT",
}  # fmt: skip
UNIT_TYPE_NAMES: Final[dict[str, str]] = {
    "DISTRICT": "区", "TOWN_STREET": "镇街", "DEPARTMENT": "部门", "UNIT": "单位",
}  # fmt: skip

PARTY: Final = "PARTY"
NON_PARTY: Final = "NON_PARTY"
_MEMBERS: Final = "中共党员 中共预备党员 党员 预备党员 中国共产党党员 中国共产党预备党员 是党员"
_OTHERS: Final = """
群众 普通公民 共青团员 团员 中国共产主义青年团团员 无党派 无党派人士 无党派民主人士 民主党派 非党员 非中共党员
民革党员 民革会员 民盟盟员 民建会员 民进会员 农工党党员 致公党党员 九三学社社员 台盟盟员
民革 民盟 民建 民进 农工党 致公党 九三学社 台盟
"""
PARTIES: Final[dict[str, str]] = {
    **dict.fromkeys(_MEMBERS.split(), PARTY),
    **dict.fromkeys(_OTHERS.split(), NON_PARTY),
}
PARTY_NAMES: Final[dict[str, str]] = {PARTY: "中共党员", NON_PARTY: "非中共党员"}

YES_NO: Final[dict[str, bool]] = {
    **dict.fromkeys("是 y yes true t 1 √ ✓ ✔ 对 有".split(), True),
    **dict.fromkeys("否 n no false f 0 × ✗ x 不是 无".split(), False),
}
ACTIVE: Final[dict[str, bool]] = {
    **dict.fromkeys("在职 在岗 在编 正常 启用 有效 active 是 1".split(), True),
    **dict.fromkeys(
        "离职 调出 调离 辞职 退休 停用 注销 无效 开除 死亡 去世 inactive 否 0".split(), False
    ),
}
CLEARED: Final = frozenset({"无", "-", "—", "——", "/"})
EXAMPLE_PREFIX: Final = "示例"


def heading_key(text: str) -> str:
    """A heading as it is compared: width, blanks, `*`, colons and remarks in brackets aside."""
    folded = unicodedata.normalize("NFKC", text)
    folded = "".join(folded.split()).strip("*:※")
    cut = min((folded.find(mark) for mark in "([【" if mark in folded[1:]), default=-1)
    return (folded[:cut] if cut > 0 else folded).strip("*:※")


def field_of(heading: str, columns: Mapping[str, tuple[str, ...]]) -> str | None:
    """Which field a heading names."""
    key = heading_key(heading)
    return next((field for field, names in columns.items() if key in names), None)


def word_key(text: str) -> str:
    """A cell word as it is looked up in the tables above."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
