"""A sparkline keeps gaps, a common scale, and says in words what it draws."""

import re

import pytest

from dashboard.figures.sparkline import EDGE, HEIGHT, WIDTH, sparkline
from data_models.definitions.instruments import INSTRUMENTS

PHQ9 = INSTRUMENTS["phq9"]


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_path_has_a_point_a_score_inside_the_box():
    drawn = sparkline([(-1, 27), (4, 10), (12, 0)], PHQ9)
    assert points(drawn["path"]) == [(EDGE, EDGE), pytest.approx((45.3, 19.4), abs=0.1), (WIDTH - EDGE, HEIGHT - EDGE)]
    assert (drawn["x"], drawn["y"]) == (WIDTH - EDGE, HEIGHT - EDGE)


def test_a_lower_score_stands_lower_on_the_same_scale_for_every_patient():
    mild, severe = (sparkline([(0.0, score), (5.0, score)], PHQ9) for score in (5, 25))
    assert mild["y"] > severe["y"]


def test_a_gap_of_more_than_thirty_days_starts_a_new_stroke_and_lone_scores_are_dots():
    path = sparkline([(0, 20), (10, 10), (60, 12)], PHQ9)["path"]
    assert path.count("M") == 2
    assert path.endswith("h0")


def test_one_score_and_none():
    assert sparkline([], PHQ9) is None
    assert sparkline([(3.0, 11.0)], PHQ9)["text"] == "PHQ-9 11, 1 score"


def test_words_say_first_last_count_and_time():
    assert sparkline([(0, 20), (4, 9), (12, 7)], PHQ9)["text"] == "PHQ-9 20 to 7, 3 scores over 12 days"


def test_the_response_line_stands_at_its_score_and_only_with_a_baseline():
    drawn = sparkline([(0.0, 20.0), (4.0, 10.0)], PHQ9, 10.0)
    assert drawn["line"] == drawn["y"]
    assert sparkline([(1.0, 5.0)], PHQ9)["line"] is None
