"""The two scores of a referral by the tables of a programme version, and what makes one invalid."""

import datetime
import re
from fractions import Fraction

from envelopes import field
from placement import account_key

EXPONENTS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "BHD": 3, "KWD": 3, "TND": 3, "CLF": 4}
COUNTRIES = set("""AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV
BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU
MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB
SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW""".split())
FREE_MAIL = {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.de", "web.de", "proton.me"}
DOMAIN = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\Z", re.IGNORECASE)
MAIL = re.compile(r"[^@\s]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}\Z")


def exponent(currency):
    return EXPONENTS.get(currency, 2)


def _major(money):
    return None if money is None else Fraction(money["minor"], 10 ** exponent(money["currency"]))


def _subject(name, submission, submitted_at):
    if name == "employees":
        return field(submission, "account.employees")
    if name == "annual_revenue":
        return _major(field(submission, "account.annual_revenue"))
    if name == "budget":
        return _major(field(submission, "deal.first_year_value"))
    if name == "timeline":
        close = field(submission, "deal.expected_close")
        if close is None:
            return None
        return (datetime.date.fromisoformat(close) - datetime.date.fromisoformat(submitted_at[:10])).days
    path = {"industry": "account.industry", "country": "account.country", "intent": "intent",
            "contact_title": "contact.title"}[name]
    return field(submission, path)


def _matches(entry, value, whole_words):
    if "values" in entry:
        if "*" in entry["values"]:
            return True
        text = str(value).lower()
        found = re.findall(r"[^\W_]+", text) if whole_words else [text]
        return any(wanted.lower() in found for wanted in entry["values"])
    return entry.get("from", value) <= value and ("below" not in entry or value < entry["below"])


def points(criterion, submission, submitted_at):
    """Of the first entry that matches; a missing field gives none."""
    value = _subject(criterion["subject"], submission, submitted_at)
    if value is None:
        return 0
    for entry in criterion["points"]:
        if _matches(entry, value, criterion["subject"] == "contact_title"):
            return entry["points"]
    return 0


def score(criteria, submission, submitted_at):
    weights = sum(criterion["weight"] for criterion in criteria)
    if not weights:
        return 0
    return sum(entry["weight"] * points(entry, submission, submitted_at) for entry in criteria) // weights


def problems(submission, programme, partner):
    """The rules that a submission fails, as the fields' names."""
    found = []
    domain = submission["account"]["domain"]
    if not DOMAIN.match(domain) or account_key(domain) in FREE_MAIL | set(programme["intake"].get("free_mail_domains", [])):
        found.append("account.domain")
    if not MAIL.match(submission["contact"]["email"]):
        found.append("contact.email")
    country = field(submission, "account.country")
    if country is not None and country not in COUNTRIES:
        found.append("account.country")
    for name in programme["intake"].get("required_fields", []):
        if field(submission, name) in (None, ""):
            found.append(name)
    if submission["deal"]["product_line"] not in programme.get("product_lines", [submission["deal"]["product_line"]]):
        found.append("deal.product_line")
    if submission["consent"] is not True:
        found.append("consent")
    if partner is None or partner["status"] != "active":
        found.append("partner_id")
    return found


def route(programme, fit, intent, tier):
    rules = programme["routing"]
    if fit < rules["reject_below_fit"]:
        return "reject"
    if fit >= rules["accept_fit"] and intent >= rules["accept_intent"] and tier in rules["accept_tiers"]:
        return "accept"
    return "review"
