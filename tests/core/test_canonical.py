"""Canonical JSON: what hashes are made of may never change by a byte, whoever writes it."""

import enum
import hashlib
import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.canonical import canonical_json, content_hash, is_stored_as
from elearn.core.questions.model import QuestionType

texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers(-(2**80), 2**80)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | st.sampled_from(QuestionType),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


def reference(value: Any) -> str:
    """What wrote the hashes of every installation before November 2026."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@given(values)
def test_the_text_is_that_of_the_standard_library(value: Any) -> None:
    assert canonical_json(value) == reference(value)


def test_every_character_is_written_the_same_way() -> None:
    for start in range(0, sys.maxunicode, 4096):
        points = range(start, min(start + 4096, sys.maxunicode + 1))
        text = "".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)
        assert canonical_json({text: text}) == reference({text: text})


def test_subclasses_of_str_are_text() -> None:
    class Marked(str):
        __slots__ = ()

    class Kind(enum.StrEnum):
        ONE = "一"

    value = {Marked("b"): Marked("甲"), "a": Kind.ONE, Kind.ONE: 1}
    assert canonical_json(value) == reference(value)


@pytest.mark.parametrize("value", [1.5, [0.0], {"a": {"b": [1, 2.0]}}, {1: "a"}, {None: 1}])
def test_floats_and_other_keys_are_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


def test_what_has_no_json_is_refused() -> None:
    for value in ({1, 2}, b"bytes", object(), datetime(2026, 1, 1, tzinfo=UTC)):
        with pytest.raises(TypeError):
            canonical_json({"a": value})


def test_the_hash_of_what_was_stored() -> None:
    digest = content_hash({"b": [1, "中"], "a": None})
    assert digest == hashlib.sha256('{"a":null,"b":[1,"中"]}'.encode()).hexdigest()
    assert is_stored_as({"a": None, "b": [1, "中"]}, digest)
    assert not is_stored_as({"a": None, "b": [1, "国"]}, digest)
