"""Makes courses: written as trainers write them, parsed by the parser, published by the service."""

from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from elearn.bank.services import publish_registry
from elearn.config import shipped
from elearn.core.canonical import bytes_hash
from elearn.core.laws.registry import LawRegistry, parse_registry
from elearn.core.lessons.model import Course
from elearn.core.lessons.parser import load_course
from elearn.courses.services import publish_course
from elearn.models import (
    ContentFile,
    CourseRevision,
    FileKind,
    Person,
    PledgeSignature,
    Reflection,
)
from tests.factories import NOW

_counter = count(1)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@lru_cache(maxsize=1)
def registry() -> LawRegistry:
    """The shipped law registry."""
    path = shipped("question_bank") / "laws.yaml"
    found, problems = parse_registry(path.read_text(encoding="utf-8"), "laws.yaml")
    assert not problems
    return found


def publish_laws(session: Session) -> None:
    """So that citations get their labels."""
    publish_registry(session, registry=registry())


def course_front(
    code: str,
    *,
    title: str = "",
    strand: str = "DIS",
    topic: str = "DIS-04",
    summary: str = "认清边界",
    required: bool = True,
    hours: str = "1.5",
    audience: str = "全体",
    lessons: str = "全部",
    study_minutes: int = 2,
    quiz: str = "通过",
) -> bytes:
    """course.md"""
    return f"""---
编号: {code}
名称: {title or "礼品礼金" + code}
类别: {strand}
主题: [{topic}]
简介: {summary}
性质: {"必修" if required else "选修"}
学时: {hours}
对象: {audience}
完成规则:
  小节: {lessons}
  学习分钟: {study_minutes}
  随堂题: {quiz}
法规版本:
  纪律处分条例: "2023-12-19"
---
这门课讲日常小事。
""".encode()


def quiz_item(
    code: str,
    *,
    kind: str = "单选",
    canary: str = "解析",
    stem: str = "",
    law: str = "纪律处分条例#97.1",
) -> str:
    """One question; its key is B, BC, 错 or the texts 五 / 一年; `canary` is its explanation."""
    stem = stem or f"{code} 以下做法**恰当**的是？"
    options = "A. 收下\nB. 当面谢绝\nC. 登记上交\n"
    bodies = {
        "单选": f"【单选】{stem}\n{options}答案：B\n",
        "多选": f"【多选】{stem}\n{options}答案：BC\n",
        "判断": f"【判断】{stem}\n答案：错\n",
        "填空": f"【填空】{stem}党纪处分有____种，警告影响期为____。\n答案：五|5；一年|1年\n",
        "简答": f"【简答】{stem}\n参考答案：{canary}参考\n评分要点：\n- {canary}要点（4分）\n",
        "案例": f"【案例】{stem}某镇干部老周收到茶叶。\n（1）【单选】先做什么？\n{options}答案：B\n"
        f"解析：{canary}小题一\n（2）【判断】可以先收下。\n答案：错\n解析：{canary}小题二\n",
    }
    explanation = "" if kind == "案例" else f"解析：{canary}\n"
    return f"{bodies[kind]}{explanation}依据：{law}\n难度：2\n编号：{code}\n"


def lesson_file(
    code: str,
    *,
    title: str = "",
    minutes: int = 2,
    quiz: str = "必答",
    items: list[str] | None = None,
    body: str = "",
) -> bytes:
    """A lesson; `items` stand in one quiz fence (None: one single-choice question)."""
    items = [quiz_item(f"{code}-q1")] if items is None else items
    fence = "```quiz\n" + "\n".join(items) + "```\n" if items else ""
    text = body or (
        "## 周五下午\n\n老林正要下班。\n\n有人放下一盒茶叶。见 [[纪律处分条例#97.1]]。\n\n"
        "## 先看关系\n\n先看送的人。\n"
    )
    rule = f"随堂题: {quiz}\n" if items else ""
    return (
        f"---\n编号: {code}\n名称: {title or '第一盒茶叶 ' + code}\n分钟: {minutes}\n{rule}---\n"
        f"{text}\n{fence}"
    ).encode()


def parse_course(files: dict[str, bytes], folder: str) -> Course:
    """Parse a folder that must be right."""
    course, problems = load_course(files, folder, registry())
    assert course is not None, problems
    return course


def make_course(
    session: Session,
    *,
    code: str = "",
    lessons: int = 2,
    minutes: int = 2,
    files: dict[str, bytes] | None = None,
    now: datetime = NOW,
    **front: object,
) -> CourseRevision:
    """A published course of `lessons` lessons `<code>-1`, `<code>-2`… each with one question
    (`<code>-1-q1`, key B). `files` adds or replaces files of the folder."""
    code = code or f"course-{next(_counter)}"
    folder = {"course.md": course_front(code, **front)}  # type: ignore[arg-type]  # passed on
    for number in range(1, lessons + 1):
        folder[f"{number:02d}-节.md"] = lesson_file(f"{code}-{number}", minutes=minutes)
    folder |= files or {}
    course = parse_course(folder, f"courses/dis/{code}")
    return publish_course(session, course=course, now=now)


def make_handed_over(
    session: Session, person: Person, revision: CourseRevision, *, at: datetime = NOW
) -> tuple[PledgeSignature, Reflection]:
    """A signed pledge and a reflection waiting for a trainer, in the first lesson."""
    here: dict[str, Any] = {
        "person_id": person.id,
        "course_id": revision.course_id,
        "lesson_code": revision.lessons[0].code,
        "title": "一件小事",
        "text_hash": f"{next(_counter):064d}",
    }
    pledge = PledgeSignature(
        **here, text="不收礼。", signed_name=person.name, unit_name="局", signed_at=at
    )
    reflection = Reflection(
        **here, question="您会怎么说？", no=1, text="我会当面谢绝。", submitted_at=at
    )
    session.add_all([pledge, reflection])
    session.flush()
    return pledge, reflection


FACTS = """\
facts:
  - {id: SL-01, law: 监察法, article: "1", status: V, text: 甲}
  - {id: SL-02, law: 监察法, article: "2", status: V-, text: 乙}
statutes: []
"""


def make_facts_file(text: str = FACTS, *, now: datetime = NOW) -> ContentFile:
    """The published editor's record; not added to a session."""
    data = text.encode()
    return ContentFile(
        path="question_bank/facts.yaml",
        kind=FileKind.FACTS,
        data=data,
        sha256=bytes_hash(data),
        updated_at=now,
    )
