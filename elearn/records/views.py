"""我的: the own training portfolio, and how each record in it came to be."""

import json

from flask import Blueprint, render_template, request

from elearn import db
from elearn.config import DISPLAY_ZONE
from elearn.core.credit.rules import BUCKET_NAMES, Bucket
from elearn.web.auth import current, utcnow

from .credit.queries import rule_name
from .promotions import making_up
from .queries import get_own_record, portfolio, record_history, withdrawal_of
from .writing import verify_record

blueprint = Blueprint("records", __name__)


@blueprint.get("/me", endpoint="portfolio")
def portfolio_page() -> str:
    """Hours of a year against the targets, and every record."""
    year, now = request.args.get("year", ""), utcnow()
    today = now.astimezone(DISPLAY_ZONE).date()
    return render_template(
        "records/portfolio.html",
        person=current().person,
        folio=portfolio(
            db.session(),
            current().person,
            year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
            this_year=today.year,
        ),
        making_up=next(iter(making_up(db.session(), [current().person], today=today)), None),
        buckets=_bucket_names(),
        now=now,
    )


@blueprint.get("/me/records/<public_id>")
def record(public_id: str) -> str:
    """One record: explanation, rule, evidence, hash, and whether it is still what was written."""
    row = get_own_record(db.session(), current().person, public_id)
    before, after = record_history(db.session(), row)
    return render_template(
        "records/record.html",
        record=row,
        before=before,
        after=after,
        withdrawn=withdrawal_of(db.session(), row),
        intact=verify_record(row),
        rule_name=rule_name(db.session(), row.credit_rule, row.credit_rule_version),
        evidence=json.dumps(row.evidence, ensure_ascii=False, indent=2, sort_keys=True),
        buckets=_bucket_names(),
    )


def _bucket_names() -> dict[str, str]:
    return {bucket.value: BUCKET_NAMES[bucket] for bucket in Bucket}
