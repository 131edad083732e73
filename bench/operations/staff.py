"""What HR opens."""

from typing import Final

from bench.measure import Cost
from bench.operations.catalogue import Operation
from bench.world import PEOPLE, Lab

COUNT: Final = 12
WARM: Final = 3


def measure_completion(lab: Lab) -> Cost:
    """The report over the whole district."""
    world = lab.world
    path = world.address("reports.completion")
    visitor = world.staff_visitor("hr1")
    return world.meter.measure([visitor.get(path) for _ in range(COUNT + WARM)], warm=WARM)


OPERATIONS: Final = (Operation(f"completion report ({PEOPLE:,} people)", measure_completion),)
