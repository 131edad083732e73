"""The blueprint editor: a plain text area, because a blueprint is a text."""

from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from elearn.web.forms import Form

from .services import MAX_TEXT


class BlueprintForm(Form):
    """`base` is the revision the editing started from."""

    text = TextAreaField("组卷规则", [InputRequired("请填写组卷规则"), Length(max=MAX_TEXT)])
    base = HiddenField("版本", [Length(max=64)])
