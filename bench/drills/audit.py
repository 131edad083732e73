"""Compare what the database has with what the phones were promised."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import select

from bench.drills.ledger import Promise, read
from bench.drills.phones import Crowd
from elearn import db
from elearn.core.assembly.paper import paper_from_canonical
from elearn.exams.attempts.events import canonical_answer
from elearn.exams.attempts.queries import current_answers
from elearn.models import AnswerEvent, Attempt

SHOWN = 5


@dataclass(slots=True)
class Findings:
    """`acked` promises; how many of them are `missing` or `changed`. `doubled`: events the
    phones never made, or made once and the database has twice. `stale`: questions whose current
    answer is not what the phone showed last."""

    acked: int = 0
    missing: int = 0
    changed: int = 0
    doubled: int = 0
    stale: int = 0
    questions: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """All that must be zero."""
        return self.missing + self.changed + self.doubled + self.stale


def compare(url: str, crowd: Crowd) -> Findings:
    """After everybody has stopped."""
    findings = Findings()
    engine = db.make_engine(url)
    try:
        with db.new_session(engine, write=False) as work:
            for phone in crowd.phones:
                attempt = work.scalar(
                    select(Attempt).where(Attempt.public_id == phone.candidate.attempt)
                )
                promises = read(phone.ledger.path)
                findings.acked += len(promises)
                if attempt is None:
                    findings.missing += len(promises)
                    continue
                paper = paper_from_canonical(attempt.paper)
                parts = {item.number: item.parts[0] for item in paper.items}
                rows = work.execute(
                    select(AnswerEvent.event_id, AnswerEvent.item_no, AnswerEvent.value).where(
                        AnswerEvent.attempt_id == attempt.id
                    )
                ).all()
                found = {event: (item, value["answer"]) for event, item, value in rows}
                _judge(findings, promises, found, parts)
                counts = Counter(event for event, _, _ in rows)
                findings.doubled += sum(n - 1 for n in counts.values())
                findings.doubled += len(set(counts) - phone.events)
                current = current_answers(work, attempt.id)
                for item, value in phone.intended.items():
                    findings.questions += 1
                    if current.get((item, 0)) != canonical_answer(parts[item], list(value)):
                        findings.stale += 1
                        _example(findings, f"{attempt.public_id} item {item}: not {value}")
    finally:
        engine.dispose()
    return findings


def _judge(findings: Findings, promises: list[Promise], found: dict, parts: dict) -> None:  # type: ignore[type-arg]
    for promise in promises:
        if promise.event_id not in found:
            findings.missing += 1
            _example(findings, f"missing {promise}")
            continue
        item, answer = found[promise.event_id]
        wanted = canonical_answer(parts[promise.item], list(promise.value))
        if (item, answer) != (promise.item, wanted):
            findings.changed += 1
            _example(findings, f"changed {promise}: {item} {answer}")


def _example(findings: Findings, text: str) -> None:
    if len(findings.examples) < SHOWN:
        findings.examples.append(text)
