"""SDTM datasets of CDISC: demographics, exposure, questionnaires, vital signs and adverse events."""
