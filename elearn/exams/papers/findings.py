"""What a replay found."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """Something stored that does not follow from what it should follow from. `attempt` is the
    public id, "" for the exam itself; `what` is Chinese."""

    attempt: str
    what: str


@dataclass(slots=True)
class Replay:
    """What was checked. `notes`: what could not be checked, and why (no difference)."""

    exam: str
    commitment: str = ""
    attempts: int = 0
    papers: int = 0
    grades: int = 0
    notes: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "exam": self.exam,
            "commitment": self.commitment,
            "attempts": self.attempts,
            "papers": self.papers,
            "grades": self.grades,
            "notes": self.notes,
            "differences": [{"attempt": d.attempt, "what": d.what} for d in self.differences],
        }
