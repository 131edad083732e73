"""Corrections of keys: in order, reversible, refused when they do not fit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.assembly.model import MultiScoring
from elearn.core.errors import DomainError
from elearn.core.grading.corrections import (
    Correction,
    CorrectionKind,
    check_correction,
    corrected,
    correction_from,
)
from elearn.core.grading.grade import PartState, grade_part
from elearn.core.grading.keys import AnswerKey, PartKey, Policy
from elearn.core.questions.model import QuestionType

T, K = QuestionType, CorrectionKind
OPTIONS = 5
options = st.frozensets(st.integers(0, OPTIONS - 1), min_size=1)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=5
)
POLICY = Policy(pass_centi=0)


def multi(key: frozenset[int]) -> AnswerKey:
    return AnswerKey((PartKey(T.MULTI, key),))


def points(key: AnswerKey, answer: Any, mode: MultiScoring = MultiScoring.ALL_OR_NOTHING) -> int:
    policy = Policy(pass_centi=0, multi_scoring=mode, multi_fixed_centi=50)
    return grade_part(key.parts[0], answer, 400, policy).awarded_centi


@given(
    options,
    options,
    st.lists(st.integers(0, OPTIONS - 1), unique=True),
    st.sampled_from(MultiScoring),
)
def test_a_correction_and_its_inverse_restore_every_score(
    old: frozenset[int], new: frozenset[int], answer: list[int], mode: MultiScoring
) -> None:
    there = Correction(K.REPLACE, 0, new)
    back = Correction(K.REPLACE, 0, old)
    key = multi(old)
    assert corrected(key, [there, back]) == key
    assert points(corrected(key, [there, back]), answer, mode) == points(key, answer, mode)
    assert corrected(key, [Correction(K.VOID), back]) == key


@given(
    options,
    options,
    st.lists(st.integers(0, OPTIONS - 1), unique=True),
    st.sampled_from(MultiScoring),
)
def test_accepting_more_never_takes_a_point_away(
    key: frozenset[int], more: frozenset[int], answer: list[int], mode: MultiScoring
) -> None:
    wider = corrected(multi(key), [Correction(K.ACCEPT, 0, more)])
    assert points(wider, answer, mode) >= points(multi(key), answer, mode)
    assert points(wider, sorted(more), mode) == 400
    assert points(wider, sorted(key), mode) == 400


@given(options, st.lists(st.integers(0, OPTIONS - 1), unique=True))
def test_void_gives_everybody_full_marks(key: frozenset[int], answer: list[int]) -> None:
    void = corrected(multi(key), [Correction(K.VOID, 0)])
    assert grade_part(void.parts[0], answer or None, 400, POLICY).state is PartState.VOID
    assert points(void, answer) == 400


@given(st.lists(st.lists(texts, max_size=3).map(tuple), min_size=2, max_size=2).map(tuple))
def test_accepted_texts_are_added_once(added: tuple[tuple[str, ...], ...]) -> None:
    key = AnswerKey((PartKey(T.BLANK, blanks=(("甲",), ("乙",))),))
    once = corrected(key, [Correction(K.ACCEPT, 0, blanks=added)])
    assert corrected(once, [Correction(K.ACCEPT, 0, blanks=added)]) == once
    assert all(
        set(was) <= set(now)
        for was, now in zip(key.parts[0].blanks, once.parts[0].blanks, strict=True)
    )


@given(
    st.sampled_from(CorrectionKind),
    st.none() | st.integers(0, 3),
    options,
    st.lists(st.lists(texts, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
)
def test_what_is_stored_reads_back(
    kind: CorrectionKind, part: int | None, key: frozenset[int], blanks: tuple[tuple[str, ...], ...]
) -> None:
    made = Correction(kind, part, frozenset() if blanks else key, blanks)
    made = Correction(kind, part) if kind is K.VOID else made
    assert correction_from(made.kind.value, made.part, made.change()) == made


def test_of_several_right_sets_the_best_counts() -> None:
    key = corrected(multi(frozenset({0, 1, 2, 3})), [Correction(K.ACCEPT, 0, frozenset({0, 1}))])
    assert points(key, [0], MultiScoring.PARTIAL_NO_WRONG) == 200
    assert points(key, [2], MultiScoring.PARTIAL_NO_WRONG) == 100
    assert points(key, [4], MultiScoring.PARTIAL_NO_WRONG) == 0


BLANK = AnswerKey((PartKey(T.BLANK, blanks=(("甲",), ("乙",))),))
CASE = AnswerKey((PartKey(T.SINGLE, frozenset({0})), PartKey(T.SHORT_ANSWER)))


@pytest.mark.parametrize(
    ("key", "correction", "word"),
    [
        (CASE, Correction(K.REPLACE, None, frozenset({1})), "第几小题"),
        (CASE, Correction(K.REPLACE, 2, frozenset({1})), "没有这个小题"),
        (CASE, Correction(K.REPLACE, 0, frozenset({0})), "一样"),
        (CASE, Correction(K.ACCEPT, 0, frozenset({0})), "一样"),
        (CASE, Correction(K.REPLACE, 0, frozenset({0, 1})), "只能有一个"),
        (CASE, Correction(K.REPLACE, 0, frozenset({4})), "正确的选项"),
        (CASE, Correction(K.REPLACE, 0), "正确的选项"),
        (CASE, Correction(K.REPLACE, 1, frozenset({1})), "阅卷人"),
        (BLANK, Correction(K.ACCEPT, 0, blanks=(("丙",),)), "2 个空"),
        (BLANK, Correction(K.ACCEPT, 0, blanks=((), ())), "还没有填写"),
        (BLANK, Correction(K.ACCEPT, 0, blanks=(("甲",), ())), "一样"),
        (BLANK, Correction(K.REPLACE, 0, blanks=(("丙",), ())), "至少"),
        (BLANK, Correction(K.ACCEPT, 0, blanks=(("丙" * 201,), ())), "1 到 200"),
    ],
)
def test_what_does_not_fit_is_refused(key: AnswerKey, correction: Correction, word: str) -> None:
    with pytest.raises(DomainError, match=word) as caught:
        check_correction(key, [4, 0], correction)
    assert caught.value.code == "E-CORRECTION"


@pytest.mark.parametrize(
    ("key", "correction"),
    [
        (CASE, Correction(K.VOID)),
        (CASE, Correction(K.VOID, 1)),
        (CASE, Correction(K.REPLACE, 0, frozenset({3}))),
        (CASE, Correction(K.ACCEPT, 0, frozenset({1}))),
        (BLANK, Correction(K.ACCEPT, 0, blanks=(("丙",), ()))),
        (BLANK, Correction(K.REPLACE, 0, blanks=(("丙",), ("丁",)))),
        (multi(frozenset({0})), Correction(K.REPLACE, 0, frozenset({0, 1}))),
    ],
)
def test_what_fits_is_taken(key: AnswerKey, correction: Correction) -> None:
    check_correction(key, [4, 0], correction)
    assert corrected(key, [correction]) != key
