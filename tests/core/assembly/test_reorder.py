"""Forms of one draw: the same questions for the same points, in another order."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.assembly.draw import draw
from elearn.core.assembly.paper import Paper
from elearn.core.assembly.reorder import reordered
from elearn.core.questions.model import QuestionType
from tests.core.assembly.samples import mixed_blueprint, mixed_pool

POOL = mixed_pool()
SHAPES = {item.revision_hash: item for item in POOL}


def content(paper: Paper) -> list[Counter[tuple[str, int]]]:
    """Per section: revisions and what each is worth."""
    return [
        Counter((item.revision_hash, item.points_centi) for item in section.items)
        for section in paper.sections
    ]


@settings(max_examples=40, deadline=None)
@given(st.text("0123456789abcdef/", min_size=1, max_size=20))
def test_a_form_has_the_questions_of_the_draw_and_its_own_numbers(seed: str) -> None:
    blueprint = mixed_blueprint()
    first = draw(POOL, blueprint, "base")
    form = reordered(first, SHAPES, blueprint, seed)
    assert content(form) == content(first)
    assert [item.number for item in form.items] == list(range(1, first.question_count + 1))
    assert [(s.name, s.group, s.type) for s in form.sections] == [
        (s.name, s.group, s.type) for s in first.sections
    ]
    for item in form.items:
        for part, shape in zip(item.parts, SHAPES[item.revision_hash].parts, strict=True):
            assert sorted(part.option_order) == list(range(shape.options))
            if shape.fixed_order or part.type is QuestionType.TRUE_FALSE:
                assert part.option_order == tuple(range(shape.options))
    assert form == reordered(first, SHAPES, blueprint, seed)


def test_forms_of_different_seeds_differ() -> None:
    first = draw(POOL, mixed_blueprint(), "base")
    forms = {reordered(first, SHAPES, mixed_blueprint(), f"run/{letter}").hash for letter in "BCD"}
    assert len(forms | {first.hash}) == 4


def test_what_the_blueprint_keeps_in_order_stays() -> None:
    kept = replace(mixed_blueprint(), shuffle_questions=False, shuffle_options=False)
    first = draw(POOL, kept, "base")
    assert reordered(first, SHAPES, kept, "run/B") == first


def test_a_fixed_part_keeps_its_options() -> None:
    shapes = {
        digest: replace(shape, parts=tuple(replace(p, fixed_order=True) for p in shape.parts))
        for digest, shape in SHAPES.items()
    }
    form = reordered(draw(POOL, mixed_blueprint(), "base"), shapes, mixed_blueprint(), "run/B")
    assert all(p.option_order == tuple(sorted(p.option_order)) for i in form.items for p in i.parts)
