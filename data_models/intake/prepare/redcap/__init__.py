"""REDCap exports: classic, longitudinal and repeating projects, with their data dictionary."""
