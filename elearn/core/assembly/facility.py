"""Expected facility (难度值 P: the share of candidates who answer rightly), in permille.

Before anybody has answered a question, the trainer's rating 1-5 stands in for it. The table is a
prior, not a measurement: a four-option guess alone gives 250, and items that well-prepared
candidates find hard are usually kept above 300 (Allen & Yen 1979: .3 to .7 discriminate best).
An estimate from answers replaces it as soon as one is stored.
"""

from collections.abc import Mapping
from typing import Final

from .pool import PoolItem

PRIOR_PERMILLE: Final[Mapping[int, int]] = {1: 900, 2: 800, 3: 650, 4: 500, 5: 350}


def facility_permille(item: PoolItem, estimates: Mapping[str, int]) -> int:
    """The estimate stored for the revision, else the prior of its difficulty."""
    return estimates.get(item.revision_hash, PRIOR_PERMILLE[item.difficulty])
