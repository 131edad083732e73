"""The published law registry, read back: labels and links for citations."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.laws.model import Instrument, LawStatus, LawVersion
from elearn.core.laws.registry import LawRegistry
from elearn.core.questions.model import Citation
from elearn.models import LawVersion as LawRow


@dataclass(frozen=True, slots=True)
class CitationLink:
    """《中华人民共和国监察法》第四十六条, and where its page is (`/laws/<law>?v=<version>#<article>`).

    `article` is the anchor: the article without paragraph, "" for the whole instrument.
    """

    label: str
    law: str
    version: str
    article: str


def load_registry(session: Session) -> LawRegistry:
    """What the last publication of laws.yaml said, in its order."""
    versions: dict[str, list[LawVersion]] = {}
    heads: dict[str, tuple[str, str]] = {}
    for row in session.scalars(select(LawRow).order_by(LawRow.id)):
        heads.setdefault(row.short, (row.title, row.kind))
        versions.setdefault(row.short, []).append(
            LawVersion(
                law=row.short,
                version=row.version,
                issued=row.issued,
                in_force=row.in_force,
                articles=row.articles,
                status=LawStatus(row.status),
                note=row.note,
                repealed_on=row.repealed_on,
                replaced_by=row.replaced_by,
            )
        )
    return LawRegistry(
        {
            short: Instrument(short, "", title, kind, tuple(versions[short]))
            for short, (title, kind) in heads.items()
        }
    )


def read_citation(text: str) -> Citation:
    """`监察法@2024-12-25#46`, the stored form, back to a citation."""
    head, _, article = text.partition("#")
    law, _, version = head.partition("@")
    return Citation(law, version, article)


def cite(registry: LawRegistry, text: str) -> CitationLink:
    """Label and link of a stored citation, also when the registry no longer knows the law."""
    citation = read_citation(text)
    return CitationLink(
        label=registry.label(citation),
        law=citation.law,
        version=citation.version,
        article=citation.article.split(".")[0],
    )
