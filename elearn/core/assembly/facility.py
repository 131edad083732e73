"""Expected facility (难度值 P: the share of candidates who answer rightly), in permille.

Before anybody has answered a question, the trainer's rating 1-5 stands in for it. The table is a
prior, not a measurement: a four-option guess alone gives 250, and items that well-prepared
candidates find hard are usually kept above 300 (Allen & Yen 1979: .3 to .7 discriminate best).
An estimate from answers takes its place once enough people have answered (`facility_from_answers`).
"""

from collections.abc import Mapping
from typing import Final

from elearn.core.statistics.items import FEW_FOR_RELATIONS

from .pool import PoolItem

# People who must have had the question; the same as for every other relation of statistics.
ENOUGH: Final = FEW_FOR_RELATIONS
# The prior counts as much as this many people: the mean of a Beta posterior whose prior has this
# strength (Gelman et al. 2013, Bayesian Data Analysis, section 2.4). The same weight as in the
# comparison with earlier exams (`core/statistics/signals.py`).
PRIOR_PEOPLE: Final = 20
PRIOR_PERMILLE: Final[Mapping[int, int]] = {1: 900, 2: 800, 3: 650, 4: 500, 5: 350}


def facility_permille(item: PoolItem, estimates: Mapping[str, int]) -> int:
    """The estimate stored for the revision, else the prior of its difficulty."""
    return estimates.get(item.revision_hash, PRIOR_PERMILLE[item.difficulty])


def facility_from_answers(difficulty: int, total_share: float, n: int) -> int | None:
    """What `n` people who got `total_share` full questions' worth say, drawn toward the prior of
    the trainer's difficulty, in permille. None with too few people."""
    if n < ENOUGH:
        return None
    right = min(max(total_share, 0.0), n)
    prior = PRIOR_PEOPLE * PRIOR_PERMILLE[difficulty]
    return int((right * 1000 + prior) / (n + PRIOR_PEOPLE) + 0.5)
