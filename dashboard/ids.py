"""Component ids and URLs as constants: a page and its tests name a thing once."""

from __future__ import annotations

# The frame
URL = "url"
PAGE = "page"
NOTICE = "notice"
UNANSWERED = "unanswered"
DATA_SET = "data-set-name"
NAVIGATION = "navigation"
WHO = "who"
DEMO_ROLE = "demo-role"

# URLs of pages
OUTCOMES = "/"
PATIENTS = "/patients"
PATIENT = "/patient/"  # followed by the patient's code
SIDE_EFFECTS = "/side-effects"
RECORDS = "/records"
EXPORTS = "/exports"
METHODS = "/methods"
ACCOUNTS = "/accounts"

# The filter bar
FILTER_BAR = "filter-bar"
FILTER_CHIPS = {"type": "filter-chips", "at": "bar"}
FILTER = "filter"  # type of the pattern id of one filter: {"type": FILTER, "key": "route"}


def filter_id(key: str) -> dict[str, str]:
    """Pattern id of a control whose value has a place in the URL, under `key`.

    No callback may have the URL as its Output: Dash then holds back the first callback of every page that
    listens to the URL, and reports the control as missing on the other pages. Controls with this id are
    followed by `assets/filters.js`, which sets the URL by `dash_clientside.set_props("url", {search})`.
    """
    return {"type": FILTER, "key": key}


# The audit trail's filters, by what they filter
TRAIL_FILTERS = {
    name: filter_id(key)
    for name, key in (
        ("actor", "who"), ("action", "did"), ("text", "about"), ("first_day", "from"), ("last_day", "to"),
    )
}  # fmt: skip

# The Methods page
METHODS_RULES = "methods-rules"

# The cohort pages
COHORT_BODY = "cohort-body"
COHORT_CUE = "cohort-cue"
COMPARE = "compare"
COMPARE_BY = "by"  # key in the URL of what the cohort is compared by
COMPARE_BODY = "compare-body"
SIDE_EFFECTS_BODY = "side-effects-body"
SIDE_EFFECTS_CUE = "side-effects-cue"
EXPORT_FIGURES = "figures"  # key in the URL of which of the exports is shown
SIDE_EFFECTS_BY = "side-by"  # key in the URL of how side effects are broken down
SIDE_EFFECTS_BREAKDOWN = "side-effects-breakdown"
