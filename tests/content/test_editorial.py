"""What an editor answers for: every key rests on something that was read, nothing is out of date, every
sub-topic is taught and asked, and no sentence of ours is a sentence of a statute.

`question_bank/facts.yaml` is the record: the facts with how they were read, and the articles read in
the statutes themselves.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from elearn.authoring.files import ContentSet, parse_files, read_folder
from elearn.core.laws.model import LawStatus
from elearn.core.questions.model import Citation, Question, QuestionStatus
from elearn.core.taxonomy import TOPIC_NAMES

ROOT = Path(__file__).parents[2]
STATUTES = ROOT.parent / "shared" / "data" / "statutes"
LEAST_ITEMS = 8  # of a sub-topic, so that a draw over all of them has something to choose
SAME = 30  # characters in a row that no text of ours shares with a statute


@pytest.fixture(scope="module")
def content() -> ContentSet:
    return parse_files(read_folder(ROOT))


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "question_bank/facts.yaml").read_text("utf-8"))
    return loaded


def all_questions(content: ContentSet) -> Iterator[tuple[str, Question]]:
    """(where it stands, question): the bank's active ones and those of lessons."""
    for name, questions in content.bank.items():
        for question in questions:
            if question.status is QuestionStatus.ACTIVE:
                yield name, question
    for folder, course in content.courses.items():
        for lesson in course.lessons:
            for fence in lesson.quizzes:
                yield from ((f"{folder}/{lesson.file}", question) for question in fence)


def test_the_record_names_laws_of_the_registry_and_each_fact_once(
    content: ContentSet, record: dict[str, Any]
) -> None:
    ids = [fact["id"] for fact in record["facts"]]
    assert len(ids) == len(set(ids))
    assert len(ids) > 200
    laws = {fact["law"] for fact in record["facts"]} | {s["law"] for s in record["statutes"]}
    assert laws - {""} <= set(content.registry.instruments)
    assert {fact["status"] for fact in record["facts"]} <= {"V", "V-", "U", "DERIVED"}


def test_every_key_rests_on_a_verified_fact_or_an_article_that_was_read(
    content: ContentSet, record: dict[str, Any]
) -> None:
    status = {fact["id"]: fact["status"] for fact in record["facts"]}
    read = {
        (statute["law"], statute["version"], article)
        for statute in record["statutes"]
        for article in statute["articles"]
    }
    unproved = []
    for place, question in all_questions(content):
        marks = {fact: status.get(fact, "not in the record") for fact in question.facts}
        if unfit := {fact: mark for fact, mark in marks.items() if mark != "V"}:
            unproved.append(f"{place} {question.code}: {unfit}")
        elif not marks and not any(is_read(one, read) for one in question.citations):
            cited = [one.as_text() for one in question.citations]
            unproved.append(f"{place} {question.code}: no fact, {cited} not read")
    assert unproved == []


def is_read(citation: Citation, read: set[tuple[str, str, str]]) -> bool:
    return (citation.law, citation.version, citation.article.partition(".")[0]) in read


def test_nothing_cites_a_text_that_is_no_longer_in_force(content: ContentSet) -> None:
    cited = [(q.code, one) for _, q in all_questions(content) for one in q.citations]
    for folder, course in content.courses.items():
        cited += [(folder, one) for lesson in course.lessons for one in lesson.citations]
    assert len(cited) > 500
    stale = []
    for place, one in cited:
        version = content.registry.instruments[one.law].version(one.version)
        if version is None or version.status is not LawStatus.IN_FORCE:
            stale.append(f"{place}: {one.as_text()}")
    assert stale == []


def test_every_sub_topic_is_taught_and_asked(content: ContentSet) -> None:
    taught = {topic for course in content.courses.values() for topic in course.topics}
    asked = [q.topic for q in content.questions if q.status is QuestionStatus.ACTIVE]
    assert sorted(TOPIC_NAMES.keys() - taught) == []
    assert {t: n for t in TOPIC_NAMES if (n := asked.count(t)) < LEAST_ITEMS} == {}


def test_no_sentence_of_ours_is_a_sentence_of_a_statute() -> None:
    if not STATUTES.is_dir():
        pytest.skip(f"no statute texts at {STATUTES}: nothing to compare with")
    law = {
        piece[at : at + SAME]
        for path in STATUTES.rglob("*.md")
        for piece in re.split(r"[。；\n]", bare(path.read_text("utf-8")))
        for at in range(len(piece) - SAME + 1)
    }
    assert len(law) > 50_000
    same = []
    for path in [*(ROOT / "courses").rglob("*.md"), *(ROOT / "question_bank").rglob("*.md")]:
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
            text = bare(line)
            if any(text[at : at + SAME] in law for at in range(len(text) - SAME + 1)):
                same.append(f"{path.relative_to(ROOT)}:{number}: {text[:60]}")
    assert same == []


def bare(text: str) -> str:
    """Without spaces and markup: what is left is what a reader reads."""
    return re.sub(r"[^\S\n]|[*_>#`|]", "", text)


def test_every_warning_case_is_marked_as_made_up() -> None:
    titles = [
        (path.name, line)
        for path in sorted((ROOT / "courses").rglob("*.md"))
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("!!! 案例")
    ]
    assert len(titles) > 80
    assert [title for title in titles if "编写" not in title[1]] == []
