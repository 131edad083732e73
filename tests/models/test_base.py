"""Ids as they stand in addresses and on the command line."""

import re

from elearn.models import new_public_id


def test_public_ids_fit_addresses_and_the_command_line() -> None:
    made = [new_public_id() for _ in range(3000)]
    assert len(set(made)) == len(made)
    # A hyphen in front would be an option: `elearn exams seal -t…`.
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", each) for each in made)
