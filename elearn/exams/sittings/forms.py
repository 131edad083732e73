"""The scheduling form. Times are typed and shown in Asia/Shanghai."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from wtforms import (
    DateTimeLocalField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange

from elearn.config import DISPLAY_ZONE
from elearn.core.assembly.model import REVIEW_NAMES
from elearn.core.ranks import RANKS
from elearn.models import BlueprintRow, OrgUnit
from elearn.web.forms import Form

from .services import MAX_ATTEMPTS

_BETWEEN = re.compile(r"[\s,，、;；]+")
_MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


class ScheduleForm(Form):
    """A new exam."""

    blueprint = SelectField("组卷规则", [InputRequired("请选择组卷规则")])
    title = StringField("考试名称", [InputRequired("请填写考试名称"), Length(max=200)])
    opens_at = DateTimeLocalField("开始时间", [InputRequired("请填写开始时间")], format=_MINUTES)
    closes_at = DateTimeLocalField("结束时间", [InputRequired("请填写结束时间")], format=_MINUTES)
    org_unit = SelectField("单位（含下级）", [InputRequired("请选择单位")])
    ranks = SelectMultipleField("职级")
    listed = TextAreaField("名单（工号）", [Length(max=60_000)])
    attempts_max = IntegerField(
        "每人次数",
        [InputRequired("请填写每人次数"), NumberRange(1, MAX_ATTEMPTS)],
    )
    review_policy = SelectField(
        "回看规则", choices=[SelectChoice(kind.value, name) for kind, name in REVIEW_NAMES.items()]
    )

    def offer(
        self, blueprints: Sequence[BlueprintRow], units: Sequence[OrgUnit], ranks: Sequence[str]
    ) -> None:
        """Fill the lists; what is not offered cannot be chosen."""
        self.blueprint.choices = [
            SelectChoice(row.code, row.current.title if row.current else row.code)
            for row in blueprints
        ]
        top = min((unit.path.count("/") for unit in units), default=0)
        self.org_unit.choices = [
            SelectChoice(unit.public_id, "\u3000" * (unit.path.count("/") - top) + unit.name)
            for unit in units
        ]
        order = {rank.name: rank.order for rank in RANKS}
        known = sorted(ranks, key=lambda rank: (order.get(rank, len(order)), rank))
        self.ranks.choices = [SelectChoice(rank, rank) for rank in known]

    def staff_numbers(self) -> list[str]:
        """One per line, or separated by commas or blanks."""
        return [number for number in _BETWEEN.split(self.listed.data or "") if number]

    def refuse(self, fields: dict[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, message in fields.items():
            field = self[name]
            field.errors = [*field.errors, message]


def to_utc(local: datetime | None) -> datetime:
    """A time typed in Asia/Shanghai."""
    if local is None:
        msg = "the form has been validated"
        raise ValueError(msg)
    return local.replace(tzinfo=DISPLAY_ZONE).astimezone(UTC)
