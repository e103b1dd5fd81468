"""Columns that must never come in, by their names: the 18 identifier classes of HIPAA Safe Harbor.

Source: 45 CFR 164.514(b)(2)(i) (A) to (R). Names are matched after folding case, separators and Unicode's compatible
forms.
"""

from __future__ import annotations

import re
import unicodedata

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
