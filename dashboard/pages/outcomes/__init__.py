"""The Outcomes page: a cohort, its figures, and comparisons."""
