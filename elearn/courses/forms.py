"""What the pages of courses send: filters in the URL, answers to one question."""

from werkzeug.datastructures import MultiDict

from elearn.core.taxonomy import Strand

from .catalogue import Filters, Show

MAX_PARTS = 30
MAX_TEXT = 60


def read_filters(args: MultiDict[str, str]) -> Filters:
    """Anything unknown means no filter: a link from elsewhere must not end in an error."""
    strand, show = args.get("strand", ""), args.get("show", "")
    return Filters(
        strand=Strand(strand) if strand in set(Strand) else None,
        show=Show(show) if show in set(Show) else Show.ALL,
        text=" ".join(args.get("q", "")[:MAX_TEXT].split()),
    )


def read_answer(form: MultiDict[str, str]) -> dict[str, list[list[str]]]:
    """Question code -> per part the texts of its fields `a0`, `a1`…"""
    code, parts = form.get("question", ""), form.get("parts", "")
    count = int(parts) if parts.isascii() and parts.isdigit() and len(parts) < 3 else 0
    return {code: [form.getlist(f"a{part}") for part in range(min(count, MAX_PARTS))]}
