"""The file a candidate handed in, as a file or as the text that was copied."""

from flask_wtf.file import FileField
from wtforms import TextAreaField
from wtforms.validators import Length

from elearn.web.forms import Form

from .sealed import MAX_CHARS


class AnswerFileForm(Form):
    """One of the two."""

    file = FileField("答案文件")
    text = TextAreaField("或者粘贴答案文件里的文字", [Length(max=MAX_CHARS)])

    def content(self) -> str:
        """What was handed in; "" for nothing or for something that is no text."""
        if self.file.data:
            data: bytes = self.file.data.read(MAX_CHARS + 1)
            return data.decode("utf-8", errors="replace")
        return (self.text.data or "").strip()
