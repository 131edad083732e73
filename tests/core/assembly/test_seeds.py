"""Every seed of an exam follows from one, and tells nothing of the others."""

from collections import Counter

from elearn.core.assembly.seeds import attempt_seed, commitment_of, form_number, forms_seed

MASTER = "ab" * 32
GOLDEN = (
    "9a2db2e23f1504cd056606553ac049c5e718e8f9ce9233876df1a7a1821af885",
    "16061d917d9900ba3618160e886ee8e7bf9e76970d2af125933f11cbec4fb40d",
    "0862e4d13e7e4a7d1048acd52f9b8151405822488c0edf3cc0df7ace11f3f698",
)
GOLDEN_FORM = 3


def test_seeds_are_what_they_always_were() -> None:
    """Changing a derivation would make every finished exam unprovable."""
    assert commitment_of(MASTER) == GOLDEN[0]
    assert attempt_seed(MASTER, "person", 1) == GOLDEN[1]
    assert forms_seed(MASTER) == GOLDEN[2]
    assert form_number(MASTER, "person", 1, 7) == GOLDEN_FORM


def test_seeds_differ_by_person_number_and_purpose() -> None:
    seeds = [attempt_seed(MASTER, person, no) for person in ("a", "b") for no in (1, 2)]
    assert len({MASTER, forms_seed(MASTER), *seeds}) == 6


def test_forms_are_dealt_evenly_and_the_next_attempt_gets_the_next() -> None:
    dealt = Counter(form_number(MASTER, f"p{n}", 1, 4) for n in range(1000))
    assert sum((dealt[form] - 250) ** 2 / 250 for form in range(1, 5)) < 11.345
    assert sorted(form_number(MASTER, "a", no, 4) for no in range(1, 5)) == [1, 2, 3, 4]
