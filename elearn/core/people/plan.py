"""What an import would do: file and database compared in memory, nothing written.

The same file a second time plans no change. People and units missing from the file are never
touched. Every row is looked at, also when an earlier one has problems.
"""

from dataclasses import dataclass, field
from typing import Any

from elearn.core.canonical import content_hash
from elearn.core.people.plan_people import PersonPlan, plan_people
from elearn.core.people.plan_units import UnitPlan, plan_units
from elearn.core.people.roster import CellProblem, Roster
from elearn.core.people.tree import Tree
from elearn.core.people.world import World


@dataclass(slots=True)
class Plan:
    """`units` and `people` are the new and changed ones alone."""

    tree: Tree
    units: list[UnitPlan] = field(default_factory=list)
    people: list[PersonPlan] = field(default_factory=list)
    same_units: int = 0
    same_people: int = 0
    problems: list[CellProblem] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """No errors; hints do not count."""
        return not any(problem.is_error for problem in self.problems)

    def counts(self) -> dict[str, int]:
        """How many of each kind, for the preview and for machines."""
        new_units = sum(unit.known is None for unit in self.units)
        new_people = sum(person.known is None for person in self.people)
        return {
            "units_new": new_units,
            "units_changed": len(self.units) - new_units,
            "units_same": self.same_units,
            "people_new": new_people,
            "people_changed": len(self.people) - new_people,
            "people_same": self.same_people,
            "people_deactivated": sum(person.deactivates for person in self.people),
            "people_reactivated": sum(person.reactivates for person in self.people),
            "errors": sum(problem.is_error for problem in self.problems),
            "warnings": sum(not problem.is_error for problem in self.problems),
        }

    def fingerprint(self) -> str:
        """Changes when the import would do something else than what was shown."""
        what: list[Any] = [
            [unit.code, unit.name, unit.type, unit.parent, unit.known is None]
            for unit in self.units
        ]
        what += [
            [person.staff_no, person.known is None, [list(diff) for diff in person.diffs]]
            for person in self.people
        ]
        return content_hash([what, self.same_units, self.same_people])


def plan_import(roster: Roster, world: World) -> Plan:
    """Compare. Problems of reading and of comparing come in the order of the file."""
    plan = Plan(Tree(world), problems=list(roster.problems))
    plan.units, plan.same_units = plan_units(roster.units, plan.tree, plan.problems)
    plan.people, plan.same_people = plan_people(roster.people, plan.tree, plan.problems)
    plan.problems.sort()
    return plan
