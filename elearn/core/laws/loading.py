"""Reading the registry file: a YAML list of instruments, each with its versions."""

import re

from elearn.core.field_reader import FieldReader
from elearn.core.laws.model import Instrument, LawStatus, LawVersion
from elearn.core.located_yaml import Mapping, Sequence, parse_yaml
from elearn.core.problems import Problem
from elearn.core.source_text import split_lines

_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_EXTRA = re.compile(r"[1-9]\d{0,3}-[1-9]\d?")
_SHORT = re.compile(r"[^\s@#;；、,，《》|｜\[\]]+")
_STATUS = {status.value: status.value for status in LawStatus}


def read_instruments(text: str, file: str) -> tuple[list[Instrument], list[Problem]]:
    """Every instrument that has no error of its own, and every problem of the file."""
    problems: list[Problem] = []
    value, found = parse_yaml("\n".join(split_lines(text)), file, code="R-yaml")
    problems += found
    if not isinstance(value, Sequence):
        if not found:
            message = "这个文件应是法规的列表，每部法规以“- short: 简称”开头"
            problems.append(Problem(file, 1, 1, "R-list", message))
        return [], problems
    instruments: list[Instrument] = []
    for item in value.items:
        own: list[Problem] = []
        if isinstance(item, Mapping):
            instrument = _instrument(FieldReader(item, file, "R", own), instruments)
            if not any(problem.is_error for problem in own):
                instruments.append(instrument)
        else:
            own.append(Problem(file, item.line, item.column, "R-list", "这里应是一部法规"))
        problems += own
    problems += _unknown_successors(instruments, value, file)
    return instruments, problems


def _unknown_successors(instruments: list[Instrument], value: Sequence, file: str) -> list[Problem]:
    """What took the place of a repealed text is registered too."""
    known = {one.short for one in instruments}
    return [
        Problem(
            file,
            value.line,
            value.column,
            "R-successor",
            f"《{instrument.short}》写的取代者“{version.replaced_by}”没有登记",
            "写登记表里的简称",
        )
        for instrument in instruments
        for version in instrument.versions
        if version.replaced_by and version.replaced_by not in known
    ]


def _instrument(reader: FieldReader, before: list[Instrument]) -> Instrument:
    short = reader.text("short", required=True)
    code = reader.text("code", required=True)
    title = reader.text("title", required=True)
    kind = reader.text("kind", required=True)
    keys = reader.mapping.keys
    if short and not _SHORT.fullmatch(short):
        at = keys["short"]
        reader.problem(at, "short-form", f"简称“{short}”里不能有空格和 @ # ; 、 《 》")
    for name, value, used in (
        ("short", short, {one.short for one in before}),
        ("code", code, {one.code for one in before}),
    ):
        if value in used:
            reader.problem(keys[name], "twice", f"{name}“{value}”登记了两次", "换一个没有用过的")
    versions = _versions(reader, short)
    reader.finish()
    return Instrument(short, code, title, kind, versions)


def _versions(reader: FieldReader, short: str) -> tuple[LawVersion, ...]:
    value = reader.take("versions", required=True)
    if value is None:
        return ()
    if not isinstance(value, Sequence) or not value.items:
        reader.problem(value, "list", "versions 应是版本的列表")
        return ()
    versions: list[LawVersion] = []
    for item in value.items:
        if not isinstance(item, Mapping):
            reader.problem(item, "list", "这里应是一个版本")
            continue
        one = _version(FieldReader(item, reader.file, "R", reader.problems), short)
        if one.version in {other.version for other in versions}:
            reader.problem(item, "twice", f"版本 {one.version} 登记了两次")
        versions.append(one)
    in_force = [v for v in versions if v.status is LawStatus.IN_FORCE]
    gone = versions and all(v.status is not LawStatus.IN_FORCE for v in versions)
    if len(in_force) > 1:
        reader.problem(
            value,
            "current",
            f"《{short}》有 {len(in_force)} 个 IN_FORCE 版本",
            "只能有一个现行版本",
        )
    elif gone and not any(v.status is LawStatus.REPEALED for v in versions):
        reader.problem(
            value,
            "current",
            f"《{short}》没有现行版本",
            "给现行版本写 IN_FORCE，已废止的写 REPEALED",
        )
    return tuple(versions)


def _version(reader: FieldReader, short: str) -> LawVersion:
    version = _date(reader, "version", required=True)
    issued = _date(reader, "issued", required=False)
    in_force = _date(reader, "in_force", required=False)
    articles = reader.whole("articles", low=1, high=9999)
    status = reader.choice(_STATUS, "status", required=True)
    note = reader.text("note")
    extra = reader.words("extra_articles")
    repealed_on = _date(reader, "repealed_on", required=False)
    replaced_by = reader.text("replaced_by")
    if (repealed_on or replaced_by) and status != LawStatus.REPEALED.value:
        hint = "废止的写 REPEALED；被新版本取代的不写这两项"
        reader.problem(reader.mapping, "successor", "只有 REPEALED 的版本写废止日期和取代者", hint)
    for article in extra:
        if not _EXTRA.fullmatch(article.text):
            reader.problem(article, "field-value", f"增加的条写成 388-1，现在是“{article.text}”")
    reader.finish()
    return LawVersion(
        short, version, issued, in_force, articles,
        LawStatus(status or "IN_FORCE"), note, tuple(article.text for article in extra),
        repealed_on, replaced_by,
    )  # fmt: skip


def _date(reader: FieldReader, name: str, *, required: bool) -> str:
    value = reader.scalar(name, required=required)
    if value is None:
        return ""
    if not _DATE.fullmatch(value.text):
        reader.problem(
            value, "date", f"{name} 应是日期，如 2024-12-25 或 2022-02，现在是“{value.text}”"
        )
    return value.text
