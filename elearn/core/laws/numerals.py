"""Chinese numerals for article numbers."""

_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")


def chinese_number(number: int) -> str:
    """1..9999 as statutes write it: 10 十, 97 九十七, 110 一百一十, 1067 一千零六十七."""
    if not 0 < number < 10_000:
        msg = f"no article number: {number}"
        raise ValueError(msg)
    text = ""
    gap = False
    for place, digit in enumerate(reversed(str(number))):
        if digit == "0":
            gap = bool(text)
            continue
        text = _DIGITS[int(digit)] + _UNITS[place] + ("零" if gap else "") + text
        gap = False
    return text.removeprefix("一") if text.startswith("一十") else text


def article_label(article: str) -> str:
    """`97.1` -> 第九十七条第一款, `388-1` -> 第三百八十八条之一, `34.1.2` -> …第一款第二项."""
    head, *rest = article.split(".")
    number, _, sub = head.partition("-")
    label = f"第{chinese_number(int(number))}条"
    if sub:
        label += f"之{chinese_number(int(sub))}"
    for value, unit in zip(rest, ("款", "项"), strict=False):
        label += f"第{chinese_number(int(value))}{unit}"
    return label


def date_label(version: str) -> str:
    """`2018-03-20` -> 2018年3月20日, `2022-02` -> 2022年2月."""
    return "".join(
        f"{int(value)}{unit}" for value, unit in zip(version.split("-"), "年月日", strict=False)
    )
