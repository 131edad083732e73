"""A small registry for the parser's tests."""

import pytest

from elearn.core.laws.registry import LawRegistry, parse_registry

LAWS = """
- short: 监察法
  code: SL
  title: 中华人民共和国监察法
  kind: LAW
  versions:
    - {version: 2018-03-20, articles: 69, status: AMENDED}
    - {version: 2024-12-25, articles: 78, status: IN_FORCE}
- short: 纪律处分条例
  code: DR
  title: 中国共产党纪律处分条例
  kind: PARTY_RULE
  versions: [{version: 2023-12-19, articles: 158, status: IN_FORCE}]
"""


@pytest.fixture(scope="session")
def registry() -> LawRegistry:
    """监察法 in two versions, 纪律处分条例 in one."""
    found, problems = parse_registry(LAWS, "laws.yaml")
    assert problems == []
    return found
