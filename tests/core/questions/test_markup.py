"""Bold and line ends in items, nothing else."""

from elearn.core.questions.markup import inline_html, plain_text, prose_html


def test_everything_is_escaped_and_bold_is_strong() -> None:
    assert inline_html('<b>a</b> **重"点** ** &') == (
        "&lt;b&gt;a&lt;/b&gt; <strong>重&quot;点</strong> ** &amp;"
    )


def test_line_ends_and_paragraphs() -> None:
    assert prose_html("一\n二\n\n三") == "<p>一<br>二</p><p>三</p>"
    assert prose_html("") == ""


def test_lines_with_a_dash_are_a_list() -> None:
    assert prose_html("我承诺：\n\n- 不收**礼**；\n- 不吃请。\n特此") == (
        "<p>我承诺：</p><ul><li>不收<strong>礼</strong>；</li><li>不吃请。</li></ul><p>特此</p>"
    )
    assert prose_html("- <b>\n-没有空格") == "<ul><li>&lt;b&gt;</li></ul><p>-没有空格</p>"


def test_plain_text_drops_the_marks() -> None:
    assert plain_text("是**重点**吗") == "是重点吗"
