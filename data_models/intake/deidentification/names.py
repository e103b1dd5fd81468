"""People's names in codes and clinics' names: whole, glued, with an initial or with a digit; and words that are none.

A clinic may well be called Austin, so one word of a clinic's name is nobody's. Of patient codes a word is a name where
the lists beside this module have it (`given_names.txt`, `surnames.txt`: their first lines say where from), or where a
code without digits reads like a word and is none of those that people take for pseudonyms (`pseudonyms.txt`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FREQUENT = 5_000  # of a list: names that are looked for inside other letters
_CHANCES = {3: 0.01, 4: 0.002, 5: 0.0012, 6: 0.0004}  # counted among 60,000 words of each length

# The most common ones are names wherever they stand as a word of their own, also in a file's name.
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
    "max eva ida ivy leo lee kim amir ali omar doe roe "
    "smith johnson williams brown jones garcia miller davis rodriguez "
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
    "patient patients pat pt subject subj sub participant person client case record code control test sample demo "
    "site clinic study trial arm group cohort center centre north south east west ketamine esketamine placebo new "
    "old reisby riesby nimh anon anonymous random unknown pseudonym member node item row unit one two three four "
    "five six seven eight nine ten first second third last zero hope star mind care lead screen visit baseline "
    "ket esk trd mdd ptsd bpd gad ocd tms ect rct pilot phase dose rand randomised randomized"
)
_CODE_WORDS = frozenset(_CODE_WORDS_TEXT.split())
_CITIES_TEXT = "boston dallas denver houston chicago seattle london berlin zurich vienna munich hamburg oslo dublin"
_CITIES = frozenset(_CITIES_TEXT.split())
# Words of clinics' names beside which a given name is a place's or a saint's: St_Louis, Austin_North, Grant_Park.
_CLINIC_WORDS_TEXT = (
    "st saint san santa los las el la new old north south east west upper lower central mount mt fort port lake "
    "park hill hills wood woods valley bay beach city town county river creek springs falls heights house hall court "
    "street square garden gardens clinic clinics center centre hospital health medical psychiatry university "
    "institute general memorial practice wellness ketamine care campus network group unit ward main hope view point "
    "royal free mass queens kings college road ave avenue island harbor harbour ville klinik "
    "praxis zentrum hopital clinique"
)
_CLINIC_WORDS = frozenset(_CLINIC_WORDS_TEXT.split())
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]+")
_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
# A word of a code with a few digits before or behind it.
_PIECE = re.compile(r"(?<![A-Za-z0-9])(?P<before>\d{0,2})(?P<word>[A-Za-z]{3,})(?P<after>\d{0,4})(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class NameFound:
    """Where a name stands in a code, and how often letters drawn at random would spell one there.

    Attributes
    ----------
    start, end : of the letters (0-based, `end` excluded).
    chance : share of the words of so many letters that are names; 1 for words that no list has.
    listed : whether a list has it, and not its look alone.
    """

    start: int
    end: int
    chance: float
    listed: bool = True


@cache
def _list(name: str) -> tuple[str, ...]:
    lines = Path(__file__).with_name(f"{name}.txt").read_text(encoding="ascii").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def _names() -> frozenset[str]:
    return frozenset((*_list("given_names"), *_list("surnames"), *_COMMON_NAMES))


@cache
def _given() -> frozenset[str]:
    return frozenset(_list("given_names")[:_FREQUENT])


@cache
def _surnames() -> frozenset[str]:
    return frozenset((*_list("surnames")[:_FREQUENT], *_COMMON_NAMES))


@cache
def _pseudonyms() -> frozenset[str]:
    return frozenset(_list("pseudonyms"))


def _chance(length: int) -> float:
    """Share of all words of a length, drawn letter by letter, that are taken for names."""
    return _CHANCES.get(length, 0.0001)


def holds_common_name(text: str) -> bool:
    """Whether a common first name or surname stands in a text as a word of its own."""
    return _common_name(text) is not None


def _common_name(text: str) -> NameFound | None:
    for word in _WORD.finditer(text):
        length = len(word.group())
        if word.group().lower() not in _COMMON_NAMES:
            continue
        if _is_acronym(word.group(), text[word.end() :]):
            continue
        # Short names turn up in random codes by chance (K7ANN4): there they must stand alone.
        beside = text[max(word.start() - 1, 0) : word.start()] + text[word.end() : word.end() + 1]
        if length > 4 or not any(character.isdigit() for character in beside):
            return NameFound(word.start(), word.end(), _chance(length))
    return None


def _is_acronym(word: str, after: str) -> bool:
    """Whether a word is rather a study's or a site's: up to four capitals before a number of three digits and more.

    >>> _is_acronym("MOA", "101"), _is_acronym("MARK", "-0231"), _is_acronym("Mark", "-0231"), _is_acronym("MARK", "7")
    (True, True, False, False)
    """
    return word.isupper() and len(word) <= 4 and sum(map(str.isdigit, after)) > 2


@cache
def _trigrams() -> frozenset[str]:
    return frozenset(name[at : at + 3] for name in _names() for at in range(len(name) - 2))


def _reads_like_a_name(word: str) -> bool:
    """Whether a word that no list has is written as names are: with a vowel, and in threes of letters that names have.

    >>> _reads_like_a_name("wojtkiewiczka"), _reads_like_a_name("odrjymmo"), _reads_like_a_name("tfnynn")
    (True, False, False)
    """
    threes = [word[at : at + 3] for at in range(len(word) - 2)]
    return _VOWEL.search(word) is not None and sum(three not in _trigrams() for three in threes) <= len(threes) // 8


def words_of(code: str) -> list[str]:
    """The words of a code in small letters: its runs of three letters and more.

    >>> words_of("sub-MOA101"), words_of("K7-42")
    (['sub', 'moa'], [])
    """
    return [word.lower() for word in re.findall(r"[A-Za-z]{3,}", code)]


def is_pseudonym(word: str) -> bool:
    """Whether a word in small letters is one that people take for pseudonyms, or two such in one.

    >>> is_pseudonym("bluebird"), is_pseudonym("redoak"), is_pseudonym("smith")
    (True, True, False)
    """
    words = _pseudonyms()
    if word in words or word in _CODE_WORDS or word in _CITIES or (word.endswith("s") and word[:-1] in words):
        return True
    return any(word[:at] in words and word[at:] in words for at in range(3, len(word) - 2))


def name_in_code(code: str) -> NameFound | None:
    """Where a patient code holds a person's name; None where it seems to hold none.

    >>> [name_in_code(code) is not None for code in ("okafor7", "jsmith", "JohnD", "doejane1", "Kowalczyk")]
    [True, True, True, True, True]
    >>> [name_in_code(code) for code in ("rose7", "maple", "TRD-104", "K7QANE93", "june7")]
    [None, None, None, None, None]
    """
    for piece in _PIECE.finditer(code):
        word, digits = piece["word"], max(len(piece["before"]), len(piece["after"]))
        if _is_acronym(word, code[piece.end("word") :]):
            continue
        chosen = is_pseudonym(word.lower()) and word.lower() not in _COMMON_NAMES
        if not chosen and _is_name(word, digits):
            return NameFound(piece.start("word"), piece.end("word"), _chance(len(word)))
    found = _common_name(code)
    if found or re.search(r"\d", code):
        return found
    for unknown in _WORD.finditer(code):
        word = unknown.group().lower()
        if len(word) >= 4 and _reads_like_a_name(word) and not is_pseudonym(word):
            return NameFound(unknown.start(), unknown.end(), 1.0, listed=False)
    return None


def _is_name(written: str, digits: int) -> bool:
    """Whether a word of three letters and more is a name, with so many digits beside it."""
    word = written.lower()
    if word in _CODE_WORDS or word in _CITIES or (len(word) <= 4 and digits > 2):
        return False
    given, surnames = _given(), _surnames()
    if len(word) == 3:
        return word in _COMMON_NAMES or (word in given and not written.isupper())
    if word in _names():
        return True
    if len(word) == 4:
        return word[1:] in ("doe", "roe") or (not digits and word[:-1] in _COMMON_NAMES)
    known = surnames if len(word) < 7 else _names()  # the longer a name, the less other words end so
    if word[1:] in known or word[:-1] in given or word[:-1] in known:  # jsmith, johnd, smithj
        return len(word) > 5 or word[1:] in _COMMON_NAMES or word[:-1] in _COMMON_NAMES
    surnames = surnames if len(word) < 8 else _names()
    halves = ((word[:at], word[at:]) for at in range(3, len(word) - 2))
    return any((one in given and two in surnames) or (one in surnames and two in given) for one, two in halves)


def person_in_clinic(text: str) -> bool:
    """Whether a clinic's name is a given name with a surname, glued or apart: JaneRoe, jane_roe.

    >>> [person_in_clinic(name) for name in ("JaneRoe", "Jane_Roe", "Austin", "St_Louis", "HarbourView", "Dallas-2")]
    [True, True, False, False, False, False]
    """
    titled = re.match(r"(?:dr|mr|mrs|ms|prof)[-_.]?([a-z]+)$", text, re.IGNORECASE)
    if titled and titled[1].lower() in _names():
        return True
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) != 2 or any(word in _CLINIC_WORDS for word in words) or re.search(r"\d", text):
        return False
    given, surnames = frozenset(_list("given_names")), frozenset(_list("surnames"))
    return any(one in given and two in surnames for one, two in (words, words[::-1]))


def may_name_a_person(text: str) -> bool:
    """Whether any word of a text is a name, save beside a word of clinics' names."""
    words = [word.lower() for word in re.findall(r"[^\W\d_]+", text)]
    return not any(word in _CLINIC_WORDS for word in words) and any(word in _names() for word in words)


def may_name_a_place(text: str) -> bool:
    """Whether a word stands in a text that is no mere part of a code."""
    return any(len(word) > 1 and word.lower() not in _CODE_WORDS for word in _WORD.findall(text))
