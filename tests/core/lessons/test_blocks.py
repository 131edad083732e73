"""Ids of blocks, quiz slots and excerpts of rendered lessons."""

import re

import pytest

from elearn.core.lessons.blocks import (
    anchor_blocks,
    excerpt,
    first_position,
    is_position,
    split_slots,
)


def ids(text: str) -> list[str]:
    return re.findall(r' id="([^"]+)"', text)


def test_paragraphs_items_and_figures_get_ids() -> None:
    made = anchor_blocks(
        '<p>一</p><ul><li>二</li></ul><figure><img src="x"></figure><pre><code>三</code></pre>'
    )
    assert len(ids(made)) == 4
    assert all(one.startswith("p-") for one in ids(made))


def test_everything_but_the_ids_is_left_as_it_was() -> None:
    text = (
        '<h2 id="s-a">甲</h2>\n<p>一<br>\n<strong>二</strong></p>\n<ol start="3"><li>三</li></ol>'
    )
    assert re.sub(r' id="p-[^"]+"', "", anchor_blocks(text)) == text


def test_same_words_get_distinct_ids() -> None:
    made = ids(anchor_blocks("<p>一</p><p>一</p><p>一</p>"))
    assert len(set(made)) == 3
    assert made[1] == made[0] + "-2"


def test_id_stays_when_other_blocks_change() -> None:
    before = ids(anchor_blocks("<p>甲</p><p>乙</p>"))[1]
    after = ids(anchor_blocks("<p>新的一段</p><p>甲改了</p><p>乙</p>"))[2]
    assert before == after


def test_existing_ids_note_titles_and_empty_blocks_are_left_alone() -> None:
    text = '<li id="fn:1">注</li><p class="note-title">案例</p><p> </p>'
    assert anchor_blocks(text) == text


def test_list_item_around_paragraphs_leaves_the_id_to_them() -> None:
    made = anchor_blocks("<li>\n<p>一</p>\n<p>二</p></li>")
    assert made.startswith("<li>\n<p id=")
    assert len(ids(made)) == 2


def test_nested_lists_get_one_id_each() -> None:
    made = anchor_blocks("<ul><li>甲<ul><li>乙</li></ul></li></ul>")
    assert len(set(ids(made))) == 2


def test_split_gives_text_and_slot_numbers_in_turn() -> None:
    text = (
        '<p>一</p><div class="quiz-slot" data-quiz="0" id="quiz-0"></div><p>二</p>'
        '<div id="quiz-11" class="quiz-slot" data-quiz="11"></div>'
    )
    assert split_slots(text) == ["<p>一</p>", ("quiz", 0), "<p>二</p>", ("quiz", 11), ""]
    assert split_slots("<p>没有题</p>") == ["<p>没有题</p>"]


@pytest.mark.parametrize("good", ["p-1a2b3c4d", "p-1a2b3c4d-2", "s-周五下午四点半", "s-a_b"])
def test_ids_of_blocks_are_positions(good: str) -> None:
    assert is_position(good)


@pytest.mark.parametrize("bad", ["", 'p-1" onclick="x', "a b", "x" * 121, "p-1\n", "<p>"])
def test_other_texts_are_not_positions(bad: str) -> None:
    assert not is_position(bad)


def test_excerpt_gives_the_first_words_of_the_block() -> None:
    text = anchor_blocks(
        '<p>先看<a href="/laws/x">送的人</a> &amp; 关系</p><p>' + "长" * 40 + "</p>"
    )
    first, second = ids(text)
    assert excerpt(text, first) == "先看送的人 & 关系"
    assert excerpt(text, second) == "长" * 18 + "…"


def test_excerpt_of_an_unknown_place_is_empty() -> None:
    assert excerpt('<p id="p-1">一</p>', "p-2") == ""
    assert excerpt('<p id="p-1">一</p>', '"><') == ""


def test_first_position() -> None:
    assert first_position('<h2 id="s-甲">甲</h2><p id="p-1">一</p>') == "s-甲"
    assert first_position("<p>一</p>") == ""
