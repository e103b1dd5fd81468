"""The Exports page: see what leaves the building, take it as a file."""
