"""Everything that ships parses without an error, and the bank as a whole is in order."""

from pathlib import Path

import pytest

from elearn.core.laws.registry import LawRegistry, parse_registry
from elearn.core.lessons.parser import load_course
from elearn.core.problems import Problem
from elearn.core.questions.checker import check_bank
from elearn.core.questions.parser import parse_bank_bytes, parse_bank_file
from elearn.core.questions.writer import format_bank

ROOT = Path(__file__).parents[2]
BANK = sorted(
    path for path in (ROOT / "question_bank").glob("*/*.md") if path.parent.name != "blueprints"
)
COURSES = sorted(path.parent for path in (ROOT / "courses").glob("*/*/course.md"))


@pytest.fixture(scope="module")
def registry() -> LawRegistry:
    """The registry that ships."""
    file = ROOT / "question_bank/laws.yaml"
    found, problems = parse_registry(file.read_text("utf-8"), file.name)
    assert report(problems) == []
    return found


def report(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def test_there_is_something_to_check(registry: LawRegistry) -> None:
    assert len(BANK) >= 20
    assert len(COURSES) >= 4
    assert len(registry.instruments) >= 20
    assert {path.parent.name for path in BANK} <= {"ide", "dis", "law", "eth", "fam", "soc", "chr"}


@pytest.mark.parametrize("path", BANK, ids=lambda path: path.stem)
def test_bank_file_is_clean(path: Path, registry: LawRegistry) -> None:
    questions, problems = parse_bank_bytes(path.read_bytes(), str(path.relative_to(ROOT)), registry)
    assert report(problems) == []
    assert questions
    assert {question.topic for question in questions} == {path.stem}


def test_bank_as_a_whole_is_clean(registry: LawRegistry) -> None:
    bank = [
        (path.name, question)
        for path in BANK
        for question in parse_bank_bytes(path.read_bytes(), path.name, registry)[0]
    ]
    assert report(check_bank(bank)) == []
    questions = [question for _, question in bank]
    assert parse_bank_file(format_bank(questions), "again.md", registry)[0] == questions


@pytest.mark.parametrize("folder", COURSES, ids=lambda folder: folder.name)
def test_course_is_clean(folder: Path, registry: LawRegistry) -> None:
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    course, problems = load_course(files, folder.relative_to(ROOT).as_posix(), registry)
    assert report(problems) == []
    assert course is not None
    assert all(lesson.quizzes for lesson in course.lessons)


def test_courses_have_different_codes(registry: LawRegistry) -> None:
    codes = []
    for folder in COURSES:
        files = {path.name: path.read_bytes() for path in folder.glob("*.*")}
        course, _ = load_course(files, folder.name, registry)
        assert course is not None
        codes += [
            course.code,
            *(q.code for lesson in course.lessons for f in lesson.quizzes for q in f),
        ]
    assert len(codes) == len(set(codes))
