"""The content folders as a set of files: what each file is, read from disk, parsed, checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from elearn.core.assembly.blueprint import parse_blueprint
from elearn.core.assembly.feasibility import feasibility
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.pool import pool_of
from elearn.core.canonical import bytes_hash
from elearn.core.credit.files import parse_credit_rule
from elearn.core.credit.spec import RuleSpec
from elearn.core.facts import EditorsRecord, check_evidence, parse_facts
from elearn.core.laws.registry import LawRegistry, parse_registry
from elearn.core.lessons.figures import check_pace
from elearn.core.lessons.model import Course
from elearn.core.lessons.parser import load_course
from elearn.core.paths import LearningPath, parse_path
from elearn.core.problems import Problem
from elearn.core.questions.checker import check_bank
from elearn.core.questions.model import Question
from elearn.core.questions.parser import parse_bank_bytes
from elearn.core.source_text import decode_text
from elearn.models import FileKind

LAWS_FILE = "question_bank/laws.yaml"
FACTS_FILE = "question_bank/facts.yaml"
TEXT_SUFFIXES = frozenset({".md", ".yaml"})
MEDIA_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp3", ".mp4", ".m4a"})
Tick = Callable[[str], None]


@dataclass(slots=True)
class ContentSet:
    """Everything the files say. Keys are file paths, for courses their folder."""

    registry: LawRegistry
    bank: dict[str, list[Question]] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    paths: dict[str, LearningPath] = field(default_factory=dict)
    blueprints: dict[str, Blueprint] = field(default_factory=dict)
    blueprint_texts: dict[str, str] = field(default_factory=dict)
    credit_rules: dict[str, RuleSpec] = field(default_factory=dict)
    record: EditorsRecord | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def questions(self) -> list[Question]:
        """All bank questions."""
        return [question for questions in self.bank.values() for question in questions]

    @property
    def errors(self) -> list[Problem]:
        """Problems that keep a file from being used."""
        return [problem for problem in self.problems if problem.is_error]

    def asked(self) -> list[tuple[str, Question]]:
        """(file, question) of the bank and of the lessons."""
        found = [(name, question) for name, items in self.bank.items() for question in items]
        for folder, course in self.courses.items():
            for lesson in course.lessons:
                place = f"{folder}/{lesson.file}"
                found += [(place, question) for fence in lesson.quizzes for question in fence]
        return found

    def counts(self) -> dict[str, int]:
        """How much there is, for reports and `--json`."""
        lessons = [lesson for course in self.courses.values() for lesson in course.lessons]
        return {
            "laws": len(self.registry.instruments),
            "questions": len(self.questions),
            "blueprints": len(self.blueprints),
            "credit_rules": len(self.credit_rules),
            "courses": len(self.courses),
            "lessons": len(lessons),
            "paths": len(self.paths),
            "quiz_items": sum(len(fence) for lesson in lessons for fence in lesson.quizzes),
            "errors": len(self.errors),
            "warnings": len(self.problems) - len(self.errors),
        }


def kind_of(path: str) -> FileKind | None:
    """What a file is, by its place and name; None for files that are not content."""
    parts = PurePosixPath(path).parts
    suffix = PurePosixPath(path).suffix.lower()
    if any(part.startswith((".", "_", "~")) for part in parts) or parts[-1] == "README.md":
        return None
    if path == LAWS_FILE:
        return FileKind.LAWS
    if path == FACTS_FILE:
        return FileKind.FACTS
    if parts[0] == "question_bank" and len(parts) == 3:
        if parts[1] == "blueprints":
            return FileKind.BLUEPRINT if suffix == ".yaml" else None
        if parts[1] == "credit":
            return FileKind.CREDIT if suffix == ".yaml" else None
        return FileKind.BANK if suffix == ".md" else None
    if parts[:2] == ("courses", "paths") and len(parts) == 3:
        return FileKind.PATH if suffix == ".yaml" else None
    if parts[0] == "courses" and len(parts) >= 4:
        return FileKind.COURSE if suffix in TEXT_SUFFIXES | MEDIA_SUFFIXES else None
    return None


def read_folder(root: Path) -> dict[str, bytes]:
    """Every content file under `root`, by its path with forward slashes; links are not followed."""
    files: dict[str, bytes] = {}
    for top in ("courses", "question_bank"):
        for path in sorted((root / top).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and not path.is_symlink() and kind_of(name):
                files[name] = path.read_bytes()
    return files


def parse_files(files: Mapping[str, bytes], *, tick: Tick = lambda _: None) -> ContentSet:
    """Parse and check everything; nothing stops at the first problem. `tick` is called per file."""
    laws, problems = _parse_laws(files)
    content = ContentSet(laws, problems=problems)
    for name, data in files.items():
        tick(name)
        if kind_of(name) is FileKind.BANK:
            content.bank[name], found = parse_bank_bytes(data, name, laws)
            content.problems += found
        elif kind_of(name) is FileKind.BLUEPRINT:
            _parse_blueprint(content, name, data)
        elif kind_of(name) is FileKind.CREDIT:
            spec, found = parse_credit_rule(data, name)
            content.problems += found
            if spec:
                content.credit_rules[name] = spec
    for folder, members in course_folders(files).items():
        course, found = load_course(members, folder, laws)
        content.problems += found
        if course:
            content.courses[folder] = course
            for lesson in course.lessons:
                content.problems += check_pace(lesson, f"{folder}/{lesson.file}")
    _parse_paths(content, files)
    content.problems += check_bank(
        [(name, question) for name, questions in content.bank.items() for question in questions]
    )
    content.problems += _codes_twice(content)
    _check_facts(content, files)
    _check_feasible(content)
    content.problems.sort()
    return content


def course_folders(files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """`courses/dis/gifts` -> its files by name relative to the folder."""
    folders: dict[str, dict[str, bytes]] = {}
    for name, data in files.items():
        if kind_of(name) is FileKind.COURSE:
            parts = PurePosixPath(name).parts
            folder = "/".join(parts[:3])
            folders.setdefault(folder, {})["/".join(parts[3:])] = data
    return folders


def sha(data: bytes) -> str:
    """Identity of a file's bytes."""
    return bytes_hash(data)


def _parse_laws(files: Mapping[str, bytes]) -> tuple[LawRegistry, list[Problem]]:
    if LAWS_FILE not in files:
        hint = "放入法规登记表，写法见教员手册"
        return LawRegistry(), [Problem(LAWS_FILE, 0, 0, "R-missing", "缺少法规登记表", hint)]
    text, problems = decode_text(files[LAWS_FILE], LAWS_FILE, "R-encoding")
    if problems:
        return LawRegistry(), problems
    return parse_registry(text, LAWS_FILE)


def _check_facts(content: ContentSet, files: Mapping[str, bytes]) -> None:
    """An office that keeps no editor's record is not asked for one."""
    if FACTS_FILE not in files:
        return
    content.record, problems = parse_facts(files[FACTS_FILE], FACTS_FILE, content.registry)
    content.problems += problems + check_evidence(content.record, content.asked())


def _parse_blueprint(content: ContentSet, name: str, data: bytes) -> None:
    text, problems = decode_text(data, name, "B-encoding")
    if not problems:
        blueprint, problems = parse_blueprint(text, name, content.registry.instruments)
        if blueprint:
            content.blueprints[name] = blueprint
            content.blueprint_texts[name] = text
            if PurePosixPath(name).stem != blueprint.code:
                message = f"文件名应与编号相同：{blueprint.code}.yaml"
                problems = [Problem(name, 0, 0, "B-file", message, "改文件名或改编号")]
    content.problems += problems


def _parse_paths(content: ContentSet, files: Mapping[str, bytes]) -> None:
    known = {course.code for course in content.courses.values()}
    for name, data in files.items():
        if kind_of(name) is FileKind.PATH:
            path, found = parse_path(data, name, known)
            content.problems += found
            if path:
                content.paths[name] = path


def _check_feasible(content: ContentSet) -> None:
    pool = pool_of(content.questions)
    for name, blueprint in content.blueprints.items():
        content.problems += [
            Problem(name, 0, 0, "B-short", shortage.line, "补题，或减少题数、放宽条件")
            for shortage in feasibility(pool, blueprint)
        ]


def _codes_twice(content: ContentSet) -> list[Problem]:
    """Codes of courses, lessons, blueprints and quiz items are each used once."""
    bank = {question.code: name for name, items in content.bank.items() for question in items}
    used: dict[str, dict[str, str]] = {"组卷规则": {}, "课程": {}, "小节": {}, "试题": bank}
    problems: list[Problem] = []

    def claim(what: str, code: str, place: str, line: int = 0) -> None:
        other = used[what].setdefault(code, place)
        if other != place:
            message = f"{what}编号 {code} 在 {other} 已经用过"
            problems.append(
                Problem(place, line, 1, "L-code-twice", message, "换一个没有用过的编号")
            )

    for name, blueprint in content.blueprints.items():
        claim("组卷规则", blueprint.code, name)
    for folder, course in content.courses.items():
        claim("课程", course.code, f"{folder}/course.md")
        for lesson in course.lessons:
            place = f"{folder}/{lesson.file}"
            claim("小节", lesson.code, place)
            for question in (one for fence in lesson.quizzes for one in fence):
                claim("试题", question.code, place, question.line)
    return problems
