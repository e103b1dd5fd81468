"""The Records page: bring records, read the check, see how complete they are."""
