"""The one definition of every rate of the product. Screens, exports and the command line use it.

A duty (应完成) is one person x one assignment, so the unit of all counts is 人次.

    完成率 = 完成 / 应完成    completed duties / all duties
    参与率 = 参考 / 应考      duties to sit an exam with a handed-in paper / all duties to sit one
    合格率 = 合格 / 参考      passed / with a handed-in paper; a paper waiting for a marker has been
                              sat and is not passed yet

A rate with nothing to divide by is no rate (`–`), never 0 %. Counts always stand beside it.
"""

from dataclasses import dataclass
from typing import Final

RATE_DEFINITIONS: Final[tuple[tuple[str, str], ...]] = (
    ("人次", "一个人的一项任务计 1 人次；已取消的任务、已取消的考试和已停用的课程不计。"),
    ("完成率", "完成 ÷ 应完成（人次）。课程按学习记录，考试按合格。"),
    ("参与率", "参考 ÷ 应考（人次）。参考指已交卷或到时收卷。"),
    ("合格率", "合格 ÷ 参考（人次）。待阅卷的计入参考，阅完才可能计入合格。"),
    ("逾期", "课程任务过了截止时间还没有完成。"),
    ("缺考", "考试任务过了截止时间或考试结束，没有交卷。"),
)


@dataclass(frozen=True, slots=True)
class Rate:
    """`part` of `whole`."""

    part: int
    whole: int

    @property
    def permille(self) -> int | None:
        """Rounded half up, in integers: 2/3 -> 667. None without a denominator."""
        return (2000 * self.part + self.whole) // (2 * self.whole) if self.whole else None

    @property
    def percent(self) -> str:
        """`66.7%`, or `–` when there is nothing to divide by."""
        value = self.permille
        return "–" if value is None else f"{value // 10}.{value % 10}%"

    @property
    def text(self) -> str:
        """`66.7%（2 / 3）`."""
        return f"{self.percent}（{self.part} / {self.whole}）"


@dataclass(frozen=True, slots=True)
class Counts:
    """Duties of some people, in 人次. The six states add up to `assigned`."""

    assigned: int = 0
    done: int = 0
    in_progress: int = 0
    not_started: int = 0
    overdue: int = 0
    absent: int = 0
    failed: int = 0
    should_sit: int = 0
    took: int = 0
    passed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in Counts.__slots__))

    @property
    def completion(self) -> Rate:
        """完成率."""
        return Rate(self.done, self.assigned)

    @property
    def participation(self) -> Rate:
        """参与率."""
        return Rate(self.took, self.should_sit)

    @property
    def pass_rate(self) -> Rate:
        """合格率."""
        return Rate(self.passed, self.took)
