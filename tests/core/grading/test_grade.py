import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.assembly.draw import draw
from elearn.core.assembly.model import MultiScoring
from elearn.core.assembly.paper import Paper, PaperItem, PaperPart, PaperSection
from elearn.core.errors import DomainError
from elearn.core.grading.answers import original_options, shown_options
from elearn.core.grading.grade import GradeState, PartState, grade, grade_part, normal_text
from elearn.core.grading.keys import (
    POLICY_VERSION,
    AnswerKey,
    PartKey,
    Policy,
    key_from_parts,
    key_of,
    part_key_of,
    policy_of,
)
from elearn.core.questions.model import Part, Question, QuestionType
from tests.core.assembly.samples import make_blueprint, make_item, make_section

SINGLE, MULTI = QuestionType.SINGLE, QuestionType.MULTI
ESSAY, BLANK = QuestionType.SHORT_ANSWER, QuestionType.BLANK
WIDTH = 6  # options of the multiple-choice questions below

POINTS = st.integers(1, 1000)
OPTIONS = st.frozensets(st.integers(0, WIDTH - 1))
KEYS = st.frozensets(st.integers(0, WIDTH - 1), min_size=2)
SCORING = st.builds(
    Policy,
    pass_centi=st.just(0),
    multi_scoring=st.sampled_from(MultiScoring),
    multi_fixed_centi=st.integers(1, 400),
)


def policy(mode: MultiScoring = MultiScoring.ALL_OR_NOTHING, **values: object) -> Policy:
    return replace(Policy(pass_centi=0, multi_scoring=mode), **values)


def paper_of(*parts: PaperPart, groups: tuple[str, ...] = ()) -> Paper:
    """One item per part, each in a section of its own; revision hash = its number."""
    return Paper(
        1,
        tuple(
            PaperSection(
                f"第{n}部分",
                part.type,
                groups[n - 1] if groups else f"第{n}部分",
                (PaperItem(n, str(n), part.points_centi, (part,)),),
            )
            for n, part in enumerate(parts, start=1)
        ),
    )


def choice(points: int = 200, kind: QuestionType = MULTI) -> PaperPart:
    return PaperPart(kind, points, tuple(range(WIDTH)))


@pytest.mark.parametrize(
    ("mode", "fixed", "chosen", "state", "points"),
    [
        (MultiScoring.ALL_OR_NOTHING, 0, [0, 1, 3], PartState.RIGHT, 200),
        (MultiScoring.ALL_OR_NOTHING, 0, [0, 1], PartState.WRONG, 0),
        (MultiScoring.ALL_OR_NOTHING, 0, [0, 1, 2, 3], PartState.WRONG, 0),
        (MultiScoring.ALL_OR_NOTHING, 0, [], PartState.EMPTY, 0),
        (MultiScoring.PARTIAL_NO_WRONG, 0, [0, 1, 3], PartState.RIGHT, 200),
        (MultiScoring.PARTIAL_NO_WRONG, 0, [0, 1], PartState.PARTIAL, 133),
        (MultiScoring.PARTIAL_NO_WRONG, 0, [3], PartState.PARTIAL, 66),
        (MultiScoring.PARTIAL_NO_WRONG, 0, [0, 2], PartState.WRONG, 0),
        (MultiScoring.PARTIAL_NO_WRONG, 0, [2], PartState.WRONG, 0),
        (MultiScoring.PARTIAL_FIXED, 50, [0, 1, 3], PartState.RIGHT, 200),
        (MultiScoring.PARTIAL_FIXED, 50, [0, 1], PartState.PARTIAL, 100),
        (MultiScoring.PARTIAL_FIXED, 150, [0, 1], PartState.PARTIAL, 200),
        (MultiScoring.PARTIAL_FIXED, 50, [0, 4], PartState.WRONG, 0),
        (MultiScoring.PARTIAL_FIXED, 50, [0, 1, 2, 3], PartState.WRONG, 0),
    ],
)
def test_multi_modes(
    mode: MultiScoring, fixed: int, chosen: list[int], state: PartState, points: int
) -> None:
    key = PartKey(MULTI, frozenset({0, 1, 3}))
    part = grade_part(key, chosen, 200, policy(mode, multi_fixed_centi=fixed))
    assert (part.state, part.awarded_centi, part.full_centi) == (state, points, 200)


@pytest.mark.parametrize("kind", [SINGLE, QuestionType.TRUE_FALSE])
@pytest.mark.parametrize("mode", MultiScoring)
def test_single_is_right_or_wrong_in_every_mode(kind: QuestionType, mode: MultiScoring) -> None:
    key, rules = PartKey(kind, frozenset({1})), policy(mode, multi_fixed_centi=50)
    assert grade_part(key, [1], 100, rules).awarded_centi == 100
    assert grade_part(key, [0], 100, rules).state is PartState.WRONG
    assert grade_part(key, None, 100, rules).state is PartState.EMPTY


@given(KEYS, OPTIONS, POINTS, SCORING)
def test_multi_stays_between_nothing_and_full(
    key: frozenset[int], chosen: frozenset[int], full: int, rules: Policy
) -> None:
    part = grade_part(PartKey(MULTI, key), sorted(chosen), full, rules)
    assert 0 <= part.awarded_centi <= full
    assert (part.state is PartState.RIGHT) == (chosen == key)
    if chosen - key:
        assert part.awarded_centi == 0
    if chosen == key:
        assert part.awarded_centi == full


@given(KEYS, OPTIONS, POINTS, SCORING)
def test_multi_one_more_right_option_never_costs_points(
    key: frozenset[int], chosen: frozenset[int], full: int, rules: Policy
) -> None:
    before = grade_part(PartKey(MULTI, key), sorted(chosen), full, rules).awarded_centi
    for option in key - chosen:
        more = grade_part(PartKey(MULTI, key), sorted(chosen | {option}), full, rules)
        assert more.awarded_centi >= before


@given(KEYS, st.frozensets(st.integers(0, WIDTH - 1), min_size=1), POINTS)
def test_multi_partial_no_wrong_is_the_rounded_down_share(
    key: frozenset[int], chosen: frozenset[int], full: int
) -> None:
    part = grade_part(
        PartKey(MULTI, key), sorted(chosen), full, policy(MultiScoring.PARTIAL_NO_WRONG)
    )
    expected = full * len(chosen) // len(key) if chosen <= key else 0
    assert part.awarded_centi == expected


@given(KEYS, OPTIONS, POINTS, SCORING, st.permutations(range(WIDTH)))
def test_shuffling_options_never_changes_the_points(
    key: frozenset[int], chosen: frozenset[int], full: int, rules: Policy, order: list[int]
) -> None:
    """A candidate who ticks the same texts gets the same points wherever they stand."""
    part = PaperPart(MULTI, full, tuple(order))
    ticked = [position for position, option in enumerate(order) if option in chosen]
    answer = original_options(part, ticked)
    plain = grade_part(PartKey(MULTI, key), sorted(chosen), full, rules)
    assert grade_part(PartKey(MULTI, key), answer, full, rules) == plain
    assert shown_options(part, answer) == ticked


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("五", True),
        ("5", True),
        ("５", True),
        (" 五 ", True),
        ("五\u3000", True),
        ("五\u200b", True),
        ("伍", False),
        ("五年", False),
    ],
)
def test_blank_compare(given_text: str, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    part = grade_part(PartKey(BLANK, blanks=(("五", "5"),)), [given_text], 100, policy())
    assert (part.awarded_centi == 100) is expected


def test_blank_numerals_are_equal_only_when_both_are_listed() -> None:
    assert grade_part(PartKey(BLANK, blanks=(("五",),)), ["5"], 100, policy()).awarded_centi == 0


def test_normal_text_folds_width_case_and_space() -> None:
    assert normal_text(" ＡＢｃ　d \u200b") == "abcd"
    assert normal_text("㎏") == normal_text("KG") == "kg"


def test_blanks_share_the_points_with_the_remainder_last() -> None:
    key = PartKey(BLANK, blanks=(("甲",), ("乙",), ("丙",)))

    def points(*texts: str) -> tuple[PartState, int]:
        part = grade_part(key, list(texts), 200, policy())
        return part.state, part.awarded_centi

    assert points("甲", "", "") == (PartState.PARTIAL, 66)
    assert points("", "", "丙") == (PartState.PARTIAL, 68)
    assert points("乙", "甲", "丁") == (PartState.WRONG, 0)
    assert points("甲", "乙", "丙") == (PartState.RIGHT, 200)
    assert points("", " ", "") == (PartState.EMPTY, 0)


@given(st.lists(st.booleans(), min_size=1, max_size=6), POINTS)
def test_blanks_stay_between_nothing_and_full(hits: list[bool], full: int) -> None:
    key = PartKey(BLANK, blanks=(("对",),) * len(hits))
    part = grade_part(key, ["对" if hit else "错" for hit in hits], full, policy())
    assert 0 <= part.awarded_centi <= full
    assert (part.awarded_centi == full) == all(hits) or full < len(hits)


def test_short_answers_wait_for_the_marker() -> None:
    paper = paper_of(PaperPart(ESSAY, 1000), choice(100, SINGLE))
    keys = {"1": AnswerKey((PartKey(ESSAY),)), "2": AnswerKey((PartKey(SINGLE, frozenset({1})),))}
    rules = policy(pass_centi=600)
    answers = {(1, 0): "先回避，再报告。", (2, 0): [1]}
    waiting = grade(paper, answers, keys, rules)
    assert (waiting.state, waiting.passed, waiting.total_centi) == (GradeState.PENDING, None, 100)
    marked = grade(paper, answers, keys, rules, {(1, 0): 500})
    assert (marked.state, marked.passed, marked.total_centi) == (GradeState.FINAL, True, 600)
    failed = grade(paper, answers, keys, rules, {(1, 0): 499})
    assert (failed.passed, failed.full_centi, failed.pass_centi) == (False, 1100, 600)


def test_short_answers_left_empty_need_no_marker_but_may_get_one() -> None:
    paper = paper_of(PaperPart(ESSAY, 1000))
    keys = {"1": AnswerKey((PartKey(ESSAY),))}
    empty = grade(paper, {(1, 0): " \n"}, keys, policy())
    assert (empty.state, empty.items[0].state) == (GradeState.FINAL, PartState.EMPTY)
    marked = grade(paper, {}, keys, policy(), {(1, 0): 300})
    assert (marked.total_centi, marked.items[0].state) == (300, PartState.MARKED)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "答"]), st.one_of(st.none(), st.integers(0, 500))),
        min_size=1,
        max_size=5,
    )
)
def test_grade_is_pending_iff_a_written_short_answer_has_no_mark(
    rows: list[tuple[str, int | None]],
) -> None:
    paper = paper_of(*(PaperPart(ESSAY, 500) for _ in rows))
    keys = {item.revision_hash: AnswerKey((PartKey(ESSAY),)) for item in paper.items}
    answers = {(n, 0): text for n, (text, _) in enumerate(rows, start=1)}
    marks = {(n, 0): mark for n, (_, mark) in enumerate(rows, start=1) if mark is not None}
    result = grade(paper, answers, keys, policy(), marks)
    open_parts = any(text and mark is None for text, mark in rows)
    assert (result.state is GradeState.PENDING) == open_parts
    assert (result.passed is None) == open_parts
    assert result.total_centi == sum(marks.values())


@pytest.mark.parametrize("mark", [-1, 1001])
def test_grade_refuses_marks_out_of_bounds(mark: int) -> None:
    paper = paper_of(PaperPart(ESSAY, 1000))
    keys = {"1": AnswerKey((PartKey(ESSAY),))}
    with pytest.raises(DomainError, match="第 1 题的得分要在 0 到 10 分之间"):
        grade(paper, {}, keys, policy(), {(1, 0): mark})


@pytest.mark.parametrize("place", [(1, 0), (1, 1), (9, 0)])
def test_grade_refuses_marks_for_what_no_marker_marks(place: tuple[int, int]) -> None:
    with pytest.raises(DomainError) as caught:
        grade(paper_of(choice()), {}, {"1": AnswerKey((PartKey(MULTI),))}, policy(), {place: 0})
    assert caught.value.code == "E-MARK"


def test_grade_section_minima_must_all_be_met() -> None:
    parts = [choice(4000, SINGLE), choice(3000, SINGLE), choice(3000, SINGLE)]
    paper = paper_of(*parts, groups=("理论", "理论", "廉政"))
    keys = {str(n): AnswerKey((PartKey(SINGLE, frozenset({0})),)) for n in (1, 2, 3)}
    rules = policy(pass_centi=6000, section_minima=(("理论", 4000), ("廉政", 2000)))

    def result(*right: int) -> tuple[int, bool | None, list[bool | None]]:
        made = grade(paper, {(n, 0): [0] for n in right}, keys, rules)
        return made.total_centi, made.passed, [minimum.met for minimum in made.minima]

    assert result(1, 2) == (7000, False, [True, False])
    assert result(2, 3) == (6000, False, [False, True])
    assert result(1, 3) == (7000, True, [True, True])
    assert result(1, 2, 3) == (10000, True, [True, True])
    made = grade(paper, {(1, 0): [0]}, keys, rules)
    assert [(s.group, s.awarded_centi, s.full_centi) for s in made.sections] == [
        ("理论", 4000, 4000),
        ("理论", 0, 3000),
        ("廉政", 0, 3000),
    ]
    assert [(m.group, m.required_centi, m.awarded_centi) for m in made.minima] == [
        ("理论", 4000, 4000),
        ("廉政", 2000, 0),
    ]


def test_grade_minimum_is_open_while_its_own_points_are_pending() -> None:
    paper = paper_of(PaperPart(ESSAY, 1000), choice(1000, SINGLE), groups=("主观", "客观"))
    keys = {"1": AnswerKey((PartKey(ESSAY),)), "2": AnswerKey((PartKey(SINGLE, frozenset({0})),))}
    rules = policy(pass_centi=1, section_minima=(("主观", 500), ("客观", 500)))
    made = grade(paper, {(1, 0): "答", (2, 0): [0]}, keys, rules)
    assert [minimum.met for minimum in made.minima] == [None, True]
    assert made.passed is None


def test_grade_void_parts_give_everybody_their_points() -> None:
    paper = paper_of(choice(200), PaperPart(ESSAY, 500))
    keys = {
        "1": AnswerKey((PartKey(MULTI, frozenset({0, 1}), void=True),)),
        "2": AnswerKey((PartKey(ESSAY, void=True),)),
    }
    for answers in ({}, {(1, 0): [5], (2, 0): "答"}):
        made = grade(paper, answers, keys, policy())
        assert (made.total_centi, made.state) == (700, GradeState.FINAL)
        assert {item.state for item in made.items} == {PartState.VOID}


@pytest.mark.parametrize(
    ("first", "second", "state", "points"),
    [
        ([1], [0, 2], PartState.RIGHT, 1000),
        ([1], [0], PartState.PARTIAL, 500),
        ([0], [0], PartState.WRONG, 0),
        (None, [0], PartState.WRONG, 0),
        (None, None, PartState.EMPTY, 0),
    ],
)
def test_grade_case_adds_its_parts_up(
    first: list[int] | None, second: list[int] | None, state: PartState, points: int
) -> None:
    blueprint = make_blueprint(make_section(type=QuestionType.CASE, count=1, points_centi=1000))
    pool = [make_item("C", QuestionType.CASE)]
    paper = draw(pool, blueprint, "x")
    keys = {
        pool[0].revision_hash: AnswerKey(
            (PartKey(SINGLE, frozenset({1})), PartKey(MULTI, frozenset({0, 2})))
        )
    }
    given_answers = {(1, at): a for at, a in enumerate((first, second)) if a is not None}
    (item,) = grade(paper, given_answers, keys, policy()).items
    assert (item.state, item.awarded_centi, item.full_centi) == (state, points, 1000)


def test_grade_case_with_different_states_takes_its_state_from_the_points() -> None:
    parts = (PaperPart(ESSAY, 300), PaperPart(SINGLE, 200, (0, 1)))
    section = PaperSection("案例", QuestionType.CASE, "案例", (PaperItem(1, "c", 500, parts),))
    key = {"c": AnswerKey((PartKey(ESSAY), PartKey(SINGLE, frozenset({0}))))}

    def state(answer: list[int], mark: int | None) -> PartState:
        marks = {} if mark is None else {(1, 0): mark}
        made = grade(Paper(1, (section,)), {(1, 0): "答", (1, 1): answer}, key, policy(), marks)
        return made.items[0].state

    assert state([0], None) is PartState.PENDING
    assert state([0], 300) is PartState.RIGHT
    assert state([0], 0) is PartState.PARTIAL
    assert state([1], 0) is PartState.WRONG


def test_grade_ignores_answers_to_places_the_paper_does_not_have() -> None:
    keys = {"1": AnswerKey((PartKey(SINGLE, frozenset({0})),))}
    made = grade(paper_of(choice(100, SINGLE)), {(7, 0): [0], (1, 3): [0]}, keys, policy())
    assert made.total_centi == 0


def test_grade_needs_every_key() -> None:
    with pytest.raises(KeyError):
        grade(paper_of(choice()), {}, {}, policy())


def test_grade_canonical_is_json_and_carries_the_policy_version() -> None:
    keys = {"1": AnswerKey((PartKey(SINGLE, frozenset({0})),))}
    made = grade(paper_of(choice(100, SINGLE)), {(1, 0): [0]}, keys, policy()).canonical()
    stored = json.loads(json.dumps(made))
    assert stored["policy_version"] == POLICY_VERSION
    assert stored["state"] == "FINAL"
    assert stored["items"][0]["parts"] == [
        {"state": "RIGHT", "awarded_centi": 100, "full_centi": 100}
    ]


def test_keys_from_a_question_and_from_storage_are_the_same() -> None:
    parts = (
        Part(MULTI, "问", options=("甲", "乙", "丙"), key=(0, 2)),
        Part(BLANK, "____", blanks=(("五", "5"),)),
    )
    question = Question("A", QuestionType.CASE, "LAW-01", 1, parts)
    stored = [{"key": [0, 2], "blanks": []}, {"key": [], "blanks": [["五", "5"]], "reference": ""}]
    assert key_from_parts([MULTI, BLANK], stored) == key_of(question)
    assert part_key_of(parts[0]) == PartKey(MULTI, frozenset({0, 2}))
    (voided,) = key_from_parts([MULTI], [{"key": [0, 2], "void": True}]).parts
    assert voided.void


def test_policy_of_takes_the_blueprints_rules() -> None:
    blueprint = make_blueprint(
        make_section(),
        pass_centi=150,
        section_minima=(("单选题", 100),),
        multi_scoring=MultiScoring.PARTIAL_FIXED,
        multi_fixed_centi=50,
    )
    assert policy_of(blueprint) == Policy(
        150, (("单选题", 100),), MultiScoring.PARTIAL_FIXED, 50, POLICY_VERSION
    )
