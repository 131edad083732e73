"""The prefix filter finds what comparing everything with everything finds."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from elearn.core.questions.similarity import near_pairs, normalise, trigrams


def test_normalise_keeps_letters_and_ideographs() -> None:
    assert normalise("以下，说法 Ａ-1_（ ）？") == "以下说法ａ1"


def test_short_text_is_its_own_gram() -> None:
    assert trigrams("甲乙") == {"甲乙"}
    assert trigrams("甲乙丙丁") == {"甲乙丙", "乙丙丁"}


@given(
    st.lists(st.text("甲乙丙丁", max_size=9), max_size=14),
    st.sampled_from([0.3, 0.5, 0.8, 1.0]),
)
def test_near_pairs_equals_brute_force(texts: list[str], threshold: float) -> None:
    expected = []
    for (i, one), (j, other) in combinations(enumerate(texts), 2):
        if one and other:
            a, b = trigrams(one), trigrams(other)
            score = len(a & b) / len(a | b)
            if score >= threshold:
                expected.append((i, j, score))
    assert near_pairs(texts, threshold) == expected
