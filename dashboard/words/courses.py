"""Words about a course."""

from __future__ import annotations

# Whether it goes on: of `outcomes.courses.STATUSES` (definitions, section 1).
STATUS = {"going_on": "going on", "ended": "ended", "unknown": "end unknown"}
