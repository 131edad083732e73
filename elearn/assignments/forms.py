"""The form of a new assignment. Times are typed and shown in Asia/Shanghai."""

from collections.abc import Sequence
from datetime import datetime

from wtforms import DateTimeLocalField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length

from elearn.config import DISPLAY_ZONE
from elearn.core.paths import PATH_KIND_NAMES, PathKind
from elearn.core.ranks import RANKS
from elearn.core.taxonomy import STRAND_NAMES, Strand
from elearn.exams.sittings.forms import to_utc
from elearn.models import CourseRevision, Exam, LearningPath, OrgUnit
from elearn.web.forms import Form

MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class AssignmentForm(Form):
    """What, for whom, until when. `target` is `course:<code>`, `path:<code>` or
    `exam:<public id>`."""

    target = SelectField("课程、学习路径或考试", [InputRequired("请选择课程、学习路径或考试")])
    org_unit = SelectField("单位（含下级）", [InputRequired("请选择单位")])
    ranks = SelectMultipleField(
        "职级",
        validate_choice=False,  # the service says it in Chinese
    )
    due_at = DateTimeLocalField("截止时间", [InputRequired("请填写截止时间")], format=MINUTES)
    note = StringField("说明", [Length(max=200, message="说明最多 200 字")])

    def offer(
        self,
        courses: Sequence[CourseRevision],
        paths: Sequence[LearningPath],
        exams: Sequence[Exam],
        units: Sequence[OrgUnit],
        ranks: Sequence[str],
    ) -> None:
        """Fill the lists; what is not offered cannot be chosen."""
        self.target.choices = [
            SelectChoice("", "请选择"),
            *(_path_choice(path) for path in paths),
            *(_course_choice(course) for course in courses),
            *(_exam_choice(exam) for exam in exams),
        ]
        top = min((unit.path.count("/") for unit in units), default=0)
        self.org_unit.choices = [
            (unit.public_id, "\u3000" * (unit.path.count("/") - top) + unit.name) for unit in units
        ]

        order = {rank.name: rank.order for rank in RANKS}
        known = sorted(ranks, key=lambda rank: (order.get(rank, len(order)), rank))
        self.ranks.choices = [SelectChoice(rank) for rank in known]

    def due_utc(self) -> datetime:
        """The typed time, once the form is valid."""
        return to_utc(self.due_at.data)

    def refuse(self, fields: dict[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, message in fields.items():
            field = self[name]
            field.errors = [*field.errors, message]


def _course_choice(course: CourseRevision) -> SelectChoice:
    kind = "必修" if course.required else "选修"
    return SelectChoice(
        f"course:{course.course.code}",
        f"{course.title}（{kind}）",
        optgroup=f"课程 · {STRAND_NAMES[Strand(course.strand)]}",
    )


def _path_choice(path: LearningPath) -> SelectChoice:
    return SelectChoice(
        f"path:{path.code}",
        f"{path.title}（{len(path.steps)} 门课）",
        optgroup=f"学习路径 · 按{PATH_KIND_NAMES[PathKind(path.kind)]}",
    )


def _exam_choice(exam: Exam) -> SelectChoice:
    closes = exam.closes_at.astimezone(DISPLAY_ZONE)
    return SelectChoice(
        f"exam:{exam.public_id}",
        f"{exam.title}（{exam.org_unit.name}，{closes:%Y-%m-%d %H:%M} 结束）",
        optgroup="考试",
    )
