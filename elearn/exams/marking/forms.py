"""The marking page's fields, made from the tasks: `m-<item>-<part>-<point>`, `c-<item>-<part>`."""

from collections.abc import Mapping, Sequence

from elearn.core.centi import centi_text
from elearn.core.field_reader import to_hundredths
from elearn.core.grading.grade import Place

from .queries import Task
from .services import PartMark

SHORT = 20  # of a criterion, enough to recognise it


def read_marks(
    tasks: Sequence[Task], posted: Mapping[str, str]
) -> tuple[dict[Place, PartMark], dict[str, str]]:
    """The marks of every part that was filled in, and field name -> what is wrong with it.

    A part left wholly empty is left for later.
    """
    given: dict[Place, PartMark] = {}
    problems: dict[str, str] = {}
    for task in tasks:
        names = [f"m-{task.item}-{task.part}-{at}" for at in range(len(task.rubric))]
        texts = [posted.get(name, "").strip() for name in names]
        if not any(texts):
            continue
        points: list[int] = []
        for name, text, point in zip(names, texts, task.rubric, strict=True):
            centi = to_hundredths(text)
            if centi is None or centi > point.points_centi:
                wanted = f"填 0 到 {centi_text(point.points_centi)} 之间的分数"
                short = point.text if len(point.text) <= SHORT else point.text[:SHORT] + "…"
                problems[name] = f"「{short}」" + (wanted if text else f"还没有给分，{wanted}")
            else:
                points.append(centi)
        comment = posted.get(f"c-{task.item}-{task.part}", "").strip()
        given[task.place] = PartMark(tuple(points), comment)
    return given, problems
