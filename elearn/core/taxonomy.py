"""Strands (七类教育) and topics: the classification codes of the product. Never reuse a code."""

from enum import StrEnum
from typing import Final


class Strand(StrEnum):
    """The seven strands of the founding speech."""

    IDE = "IDE"
    DIS = "DIS"
    LAW = "LAW"
    ETH = "ETH"
    FAM = "FAM"
    SOC = "SOC"
    CHR = "CHR"


STRAND_NAMES: Final[dict[Strand, str]] = {
    Strand.IDE: "思想教育",
    Strand.DIS: "纪律教育",
    Strand.LAW: "法治教育",
    Strand.ETH: "职业道德",
    Strand.FAM: "家庭美德",
    Strand.SOC: "社会公德",
    Strand.CHR: "个人品德",
}

TOPIC_NAMES: Final[dict[str, str]] = {
    "IDE-01": "理想信念与宗旨",
    "IDE-02": "权力观、政绩观、事业观",
    "IDE-03": "三不腐与廉洁文化",
    "DIS-01": "总则与处分种类、影响期",
    "DIS-02": "政治纪律",
    "DIS-03": "组织纪律",
    "DIS-04": "廉洁纪律",
    "DIS-05": "群众纪律",
    "DIS-06": "工作纪律",
    "DIS-07": "生活纪律",
    "DIS-08": "廉洁自律准则",
    "DIS-09": "中央八项规定精神与厉行节约",
    "DIS-10": "党内监督、问责与四种形态",
    "DIS-11": "个人有关事项报告",
    "LAW-01": "监察法",
    "LAW-02": "公职人员政务处分法",
    "LAW-03": "刑法·贪污贿赂与渎职",
    "LAW-04": "公务员法",
    "LAW-05": "宪法基本知识",
    "LAW-06": "保密与数据、个人信息保护",
    "ETH-01": "一岗双责与党风廉政建设责任制",
    "ETH-02": "公务接待、用车、办公用房、经费",
    "ETH-03": "利益冲突与回避、离职从业",
    "ETH-04": "政商交往",
    "ETH-05": "审批、采购、工程等重点岗位风险",
    "ETH-06": "担当作为与反对形式主义官僚主义",
    "FAM-01": "家风与廉洁齐家",
    "FAM-02": "亲属与特定关系人管理",
    "FAM-03": "赡养抚养与反家暴",
    "FAM-04": "家庭教育",
    "FAM-05": "婚丧喜庆从简",
    "SOC-01": "公共秩序与公序良俗",
    "SOC-02": "网络言行",
    "SOC-03": "节约粮食与资源",
    "CHR-01": "自重自省、小节与情趣",
    "CHR-02": "诚实守信",
}

# Who an item or a course is for. An empty audience means everybody (全体).
AUDIENCE_NAMES: Final[dict[str, str]] = {
    "PARTY": "党员",
    "NON_PARTY": "非党员",
    "CHIEF": "一把手",
    "DEPUTY": "班子成员",
    "STAFF": "一般干部",
    "VILLAGE": "村社区干部",
}


def strand_of(topic: str) -> Strand:
    """`DIS-04` -> Strand.DIS. Raises ValueError for an unknown prefix."""
    return Strand(topic.split("-", 1)[0])
