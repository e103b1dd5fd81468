"""What people see and take away: the dashboard, its figures, its exports and the command line."""
