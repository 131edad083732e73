"""What a bank file's front matter or a lesson says for all its items."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from elearn.core.field_reader import FieldReader, nearest
from elearn.core.laws.registry import LawRegistry
from elearn.core.located_yaml import Scalar
from elearn.core.questions.model import PURPOSE_NAMES, STATUS_NAMES, Purpose, QuestionStatus
from elearn.core.taxonomy import AUDIENCE_NAMES, TOPIC_NAMES

STATUS_BY_NAME = {name: status for status, name in STATUS_NAMES.items()}
PURPOSE_BY_NAME = {name: purpose for purpose, name in PURPOSE_NAMES.items()}
AUDIENCE_BY_NAME = {name: code for code, name in AUDIENCE_NAMES.items()}
EVERYBODY = "全体"


@dataclass(frozen=True, slots=True)
class ItemDefaults:
    """Values an item takes when it says nothing itself.

    `versions`: law short name -> version cited. `complete`: items must carry 编号, 依据 and 难度
    themselves or through these defaults (bank files); otherwise a missing code is made from
    `code_prefix` and the text, and 难度 is 2 (quizzes in lessons).
    """

    topic: str = ""
    difficulty: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    audience: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    status: QuestionStatus = QuestionStatus.ACTIVE
    purpose: Purpose = Purpose.BOTH
    complete: bool = True
    code_prefix: str = ""


def read_bank_defaults(reader: FieldReader, registry: LawRegistry) -> ItemDefaults:
    """The front matter of a bank file."""
    topic = reader.scalar("主题", "topic")
    difficulty = reader.whole("难度", "difficulty", low=1, high=5)
    audience = read_audience(reader)
    tags = tuple(dict.fromkeys(word.text for word in reader.words("标签", "tags")))
    names = {name: status.value for name, status in STATUS_BY_NAME.items()}
    status = reader.choice(names, "状态", "status")
    uses = {name: purpose.value for name, purpose in PURPOSE_BY_NAME.items()}
    purpose = reader.choice(uses, "用途", "purpose")
    versions = read_versions(reader, registry)
    reader.finish()
    return ItemDefaults(
        topic=check_topic(reader, topic) if topic else "",
        difficulty=difficulty or 0,
        versions=versions,
        audience=audience,
        tags=tags,
        status=QuestionStatus(status or QuestionStatus.ACTIVE),
        purpose=Purpose(purpose or Purpose.BOTH),
    )


def check_topic(reader: FieldReader, topic: Scalar) -> str:
    """The topic code, "" when it is none of ours (a problem then)."""
    found, hint = find_topic(topic.text)
    if not found:
        reader.problem(topic, "topic", f"没有主题“{topic.text}”", hint)
    return found


def find_topic(text: str) -> tuple[str, str]:
    """(code, hint): `dis-04` is taken as `DIS-04`; a hint when there is no such topic."""
    code = text.strip().upper()
    if code in TOPIC_NAMES:
        return code, ""
    by_name = {name: known for known, name in TOPIC_NAMES.items()}
    like = by_name.get(text.strip()) or nearest(code, TOPIC_NAMES, 0.7)
    return (
        "",
        f"是不是 {like}（{TOPIC_NAMES[like]}）？" if like else "主题代码见手册第三节，如 DIS-04",
    )


def read_audience(reader: FieldReader) -> tuple[str, ...]:
    """Audience codes in the order of the taxonomy; () for everybody."""
    words = reader.words("对象", "audience")
    found, unknown = find_audience([word.text for word in words])
    for word in words:
        if word.text in unknown:
            reader.problem(word, "audience", f"不认识的对象“{word.text}”", AUDIENCE_HINT)
    return found


AUDIENCE_HINT = "可写：" + "、".join([EVERYBODY, *AUDIENCE_BY_NAME])


def find_audience(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """(codes in taxonomy order, unknown words)."""
    codes = {AUDIENCE_BY_NAME.get(word, word) for word in words if word != EVERYBODY}
    unknown = [word for word in words if AUDIENCE_BY_NAME.get(word, word) not in AUDIENCE_NAMES]
    return (
        tuple(code for code in AUDIENCE_NAMES if code in codes),
        [word for word in unknown if word != EVERYBODY],
    )


def read_versions(reader: FieldReader, registry: LawRegistry) -> dict[str, str]:
    """`法规版本`: short name -> version, both checked against the registry."""
    table = reader.table("法规版本", "law_versions")
    versions: dict[str, str] = {}
    if table is None:
        return versions
    for name, value in table.entries.items():
        if not isinstance(value, Scalar) or not value.text:
            hint = f'写成“{name}: "2024-12-25"”'
            reader.problem(table.keys[name], "field-value", f"没有写《{name}》的版本", hint)
            continue
        resolution = registry.resolve(f"{name}@{value.text}")
        if finding := resolution.finding:
            at = value if "version" in finding.code else table.keys[name]
            reader.problems.append(finding.at(reader.file, at.line, at.column))
        if resolution.citation:
            versions[resolution.citation.law] = resolution.citation.version
    return versions
