"""A clinic's own export, with record numbers and dates, becomes session records: at the clinic alone."""
