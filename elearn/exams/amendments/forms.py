"""Fields of the page for correcting a typed paper result."""

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from elearn.web.forms import Form

from .services import MAX_REASON


class AmendForm(Form):
    """Only what was typed wrongly; everything else stays."""

    letter = SelectField("答题卡上涂的卷别", [InputRequired("请选择卷别")])
    lines = TextAreaField("录错的题", [Length(max=60_000)])
    reason = StringField(
        "哪里录错了",
        [
            InputRequired("请写明哪里录错了"),
            Length(min=2, max=MAX_REASON, message=f"请写 2 到 {MAX_REASON} 个字"),
        ],
    )
