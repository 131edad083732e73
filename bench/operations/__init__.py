"""Every operation that is measured, in the order of the report."""

from bench.operations import assembly, exams, pages, programs, staff
from bench.operations.catalogue import Operation

OPERATIONS: tuple[Operation, ...] = (
    *pages.OPERATIONS,
    *exams.OPERATIONS,
    *assembly.OPERATIONS,
    *staff.OPERATIONS,
    *programs.OPERATIONS,
)
