"""The proposal's fields: `part`, `kind`, `key-<part>` (original options), `blank-<part>-<n>` (one
accepted text a line), `scope`, `reason`, `citation`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from elearn.bank.queries import Body
from elearn.core.errors import DomainError
from elearn.core.grading.corrections import Correction, CorrectionKind

EVERY_EXAM = "all"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was filled in. `exam`: a public id, or None for every exam."""

    correction: Correction
    exam: str | None
    reason: str
    citation: str


def read_proposal(body: Body, posted: Mapping[str, Sequence[str]]) -> Proposal:
    """Raises DomainError with `fields` for what is missing."""
    problems: dict[str, str] = {}
    kind, part, scope = (_one(posted, name) for name in ("kind", "part", "scope"))
    if kind not in set(CorrectionKind):
        problems["kind"] = "请选择怎么更正"
    whole = part == "all"
    at = int(part) if part.isascii() and part.isdigit() and int(part) < len(body.parts) else None
    if at is None and not whole:
        problems["part"] = "请选择更正哪一小题"
    if not scope:
        problems["scope"] = "请选择更正的范围"
    if problems:
        raise DomainError("更正没有提出：" + "；".join(problems.values()), fields=problems)
    number = 0 if at is None else at
    correction = Correction(
        CorrectionKind(kind),
        None if whole else at,
        frozenset(int(text) for text in posted.get(f"key-{number}", ()) if _is_number(text)),
        tuple(
            _lines(_one(posted, f"blank-{number}-{blank}"))
            for blank in range(body.parts[number].blanks)
        ),
    )
    if correction.kind is CorrectionKind.VOID:
        correction = Correction(CorrectionKind.VOID, correction.part)
    return Proposal(
        correction,
        None if scope == EVERY_EXAM else scope,
        _one(posted, "reason"),
        _one(posted, "citation"),
    )


def _one(posted: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(posted.get(name, ())), "").strip()


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 4
