import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.assembly.drbg import Stream


def test_stream_first_numbers_are_fixed_for_good() -> None:
    stream = Stream("seed", "label")
    assert [stream.below(1000) for _ in range(6)] == [353, 395, 89, 325, 356, 665]


def test_stream_labels_and_seeds_are_independent() -> None:
    def start(seed: str, label: str) -> list[int]:
        stream = Stream(seed, label)
        return [stream.below(2**32) for _ in range(4)]

    streams = [start("a", "b"), start("b", "a"), start("ab", ""), start("", "ab"), start("a", "c")]
    assert len({tuple(numbers) for numbers in streams}) == 5


@given(st.binary(max_size=20), st.integers(1, 2**63 + 5))
def test_stream_stays_below_its_limit(seed: bytes, limit: int) -> None:
    stream = Stream(seed, "x")
    assert all(0 <= stream.below(limit) < limit for _ in range(10))


def test_stream_throws_unfair_words_away() -> None:
    """With this limit a third of all words lie past the last full multiple."""
    limit = 2**64 // 3 * 2
    numbers = [Stream(str(seed), "x").below(limit) for seed in range(3000)]
    low = sum(number < limit // 2 for number in numbers)
    assert 1390 < low < 1610  # without rejection 2000


def test_stream_refuses_an_empty_range() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Stream("a", "b").below(0)


@given(st.binary(max_size=20), st.lists(st.integers(), max_size=30))
def test_stream_shuffle_keeps_the_values(seed: bytes, values: list[int]) -> None:
    shuffled = list(values)
    Stream(seed, "x").shuffle(shuffled)
    assert sorted(shuffled) == sorted(values)
