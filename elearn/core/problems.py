"""A located problem in a file: what every checker collects instead of stopping at the first."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One finding. `line` and `column` count from 1; 0 means the whole file.

    `code` is stable (documented in docs/problems.md): Q… questions, L… lessons and courses,
    R… law registry, B… blueprints, P… people and units. `message` says what is wrong,
    `hint` how to mend it, both in Chinese. `severity` is "error" (the file cannot be used as it
    is; a check exits 1) or "warning" (a hint for the reviewer; a check exits 0).
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: str = "error"

    @property
    def is_error(self) -> bool:
        """False for a reviewer's hint."""
        return self.severity != "warning"

    def as_dict(self) -> dict[str, Any]:
        """Keys file, line, column, code, message, hint, severity, as `--json` prints them."""
        return asdict(self)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        kind = "" if self.is_error else "提示 "
        return f"{where} [{self.code}] {kind}{self.message}" + (
            f" 怎么改：{self.hint}" if self.hint else ""
        )
