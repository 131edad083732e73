"""The form of a new assignment. Times are typed and shown in Asia/Shanghai."""

from collections.abc import Sequence
from datetime import datetime

from wtforms import DateTimeLocalField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length

from elearn.config import DISPLAY_ZONE
from elearn.core.ranks import RANKS
from elearn.core.taxonomy import STRAND_NAMES, Strand
from elearn.exams.sittings.forms import to_utc
from elearn.models import CourseRevision, Exam, OrgUnit
from elearn.web.forms import Form

MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class AssignmentForm(Form):
    """What, for whom, until when. `target` is `course:<code>` or `exam:<public id>`."""

    target = SelectField("课程或考试", [InputRequired("请选择课程或考试")])
    org_unit = SelectField("单位（含下级）", [InputRequired("请选择单位")])
    ranks = SelectMultipleField("职级", choices=[(rank.name, rank.name) for rank in RANKS])
    due_at = DateTimeLocalField("截止时间", [InputRequired("请填写截止时间")], format=MINUTES)
    note = StringField("说明", [Length(max=200, message="说明最多 200 字")])

    def offer(
        self, courses: Sequence[CourseRevision], exams: Sequence[Exam], units: Sequence[OrgUnit]
    ) -> None:
        """Fill the lists; what is not offered cannot be chosen."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for course in courses:
            kind = "必修" if course.required else "选修"
            group = f"课程 · {STRAND_NAMES[Strand(course.strand)]}"
            label = f"{course.title}（{kind}）"
            groups.setdefault(group, []).append((f"course:{course.course.code}", label))
        for exam in exams:
            closes = exam.closes_at.astimezone(DISPLAY_ZONE)
            label = f"{exam.title}（{exam.org_unit.name}，{closes:%Y-%m-%d %H:%M} 结束）"
            groups.setdefault("考试", []).append((f"exam:{exam.public_id}", label))
        self.target.choices = {"": [("", "请选择")], **groups}
        top = min((unit.path.count("/") for unit in units), default=0)
        self.org_unit.choices = [
            (unit.public_id, "\u3000" * (unit.path.count("/") - top) + unit.name) for unit in units
        ]

    def due_utc(self) -> datetime:
        """The typed time, once the form is valid."""
        return to_utc(self.due_at.data)

    def refuse(self, fields: dict[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, message in fields.items():
            field = self[name]
            field.errors = [*field.errors, message]
