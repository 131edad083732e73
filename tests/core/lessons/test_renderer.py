"""What a lesson looks like as HTML."""

import pytest

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.assets import read_asset
from elearn.core.lessons.model import Asset, TocEntry
from elearn.core.lessons.renderer import Rendered, render_lesson
from elearn.core.questions.model import Citation


def assets_of(*files: tuple[str, bytes]) -> dict[str, Asset]:
    found = {}
    for name, data in files:
        asset, problems = read_asset(name, data, name)
        assert problems == []
        assert asset is not None
        found[name] = asset
    return found


def render(text: str, registry: LawRegistry, assets: dict[str, Asset] | None = None) -> Rendered:
    rendered = render_lesson(text, "01.md", 1, registry, {}, assets)
    assert [str(p) for p in rendered.problems] == []
    return rendered


def test_citation_becomes_a_link_and_is_remembered(registry: LawRegistry) -> None:
    rendered = render("见 [[监察法#11]]、[[纪律处分条例#97.1]]和[[监察法]]。", registry)
    assert rendered.html == (
        '<p>见 <a class="cite" href="/laws/监察法?v=2024-12-25#11" '
        'title="《中华人民共和国监察法》第十一条">《监察法》第十一条</a>、'
        '<a class="cite" href="/laws/纪律处分条例?v=2023-12-19#97" '
        'title="《中国共产党纪律处分条例》第九十七条第一款">《纪律处分条例》第九十七条第一款</a>和'
        '<a class="cite" href="/laws/监察法?v=2024-12-25" title="《中华人民共和国监察法》">《监察法》</a>。</p>'
    )
    assert rendered.citations == (
        Citation("监察法", "2024-12-25", "11"),
        Citation("纪律处分条例", "2023-12-19", "97.1"),
        Citation("监察法", "2024-12-25"),
    )


def test_citation_in_code_is_left_alone(registry: LawRegistry) -> None:
    rendered = render(
        "写成 `[[没有的法#1]]`。\n\n```\n[[没有的法#2]]\n```\n\n\\[\\[转义]]", registry
    )
    assert "cite" not in rendered.html
    assert "[[没有的法#1]]" in rendered.html
    assert "[[没有的法#2]]" in rendered.html
    assert rendered.citations == ()


def test_citation_in_table_list_and_heading(registry: LawRegistry) -> None:
    text = "## 看 [[监察法#3]]\n\n| 项 | 出处 |\n|---|---|\n| 一 | [[监察法#4]] |\n\n- [[监察法#5]]"
    rendered = render(text, registry)
    assert rendered.html.count('class="cite"') == 3
    assert rendered.toc == (TocEntry(2, "s-看-监察法第三条", "看 《监察法》第三条"),)


def test_toc_has_three_levels_with_prefixed_unique_anchors(registry: LawRegistry) -> None:
    rendered = render("## 甲 & 乙\n\n### 丙\n\n#### 丁\n\n##甲 & 乙\n\n## main\n", registry)
    assert [(e.level, e.anchor, e.text) for e in rendered.toc] == [
        (2, "s-甲--乙", "甲 & 乙"), (3, "s-丙", "丙"), (4, "s-丁", "丁"),
        (2, "s-甲--乙_1", "甲 & 乙"), (2, "s-main", "main"),
    ]  # fmt: skip
    for entry in rendered.toc:
        assert f'<h{entry.level} id="{entry.anchor}">' in rendered.html


@pytest.mark.parametrize(
    ("kind", "css"),
    [
        ("案例", "case"),
        ("依据", "law"),
        ("想一想", "think"),
        ("重点", "key"),
        ("提醒", "warn"),
        ("行动", "act"),
    ],
)
def test_notes_have_a_class_and_a_visible_label(kind: str, css: str, registry: LawRegistry) -> None:
    box = render(f'!!! {kind} "标题"\n    内容', registry).html
    assert box == (
        f'<aside class="note {css}">\n<p class="note-title"><span class="note-kind">{kind}</span> 标题</p>\n'
        "<p>内容</p>\n</aside>"
    )
    folded = render(f'??? {kind} "标题"\n    内容', registry).html
    assert folded == (
        f'<details class="note {css}">\n<summary><span class="note-kind">{kind}</span> 标题</summary>\n'
        "<p>内容</p>\n</details>"
    )


@pytest.mark.parametrize(
    "header",
    [
        "!!! 案例 “标题”",
        "！！！案例“标题”",
        "!!!案例 标题",
        "!!! 案例：标题",
        "!!! 案例　「标题」",
        '!!! 案例   "标题"  ',
    ],
)
def test_note_headers_people_type(header: str, registry: LawRegistry) -> None:
    rendered = render(f"前一段\n{header}\n\n    **内容**", registry)
    assert '<span class="note-kind">案例</span> 标题</p>' in rendered.html
    assert "<strong>内容</strong>" in rendered.html
    assert rendered.html.startswith("<p>前一段</p>")


def test_note_without_a_title_shows_its_kind_once(registry: LawRegistry) -> None:
    assert render("!!! 重点\n    内容", registry).html.count("重点") == 1


def test_note_opened_and_nested(registry: LawRegistry) -> None:
    text = '???+ 想一想 "问"\n    !!! 依据 "见"\n        [[监察法#1]]\n\n    再想。'
    rendered = render(text, registry).html
    assert '<details class="note think" open="">' in rendered
    assert '<aside class="note law">' in rendered
    assert rendered.endswith("<p>再想。</p>\n</details>")


def test_title_with_markup_stays_markup(registry: LawRegistry) -> None:
    rendered = render('!!! 案例 "**重**的[[监察法#1]]" \n    内容', registry).html
    assert '<span class="note-kind">案例</span> <strong>重</strong>的<a class="cite"' in rendered


def test_figure_has_size_caption_and_content_address(
    registry: LawRegistry, small_png: bytes
) -> None:
    assets = assets_of(("茶 叶.png", small_png))
    rendered = render(
        '![一盒茶叶](茶 叶.png "图一：**茶叶**")\n\n![又一次](<./茶%20叶.png>)', registry, assets
    )
    address = f"/content-assets/{assets['茶 叶.png'].sha256}"
    image = f'<img alt="{{}}" decoding="async" height="2" loading="lazy" src="{address}" width="3">'
    assert rendered.html == (
        f"<figure>{image.format('一盒茶叶')}<figcaption>图一：**茶叶**</figcaption>\n</figure>\n"
        f"<figure>{image.format('又一次')}</figure>"
    )
    assert rendered.used_assets == {"茶 叶.png"}


def test_picture_inside_a_line_stays_in_the_line(registry: LawRegistry, small_png: bytes) -> None:
    rendered = render(
        "点 ![加号](a.png) 再点 `![x](b.png)`", registry, assets_of(("a.png", small_png))
    )
    assert rendered.html.startswith("<p>点 <img alt=")
    assert "![x](b.png)" in rendered.html


def test_picture_whose_size_is_unknown_still_shows(registry: LawRegistry) -> None:
    rendered = render("![动图](a.gif)", registry, assets_of(("a.gif", b"GIF89a")))
    assert "width" not in rendered.html
    assert "<img" in rendered.html


def test_audio_and_video_have_controls(registry: LawRegistry) -> None:
    assets = assets_of(("a.mp3", b"ID3\x04"), ("b.mp4", b"\x00\x00\x00\x20ftypisom"))
    rendered = render('![录音](a.mp3)\n\n![短片](b.mp4 "片名")', registry, assets).html
    mp3, mp4 = (f"/content-assets/{assets[name].sha256}" for name in ("a.mp3", "b.mp4"))
    assert rendered == (
        f'<figure class="media"><audio aria-label="录音" controls="" preload="metadata" src="{mp3}">'
        "</audio><figcaption>录音</figcaption>\n</figure>\n"
        f'<figure class="media">\n<video aria-label="短片" controls="" playsinline="" preload="metadata" src="{mp4}">'
        "</video>\n<figcaption>片名</figcaption>\n</figure>"
    )


def test_table_scrolls_in_a_named_focusable_region(registry: LawRegistry) -> None:
    text = "## 对照\n说明\n| | 党纪 | 数 |\n|---|:-:|--:|\n| 最轻 | 警告 | 1 |\n\n| 甲 | 乙 |\n|--|--|\n| 1 | 2 |\n"
    rendered = render(text, registry).html
    assert (
        '<p>说明</p>\n<div aria-label="表格 1：对照" class="table-scroll" role="region" tabindex="0">'
        in rendered
    )
    assert 'aria-label="表格 2：对照"' in rendered
    assert '<td></td>\n<th class="align-center" scope="col">党纪</th>' in rendered
    assert (
        '<th scope="row">最轻</th>\n<td class="align-center">警告</td>\n<td class="align-right">1</td>'
        in rendered
    )
    assert '<th scope="col">甲</th>' in rendered
    assert "style" not in rendered


def test_lists_may_follow_a_paragraph_directly(registry: LawRegistry) -> None:
    rendered = render(
        "要做：\n- 甲\n- 乙\n    - 丙\n\n先后：\n1. 一\n2. 二\n\n2024. 年不是列表", registry
    ).html
    assert "<p>要做：</p>\n<ul>\n<li>甲</li>" in rendered
    assert "<ul>\n<li>丙</li>\n</ul>" in rendered
    assert rendered.endswith(
        "<p>先后：</p>\n<ol>\n<li>一</li>\n<li>二</li>\n</ol>\n<p>2024. 年不是列表</p>"
    )


def test_task_list_boxes_have_labels(registry: LawRegistry) -> None:
    text = "- [ ] 看**柜子**\n    - 下级\n- [x] 已做\n- 普通\n\n- [X] 段落\n\n    第二段\n\n- 没有"
    rendered = render(text, registry).html
    assert '<ul class="task-list">' in rendered
    assert (
        '<li class="task-list-item"><label><input disabled="disabled" type="checkbox"> 看<strong>柜子</strong></label>'
        in rendered.replace('disabled=""', 'disabled="disabled"')
    )
    assert rendered.count("<label>") == 3
    assert rendered.count("checked") == 2
    assert rendered.count('class="task-list-item"') == 3


def test_line_ends_are_kept_and_ideographic_indents_dropped(registry: LawRegistry) -> None:
    assert render("　　第一行\n　　第二行\n\n    缩进的一段", registry).html == (
        "<p>第一行<br>\n第二行</p>\n<p>缩进的一段</p>"
    )


def test_a_topic_sign_is_text_and_a_rule_is_no_heading(registry: LawRegistry) -> None:
    rendered = render("#话题# 很热\n\n文字\n---\n后文\n\n##\n", registry)
    assert rendered.toc == ()
    assert "<p>#话题# 很热</p>" in rendered.html
    assert "<hr>" in rendered.html


def test_links_out_are_marked(registry: LawRegistry) -> None:
    text = (
        '[外](https://a.example/x_(y) "题") [内](/courses/a) [锚](#s-甲) [信](mailto:a@b.cn) '
        "[电](tel:12345) <https://b.example/> [引][r]\n\n[r]: http://c.example 'x'"
    )
    rendered = render(text, registry).html
    assert rendered.count('rel="noopener noreferrer external"') == 3
    assert 'href="https://a.example/x_(y)"' in rendered
    assert '<a href="/courses/a">内</a>' in rendered
    assert '<a href="#s-甲">锚</a>' in rendered


def test_footnotes_link_both_ways(registry: LawRegistry) -> None:
    rendered = render("正文[^注]。\n\n[^注]: 说明 [[监察法#1]]", registry).html
    assert '<sup id="fnref:注"><a class="footnote-ref" href="#fn:注">1</a></sup>' in rendered
    assert '<li id="fn:注">' in rendered
    assert 'class="footnote-backref" href="#fnref:注" title="回到正文脚注 1"' in rendered
    assert 'class="cite"' in rendered


QUIZ = "```quiz\n【判断】甲。\n答案：错\n解析：秘密\n```"


def test_quiz_leaves_an_empty_slot_and_no_answer(registry: LawRegistry) -> None:
    text = f"前文\n{QUIZ}\n后文\n\n!!! 行动\n    做\n\n    ~~~ 随堂题\n    【判断】乙\n\n    答案：对\n    ~~~\n"
    rendered = render(text, registry)
    assert (
        '<p>前文</p>\n<div class="quiz-slot" data-quiz="0" id="quiz-0"></div>\n<p>后文</p>'
        in rendered.html
    )
    assert '<div class="quiz-slot" data-quiz="1" id="quiz-1"></div>\n</aside>' in rendered.html
    for secret in ("答案", "解析", "秘密", "甲", "乙", "quiz0", "\ue000"):
        assert secret not in rendered.html
    assert [(q.first_line, q.text) for q in rendered.quizzes] == [
        (3, "【判断】甲。\n答案：错\n解析：秘密"), (13, "【判断】乙\n\n答案：对"),
    ]  # fmt: skip


def test_a_forged_slot_is_text(registry: LawRegistry) -> None:
    rendered = render_lesson(
        '\ue000quiz0\ue001\n\n<div class="quiz-slot" id="quiz-0">', "f", 1, registry
    )
    assert rendered.html == ('<p>quiz0</p>\n<p>&lt;div class="quiz-slot" id="quiz-0"&gt;</p>')
    assert rendered.quizzes == ()
    assert {p.code for p in rendered.problems} == {"L-char", "L-html"}


def test_code_fences_show_their_text(registry: LawRegistry) -> None:
    rendered = render("文\n````text\n```\n<b> [[x]] ## y\n```\n````\n后", registry).html
    assert "&lt;b&gt; [[x]] ## y" in rendered
    assert rendered.startswith("<p>文</p>\n<pre><code>")


def test_toc_marker_is_no_table_of_contents(registry: LawRegistry) -> None:
    assert "[TOC]" in render("[TOC]\n\n## 甲", registry).html
