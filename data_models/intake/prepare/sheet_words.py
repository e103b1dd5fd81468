"""Words that clinics' sheets have for what session records name: rows by which a map is proposed, never read by.

A header is told by its words: letters and digits apart, umlauts as two letters, capitals aside. `PHQ-9 (Tag 28)` is
`phq 9 tag 28`. A row may have several words after each other; the longest that a header holds counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from data_models.intake.prepare.sheet_map import ALL_FIELDS, CODED

_SPLIT: Final = re.compile(r"[a-z]+|\d+")
_CAMEL: Final = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])")
_FOLDED: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(","))


def _rows(text: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: _listed(words) for name, words in text.items()}


SCALES: Final = _rows(
    {
        "phq9": "phq 9, phq, patient health questionnaire",
        "madrs": "madrs, montgomery asberg",
        "hamd17": "ham d 17, hamd 17, hdrs 17, hrsd 17, ham d, hamd, hdrs, hrsd",
        "qids": "qids sr 16, qids 16, qids sr, qids, quick inventory of depressive symptomatology",
        "bdi2": "bdi ii, bdi 2, bdi, beck depression inventory ii",
        "gad7": "gad 7",
        "pcl5": "pcl 5",
        "hads_a": "hads a, hads angst, hads anxiety",
        "hads_d": "hads d, hads depression",
        "peg": "peg",
        "auditc": "audit c, auditc",
    }
)
# What stands behind a bare name and makes it another scale: PHQ-15, HAM-D 21.
BARE: Final = frozenset(("phq", "ham d", "hamd", "hdrs", "hrsd", "qids", "bdi"))

# First the words by which a column is surely told, then those that leave doubt.
FIELDS: Final = _rows(
    {
        "record_number": "record number, record id, mrn, patient id, patienten id, pat id, patid, pat nr,"
        "patienten nr,"
        "patientennr, patientennummer, patient nr, patient no, patient number, pid, subject id, subjid, subject,"
        "no dossier, n dossier, numero de dossier, numero dossier, numero patient, n patient, id patient,"
        "code patient, ipp,"
        "participant id, participant, proband, probanden nr, studien id, study id, chart number, chart no, akten nr,"
        "aktenzeichen, fall nr, fallnummer, case id, pseudonym, patient code, patientencode, id,"
        "patient, patienten, code, nr",
        "birth_date": "birth date, date of birth, birthdate, dob, geburtsdatum, geb datum, geburtstag, geboren, geb,"
        "date de naissance, naissance, ne le, nee le, ddn",
        "first_session": "first session, first treatment, treatment start, start of treatment, erste sitzung,"
        "erste infusion, erste behandlung, behandlungsbeginn, beginn der behandlung, premiere seance,"
        "premiere perfusion, debut du traitement",
        "age": "age, alter",
        "sex": "sex, gender, sexe, geschlecht, geschl, m w d, w m d, m w, w m",
        "diagnosis": "diagnosis, diagnose, hauptdiagnose, indication, indikation",
        "clinic": "clinic, klinik, site, standort, zentrum, center, centre, praxis",
        "conditions": "conditions, comorbidities, komorbiditaeten, begleiterkrankungen, vorerkrankungen",
        "drug": "drug, medication, medikament, substanz, substance, wirkstoff, arzneimittel, praeparat,"
        "medicament, produit",
        "route": "route, applikationsweg, applikationsart, applikation, verabreichungsweg, verabreichung, weg,"
        "voie d administration, voie",
        "dose_unit": "dose unit, dosiseinheit, einheit, unit, unite",
        "dose": "dose, dosis, dosierung, dosage, menge mg",
        "phase": "phase, behandlungsphase",
        "duration_minutes": "duration minutes, duration, infusionsdauer, dauer, duree",
        "cadss_highest": "cadss",
        "moaas_lowest": "moaas, moaa s, moaa",
        "minutes_to_discharge": "minutes to discharge, time to discharge, entlassung nach",
        "side_effects_asked": "side effects asked, nebenwirkungen erfragt",
        "side_effects": "side effects, nebenwirkungen, nw, uaw, effets secondaires, effets indesirables,"
        "adverse events, adverse effects, aes, ae",
        "instrument": "instrument, scale, skala, echelle, fragebogen, questionnaire, measure, messinstrument",
        "score": "total score, summenscore, summenwert, gesamtwert, score, summe, total, punkte, punktwert, points,"
        "ergebnis, result, wert, value",
        "item9": "item 9",
        "timing": "timing",
        "term": "side effect, nebenwirkung, adverse event, ereignis, symptom, term, reaction",
        "severity": "severity, schweregrad, schwere, intensitaet",
        "serious": "serious, schwerwiegend",
        "onset_minutes": "onset minutes, onset, beginn min",
        "resolved_minutes": "resolved minutes, resolved, ende min",
        "time_of_day": "time of day, uhrzeit, start time, startzeit, zeit",
        "time": "session date, date of session, treatment date, date of treatment, infusion date, date of infusion,"
        "infusionsdatum, sitzungsdatum, behandlungsdatum, behandlungstag, date of service, assessment date,"
        "erhebungsdatum, untersuchungsdatum, visit date, visitendatum, ausgefuellt am, completed on, date time,"
        "datetime, timestamp, zeitpunkt, datum, date de seance, date de la seance, date de perfusion,"
        "date de visite, date, time, termin, beginn, start",
    }
)
SYSTOLIC: Final = ("systolic", "systolisch", "systolique", "sys", "syst", "sbp", "rrs")
DIASTOLIC: Final = ("diastolic", "diastolisch", "diastolique", "dia", "diast", "dbp", "rrd")
HEART_RATE: Final = ("heart rate", "herzfrequenz", "pulse", "puls", "pouls", "frequence cardiaque", "hf", "hr", "fc")
PRESSURE: Final = ("blood pressure", "blutdruck", "rr", "bp", "tension arterielle", "pression arterielle", "ta", "pa")
HIGHEST: Final = ("highest", "max", "maximal", "maximum", "peak", "hoechster", "hoechste", "hoechst")
# Columns that say who somebody is: left out on purpose.
IDENTIFYING: Final = _listed(
    "name, vorname, nachname, familienname, first name, last name, surname, given name, family name, full name,"
    "strasse, street, adresse, address, anschrift, plz, zip, postcode, ort, wohnort, city, telefon, tel, phone,"
    "mobil, mobile, handy, fax, email, e mail, mail, versicherungsnummer, versicherten nr, krankenkasse, kvnr,"
    "nom, prenom, nom de famille, rue, ville, code postal, courriel, numero de securite sociale, nir,"
    "insurance, ssn, social security, angehoerige, kontakt, contact, initialen, initials"
)
SIDE_EFFECTS: Final = _rows(
    {
        "heart_rate_increased": "increased heart rate, tachycardia, tachykardie, herzrasen",
        "blood_pressure_increased": "increased blood pressure, elevated blood pressure, blutdruckanstieg,"
        "hypertension,"
        "hypertonie",
        "nausea": "uebelkeit, upset stomach, nausee, nausees",
        "headache": "kopfschmerzen, kopfschmerz, cephalee, cephalees, maux de tete",
        "disorientation": "desorientierung, desorientiertheit",
        "vision_blurred": "blurred vision, blurry vision, verschwommenes sehen, verschwommen sehen, sehstoerung",
        "balance_disorder": "imbalance, unsteady, gleichgewichtsstoerung, gleichgewicht, loss of balance",
        "dissociation": "dissoziation, dissociative",
        "sedation": "sedierung",
        "dizziness": "schwindel, benommenheit, vertiges, etourdissements",
        "vertigo": "drehschwindel",
        "vomiting": "erbrechen, emesis, vomissement, vomissements",
        "anxiety": "angst, anxiete",
        "diplopia": "doppelbilder, double vision",
        "fatigue": "muedigkeit, tiredness",
        "other": "sonstige, sonstiges, andere, others",
    }
)
VALUES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "sex": _rows(
        {
            "female": "f, w, weiblich, frau, woman, femme, feminin",
            "male": "m, maennlich, mann, man, h, homme, masculin",
            "other": "d, divers, diverse, non binary, nonbinary",
            "unknown": "unbekannt, unk",
        }
    ),
    "yes_no": _rows(
        {
            "yes": "y, ja, j, true, wahr, 1, x, checked, oui, vrai",
            "no": "n, nein, non, faux, false, falsch, 0, unchecked",
        }
    ),
    "drug": _rows(
        {
            "ketamine": "ketamin, racemic ketamine, ketalar, ketamine hcl, ketamin hcl, ketamine hydrochloride",
            "esketamine": "esketamin, spravato, s ketamin, s ketamine, ketanest s",
        }
    ),
    "route": _rows(
        {
            "iv": "i v, intravenous, intravenoes, intraveineuse, intraveineux, infusion, iv infusion,"
            "intravenous infusion",
            "im": "i m, intramuscular, intramuskulaer",
            "sc": "s c, subcutaneous, subkutan",
            "intranasal": "nasal, nasal spray, nasenspray",
            "sublingual": "s l, sl, lozenge, troche",
            "oral": "p o, po, peroral, per os",
        }
    ),
    "dose_unit": _rows({"mg": "milligramm, milligram", "mg_per_kg": "mg kg, mg kg kg"}),
    "phase": _rows({"induction": "induktion", "maintenance": "erhaltung, erhaltungsphase, erhaltungstherapie"}),
    "severity": _rows({"mild": "leicht, gering", "moderate": "mittel, maessig, moderat", "severe": "schwer, stark"}),
    "timing": _rows({"before": "vor, pre, vorher", "after": "nach, post, nachher"}),
    "diagnosis": _rows(
        {
            "major_depression": "depression, major depressive disorder, mdd, f 32, f 33, depressive episode,"
            "rezidivierende depressive stoerung",
            "treatment_resistant_depression": "trd, therapieresistente depression, trd depression",
            "bipolar_depression": "bipolar, bipolare depression, f 31",
            "anxiety": "angststoerung, generalisierte angststoerung, f 41",
            "ptsd": "ptbs, posttraumatische belastungsstoerung, f 43 1",
            "chronic_pain": "chronische schmerzen, chronischer schmerz",
            "alcohol_use": "alkoholabhaengigkeit, f 10",
            "other": "sonstige, andere",
        }
    ),
    "instrument": SCALES,
    "term": SIDE_EFFECTS,
    "side_effects": SIDE_EFFECTS | {"none": ("keine", "kein", "no", "nein")},
}
# What sheets have in cells without a value, beside codes.
NO_VALUE: Final = _listed(
    "n/a, na, #n/a, nan, null, none, k.a., k. a., ka, n.e., n. e., -, --, ., ?, n.b.,"
    "n.d., n. d., n.a., n.v., keine angabe, fehlt, fehlend, nicht erhoben, not done, missing, non fait, manquant"
)
# What stands in place of a record number in a row below (or between) the patients'.
TOTAL_ROWS: Final = frozenset(
    _listed(
        "mittelwert, mittel, durchschnitt, summe, gesamt, gesamtsumme, anzahl, mean, average, sum, total,"
        "totals, count,"
        "grand total, subtotal, median, standardabweichung, sd, std, minimum, maximum, min, max, moyenne, somme"
    )
)
# Headers of times since the first session.
SINCE: Final = dict.fromkeys(("day", "days", "tag", "tage", "reldays", "studientag"), "day") | dict.fromkeys(
    ("week", "weeks", "woche", "wochen"), "week"
)
BEFORE: Final = frozenset(
    _listed("avant, vor, pre, prae, before, baseline, bl, vorher, initial, aufnahme, screening, eingang")
)
AFTER: Final = frozenset(_listed("nach, post, after, danach, apres"))
HOURS: Final = frozenset(_listed("h, hr, hrs, hour, hours, std, stunde, stunden, heure, heures"))
DAYS: Final = frozenset(_listed("d, day, days, tag, tage, tagen, j, jour, jours"))
WEEKS: Final = frozenset(_listed("w, wk, week, weeks, woche, wochen, semaine, semaines"))
MONTHS: Final = frozenset(_listed("monat, monate, month, months, mo"))
VISITS: Final = frozenset(
    _listed("v, visit, visite, t, tp, zeitpunkt, fu, followup, verlauf, messung, besuch, termin, welle, wave")
)
SESSIONS: Final = frozenset(
    _listed("infusion, inf, sitzung, session, behandlung, treatment, gabe, anwendung, seance, perfusion")
)
SESSION_STEMS: Final = ("infusion", "sitzung", "session", "behandl", "treatment", "seance", "perfusion")
ITEMS: Final = frozenset(_listed("item, frage, question, q"))
TOTALS: Final = frozenset(
    _listed("total, sum, summe, gesamt, gesamtwert, score, summenwert, summenscore, punkte, points, wert")
)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a header or a value.

    Examples
    --------
    >>> words_of("PHQ-9 Übelkeit"), words_of("patientID_V3")
    (('phq', '9', 'uebelkeit'), ('patient', 'id', 'v', '3'))
    """
    apart = _CAMEL.sub(" ", text).lower().translate(_FOLDED)
    plain = unicodedata.normalize("NFKD", apart)
    return tuple(_SPLIT.findall("".join(letter for letter in plain if not unicodedata.combining(letter))))


def find(words: Sequence[str], rows: Sequence[str]) -> tuple[int, int]:
    """Where the longest of some rows stands in some words: its place and its length; (0, 0) where none does."""
    best = (0, 0)
    for wanted in _split(tuple(rows)):
        size = len(wanted)
        if size > best[1] and wanted[0] in words:
            for at in range(len(words) - size + 1):
                if tuple(words[at : at + size]) == wanted:
                    best = (at, size)
                    break
    return best


@lru_cache(maxsize=1_000)
def _split(rows: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row.split()) for row in rows)


def scale_in(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The scale that some words name, and the words beside it; ("", all) where they name none or another's form."""
    best, place, size = "", 0, 0
    for scale, rows in SCALES.items():
        at, length = find(words, (*rows, " ".join(words_of(scale))))
        if length > size:
            best, place, size = scale, at, length
    if not best:
        return "", tuple(words)
    following = words[place + size : place + size + 1]
    if " ".join(words[place : place + size]) in BARE and following and following[0].isdigit():
        return "", tuple(words)
    return best, (*words[:place], *words[place + size :])


def code_of(list_name: str, text: str) -> str:
    """The code that a value surely means; "" where that is not known.

    Examples
    --------
    >>> code_of("route", "i.v."), code_of("sex", "Weiblich"), code_of("diagnosis", "F33.2"), code_of("sex", "1")
    ('iv', 'female', 'major_depression', '')
    """
    said = words_of(text)
    if list_name == "instrument":
        scale, rest = scale_in(said)
        return scale if not set(rest) - TOTALS else ""
    codes: tuple[str, ...] = (*CODED[list_name], *(("none",) if list_name == "side_effects" else ()))
    for code in codes:
        for row in (*VALUES.get(list_name, {}).get(code, ()), " ".join(words_of(code))):
            wanted = tuple(row.split())
            if said == wanted or (wanted[0] == "f" and len(wanted) > 1 and said[: len(wanted)] == wanted):
                return code
    return ""


_CONTRACT: Final = {words_of(name): name for name in ALL_FIELDS}


_DATED: Final = frozenset(("birth_date", "first_session"))


def field_in(words: Sequence[str], *, dated: bool = True) -> tuple[str, int, tuple[str, ...]]:
    """The field that a header names, how surely (0: its own name; else the place of the word in its row, from 1), and
    the words beside it.

    Parameters
    ----------
    dated : it may name what only dates can say.
    """
    if tuple(words) in _CONTRACT:
        return _CONTRACT[tuple(words)], 0, ()
    best, place, size, doubt = "", 0, 0, 0
    for name, rows in FIELDS.items():
        if not dated and name in _DATED:
            continue
        at, length = find(words, rows)
        its = rows.index(" ".join(words[at : at + length])) + 1 if length else 0
        if length and (length, -its) > (size, -doubt):  # of equally long words the surer: "sex of the patient"
            best, place, size, doubt = name, at, length, its
    return best, doubt, (*words[:place], *words[place + size :])
