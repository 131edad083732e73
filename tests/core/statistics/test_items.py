"""Item statistics: published figures for a fixed paper, properties for random papers."""

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.statistics.items import (
    FEW,
    FEW_FOR_RELATIONS,
    PartChoices,
    correlation,
    item_statistics,
)
from elearn.core.statistics.responses import NOT_CHOSEN, Response, Responses
from tests.core.statistics.samples import collect, lsat_rows, simulate


def test_facility_and_item_rest_correlation_are_those_ltm_prints_for_lsat() -> None:
    found = item_statistics(collect(lsat_rows()))
    assert [item.n for item in found] == [1000] * 5
    assert [round(item.facility, 3) for item in found] == [0.924, 0.709, 0.553, 0.763, 0.870]
    published = [0.1128, 0.1532, 0.1728, 0.1444, 0.1216]  # "Excluded", descript(LSAT)
    assert [round(item.discrimination or 0, 4) for item in found] == published


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_on_a_fixed_paper_it_is_the_plain_item_rest_correlation(data: st.DataObject) -> None:
    items = data.draw(st.integers(3, 6))
    marks = st.lists(st.integers(0, 1), min_size=items, max_size=items)
    rows = data.draw(st.lists(marks, min_size=FEW_FOR_RELATIONS, max_size=50))
    for at, item in enumerate(item_statistics(collect(rows))):
        own = [row[at] for row in rows]
        rest = [sum(row) - row[at] for row in rows]
        if len(set(own)) < 2 or len(set(rest)) < 2:
            assert item.discrimination is None
        else:
            assert item.discrimination == pytest.approx(statistics.correlation(own, rest))


def test_a_hard_paper_does_not_make_somebody_look_weak() -> None:
    """Half of the papers are hard: the plain rest score mixes person and paper, ours does not."""
    responses, abilities = simulate(people=2000, bank=80, each=30, uneven=True)
    in_both = [f"i{number}" for number in range(33, 47)]
    found = {item.item: item.discrimination or 0 for item in item_statistics(responses)}
    plain, true = {}, {}
    for name in in_both:
        column = responses.columns[name]
        rest = [
            responses.total[person] - 100 * share
            for person, share in zip(column.person, column.share, strict=True)
        ]
        plain[name] = statistics.correlation(column.share, rest)
        true[name] = statistics.correlation(
            column.share, [abilities[person] for person in column.person]
        )
    ours = statistics.fmean(found[name] for name in in_both)
    assert ours > statistics.fmean(plain.values()) + 0.1
    assert ours == pytest.approx(statistics.fmean(true.values()), abs=0.06)


def test_an_item_that_works_against_the_paper_shows() -> None:
    responses, abilities = simulate(people=600, bank=40, each=20)
    turned = Responses()
    for person, ability in enumerate(abilities):
        paper = [
            Response(name, column.share[column.person.index(person)], 100)
            for name, column in responses.columns.items()
            if person in column.person
        ]
        turned.add([*paper, Response("wrong-key", 1.0 if ability < 0 else 0.0, 100)])
    item = next(item for item in item_statistics(turned) if item.item == "wrong-key")
    assert item.discrimination is not None
    assert item.discrimination < -0.5
    assert item.discrimination_interval is not None
    assert item.discrimination_interval.high < -0.4


def test_too_few_people_give_no_relations() -> None:
    few = item_statistics(collect([[1, 0], [0, 1]] * 10))
    assert [item.discrimination for item in few] == [None, None]
    assert all(item.parts == () and item.times is None for item in few)
    assert [item.facility for item in few] == [0.5, 0.5]


def test_an_item_seen_by_one_person_alone_is_no_yardstick() -> None:
    responses = Responses()
    for number in range(40):
        mark = float(number % 2)
        own = Response(f"only-{number}", 1 - mark, 900)
        responses.add([Response("a", mark, 100), Response("b", mark, 100), own])
    found = {item.item: item for item in item_statistics(responses)}
    assert found["a"].discrimination == pytest.approx(1.0)
    assert found["only-3"].n == 1


def test_distractors_are_counted_by_third_of_the_rest() -> None:
    responses = Responses()
    for number in range(30):
        strong = number >= 15
        choice = 0b1 if strong else (0b110 if number >= 5 else NOT_CHOSEN)
        responses.add(
            [
                Response("a", float(strong), 100, choices=(choice,)),
                Response("b", float(number) / 29, 100),
            ]
        )
    table = item_statistics(responses)[0].parts[0]
    assert table == PartChoices(
        sizes=(10, 10, 10),
        chosen={0: (0, 5, 10), 1: (5, 5, 0), 2: (5, 5, 0)},
        empty=(5, 0, 0),
    )


def test_a_part_void_for_some_is_empty_for_them() -> None:
    responses = Responses()
    for number in range(30):
        choices = () if number < 3 else (0b1,)
        responses.add([Response("a", 1.0, 100, choices=choices), Response("b", number / 29, 100)])
    table = item_statistics(responses)[0].parts[0]
    assert sum(table.empty) == 3
    assert sum(table.chosen[0]) == 27


def test_times_are_those_known() -> None:
    responses = Responses()
    for number in range(FEW + 1):
        seconds = None if number == 0 else float(number)
        responses.add([Response("a", 1.0, 100, seconds=seconds)])
    times = item_statistics(responses)[0].times
    assert times is not None
    assert (times.n, times.median, times.low_quartile) == (FEW, 5.5, 3.25)


def test_no_correlation_without_spread() -> None:
    assert correlation([1.0], [1.0]) is None
    assert correlation([1.0, 1.0], [1.0, 2.0]) is None
