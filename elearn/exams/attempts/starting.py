"""What a start has to know, in one statement: the exam, whether the person may sit it, the paper."""

from typing import Final

from sqlalchemy.orm import Session

from elearn.core.errors import NotFound
from elearn.exams.papers.drawing import Source, source_of, with_source
from elearn.exams.sittings.queries import EXAM_FOR, whose
from elearn.models import Exam, Person

# Built once, as they are sent ten thousand times in a minute.
_HELD: Final = with_source(EXAM_FOR).with_for_update(read=True, of=Exam)
_HELD_ALONE: Final = with_source(EXAM_FOR).with_for_update(of=Exam)


def find_start(session: Session, *, public_id: str, person: Person) -> tuple[Exam, Source]:
    """The exam if this person may sit it, might have or has, and where the next paper comes from.

    The exam is held, with everybody else who starts, against a change of its terms; somebody with
    extra time, whose deadline may be the exam's last, holds it alone. The source is as it was when
    the waiting began (`Source.whole`). Raises NotFound.
    """
    query = _HELD_ALONE if person.accommodated else _HELD
    asked = {**whose(person), "this_exam": public_id, "of_person": person.id}
    row = session.execute(query, asked).one_or_none()
    if row is None:
        raise NotFound
    return row[0], source_of(row)
