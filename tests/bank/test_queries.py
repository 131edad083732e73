"""The pool is what the core would make of the files; keys stay in their own table."""

from dataclasses import replace

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from elearn.bank import queries
from elearn.bank.queries import bank_hash, known_laws, load_bodies, load_keys, load_pool, pool_mark
from elearn.bank.services import publish_questions
from elearn.core.assembly.pool import pool_item, pool_of
from elearn.core.grading.keys import key_of
from elearn.core.questions.model import Purpose, QuestionStatus, QuestionType
from elearn.models import BankQuestion, LawVersion, Pool
from tests.factories import NOW
from tests.factories_exams import CANARY, make_bank, make_part, make_question

T = QuestionType


def test_the_pool_is_what_the_core_makes_of_the_files(session: Session) -> None:
    essay = make_question(
        T.CASE, parts=(make_part(T.SHORT_ANSWER, 901), make_part(T.SHORT_ANSWER, 902))
    )
    fixed = make_question(T.SINGLE, parts=(replace(make_part(T.SINGLE, 903), fixed_order=True),))
    tagged = make_question(T.MULTI, tags=("重点",), difficulty=5)
    questions = make_bank(session, [*(make_question(kind) for kind in T), essay, fixed, tagged])
    pool = load_pool(session)
    assert sorted(pool, key=lambda i: i.code) == sorted(pool_of(questions), key=lambda i: i.code)
    assert bank_hash(pool) == bank_hash(pool_of(questions))


def test_audiences_are_the_words_a_blueprint_speaks(session: Session) -> None:
    question = make_question(T.SINGLE, audience=("PARTY", "CHIEF"))
    make_bank(session, [question])
    (item,) = load_pool(session)
    assert item.audience == ("党员", "一把手")
    assert item == pool_item(question)


def test_only_current_active_bank_questions_are_drawn(session: Session) -> None:
    old = make_question(T.SINGLE, code="A-1")
    new = replace(old, difficulty=4)
    make_bank(session, [old, make_question(T.SINGLE, code="A-2")])
    file_path = session.scalars(select(BankQuestion.file_path)).first() or ""
    draft = make_question(T.SINGLE, code="A-3", status=QuestionStatus.DRAFT)
    publish_questions(session, questions=[new, draft], pool=Pool.BANK, file_path=file_path, now=NOW)
    lesson = make_question(T.SINGLE, code="L-1")
    publish_questions(
        session, questions=[lesson], pool=Pool.LESSON, file_path="courses/x.md", now=NOW
    )
    row = session.scalars(select(BankQuestion).where(BankQuestion.code == "A-2")).one()
    row.status = QuestionStatus.RETIRED
    session.flush()
    assert [item.revision_hash for item in load_pool(session)] == [new.revision_hash]


def test_the_second_look_reads_hashes_alone(session: Session) -> None:
    make_bank(session, each=3)
    first = load_pool(session)
    statements: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert load_pool(session) == first
    assert len(statements) == 1
    assert "body" not in statements[0]
    assert "question_key" not in statements[0]


def test_the_mark_of_the_pool_changes_with_every_change_of_it(session: Session) -> None:
    old = make_question(T.SINGLE, code="A-1")
    make_bank(session, [old, make_question(T.SINGLE, code="A-2")])
    row = session.scalars(select(BankQuestion).where(BankQuestion.code == "A-2")).one()
    path = row.file_path or ""
    marks = [pool_mark(session), pool_mark(session)]
    assert marks[0] == marks[1]
    row.purpose = Purpose.PRACTICE
    session.flush()
    marks.append(pool_mark(session))
    new = replace(old, difficulty=4)
    publish_questions(session, questions=[new], pool=Pool.BANK, file_path=path, now=NOW)
    marks.append(pool_mark(session))
    for each in session.scalars(select(BankQuestion)):
        each.status = QuestionStatus.RETIRED
    session.flush()
    marks.append(pool_mark(session))
    assert marks[-1] == ("", "")
    assert len(set(marks)) == 4


def test_the_memory_of_shapes_is_bounded(session: Session) -> None:
    make_bank(session, each=2)
    queries._shapes.update({f"{n}": None for n in range(queries.SHAPES_KEPT)})  # type: ignore[misc]
    load_pool(session)
    assert len(queries._shapes) <= queries.SHAPES_KEPT


def test_bodies_hold_no_keys_and_keys_hold_everything_else(session: Session) -> None:
    questions = make_bank(session, each=1)
    hashes = [question.revision_hash for question in questions]
    bodies, keys = load_bodies(session, hashes), load_keys(session, hashes)
    assert CANARY not in str(bodies)
    for question in questions:
        body, key = bodies[question.revision_hash], keys[question.revision_hash]
        assert (body.stem, body.type, body.strand) == (
            question.stem,
            question.type,
            question.strand,
        )
        assert key.answer == key_of(question)
        assert key.explanation == question.explanation
        assert key.citations == ("监察法@2024-12-25#46",)
        for part, shown, kept in zip(question.parts, body.parts, key.parts, strict=True):
            assert (shown.stem, shown.options, shown.blanks) == (
                part.stem,
                part.options,
                len(part.blanks),
            )
            assert (kept.reference, kept.rubric, kept.explanation) == (
                part.reference,
                part.rubric,
                part.explanation,
            )


def test_many_hashes_and_unknown_ones(session: Session) -> None:
    questions = make_bank(session, [make_question(T.TRUE_FALSE) for _ in range(1100)])
    hashes = [question.revision_hash for question in questions]
    assert set(load_bodies(session, [*hashes, "0" * 64, *hashes])) == set(hashes)
    assert set(load_keys(session, hashes)) == set(hashes)
    assert len(load_pool(session)) == 1100


def test_known_laws_needs_a_registry(session: Session) -> None:
    assert known_laws(session) is None
    for version in ("2018-03-20", "2024-12-25"):
        session.add(
            LawVersion(
                short="监察法", title="监察法", kind="法律", version=version, status="IN_FORCE"
            )
        )
    session.flush()
    assert known_laws(session) == {"监察法"}
