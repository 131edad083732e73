"""Credit rule files, `question_bank/credit/<编号>.yaml`, with the words an office uses.

A rule that is changed gets a new number in `版本`; the database keeps every version. Problem codes:
H-encoding, H-yaml, H-list, H-field-* (field_reader), H-code, H-file, H-bands, H-year.
"""

import re
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from elearn.core.centi import centi_text
from elearn.core.credit.rules import RULES
from elearn.core.credit.spec import BASIS_NAMES, Basis, RuleSpec, YearRule
from elearn.core.field_reader import FieldReader, to_hundredths
from elearn.core.located_yaml import Mapping, Scalar, parse_yaml
from elearn.core.problems import Problem
from elearn.core.source_text import decode_text, split_lines

_CODE: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MINUTES: Final = re.compile(r"\d{1,3}")
MOST: Final = 2_000_00  # hundredths of an hour in one field
BUILT_IN: Final = frozenset(rule.id for rule in RULES)


def parse_credit_rule(data: bytes, file: str) -> tuple[RuleSpec | None, list[Problem]]:
    """The rule, or None with every problem of the file."""
    text, problems = decode_text(data, file, "H-encoding")
    if problems:
        return None, problems
    value, problems = parse_yaml("\n".join(split_lines(text)), file, code="H-yaml")
    if not isinstance(value, Mapping):
        if not problems:
            message = "这个文件应是一张表，每行写“名称: 内容”"
            problems.append(Problem(file, 1, 1, "H-list", message, "从现有的规则复制一份再改"))
        return None, problems
    reader = FieldReader(value, file, "H", problems)
    bases = {name: basis.value for basis, name in BASIS_NAMES.items()}
    basis = Basis(reader.choice(bases, "课程", required=True) or Basis.DECLARED)
    spec = RuleSpec(
        id=_read_code(reader, file),
        version=reader.whole("版本", low=1, high=9999, required=True) or 1,
        name=reader.text("名称", required=True),
        source=reader.text("依据", required=True),
        note=reader.text("说明"),
        basis=basis,
        bands=_read_bands(reader, basis),
        test_centi=reader.hundredths("测试加分", high=MOST) or 0,
        item_cap_centi=reader.hundredths("单项封顶", high=MOST),
        day_cap_centi=reader.hundredths("每天封顶", high=MOST),
        year=_read_year(reader),
    )
    reader.finish()
    problems.sort()
    return (None if problems else spec), problems


def _read_code(reader: FieldReader, file: str) -> str:
    value = reader.scalar("编号", required=True)
    if value is None:
        return ""
    code = value.text
    if not _CODE.fullmatch(code) or len(code) > 40:
        message = f"编号“{code}”只能用小写字母、数字和连字符，最多 40 个"
        reader.problem(value, "code", message, "例如 minutes-bands")
    elif code in BUILT_IN:
        reader.problem(value, "code", f"编号 {code} 是系统自带的规则", "换一个编号")
    elif PurePosixPath(file).stem != code:
        reader.problem(value, "file", f"文件名应与编号相同：{code}.yaml", "改文件名或改编号")
    return code


def _read_bands(reader: FieldReader, basis: Basis) -> tuple[tuple[int, int], ...]:
    table = reader.table("时长分档")
    if basis is Basis.MINUTES and (table is None or not table.entries):
        message = "课程按时长计，却没有“时长分档”"
        reader.problem(reader.mapping, "bands", message, "下面每行写“从几分钟起: 几学时”")
    if table is None:
        return ()
    if basis is Basis.DECLARED:
        message = "课程按标注学时计，不用“时长分档”"
        reader.problem(table, "bands", message, "删去它，或把“课程”改成“课程时长”")
    bands = [band for key, value in table.entries.items() if (band := _band(reader, key, value))]
    bands.sort(reverse=True)
    for (_, more), (_, less) in pairwise(bands):
        if less > more:
            reader.problem(table, "bands", "时长短的一档比长的一档学时还多", "核对各档")
    return tuple(bands)


def _band(reader: FieldReader, key: str, value: object) -> tuple[int, int] | None:
    at = reader.mapping.entries["时长分档"]
    if isinstance(value, Scalar) and _MINUTES.fullmatch(key):
        centi = to_hundredths(value.text)
        if centi is not None:
            return int(key), centi
    place = value if isinstance(value, Scalar) else at
    reader.problem(place, "bands", f"“{key}”这一档看不懂", "写“从几分钟起: 几学时”，例如 15: 0.5")
    return None


def _read_year(reader: FieldReader) -> YearRule | None:
    table = reader.table("年度要求")
    if table is None:
        return None
    inner = FieldReader(table, reader.file, "H", reader.problems)
    online = inner.hundredths("网络学时", high=MOST, required=True) or 0
    required = inner.hundredths("其中必修", high=MOST)
    elective = inner.hundredths("其中选修", high=MOST)
    carry = inner.choice({"是": "yes", "否": ""}, "超出结转") == "yes"
    inner.finish()
    parts = (required or 0) + (elective or 0)
    if parts > online:
        message = f"必修加选修是 {centi_text(parts)} 学时，超过网络学时 {centi_text(online)}"
        reader.problem(table, "year", message, "改其中一个数")
    return YearRule(online, required, elective, carry)
