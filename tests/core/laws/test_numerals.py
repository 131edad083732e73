"""Article numbers in Chinese."""

import pytest

from elearn.core.laws.numerals import article_label, chinese_number, date_label


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (34, "三十四"), (97, "九十七"),
        (100, "一百"), (101, "一百零一"), (110, "一百一十"), (114, "一百一十四"), (388, "三百八十八"),
        (1000, "一千"), (1001, "一千零一"), (1010, "一千零一十"), (1067, "一千零六十七"),
        (1100, "一千一百"), (1260, "一千二百六十"), (9999, "九千九百九十九"),
    ],
)  # fmt: skip
def test_chinese_number_follows_statutes(number: int, text: str) -> None:
    assert chinese_number(number) == text


@pytest.mark.parametrize("number", [0, -1, 10_000])
def test_chinese_number_refuses_what_no_article_has(number: int) -> None:
    with pytest.raises(ValueError, match="no article number"):
        chinese_number(number)


@pytest.mark.parametrize(
    ("article", "label"),
    [
        ("46", "第四十六条"),
        ("97.1", "第九十七条第一款"),
        ("34.1.2", "第三十四条第一款第二项"),
        ("388-1", "第三百八十八条之一"),
        ("388-1.2", "第三百八十八条之一第二款"),
    ],
)
def test_article_label_names_paragraph_and_insertion(article: str, label: str) -> None:
    assert article_label(article) == label


def test_date_label_follows_the_precision_of_the_version() -> None:
    assert date_label("2018-03-20") == "2018年3月20日"
    assert date_label("2022-02") == "2022年2月"
    assert date_label("2019") == "2019年"
