"""Every operation that is measured, in the order of the report."""

from bench.operations import exams, pages, programs, staff
from bench.operations.catalogue import Operation

OPERATIONS: tuple[Operation, ...] = (
    *pages.OPERATIONS,
    *exams.OPERATIONS,
    *staff.OPERATIONS,
    *programs.OPERATIONS,
)
