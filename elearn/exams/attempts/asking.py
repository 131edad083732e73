"""What every view of an attempt needs: whose it is, how long its owner stays signed in, and that a
refusal at the door of the room is recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from elearn import db
from elearn.core.errors import DomainError
from elearn.models import Attempt
from elearn.web.auth import current

from .queries import own_attempt

# The sign-in session outlives the exam by this much: reading the result needs no password.
AFTER_EXAM: Final = timedelta(hours=1)


def own(public_id: str) -> Attempt:
    """The attempt at this address if it is the person's who asks. Raises NotFound."""
    return own_attempt(db.session(), public_id=public_id, person=current().person)


@contextmanager
def recorded() -> Iterator[None]:
    """What the locks of the room refuse stays recorded."""
    try:
        yield
    except DomainError:
        db.session().commit()
        raise
