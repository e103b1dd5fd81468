"""The Patients page: the worklist."""
