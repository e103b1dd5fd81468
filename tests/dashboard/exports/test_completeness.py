"""Completeness of records as an export: shares by clinic, small counts hidden, no count of patients."""

from __future__ import annotations

from dashboard.exports.completeness import protected, section

LARGE = {"patients": 90, "sessions": 600, "asked": 500, "scored_before": 400, "scored_after": 300,
         "scores_after_session": 900, "recall": 300, "courses": 95, "no_baseline": 20}  # fmt: skip


def rows(**small: int) -> list[dict[str, object]]:
    clinics = [{"clinic": "a", **LARGE, **small}, {"clinic": "b", **LARGE}, {"clinic": "c", **LARGE}]
    total = {"clinic": "All"} | {key: sum(int(str(row[key])) for row in clinics) for key in LARGE}
    return [total, *clinics]


def test_nothing_is_hidden_where_all_counts_are_large() -> None:
    assert protected(rows(), 11) == rows()


def test_a_small_count_takes_one_of_another_clinic_with_it() -> None:
    made = protected(rows(no_baseline=4), 11)
    assert made[1]["no_baseline"] == "<11"
    assert [row["no_baseline"] for row in made].count("hidden") == 1
    shares = section(made).tables[1].rows
    assert [row["share"] for row in shares if row["clinic"] == "a" and row["n"] == 95] == ["hidden"]


def test_all_figures_of_a_clinic_of_few_patients_are_hidden() -> None:
    made = protected(rows(patients=3), 11)
    assert {made[1][key] for key in LARGE if key != "patients"} <= {"hidden", "<11"}


def test_the_number_of_patients_is_not_shown() -> None:
    assert [column.key for column in section(rows()).tables[0].columns] == ["clinic", "sessions", "courses"]
