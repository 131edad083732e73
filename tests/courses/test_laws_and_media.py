"""The law pages and the media files of courses."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.courses.laws import law_page
from elearn.courses.media import PIECE, AssetFile
from elearn.models import ContentAsset, Party, Person
from tests.conftest import Browser
from tests.factories import make_person
from tests.factories_courses import PNG, lesson_file, make_course, publish_laws, quiz_item


@pytest.fixture
def person(session: Session) -> Person:
    return make_person(session, party=Party.NON_PARTY)


@pytest.fixture
def cadre(client: Browser, session: Session, person: Person) -> Browser:
    publish_laws(session)
    session.commit()
    return client.sign_in(person, session)


def cite(session: Session, code: str, text: str, **changes: str) -> None:
    """A course whose only lesson says `text`."""
    files = {"01-节.md": lesson_file(f"{code}-1", body=f"## 甲\n\n{text}\n", items=[])}
    make_course(session, code=code, lessons=1, files=files, **changes)  # type: ignore[arg-type]  # passed on
    session.commit()


def test_registry_lists_every_instrument(cadre: Browser) -> None:
    page = cadre.get("/laws").text
    assert "中华人民共和国监察法" in page
    assert "2024-12-25 版，共 78 条，登记了 2 个版本" in page
    assert "✓ 现行" in page
    assert "! 已废止" in page


def test_citation_in_a_lesson_leads_to_its_anchor(cadre: Browser, session: Session) -> None:
    cite(session, "c", "见 [[监察法#46.1]] 和 [[刑法#388-1]]。")
    page = cadre.get("/courses/c/c-1").text
    for law, version, article in (("监察法", "2024-12-25", "46"), ("刑法", "2023-12-29", "388-1")):
        assert f'href="/laws/{law}?v={version}#{article}"' in page
        target = cadre.get(f"/laws/{law}?v={version}").text
        assert f'id="{article}"' in target
        assert "/courses/c/c-1" in target


def test_law_page_groups_by_article_in_order(session: Session, person: Person) -> None:
    publish_laws(session)
    cite(
        session,
        "c1",
        "[[刑法#388-1]]、[[刑法#97.2]]、[[刑法#97.1]]、[[刑法#8]]、[[刑法]]。",
        title="甲课",
    )
    cite(session, "c2", "[[刑法#97.1]]。", title="乙课")
    page = law_page(session, person=person, short="刑法", version=None)
    assert [entry.label for entry in page.articles] == [
        "整部法规", "第八条", "第九十七条", "第三百八十八条之一",
    ]  # fmt: skip
    cited = page.articles[2].lessons
    assert sorted((one.course_title, one.labels) for one in cited) == [
        ("乙课", ("第九十七条第一款",)),
        ("甲课", ("第九十七条第一款", "第九十七条第二款")),
    ]


def test_law_page_is_about_one_version(cadre: Browser, session: Session) -> None:
    cite(session, "c", "[[监察法@2018-03-20#43]]。")
    old = cadre.get("/laws/监察法?v=2018-03-20").text
    assert "这是旧版本" in old
    assert 'id="43"' in old
    now = cadre.get("/laws/监察法").text
    assert "没有课程引用这个版本。" in now


def test_a_repealed_text_says_since_when_and_what_took_its_place(cadre: Browser) -> None:
    page = cadre.get("/laws/廉洁从政准则").text
    assert "已废止" in page
    assert "<dd>2016-01-01</dd>" in page
    assert 'href="/laws/%E5%BB%89%E6%B4%81%E8%87%AA%E5%BE%8B%E5%87%86%E5%88%99"' in page
    assert "由什么取代" not in cadre.get("/laws/监察法").text


def test_quiz_citations_have_anchors_too(cadre: Browser, session: Session) -> None:
    items = [quiz_item("c-1-q1", law="监察法#46")]
    make_course(session, code="c", lessons=1, files={"01-节.md": lesson_file("c-1", items=items)})
    session.commit()
    assert 'id="46"' in cadre.get("/laws/监察法?v=2024-12-25").text


def test_courses_for_others_are_not_named(cadre: Browser, session: Session) -> None:
    cite(session, "c", "[[监察法#46]]。", audience="党员", title="党员的课")
    assert "党员的课" not in cadre.get("/laws/监察法").text


def test_replaced_revisions_are_not_named(cadre: Browser, session: Session) -> None:
    cite(session, "c", "[[监察法#46]]。")
    cite(session, "c", "[[监察法#11]]。")
    page = cadre.get("/laws/监察法").text
    assert 'id="11"' in page
    assert 'id="46"' not in page


@pytest.mark.parametrize("path", ["/laws/没有这部", "/laws/监察法?v=1900-01-01", "/laws/%3Cb%3E"])
def test_unknown_laws_and_versions_are_not_found(cadre: Browser, path: str) -> None:
    assert cadre.get(path).status_code == 404


# ---------------------------------------------------------------- media


def put_asset(session: Session, data: bytes, mime: str = "image/png") -> str:
    digest = f"{len(data):064x}"
    session.add(ContentAsset(sha256=digest, name="a", mime=mime, data=data))
    session.commit()
    return f"/content-assets/{digest}"


def test_asset_is_sent_as_what_it_is_and_can_do_nothing(cadre: Browser, session: Session) -> None:
    reply = cadre.get(put_asset(session, PNG))
    assert (reply.status_code, reply.data) == (200, PNG)
    headers = reply.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Length"] == str(len(PNG))


def test_asset_is_not_sent_again_when_it_is_known(cadre: Browser, session: Session) -> None:
    path = put_asset(session, PNG)
    tag = cadre.get(path).headers["ETag"]
    again = cadre.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=1000-", 206, slice(1000, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=524288-700000", 206, slice(524288, 700001)),
        ("bytes=9999999-", 416, None),
    ],
)
def test_parts_of_an_asset(
    cadre: Browser, session: Session, asked: str, status: int, part: slice | None
) -> None:
    data = bytes(range(256)) * 4000  # about a megabyte: several pieces
    assert len(data) > 2 * PIECE
    reply = cadre.get(put_asset(session, data, "video/mp4"), headers={"Range": asked})
    assert reply.status_code == status
    if part is not None:
        assert reply.data == data[part]


def test_whole_asset_of_several_pieces_arrives_unchanged(cadre: Browser, session: Session) -> None:
    data = bytes(range(251)) * 4001
    assert cadre.get(put_asset(session, data, "audio/mpeg")).data == data


@pytest.mark.parametrize("name", ["0" * 64, "x", "..%2F..%2Fetc%2Fpasswd", "A" * 64])
def test_unknown_assets_are_not_found(cadre: Browser, session: Session, name: str) -> None:
    put_asset(session, PNG)
    assert cadre.get(f"/content-assets/{name}").status_code == 404


def test_picture_of_a_lesson_is_reachable(cadre: Browser, session: Session) -> None:
    body = "## 图\n\n![一盒茶叶](a.png)\n"
    files = {"a.png": PNG, "01-节.md": lesson_file("c-1", body=body)}
    make_course(session, code="c", lessons=1, files=files)
    session.commit()
    digest = session.scalars(select(ContentAsset.sha256)).one()
    assert f'src="/content-assets/{digest}"' in cadre.get("/courses/c/c-1").text
    assert cadre.get(f"/content-assets/{digest}").data == PNG


def test_asset_file_seeks_like_a_file() -> None:
    data = b"0123456789"
    file = AssetFile(len(data), lambda start, length: data[start : start + length])
    assert (file.readable(), file.seekable()) == (True, True)
    assert file.seek(-3, 2) == 7
    assert file.read() == b"789"
    assert file.read(5) == b""
    assert file.seek(2) == 2
    assert file.read(3) == b"234"
    assert file.seek(1, 1) == 6
    assert file.tell() == 6
    assert file.seek(-100, 1) == 0
