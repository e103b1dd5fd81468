"""FHIR exports of electronic records: Bundles, NDJSON of a bulk export, folders of JSON (R4; DSTU2 to R5 as alike)."""
