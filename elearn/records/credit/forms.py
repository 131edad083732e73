"""The form that chooses a credit rule for a unit."""

from collections.abc import Sequence

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from elearn.core.credit.spec import RuleSpec
from elearn.models import CreditRuleRevision, OrgUnit
from elearn.web.forms import Form

OWN = "own"


class ChoiceForm(Form):
    """`rule` is the id of a revision, or `own` for the product's own rule."""

    org_unit = SelectField("单位（含下级）", [InputRequired("请选择单位")])
    rule = SelectField("学时规则", [InputRequired("请选择规则")])
    reason = StringField(
        "依据", [InputRequired("请写明依据哪个文件"), Length(max=200, message="最多 200 字")]
    )

    def offer(
        self, units: Sequence[OrgUnit], rules: Sequence[tuple[CreditRuleRevision, RuleSpec]]
    ) -> None:
        """Fill the lists; what is not offered cannot be chosen."""
        top = min((unit.path.count("/") for unit in units), default=0)
        self.org_unit.choices = [
            (unit.public_id, "\u3000" * (unit.path.count("/") - top) + unit.name) for unit in units
        ]
        self.rule.choices = [
            (OWN, "系统默认：课程标注学时"),
            *((str(row.id), f"{spec.name}（第 {spec.version} 版）") for row, spec in rules),
        ]

    def refuse(self, fields: dict[str, str]) -> None:
        """Put what the service found beside the fields."""
        for name, message in fields.items():
            self[name].errors = [*self[name].errors, message]
