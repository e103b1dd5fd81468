"""How each number is worked out, what it assumes and how it was checked: one row a number, for Methods and the README.

Words of statistics stand here and in definitions, never in the sentence of a card.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Method:
    """One number or family of numbers.

    Attributes
    ----------
    key : its place on the Methods page.
    title : the number, as cards call it.
    cards : names of the cards (`View.name`) that show it; their definitions link here.
    means : what it says of patients, in plain words.
    estimator : how it is worked out, by name.
    source : the papers that this follows.
    assumes : what must hold for it to be true, and what it costs where it does not.
    checked : against what it was held.
    figures : beginnings of the names of its rows in the coverage study; empty: it has none there.
    """

    key: str
    title: str
    cards: tuple[str, ...]
    means: str
    estimator: str
    source: str
    assumes: str
    checked: str
    figures: tuple[str, ...] = ()


METHODS: tuple[Method, ...] = (
    Method(
        "who",
        "Who is counted",
        ("funnel", "completeness"),
        "A course is a run of sessions without a gap over 90 days. It is judged where its baseline, the last score in "
        "the 14 days before it, is moderate or worse and a score followed: who was never ill can neither respond nor "
        "remit. A course goes on until 90 days without a session have been looked at; until then it is neither a "
        "success nor a failure, and stands apart.",
        "Counts of courses at each step; no model.",
        "definitions of this dashboard's own; entry severity as in the trials of the literature",
        "That the clinic says until when it looked (observed_until_weeks). Without it, courses still going on cannot "
        "be told from those that ended, and the page says so.",
        "An oracle that follows the definitions word for word, with loops, on the sample and on generated records.",
    ),
    Method(
        "rates",
        "Response, remission and worse",
        ("waterfall", "compare-waterfall", "rates"),
        "Response: at least half of the baseline is gone. Remission: a score in the range of people who are well. "
        "Headline rates use the first score within 14 days of the last session of a complete induction, per measured "
        "course and per course treated (the unmeasured counted as not responding; courses going on left out).",
        "Shares with Wilson's interval; where patients have several courses, the ratio of patient sums with its "
        "linearised variance and the effective sample size, or, where a few have a second one, as if their courses "
        "went wholly alike.",
        "Rush 2006; Wilson 1927; Cochran 1977; Korn and Graubard 1998",
        "Per measured course: that the unmeasured would have done as the measured did. Scores of ill people fall on "
        "their own (regression to the mean), and measurement error alone makes some respond for a moment: of a "
        "treatment without effect one in five at any score, with a standard error of 3 points. In a trial against "
        "midazolam a third of those given midazolam responded (KARMA-Dep 2, 2025). A rate is no proof of an effect. "
        '"Ever" grows with every noisy score (remission ever by some 7 points, weekly); the last score is a bad one '
        "where a bad score makes people leave (7 points too low).",
        "R's values for two published trials, patient by patient; coverage below.",
        ("response,", "remission,", "worse,"),
    ),
    Method(
        "reliable",
        "Reliable change",
        ("reliable-change",),
        "A change larger than two scores of somebody unchanged would differ by, 95 times in 100. Recovered: reliably "
        "better and no longer a case. Improved, no reliable change, deteriorated.",
        "1.96 x the square root of 2 x the scale's standard error of measurement.",
        "Jacobson and Truax 1991; each scale's standard error and its source stand with the scales",
        "That the published error of the scale holds in this clinic.",
        "Cases worked by hand; NHS Talking Therapies' 6 points of the PHQ-9.",
    ),
    Method(
        "onset",
        "How quickly effects start",
        ("onset", "onset-sessions", "compare-onset"),
        "The share of courses in response by each day since the first session. Response begins somewhere between two "
        "scores, so it is told as what is compatible with all such intervals; the day on which it was first seen is "
        "later, by up to the time between scores, and is shown beside it.",
        "Interval-censored maximum likelihood with a hazard that is constant between days with enough scores; Wilson's "
        "interval at the effective number that the variance by patient gives. 1 - Kaplan-Meier of the day it was first "
        "seen; the same by sessions received.",
        "Turnbull 1976; Geman and Hwang 1982; Lin and Wei 1989; Kaplan and Meier 1958",
        "That when scores are taken does not depend on how the patient is at that moment, given earlier scores. "
        "Scores taken weekly on the same days cannot tell day 2 from day 6, and the interval says so.",
        "R's Turnbull and survfit on published trials; coverage below.",
        ("onset by day", "response first seen", "response seen"),
    ),
    Method(
        "states",
        "States over time, and days in response",
        ("states", "compare-states", "occupancy", "compare-occupancy"),
        "Of all judged courses, the share in response, in partial response and in none on each day; and how many of "
        "the first 90 days a course spends in response on average. A state holds for at most 30 days after its score; "
        "then, and when observation ends, the course is no longer counted, which is not the same as having left.",
        "State occupation with censoring, variance by patient (infinitesimal jackknife); restricted mean.",
        "Aalen and Johansen 1978; Datta and Satten 2001; Royston and Parmar 2013",
        "That who is not measured does as those measured who stood alike. Where patients leave because they got worse "
        "the shares are too good. A change is placed in the middle of two scores: nothing finer than the gap between "
        "them can be seen (weekly scores do not show the hours around a session), and no share is said before half of "
        "the courses were scored.",
        "R's survfit for several states, and its restricted mean; coverage below.",
        ("in response on day", "in response 1", "in response 2", "in response 7", "days in response"),
    ),
    Method(
        "durability",
        "How long effects last after induction",
        ("durability", "competing", "compare-durability"),
        "Followed are courses whose first score after the last induction session, within 7 days, is in response, from "
        "that score on. Response is lost at the first of two scores in a row that have lost half of the improvement "
        "and are back in the moderate band: one bad score is measurement error more often than loss. Three views: lost "
        "by each day, whatever was given meanwhile; lost or treated again, whichever came first; and lost, if treating "
        "again had nothing to do with fading.",
        "Interval-censored maximum likelihood with late entry, as for onset; cumulative incidence of competing events; "
        "Kaplan-Meier with the next session as censoring. Variance by patient.",
        "Turnbull 1976; Frydman 1994; Geman and Hwang 1982; Aalen and Johansen 1978; Lin and Wei 1989",
        "A single bad score just before a session counts as loss (the clinic acted on it). Where clinics treat by "
        "score that is nearly right on average (off by +1 points by day 28; censoring there instead, by -34), at the "
        "price that people at the threshold are called lost early; treated again first is some 12 points too rare; "
        "in clinics that treat by plan loss is 2 to 8 points too rare. The rule is loss_before_session. The third view "
        "holds only where sessions are planned without regard to how the patient is. A curve starts where at least 10 "
        "are followed and stops where fewer than 5 are.",
        "Cases worked by hand; R's survfit with late entry; coverage below.",
        ("lost by", "lost first", "re-treated first", "in response untreated"),
    ),
    Method(
        "duration",
        "How long a response lasts from its first score",
        ("compare-duration",),
        "From the first score in response to its loss, treated again or not.",
        "Kaplan-Meier, log-log interval, variance by patient.",
        "Kaplan and Meier 1958; Kalbfleisch and Prentice 1980; Brookmeyer and Crowley 1982",
        "That who is no longer scored does as those who are. Loss is seen at scores, so it is late by up to the time "
        "between them.",
        "R's survfit on published trials; coverage below.",
        ("response lasts",),
    ),
    Method(
        "fade",
        "How the effect fades between sessions",
        ("fade", "compare-fade"),
        "The improvement over the baseline by days since the latest session, of a typical patient of this clinic. "
        "Means of scores per day mix people: who comes back early is no longer there later. The curve keeps each "
        "patient's own level, depth and fade, so that the mix does not bend it; the means stand behind it.",
        "Linear mixed model by maximum likelihood with each patient's own level, depth and fade; interval by patient "
        "(sandwich). Below 20 patients with three scores after sessions there is no model.",
        "Laird and Ware 1982; Rubin 1976 (visits that depend on what was seen before)",
        "That visits and sessions depend on what was recorded, not on what nobody wrote down.",
        "statsmodels' MixedLM; coverage below.",
        ("improvement", "change"),
    ),
    Method(
        "intervals",
        "Which interval holds",
        ("intervals", "interval-shares"),
        "Between maintenance sessions of a course, the days from one to the next and whether the last score within 3 "
        "days before the next was in response. Of one patient: the longest interval at which all so long or shorter "
        "held; of a cohort, the share that held by length.",
        "Counts, no model; lengths in whole days. Shares by patient sums, their linearised variance, the effective "
        "sample size and a t quantile.",
        "Cochran 1977; Korn and Graubard 1998; definitions of this dashboard's own",
        "Nothing, because it only describes: people chose the intervals and knew how the patient was, so a long one "
        "that held need not hold for somebody else. Intervals without a score at their end are left out and counted.",
        "Cases worked by hand; other orders of records give the same.",
    ),
    Method(
        "side-effects",
        "How often side effects occur",
        ("often", "when", "with-what", "compare-effects", "severity"),
        "Of patients, and of sessions, in which side effects were asked about. Not asked is never counted as none.",
        "Patients: Wilson's interval. Sessions: ratio of patient sums, its linearised variance, the effective sample "
        "size and a t quantile.",
        "Wilson 1927; Cochran 1977; Korn and Graubard 1998",
        "That being asked does not depend on having an effect.",
        "The published counts of the esketamine trials; coverage below.",
        ("nausea", "dissociation", "vomiting"),
    ),
    Method(
        "resolution",
        "How soon side effects are over",
        ("resolution",),
        "Minutes from the session's start until an effect is over; occurrences still there when last seen count up to "
        "then.",
        "Kaplan-Meier over occurrences, variance by patient.",
        "Kaplan and Meier 1958; Lin and Wei 1989",
        "That looking ends without regard to how long the effect would last.",
        "R's survfit.",
    ),
    Method(
        "vitals",
        "Blood pressure and heart rate",
        ("vitals", "thresholds"),
        "The rise from before a session to its highest value, and the share of sessions past each limit.",
        "Means and shares of sessions by patient sums.",
        "Cochran 1977",
        "That values are measured often enough to catch the highest.",
        "Values worked by hand.",
    ),
    Method(
        "comparisons",
        "Differences between groups",
        ("compare-rates",),
        "The difference of two groups as it is, and as it would be if their courses were alike in baseline severity, "
        "diagnosis, age and route. No p-value stands beside a difference that is not made alike; several differences "
        "are held to one error rate together. Who responded by days 1 and 7, who lost it by days 14 and 28, and the "
        "days in response are set against the first group as they are alone.",
        "Standardisation over the cohort (g-computation) by a logistic model, variance by patient (sandwich); "
        "differences as they are from the intervals of both groups (MOVER); Holm's steps.",
        "Robins 1986; Zou 2009; Steingrimsson 2017; Zou and Donner 2008; Holm 1979",
        "That nothing else made the groups differ. Clinics choose routes for reasons that no record holds. That no "
        "patient is in two groups: where some are, the interval of a difference as it is comes out too wide.",
        "R's glm with marginal standardisation; false alarms in simulated clinics, below; a bootstrap over patients "
        "(tests/benchmarks/group_differences.py).",
        ("false alarms",),
    ),
    Method(
        "similar",
        "Similar courses",
        ("context",),
        "Courses on the same scale and route, by days since their start or since the latest session: of each course "
        "its last score in a span of days.",
        "Percentiles of what was seen; no model.",
        "definitions of this dashboard's own",
        "It describes who was measured.",
        "Bands counted with plain loops.",
    ),
    Method(
        "rounding",
        "Rounded counts in files and for those who see no patients",
        ("exports",),
        "Counts are rounded to 5 and counts below 11 are hidden; every share, curve and interval of such a file or "
        "page is made of the rounded counts.",
        "The same estimators on rounded counts.",
        "CMS cell size suppression policy; Hundepool 2012",
        "Two releases that differ by a few patients can still tell some of a small count: the attack is in "
        "tests/benchmarks/disclosure.py.",
        "Attacks on simulated series of releases.",
    ),
)


@lru_cache(maxsize=1)
def _of_cards() -> dict[str, str]:
    return {card: method.key for method in METHODS for card in method.cards}


def of_card(name: str) -> str | None:
    """The key of the method behind a card; None where it has none of its own."""
    return _of_cards().get(name)
