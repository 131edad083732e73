"""Near-identical texts among many: character trigrams, Jaccard, prefix filter.

The filter (Bayardo, Ma, Srikant 2007, "Scaling up all pairs similarity search"): two sets with
Jaccard >= t must share one of the rarest |s| - ceil(t*|s|) + 1 members, so only those are
indexed and only colliding pairs are compared.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_NOISE = re.compile(r"[\W_]+")


def normalise(text: str) -> str:
    """Letters, digits and ideographs only, case folded."""
    return _NOISE.sub("", text).casefold()


def trigrams(text: str) -> frozenset[str]:
    """Of an already normalised text; a shorter text is its own only member."""
    return frozenset(text[i : i + 3] for i in range(max(len(text) - 2, 1)))


def near_pairs(texts: Sequence[str], threshold: float) -> list[tuple[int, int, float]]:
    """(earlier, later, Jaccard) for every pair at or above the threshold, in file order.

    `texts` are normalised; empty ones match nothing.
    """
    grams = [trigrams(text) if text else frozenset() for text in texts]
    rarity = Counter(gram for members in grams for gram in members)
    index: dict[str, list[int]] = defaultdict(list)
    found: list[tuple[int, int, float]] = []
    for later, members in enumerate(grams):
        prefix_length = len(members) - math.ceil(threshold * len(members)) + 1
        ordered = sorted(members, key=lambda gram: (rarity[gram], gram))
        candidates: set[int] = set()
        for gram in ordered[:prefix_length] if members else []:
            candidates.update(index[gram])
            index[gram].append(later)
        for earlier in sorted(candidates):
            shared = len(members & grams[earlier])
            score = shared / (len(members) + len(grams[earlier]) - shared)
            if score >= threshold:
                found.append((earlier, later, score))
    return sorted(found)
