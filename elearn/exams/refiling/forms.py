"""Fields of the page that moves a paper result. Times are typed in Asia/Shanghai."""

from wtforms import StringField
from wtforms.validators import InputRequired, Length

from elearn.exams.printing.forms import HeldForm

from .services import MAX_REASON


class RefilingForm(HeldForm):
    """Whose sheet it is and when it was sat; both are filled in as entered."""

    staff_no = StringField("这份答卷本人的工号", [InputRequired("请填写工号"), Length(max=60)])
    reason = StringField(
        "怎么录错的",
        [
            InputRequired("请写明怎么录错的"),
            Length(min=2, max=MAX_REASON, message=f"请写 2 到 {MAX_REASON} 个字"),
        ],
    )
