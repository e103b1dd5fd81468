"""The Side effects page."""
