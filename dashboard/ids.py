"""Component ids and URLs as constants: a page and its tests name a thing once."""

from __future__ import annotations

# The frame
URL = "url"
PAGE = "page"
NOTICE = "notice"
DATA_SET = "data-set-name"
NAVIGATION = "navigation"
MANTINE = "mantine"

# URLs of pages
OUTCOMES = "/"
PATIENTS = "/patients"
PATIENT = "/patient/"  # followed by the patient's code
SIDE_EFFECTS = "/side-effects"
RECORDS = "/records"
EXPORTS = "/exports"
ACCOUNTS = "/accounts"

# The filter bar
FILTER_BAR = "filter-bar"
FILTER_CHIPS = {"type": "filter-chips", "at": "bar"}
FILTER_CLEAR = "filter-clear"
FILTER = "filter"  # type of the pattern id of one filter: {"type": FILTER, "key": "route"}


def filter_id(key: str) -> dict[str, str]:
    """Pattern id of the control of one filter."""
    return {"type": FILTER, "key": key}


# The cohort pages
COHORT_BODY = "cohort-body"
COHORT_WATERFALL = "cohort-waterfall"
COMPARE_BY = "compare-by"
COMPARE_BODY = "compare-body"
SIDE_EFFECTS_BODY = "side-effects-body"
SIDE_EFFECTS_BY = "side-effects-by"
SIDE_EFFECTS_BREAKDOWN = "side-effects-breakdown"
