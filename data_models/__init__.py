"""What session records are and mean; knows nothing of dashboards."""
