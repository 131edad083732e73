from elearn.core.ranks import LEVEL_NAMES, RANKS, Level, rank_of


def test_ranks_are_ordered_and_unique() -> None:
    assert [rank.order for rank in RANKS] == list(range(len(RANKS)))
    assert [rank.level for rank in RANKS] == sorted(rank.level for rank in RANKS)
    assert len({rank.name for rank in RANKS}) == len(RANKS)
    assert set(LEVEL_NAMES) == set(Level)


def test_ranks_hold_both_ladders_of_the_civil_servants_law() -> None:
    """公务员法 (2018) art. 18 without the two national levels, art. 19 in full."""
    leading = [rank.name for rank in RANKS if rank.leading]
    assert leading == [
        f"{level}{post}"
        for level in ("乡科级", "县处级", "厅局级", "省部级")
        for post in ("副职", "正职")
    ]
    grades = [rank.name for rank in RANKS if not rank.leading]
    assert grades == [
        "办事员",
        "科员",
        *(f"{n}级科员" for n in "二一"),
        *(f"{n}级主任科员" for n in "四三二一"),
        *(f"{n}级调研员" for n in "四三二一"),
        *(f"{n}级巡视员" for n in "二一"),
    ]


def test_ranks_below_the_township_level_are_clerks() -> None:
    staff = [rank.name for rank in RANKS if rank.level is Level.STAFF]
    assert staff == ["办事员", "科员", "二级科员", "一级科员"]


def test_rank_of_forgives_spaces_and_nothing_else() -> None:
    rank = rank_of(" 四级 主任科员\u3000")
    assert rank is not None
    assert (rank.name, rank.level, rank.leading) == ("四级主任科员", Level.TOWNSHIP, False)
    assert rank_of("主任科员") is None
    assert rank_of("") is None
