"""One act from a page that goes on: done and said, or refused and said why.

The page stays where it is: what was refused is told on top of it, not on an error page."""

from collections.abc import Callable, Collection

from flask import flash

from elearn import db
from elearn.core.errors import DomainError, NotFound


def try_act(act: Callable[[], str], *, codes: Collection[str] = ()) -> None:
    """Run `act` and commit; it returns the sentence to show. What does not exist stays a 404, and
    where `codes` are given every other refusal stays an error page too."""
    work = db.session()
    try:
        said = act()
    except NotFound:
        raise
    except DomainError as refused:
        if codes and refused.code not in codes:
            raise
        work.rollback()
        flash(refused.message, "warn")
    else:
        work.commit()
        flash(said, "ok")
