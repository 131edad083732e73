"""The law pages: instruments and versions of the registry, and where the courses cite them."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.bank.laws import load_registry
from elearn.core.errors import NotFound
from elearn.core.laws.model import Instrument, LawVersion
from elearn.core.laws.numerals import article_label
from elearn.models import Course, CourseRevision, Lesson, LessonCitation, Person

from .queries import visible_courses


@dataclass(frozen=True, slots=True)
class CitingLesson:
    """A lesson that cites the article; `articles` as cited, with paragraphs (97.1)."""

    course_code: str
    course_title: str
    lesson_code: str
    lesson_title: str
    labels: tuple[str, ...]


@dataclass(slots=True)
class CitedArticle:
    """`anchor` is what `/laws/<law>?v=<version>#<anchor>` points at; "" is the whole text."""

    anchor: str
    label: str
    lessons: list[CitingLesson] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LawPage:
    """One instrument, the version looked at, and who cites that version."""

    instrument: Instrument
    version: LawVersion
    articles: list[CitedArticle]


def all_instruments(session: Session) -> list[Instrument]:
    """In the order of the registry file."""
    return list(load_registry(session).instruments.values())


def law_page(session: Session, *, person: Person, short: str, version: str | None) -> LawPage:
    """Raises NotFound for a law or a version that is not registered."""
    instrument = load_registry(session).instruments.get(short)
    if instrument is None:
        raise NotFound("没有登记这部法规。")
    chosen = instrument.version(version) if version else instrument.current
    if chosen is None:
        raise NotFound("没有登记这部法规的这个版本。")
    return LawPage(instrument, chosen, _cited_articles(session, person, short, chosen.version))


def _cited_articles(
    session: Session, person: Person, short: str, version: str
) -> list[CitedArticle]:
    """By article, and in it by course and lesson; only courses this person may see."""
    shown = visible_courses(person).with_only_columns(CourseRevision.id)
    rows = session.execute(
        select(
            LessonCitation.article,
            Course.code,
            CourseRevision.title,
            Lesson.code.label("lesson_code"),
            Lesson.title.label("lesson_title"),
        )
        .join(Lesson, Lesson.id == LessonCitation.lesson_id)
        .join(CourseRevision, CourseRevision.id == Lesson.course_revision_id)
        .join(Course, Course.id == CourseRevision.course_id)
        .where(
            LessonCitation.law == short,
            LessonCitation.version == version,
            CourseRevision.id.in_(shown),
        )
        .order_by(CourseRevision.title, CourseRevision.id, Lesson.position)
    ).all()
    found: dict[str, CitedArticle] = {}
    citing: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        anchor = row.article.split(".")[0]
        citing.setdefault((anchor, row.code, row.lesson_code), []).append(row.article)
    for row in rows:
        anchor = row.article.split(".")[0]
        cited = citing.pop((anchor, row.code, row.lesson_code), None)
        if cited is None:
            continue
        label = article_label(anchor) if anchor else "整部法规"
        entry = found.setdefault(anchor, CitedArticle(anchor, label))
        labels = tuple(article_label(one) for one in sorted(cited, key=_order) if "." in one)
        entry.lessons.append(
            CitingLesson(row.code, row.title, row.lesson_code, row.lesson_title, labels)
        )
    return sorted(found.values(), key=lambda entry: _order(entry.anchor))


def _order(article: str) -> tuple[int, ...]:
    """The whole instrument first, then 8, 97, 97.1, 388, 388-1."""
    head, *rest = article.split(".")
    number, _, sub = head.partition("-")
    return (int(number or 0), int(sub or 0), *map(int, rest))
