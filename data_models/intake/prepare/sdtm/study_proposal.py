"""A map of SDTM datasets for a person to correct: most of it the standard says itself."""

from __future__ import annotations

import json
from typing import Final

from data_models.intake.prepare.sdtm.datasets import Datasets
from data_models.intake.prepare.sdtm.terms import drug_of
from data_models.intake.prepare.source import SuggestedColumn, Suggestion

# What each variable becomes; names without their domain's two letters stand for QS, RS and FT.
_BECOMES: Final = {
    "USUBJID": "the record number", "SITEID": "patients.clinic", "AGE": "patients.age", "AGEU": "patients.age",
    "BRTHDTC": "patients.birth_date", "SEX": "patients.sex", "RFSTDTC": "the first study day",
    "ARM": "screening failures", "ARMCD": "screening failures", "ARMNRS": "screening failures",
    "EXTRT": "sessions.drug", "EXDOSE": "sessions.dose", "EXDOSU": "sessions.dose_unit", "EXROUTE": "sessions.route",
    "EXSTDTC": "sessions.time", "EXSTDY": "sessions.time", "EXENDTC": "sessions.duration_minutes",
    "EXOCCUR": "doses not given", "EXSTAT": "doses not given",
    "TESTCD": "assessments.instrument", "TEST": "assessments.instrument", "CAT": "assessments.instrument",
    "STRESN": "assessments.score", "STRESC": "assessments.score", "ORRES": "assessments.score",
    "DTC": "assessments.time", "DY": "assessments.time", "TPT": "assessments.timing", "STAT": "results not done",
    "VISITNUM": "which items belong together", "VISIT": "which items belong together",
    "VSTESTCD": "which vital sign", "VSSTRESN": "before, highest", "VSTPT": "before or highest",
    "VSDTC": "the session's day", "VSDY": "the session's day", "VSSTAT": "results not done",
    "AEDECOD": "side_effects.term", "AETERM": "side_effects.term", "AESEV": "side_effects.severity",
    "AETOXGR": "side_effects.severity", "AESER": "side_effects.serious", "AESTDTC": "side_effects.time",
    "AESTDY": "side_effects.time", "AEENDTC": "side_effects.resolved_minutes",
}  # fmt: skip
READ: Final = frozenset((*_BECOMES, "STUDYID", "DOMAIN", "SEQ", "SUBJID"))
_IDENTIFYING: Final = ("USUBJID", "SUBJID", "BRTHDTC")


def propose(datasets: Datasets) -> Suggestion:
    """The map as MAP.toml, what each variable becomes, and what only a person can know."""
    treatments = dict.fromkeys(record["EXTRT"] for record in datasets.records("EX") if record["EXTRT"])
    lines = ['format = "sdtm"', "", "[treatments]"]
    lines += [f"{json.dumps(name, ensure_ascii=False)} = {json.dumps(drug_of(name) or 'other')}" for name in treatments]
    lines += ["", "[patients]", '# diagnosis = "major_depression"', "", "[sessions]", '# side_effects_asked = "yes"']
    lines += ["", "[items]", 'missing = "none"']
    columns = []
    for dataset in datasets.all:
        for name in dataset.variables:
            becomes = _BECOMES.get(name) or (_BECOMES.get(name[2:], "") if dataset.domain in ("QS", "RS", "FT") else "")
            cells = dict.fromkeys(record[name] for record in dataset.records[:50] if record[name])
            examples = () if name in _IDENTIFYING else tuple(cells)[:3]
            columns.append(
                SuggestedColumn(dataset.file, name, examples, becomes, "its name in SDTM" if becomes else "")
            )
    questions = ["which treatments are ketamine or esketamine (look at [treatments])"] if treatments else []
    if not datasets.of("EX"):
        questions.append(
            'the sessions: there is no EX; [sessions] at_reference_start = "ketamine" gives each one on day 1'
        )
    questions.append("the diagnosis, where it is the same for all: [patients] diagnosis")
    questions.append('whether side effects were asked about at each session: [sessions] side_effects_asked = "yes"')
    return Suggestion("\n".join(lines) + "\n", tuple(columns), tuple(questions))
