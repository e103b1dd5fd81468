"""Files that leave the building: rounding, then CSV, XLSX, HTML and PDF."""
