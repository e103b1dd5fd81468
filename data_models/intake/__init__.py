"""A clinic's files become checked, de-identified records of one contract."""
