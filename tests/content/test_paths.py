"""The paths that ship: every stage and every post, every required course somewhere."""

from pathlib import Path

import pytest

from elearn.authoring.files import ContentSet, parse_files, read_folder
from elearn.core.paths import PathKind

ROOT = Path(__file__).parents[2]
STAGES = ["培养", "选拔", "管理", "使用"]
ROLES = ["一把手", "班子成员", "一般干部", "村和社区干部"]


@pytest.fixture(scope="module")
def content() -> ContentSet:
    return parse_files(read_folder(ROOT))


def test_every_stage_and_every_post_has_its_path(content: ContentSet) -> None:
    paths = sorted(content.paths.values(), key=lambda path: path.code)
    stages = [path.title for path in paths if path.kind is PathKind.STAGE]
    assert [title.partition("：")[0] for title in stages] == STAGES
    assert [path.title for path in paths if path.kind is PathKind.ROLE] == ROLES


def test_a_path_is_neither_a_leaflet_nor_a_library(content: ContentSet) -> None:
    minutes = {
        course.code: sum(lesson.minutes for lesson in course.lessons)
        for course in content.courses.values()
    }
    for path in content.paths.values():
        assert 5 <= len(path.steps) <= 12, path.code
        assert 150 <= sum(minutes[step.course] for step in path.steps) <= 480, path.code
        assert all(step.why for step in path.steps), path.code


def test_every_required_course_stands_in_a_path(content: ContentSet) -> None:
    required = {course.code for course in content.courses.values() if course.required}
    taught = {step.course for path in content.paths.values() for step in path.steps}
    assert sorted(required - taught) == []
