"""The front matter of course.md and of a lesson file."""

import re
from dataclasses import dataclass, field

from elearn.core.field_reader import FieldReader
from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.model import CompletionRule
from elearn.core.located_yaml import Mapping, parse_yaml
from elearn.core.problems import Problem
from elearn.core.questions.defaults import check_topic, read_audience, read_versions
from elearn.core.source_text import cut_front_matter, split_lines
from elearn.core.taxonomy import STRAND_NAMES, Strand

CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_CODE = 60
MAX_STUDY_DAYS = 366
_STRANDS = {name: strand.value for strand, name in STRAND_NAMES.items()}
_STRANDS |= {strand.value: strand.value for strand in Strand}
_REQUIRED = {"必修": "yes", "选修": "no", "required": "yes", "elective": "no"}
_QUIZ_RULE = {"通过": "yes", "不要求": "no", "pass": "yes", "none": "no"}
_QUIZ = {"必答": "yes", "选答": "no", "不要求": "no", "required": "yes", "optional": "no"}
_ALL = {"全部", "all"}


@dataclass(slots=True)
class CourseFront:
    """What course.md says; the empty values stand where a problem was noted."""

    code: str = ""
    title: str = ""
    strand: Strand = Strand.IDE
    topics: tuple[str, ...] = ()
    summary: str = ""
    required: bool = False
    hours_centi: int = 0
    audience: tuple[str, ...] = ()
    rule: CompletionRule = field(default_factory=CompletionRule)
    rule_line: int = 1
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LessonFront:
    """What a lesson says; `quiz_required` is None when it leaves that open."""

    code: str = ""
    title: str = ""
    minutes: int = 0
    quiz_required: bool | None = None
    versions: dict[str, str] = field(default_factory=dict)
    line: int = 1


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A text cut in two: the reader of its front matter (None when unusable) and the body."""

    reader: FieldReader | None
    body: str
    body_line: int
    problems: list[Problem]


def open_source(text: str, file: str) -> SourceFile:
    """Front matter must be there; every problem of its form is noted."""
    lines = split_lines(text)
    front = cut_front_matter(lines)
    body = "\n".join(lines[front.body_line - 1 :])
    problems: list[Problem] = []
    if not front.present or not front.closed:
        message = "文件头没有结束" if front.present else "没有文件头"
        hint = "文件最前面写 --- ，一行一项，再写 ---"
        problems.append(Problem(file, 1, 1, "L-front", message, hint))
        return SourceFile(None, body, front.body_line, problems)
    value, found = parse_yaml(front.yaml, file, first_line=front.first_line, code="L-yaml")
    problems += found
    if isinstance(value, Mapping):
        return SourceFile(FieldReader(value, file, "L", problems), body, front.body_line, problems)
    if not found:
        message = "文件头应是一行一项的“名称: 内容”"
        problems.append(Problem(file, front.first_line, 1, "L-front", message))
    return SourceFile(None, body, front.body_line, problems)


def read_course_front(reader: FieldReader, registry: LawRegistry) -> CourseFront:
    """All keys of course.md."""
    front = CourseFront(
        code=_code(reader),
        title=reader.text("名称", "title", required=True),
        strand=Strand(reader.choice(_STRANDS, "类别", "strand", required=True) or "IDE"),
        topics=_topics(reader),
        summary=reader.text("简介", "summary", required=True),
        required=reader.choice(_REQUIRED, "性质", "required", required=True) == "yes",
        hours_centi=reader.hundredths("学时", "hours", high=10_000, required=True) or 0,
        audience=read_audience(reader),
        versions=read_versions(reader, registry),
    )
    table = reader.table("完成规则", "completion")
    if table:
        front.rule_line = table.line
        front.rule = _rule(FieldReader(table, reader.file, "L", reader.problems))
    reader.finish()
    return front


def read_lesson_front(reader: FieldReader, registry: LawRegistry) -> LessonFront:
    """All keys of a lesson."""
    quiz = reader.choice(_QUIZ, "随堂题", "quiz")
    front = LessonFront(
        code=_code(reader),
        title=reader.text("名称", "title", required=True),
        minutes=reader.whole("分钟", "minutes", low=1, high=240, required=True) or 0,
        quiz_required=None if quiz is None else quiz == "yes",
        versions=read_versions(reader, registry),
        line=reader.mapping.line,
    )
    reader.finish()
    return front


def _code(reader: FieldReader) -> str:
    value = reader.scalar("编号", "id", required=True)
    if value is None:
        return ""
    if not CODE.fullmatch(value.text) or len(value.text) > MAX_CODE:
        hint = f"只用小写字母、数字和连字符，不超过 {MAX_CODE} 个，如 dis-gifts"
        reader.problem(value, "code-form", f"编号“{value.text}”的写法不对", hint)
    return value.text


def _topics(reader: FieldReader) -> tuple[str, ...]:
    topics = [check_topic(reader, word) for word in reader.words("主题", "topics", required=True)]
    return tuple(dict.fromkeys(topic for topic in topics if topic))


def _rule(reader: FieldReader) -> CompletionRule:
    lessons = reader.scalar("小节", "lessons")
    everything = lessons is None or lessons.text in _ALL
    count = None if everything else reader.whole("小节", "lessons", low=1, high=200)
    minutes = reader.whole("学习分钟", "study_minutes", low=0, high=6000)
    days = reader.whole("学习天数", "study_days", low=0, high=MAX_STUDY_DAYS)
    quiz = reader.choice(_QUIZ_RULE, "随堂题", "quiz")
    reader.finish()
    return CompletionRule(
        lessons=count, study_minutes=minutes or 0, study_days=days or 0, quiz=quiz != "no"
    )
