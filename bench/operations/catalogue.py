"""What an operation is."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.measure import Cost
from bench.world import Lab


@dataclass(frozen=True, slots=True)
class Operation:
    """A name for the report and how it is measured. Raises Missing while the product cannot."""

    name: str
    measure: Callable[[Lab], Cost]
