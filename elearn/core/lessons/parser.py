"""A course folder, given as bytes by file name -> Course, with every problem located."""

import re
import unicodedata
from collections.abc import Mapping

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.assets import read_asset
from elearn.core.lessons.front import (
    CourseFront,
    LessonFront,
    open_source,
    read_course_front,
    read_lesson_front,
)
from elearn.core.lessons.model import Asset, Course, Lesson
from elearn.core.lessons.renderer import Rendered, render_lesson
from elearn.core.problems import Problem
from elearn.core.questions.defaults import ItemDefaults
from elearn.core.questions.model import Question
from elearn.core.questions.parser import parse_quiz
from elearn.core.source_text import decode_text

COURSE_FILE = "course.md"
_LESSON_NAME = re.compile(r"(\d{1,3})[-_ .、][^/]*\.md")
_IGNORED = re.compile(r"(?:.*/)?(?:\.[^/]*|Thumbs\.db|desktop\.ini|~\$[^/]*)", re.IGNORECASE)


class CourseLoader:
    """Gathers one folder; `problems` grows as it goes."""

    def __init__(self, files: Mapping[str, bytes], folder: str, registry: LawRegistry) -> None:
        self.folder = folder.rstrip("/")
        self.registry = registry
        self.problems: list[Problem] = []
        self.files = {
            unicodedata.normalize("NFC", name): data
            for name, data in sorted(files.items())
            if not _IGNORED.fullmatch(name)
        }
        self.assets: dict[str, Asset] = {}
        self.used: set[str] = set()
        self.front = CourseFront()

    def load(self) -> Course | None:
        """The course, or None when there is any error in the folder."""
        if COURSE_FILE not in self.files:
            hint = "每个课程文件夹要有一个 course.md"
            self._problem(COURSE_FILE, 0, "L-course-missing", "没有 course.md", hint)
            return None
        self._read_assets()
        source, intro = self._course_file()
        lessons = self._lessons()
        self._check_whole(lessons)
        if any(problem.is_error for problem in self.problems):
            return None
        front = self.front
        return Course(
            code=front.code, title=front.title, strand=front.strand, topics=front.topics,
            summary=front.summary, required=front.required, hours_centi=front.hours_centi,
            audience=front.audience, rule=front.rule, intro_html=intro, source=source,
            lessons=tuple(lessons), assets=tuple(self.assets.values()), folder=self.folder,
        )  # fmt: skip

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    def _problem(
        self, name: str, line: int, code: str, message: str, hint: str = "", severity: str = "error"
    ) -> None:
        column = 1 if line else 0
        self.problems.append(Problem(self._path(name), line, column, code, message, hint, severity))

    def _read_assets(self) -> None:
        for name, data in self.files.items():
            if not name.lower().endswith(".md"):
                asset, problems = read_asset(name, data, self._path(name))
                self.problems += problems
                if asset:
                    self.assets[name] = asset

    def _course_file(self) -> tuple[str, str]:
        """Source and introduction of course.md; fills `front`."""
        file = self._path(COURSE_FILE)
        text, problems = decode_text(self.files[COURSE_FILE], file, "L-encoding")
        self.problems += problems
        if problems:
            return "", ""
        opened = open_source(text, file)
        if opened.reader:
            self.front = read_course_front(opened.reader, self.registry)
        self.problems += opened.problems
        rendered = self._render(opened.body, file, opened.body_line, self.front.versions)
        for quiz in rendered.quizzes:
            line = quiz.first_line - 1
            self._problem(
                COURSE_FILE, line, "L-quiz-place", "随堂题不写在 course.md 里", "写进某一节"
            )
        if rendered.tasks:
            message = "承诺书和心得不写在 course.md 里"
            self._problem(COURSE_FILE, opened.body_line, "L-quiz-place", message, "写进某一节")
        if not opened.body.strip():
            message = "没有写这门课讲什么"
            self._problem(
                COURSE_FILE, opened.body_line, "L-intro-missing", message, "写在文件头下面"
            )
        return _source_of(self.files[COURSE_FILE]), rendered.html

    def _render(
        self, body: str, file: str, first_line: int, versions: Mapping[str, str]
    ) -> Rendered:
        rendered = render_lesson(body, file, first_line, self.registry, versions, self.assets)
        self.problems += rendered.problems
        self.used |= rendered.used_assets
        return rendered

    def _lessons(self) -> list[Lesson]:
        numbers: dict[int, str] = {}
        lessons: list[Lesson] = []
        names = [
            name for name in self.files if name.lower().endswith(".md") and name != COURSE_FILE
        ]
        for name in sorted(names, key=_lesson_order):
            match = _LESSON_NAME.fullmatch(name)
            if not match:
                hint = "小节文件名写成“01-一盒茶叶.md”；别的文件请移出课程文件夹"
                self._problem(name, 0, "L-file-name", "文件名开头没有小节的序号", hint)
                continue
            number = int(match[1])
            if number in numbers:
                message = f"序号 {match[1]} 和“{numbers[number]}”重复"
                self._problem(name, 0, "L-file-number", message, "改文件名开头的数字")
            numbers.setdefault(number, name)
            if lesson := self._lesson(name):
                lessons.append(lesson)
        if not lessons and not numbers:
            self._problem(COURSE_FILE, 0, "L-lesson-missing", "这门课还没有小节", "写 01-….md")
        return lessons

    def _lesson(self, name: str) -> Lesson | None:
        file = self._path(name)
        text, problems = decode_text(self.files[name], file, "L-encoding")
        self.problems += problems
        if problems:
            return None
        opened = open_source(text, file)
        front = read_lesson_front(opened.reader, self.registry) if opened.reader else LessonFront()
        self.problems += opened.problems
        versions = self.front.versions | front.versions
        rendered = self._render(opened.body, file, opened.body_line, versions)
        quizzes = self._quizzes(rendered, file, front, versions)
        if front.quiz_required and not rendered.quizzes:
            hint = "加一个 ```quiz 围栏，或把“随堂题”改成“不要求”"
            self._problem(
                name, front.line, "L-quiz-missing", "写了随堂题必答，但这一节没有随堂题", hint
            )
        if opened.reader and not opened.body.strip():
            self._problem(name, opened.body_line, "L-body-missing", "这一节没有正文")
        required = bool(rendered.quizzes) if front.quiz_required is None else front.quiz_required
        return Lesson(
            code=front.code, title=front.title, minutes=front.minutes, quiz_required=required,
            source=_source_of(self.files[name]), html=rendered.html, toc=rendered.toc,
            quizzes=quizzes, file=name, citations=rendered.citations, tasks=rendered.tasks,
        )  # fmt: skip

    def _quizzes(
        self, rendered: Rendered, file: str, front: LessonFront, versions: Mapping[str, str]
    ) -> tuple[tuple[Question, ...], ...]:
        defaults = ItemDefaults(
            topic=self.front.topics[0] if self.front.topics else "IDE-01",
            versions=versions,
            audience=self.front.audience,
            complete=False,
            code_prefix=f"{front.code}-q",
        )
        fences = []
        for quiz in rendered.quizzes:
            questions, problems = parse_quiz(
                quiz.text, file, quiz.first_line, self.registry, defaults
            )
            self.problems += problems
            fences.append(tuple(questions))
        return tuple(fences)

    def _check_whole(self, lessons: list[Lesson]) -> None:
        self._check_twice(lessons)
        rule = self.front.rule
        if rule.lessons is not None and rule.lessons > len(lessons):
            message = f"完成规则要读 {rule.lessons} 节，可这门课只有 {len(lessons)} 节"
            self._problem(COURSE_FILE, self.front.rule_line, "L-rule", message, "改“小节”的数字")
        minutes = sum(lesson.minutes for lesson in lessons)
        if lessons and rule.study_minutes > minutes:
            message = f"完成规则要学 {rule.study_minutes} 分钟，各节加起来只有 {minutes} 分钟"
            self._problem(COURSE_FILE, self.front.rule_line, "L-rule", message, "改“学习分钟”")
        for name in sorted(self.assets.keys() - self.used):
            hint = "删去，或在课文里用 ![…](…) 引用"
            self._problem(name, 0, "L-file-unused", "没有一节用到这个文件", hint, "warning")

    def _check_twice(self, lessons: list[Lesson]) -> None:
        """Codes of lessons and of quiz items are unique in the course."""
        codes: dict[str, str] = {}
        items: dict[str, str] = {}
        for lesson in lessons:
            if lesson.code and lesson.code in codes:
                message = f"编号 {lesson.code} 和“{codes[lesson.code]}”重复"
                self._problem(lesson.file, 1, "L-code-twice", message, "换一个编号")
            codes.setdefault(lesson.code, lesson.file)
            for question in (one for fence in lesson.quizzes for one in fence):
                place = f"{lesson.file} 第 {question.line} 行"
                if question.code in items:
                    message = f"编号 {question.code} 已经用在 {items[question.code]}"
                    hint = "换一个没有用过的编号"
                    self._problem(lesson.file, question.line, "Q-code-twice", message, hint)
                items.setdefault(question.code, place)


def load_course(
    files: Mapping[str, bytes], folder: str, registry: LawRegistry
) -> tuple[Course | None, list[Problem]]:
    """`files` by name relative to the folder (subfolders with /). The course is None when any
    problem is an error; with warnings only it is given. Problems name `folder/name`."""
    loader = CourseLoader(files, folder, registry)
    course = loader.load()
    return course, sorted(loader.problems)


def _source_of(data: bytes) -> str:
    """The text exactly as it lies in the file (BOM and line ends kept), for a faithful export."""
    return data.decode("utf-8")


def _lesson_order(name: str) -> tuple[int, str]:
    match = _LESSON_NAME.fullmatch(name)
    return (int(match[1]) if match else 10_000, name)
