"""What must never come in: the 18 identifier classes of HIPAA Safe Harbor, as names and as patterns.

Source: 45 CFR 164.514(b)(2)(i) (A) to (R). Column names are matched after folding case and
separators. Values are matched after Unicode compatibility folding, so that full-width forms do not
slip by. What is returned is the *class* of an identifier, never its value: callers report the class.

Screening errs towards refusing, with these exceptions, so that ordinary random codes pass: a patient
code of up to six digits, with or without a short prefix, and codes drawn at random from one alphabet
(twelve hexadecimal characters, say), even where some of them happen to hold a long run of digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Safe Harbor class -> column names, folded to lower-case letters and digits.
_COLUMN_NAMES: dict[str, str] = {
    "name (A)": "name names firstname forename givenname lastname surname familyname fullname middlename maidenname"
    " patientname nickname initials patientinitials fname lname mothersmaidenname mothername fathername nextofkin"
    " emergencycontact contactname guardian guardianname spouse relative relativename employer employername"
    " clinician clinicianname provider providername physician physicianname doctor doctorname therapist referrer",
    "geographic subdivision (B)": "address address1 address2 addressline1 addressline2 homeaddress street streetaddress"
    " city town village county precinct district zip zipcode zip5 zip4 zip3 postcode postalcode postal postcodearea"
    " geocode latitude longitude lat lon lng coordinates location gps censustract neighborhood neighbourhood"
    " state province region country residence placeofbirth birthplace",
    "date (C)": "date dates dob birthdate dateofbirth birthday birthyear yearofbirth birthmonth monthofbirth yob"
    " dateofdeath deathdate dod admissiondate dateofadmission dischargedate dateofdischarge visitdate dateofvisit"
    " sessiondate dateofsession treatmentdate dateoftreatment infusiondate dosedate assessmentdate scoredate"
    " surveydate completiondate completedat createdat updatedat timestamp datetime time starttime endtime startdate"
    " enddate onsetdate servicedate dateofservice firstsessiondate consentdate enrolmentdate enrollmentdate when"
    " appointmentdate lastmodified sessiontime",
    "telephone number (D)": "phone phonenumber telephone telephonenumber tel mobile mobilenumber mobilephone cell"
    " cellphone cellnumber homephone workphone contactnumber whatsapp sms pager",
    "fax number (E)": "fax faxnumber telefax",
    "e-mail address (F)": "email emailaddress mail mailaddress useremail patientemail contactemail",
    "social security number (G)": "ssn socialsecurity socialsecuritynumber socialsecurityno nationalid nationalidnumber"
    " nationalinsurancenumber nino nhsnumber nhs sin taxid tin personnummer cpr citizenid",
    "medical record number (H)": "mrn mrnumber medicalrecord medicalrecordnumber recordnumber recordid chartnumber"
    " chartno charid ehrid emrid hospitalnumber hospitalid patientnumber patientno patientid encounterid visitid"
    " encounternumber epicid",
    "health plan number (I)": "healthplan healthplannumber insurance insurancenumber insuranceid insurer memberid"
    " membernumber memberno subscriberid policynumber policyid groupnumber beneficiarynumber beneficiaryid medicare"
    " medicareid medicarenumber medicaid medicaidid payerid planid",
    "account number (J)": "account accountnumber accountno acct acctnumber accountid billingaccount iban bankaccount"
    " creditcard cardnumber invoicenumber",
    "certificate or licence number (K)": "license licence licensenumber licencenumber driverslicense driverslicence"
    " drivinglicence certificate certificatenumber dea deanumber npi npinumber passport passportnumber",
    "vehicle identifier (L)": "vehicle vehicleid vin licenseplate licenceplate numberplate plate platenumber",
    "device identifier (M)": "device deviceid deviceserial serialnumber serial deviceserialnumber imei imsi udi mac"
    " macaddress pumpid pumpserial",
    "web address (N)": "url urls web website webaddress homepage link profile profileurl facebook twitter instagram"
    " linkedin socialmedia",
    "IP address (O)": "ip ipaddress ipv4 ipv6 ipaddr hostname",
    "biometric identifier (P)": "biometric biometrics fingerprint voiceprint retina retinascan iris irisscan faceprint"
    " dna genome",
    "photograph (Q)": "photo photos photograph picture image images portrait faceimage avatar scan video",
    "other unique identifier (R)": "uuid guid userid username login handle externalid uniqueid studyid subjectid"
    " redcapid osmindid fhirid trackingid crosswalk barcode rxnumber prescriptionnumber notes note comment comments"
    " freetext remarks narrative description",
}
FORBIDDEN_COLUMNS: dict[str, str] = {
    name: identifier for identifier, names in _COLUMN_NAMES.items() for name in names.split()
}

_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)"
_LONG_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_ALONE = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"


def _alone(pattern: str) -> re.Pattern[str]:
    return re.compile(_ALONE.format(f"(?:{pattern})"), re.IGNORECASE)


# In order: the first that matches names the class.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("e-mail address (F)", re.compile(r"[^\s@]@[^\s@]")),
    (
        "web address (N)",
        re.compile(
            r"(?:[a-z][a-z0-9+.-]*://|www\.|[a-z0-9-]\.(?:com|org|net|edu|gov|info|io|health|clinic|uk|de)(?:[/:]|$))",
            re.IGNORECASE,
        ),
    ),
    ("date (C)", re.compile(r"(?<![\w:])\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]m)?(?![\w:])", re.IGNORECASE)),
    ("device identifier (M)", _alone(r"[0-9a-f]{2}([-:_.])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}")),
    ("device identifier (M)", _alone(r"(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}")),
    ("IP address (O)", re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")),
    (
        "IP address (O)",
        re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}|:)(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE),
    ),
    ("social security number (G)", _alone(r"\d{3}[-_ .]\d{2}[-_ .]\d{4}")),
    ("date (C)", _alone(r"\d{4}[-_/. ](?:0?[1-9]|1[0-2])[-_/. ](?:0?[1-9]|[12]\d|3[01])(?:[t _]\d{1,2}:?\d{2}.*)?")),
    ("date (C)", _alone(r"(?:0?[1-9]|[12]\d|3[01])[-_/. ](?:0?[1-9]|[12]\d|3[01])[-_/. ](?:(?:18|19|20)\d\d|\d\d)")),
    ("date (C)", _alone(rf"\d{{1,2}}(?:st|nd|rd|th)?[-_/. ]*(?:of )?{_LONG_MONTHS}[-_/., ]*(?:(?:18|19|20)?\d\d)")),
    ("date (C)", _alone(rf"{_LONG_MONTHS}[-_/. ]+\d{{1,2}}(?:st|nd|rd|th)?(?:[-_/., ]+(?:18|19|20)?\d\d)?")),
    ("date (C)", _alone(rf"{_LONG_MONTHS}[-_/., ]*(?:18|19|20)\d\d")),
    ("date (C)", _alone(r"(?:0?[1-9]|1[0-2])[/.](?:18|19|20)\d\d|(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|1[0-2])")),
    (
        "telephone number (D)",
        _alone(r"(?:\+?\d{1,3}[-_ .]?)?(?:\(\d{2,4}\)|\d{3})[-_ .]?\d{3}[-_ .]\d{4}"),
    ),
    ("telephone number (D)", re.compile(r"(?<![A-Za-z0-9])(?:\+|00)\d{1,3}(?:[-_ .()]*\d){6,12}(?![A-Za-z0-9])")),
    ("telephone number (D)", re.compile(r"\(\d{3}\)\s*\d{3}")),
    ("geographic subdivision (B)", _alone(r"\d{5}-\d{4}")),
    ("geographic subdivision (B)", _alone(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d")),
    (
        "age over 89 (C)",
        _alone(r"aged?[-_ :]*(?:9\d|1[0-2]\d)|(?:9\d|1[0-2]\d)[-_ ]*(?:y|yo|yrs?|years?)(?:[-_ ]old)?"),
    ),
    ("name (A)", re.compile(r"(?<![A-Za-z])(?:mr|mrs|ms|miss|dr|prof|sir|madam)[-_. ]+[A-Za-z]{2}", re.IGNORECASE)),
    ("name (A)", re.compile(r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Dr|Prof)[A-Z][a-z]{2}")),
    ("name (A)", re.compile(r"[^\W\d_]{2,}\s*,\s*[^\W\d_]{2,}")),
)  # fmt: skip
# Written without separators in codes: 12MAR2024, MAR2024.
_GLUED_DATE = _alone(rf"\d{{1,2}}{_MONTHS}(?:18|19|20)?\d\d|{_MONTHS}(?:18|19|20)\d\d")
# In a clinic's name: five digits beside a word that may be a city, and postcodes whatever stands within them.
_ZIP = re.compile(r"(?<!\d)\d{5}(?!\d)")
_POSTCODE = _alone(r"[A-Z]{1,2}\d[A-Z\d]?[-_]?\d[A-Z]{2}|[A-Z]\d[A-Z][-_]?\d[A-Z]\d|[1-9]\d{3}[-_]?[A-Z]{2}")
_FREE_TEXT_CLASS = "free text of two words or more, which may hold a name (A)"
_LONGEST_CELL = 512
_CODES_COMPARED = 2_000
_FREE_TEXT = re.compile(r"[^\s;]\s+[^\s;]")
_LONG_RUN = re.compile(r"\d{7,}")
# In a patient code a run of digits counts when it is all of a part of the code, or follows a short
# prefix (MRN1234567) that is no lower-case hexadecimal.
_LONG_RUN_IN_CODE = re.compile(r"(?<![A-Za-z0-9])(?:[a-f]?|(?=[a-f]*[g-zA-Z])[A-Za-z]{1,6})\d{7,}(?![A-Za-z0-9])")

# A name is screened for in patient codes alone: a clinic may well be called Austin.
_COMMON_NAMES_TEXT = (
    "james mary jane robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph "
    "jessica thomas sarah charles karen christopher lisa daniel nancy matthew betty anthony margaret mark sandra "
    "donald ashley steven kimberly paul emily andrew donna joshua michelle kenneth carol kevin amanda brian "
    "dorothy george melissa timothy deborah ronald stephanie edward rebecca jason sharon jeffrey laura ryan "
    "cynthia jacob kathleen gary amy nicholas angela eric shirley jonathan anna stephen brenda larry pamela "
    "justin emma scott nicole brandon helen benjamin samantha samuel katherine gregory christine alexander debra "
    "patrick rachel frank carolyn raymond janet jack catherine dennis maria jerry heather tyler diane aaron ruth "
    "jose julie adam olivia nathan joyce henry virginia zachary victoria douglas kelly peter lauren kyle "
    "christina noah joan ethan evelyn jeremy judith walter megan christian andrea keith cheryl roger hannah terry "
    "jacqueline sean martha austin gloria gerald teresa carl ann sara harold madison dylan frances jordan kathryn "
    "jesse janice bryan jean abigail alice julia judy sophia grace denise amber doris marilyn danielle beverly "
    "isabella theresa diana natalie brittany charlotte marie kayla alexis lori anne ben joe jim bob tom sam dan "
    "max eva ida ivy leo lee kim amir ali omar smith johnson williams brown jones garcia miller davis rodriguez "
    "martinez hernandez lopez gonzalez wilson anderson taylor moore jackson martin perez thompson white harris "
    "sanchez clark ramirez lewis robinson walker young allen king wright torres nguyen hill flores green adams "
    "nelson baker hall rivera campbell mitchell carter roberts gomez phillips evans turner diaz parker cruz "
    "edwards collins reyes stewart morris morales murphy cook rogers gutierrez ortiz morgan cooper peterson "
    "bailey reed howard ramos cox ward richardson watson brooks chavez wood bennett gray mendoza ruiz hughes "
    "price alvarez castillo sanders patel myers long ross foster jimenez powell jenkins perry russell sullivan "
    "bell coleman butler henderson barnes fisher vasquez simmons graham murray ford castro marshall owens "
    "harrison fernandez woods wallace kennedy wells freeman hernandes mueller schmidt schneider fischer weber "
)
_COMMON_NAMES = frozenset(_COMMON_NAMES_TEXT.split())
# Whole words that people put into codes and that are nobody's name.
_CODE_WORDS_TEXT = (
    "patient patients pat pt subject subj participant person client case record code control test sample demo "
    "site clinic study trial arm group cohort center centre north south east west ketamine esketamine placebo new "
    "old reisby riesby nimh anon anonymous random unknown pseudonym member node item row unit alpha beta gamma "
    "delta epsilon one two three four five six seven eight nine ten first second third last zero "
)
_CODE_WORDS = frozenset(_CODE_WORDS_TEXT.split())
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]+")
_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{4}", re.IGNORECASE)
_FOLD = re.compile(r"[^a-z0-9]")


def forbidden_column(name: str) -> str | None:
    """The identifier class that a column of this name would hold; None for none."""
    folded = _FOLD.sub("", unicodedata.normalize("NFKC", name).lower())
    if folded in FORBIDDEN_COLUMNS:
        return FORBIDDEN_COLUMNS[folded]
    for prefix in ("patients", "patient", "pt", "subject", "client"):
        if folded.startswith(prefix) and folded[len(prefix) :] in FORBIDDEN_COLUMNS:
            return FORBIDDEN_COLUMNS[folded[len(prefix) :]]
    return None


def _digits_class(digits: str) -> str:
    """What a run of seven or more digits most likely is."""
    if re.fullmatch(r"(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{0,6}", digits):
        return "date (C)"
    if re.fullmatch(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|[12]\d|3[01])(?:18|19|20)\d\d", digits):
        return "date (C)"
    if len(digits) in (10, 13) and digits[0] == "1" and digits[1] in "01234567":
        return "date as epoch time (C)"
    return "long run of digits, as in a record, account or telephone number (D, G, H, J)"


def holds_common_name(text: str) -> bool:
    """Whether a common first name or surname stands in a text as a word of its own."""
    for word in _WORD.finditer(text):
        if word.group().lower() not in _COMMON_NAMES:
            continue
        # Short names turn up in random codes by chance (K7ANN4): there they must stand alone.
        beside = text[max(word.start() - 1, 0) : word.start()] + text[word.end() : word.end() + 1]
        if len(word.group()) > 4 or not any(character.isdigit() for character in beside):
            return True
    return False


def _name_like(code: str) -> bool:
    """Whether a patient code reads like a person's name rather than a random code."""
    if holds_common_name(code):
        return True
    if re.search(r"\d", code):
        return False
    words = [word.lower() for word in _WORD.findall(code)]
    return any(
        len(word) >= 4 and word not in _CODE_WORDS and _VOWEL.search(word) and not _CONSONANTS.search(word)
        for word in words
    )


def _may_name_a_place(text: str) -> bool:
    return any(len(word) > 1 and word.lower() not in _CODE_WORDS for word in _WORD.findall(text))


def identifier_class(value: str, kind: str = "choice") -> str | None:
    """The identifier class that a cell's text looks like; None when it looks like none.

    Parameters
    ----------
    value : the cell as text; "" is never an identifier.
    kind : the kind of the column (`records.Field.kind`): patient codes, one-word columns, closed
        codes and numbers differ in what is ordinary.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    if not text:
        return None
    if len(text) > _LONGEST_CELL:  # nothing of the contract is this long; the patterns need not be run on it
        return _FREE_TEXT_CLASS
    for identifier, pattern in _PATTERNS:
        if pattern.search(text):
            return identifier
    run = (_LONG_RUN_IN_CODE if kind == "patient_code" else _LONG_RUN).search(text)
    if run:
        return _digits_class(re.sub(r"\D", "", run.group()))
    if _GLUED_DATE.search(text):
        return "date (C)"
    if kind == "patient_code":
        if _name_like(text):
            return "name (A)"
    elif kind not in ("number", "whole"):
        if re.fullmatch(r"\d{3}[-_ .]\d{4}", text):
            return "telephone number (D)"
        if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
            return "ZIP code (B) or date as a spreadsheet's serial number (C)"
        if kind == "word" and (_POSTCODE.search(text) or (_ZIP.search(text) and _may_name_a_place(text))):
            return "geographic subdivision (B)"
        if re.fullmatch(r"9\d\+?|1[0-2]\d", text) and text != "90+":
            return "age over 89 (C)"
    if _FREE_TEXT.search(text):
        return _FREE_TEXT_CLASS
    return None


def random_places(pieces: Iterable[Iterable[str]]) -> list[int] | None:
    """The places in which patient codes vary, when they are evidently random; None when they are not.

    Evidently random: at least twenty codes of one length with both letters and digits in most of
    the places that vary. Among such codes some spell a name or hold seven digits in a row by chance;
    that is then neither a name nor a record number.

    Parameters
    ----------
    pieces : every code of a column, a piece after the other; a code may come again, "" is none.
    """
    lengths: set[int] = set()
    first: dict[str, None] = {}
    for codes in pieces:
        for code in codes:
            if not code:
                continue
            lengths.add(len(code))
            if len(first) < _CODES_COMPARED:
                first[code] = None
        if len(lengths) > 1:
            return None
    if len(first) < 20:
        return None
    places = list(zip(*first, strict=True))
    varying = [at for at, characters in enumerate(places) if len(set(characters)) > 1]
    mixed = [at for at in varying if any(map(str.isdigit, places[at])) and any(map(str.isalpha, places[at]))]
    return varying if len(mixed) >= 4 and 2 * len(mixed) > len(varying) else None


def is_random(code: str, places: list[int] | None) -> bool:
    """Whether a code is one of those drawn at random: letters and digits in the places in which they vary."""
    return places is not None and "".join(code[at] for at in places).isalnum()


def screen(values: Iterable[str], kind: str = "choice") -> list[str | None]:
    """The identifier class of each of a column's different values (None: none)."""
    texts = list(values)
    found = [identifier_class(text, kind) for text in texts]
    if kind != "patient_code" or not any(found):
        return found
    places = random_places([texts])
    return [
        None if identifier and is_random(text, places) else identifier
        for identifier, text in zip(found, texts, strict=True)
    ]
