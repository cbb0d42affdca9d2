"""Whether a record is an event that its worker can take, judged by the published schema alone."""

import datetime
import re

ATTRIBUTE_LIMIT = 1024
# The largest record that a worker takes.
RECORD_LIMIT = 1 << 20

TEXT, INTEGER, BOOLEAN, OBJECT, LIST = str, int, bool, dict, list

# Required fields and their kinds, of the types that come from outside.
REQUIRED = {
    "referral.submitted": {
        "partner_id": TEXT, "account": OBJECT, "account.name": TEXT, "account.domain": TEXT, "contact": OBJECT,
        "contact.email": TEXT, "deal": OBJECT, "deal.product_line": TEXT, "consent": BOOLEAN, "occurred_at": TEXT},
    "opportunity.updated": {
        "account": OBJECT, "account.domain": TEXT, "opportunity_id": TEXT, "revision": INTEGER, "product_line": TEXT,
        "stage": TEXT, "motion": TEXT, "first_year_value": OBJECT, "first_year_value.minor": INTEGER,
        "first_year_value.currency": TEXT, "created_at": TEXT, "occurred_at": TEXT},
    "touch.recorded": {
        "account": OBJECT, "account.domain": TEXT, "touch_id": TEXT, "party": TEXT, "kind": TEXT, "occurred_at": TEXT},
    "payout.result_received": {"partner_id": TEXT, "payout_id": TEXT, "result": TEXT, "occurred_at": TEXT},
}
OPTIONAL = {
    "referral.submitted": {
        "account.country": TEXT, "account.employees": INTEGER, "account.industry": TEXT, "intent": TEXT,
        "contact.title": TEXT, "need": TEXT},
    "touch.recorded": {"confirmed_by": TEXT}}
CHOICES = {
    ("referral.submitted", "intent"): {"researching", "evaluating", "budgeted", "urgent"},
    ("opportunity.updated", "stage"): {
        "qualified", "discovery", "proposal", "negotiation", "closed_won", "closed_lost"},
}
PATTERNS = {("referral.submitted", "partner_id"): re.compile(r"ptr_[A-Za-z0-9_.:-]{1,80}\Z")}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


def field(data, path):
    for name in path.split("."):
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def problem(record):
    """The code of what keeps a record from being processed; `None` for a sound one."""
    headers = record.headers
    if len(record.value or b"") > RECORD_LIMIT:
        return "too_large"
    if not record.value:
        return "not_cloudevent"
    if headers.get("ce_specversion") != b"1.0":
        return "not_cloudevent"
    for name in ("ce_id", "ce_source", "ce_type"):
        value = headers.get(name)
        if not value or len(value) > ATTRIBUTE_LIMIT:
            return "not_cloudevent"
    content = headers.get("content-type")
    if content and not content.lower().startswith(b"application/json"):
        return "not_cloudevent"
    if not isinstance(record.data, dict):
        return "bad_json" if record.data is None else "schema"
    return _schema(record.type, record.data)


def _schema(kind, data):
    for path, wanted in REQUIRED.get(kind, {}).items():
        value = field(data, path)
        if not _fits(value, wanted):
            return "schema"
    for path, wanted in OPTIONAL.get(kind, {}).items():
        value = field(data, path)
        if value is not None and not _fits(value, wanted):
            return "schema"
    for (owner, path), choices in CHOICES.items():
        value = field(data, path)
        if owner == kind and value is not None and value not in choices:
            return "schema"
    for (owner, path), pattern in PATTERNS.items():
        value = field(data, path)
        if owner == kind and value is not None and not pattern.match(value):
            return "schema"
    if "occurred_at" in data and not _is_time(data["occurred_at"]):
        return "schema"
    return None


def _is_time(text):
    """Of the years 0001 to 9999 in UTC; in the first and the last of them the offset decides."""
    if not TIME.match(text) or text[:4] not in ("0000", "0001", "9999"):
        return bool(TIME.match(text))
    try:
        datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(datetime.timezone.utc)
    except (OverflowError, ValueError):
        return False
    return True


def _fits(value, wanted):
    return isinstance(value, wanted) and not (wanted is INTEGER and isinstance(value, bool))
