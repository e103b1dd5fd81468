# ruff: noqa: E501  (tables of examples read as tables)
"""Values that the identifier screen must let through, values that it must not, and whole columns of codes. All made up."""

from __future__ import annotations

import random
from collections.abc import Callable

# Where each stands: code, clinic; hours and day of a second session and score; hours0 of the first score.
HARMLESS: dict[str, tuple[str, ...]] = {
    "code": (
        "P-1975", "B-2023-014", "02-011", "03-402-2210", "sub-KTX204", "REC-00457", "kingfisher", "hawthorn", "lily4", "july12",
        "MDD-031", "OCD-12", "11-09-22", "0007", "aspen", "PILOT-03", "Subject_0142", "042-A", "A7", "ket_0031",
        "goldfinch-2", "RedOak", "silver-fox", "S01-R2", "NIMH-0420", "KX4829", "q7m2x9", "4F7K-9Q2M", "T2-1104", "rowan",
        "snowdrop9", "AB-4711", "buche3", "X1", "SITE04-117", "osprey_11", "Pat-0917", "3b5d7f9a1c2e", "omega-7", "ctl_012",
    ),
    "clinic": (
        "Portland", "Madison", "St_Paul", "Savannah", "Tulsa_OK", "K12", "Sloan", "2nd-street", "site_2019", "Aspen-3", "94", "127",
        "NorthBay", "Santa_Fe", "Harbor-West", "MountAuburn",
    ),
    "hours": ("8760.5", "43824"),
    "day": ("3653",),
    "hours0": ("-168",),
}  # fmt: skip
DISGUISED: dict[str, tuple[str, ...]] = {
    "code": (
        # names with a digit, glued, with an initial
        "mbrown", "PeterK", "nakamura4", "annie5", "roedavid2", "schmidt_1", "ivanov9", "Garcia07", "li_wei_chen", "KARENB", "anna-maria",
        # dates
        "AB19760305", "TR-110563", "23071984LM", "LM-3Nov71", "PQR1109", "1984-07-23", "07231984", "5may1969", "LK_1969-05-03", "03-28-71",
        # telephone, record and insurance numbers
        "491701234567", "0045678", "MRN0451", "NHS-4857773456", "987654321", "E12345678", "12345678AB", "tel-5550147", "DOB0512",
        # national numbers by their check digits: NHS, MBI, VIN, SSN, DNI, NIE, codice fiscale, hetu, personnummer, CPR, NIR, BSN, SIN, NINO, Medicare, PPS, KVNR
        "2AC4-DE6-FG81", "1M8GDM9AXKP042788", "219-09-9999", "54362315K", "X2482300W", "RCCMNL83S18D969H", "131052-308T", "811228-9874", "211062-5629",
        "295-10-99-126-111-93", "1112-22-333", "123-456-782", "JG103759A", "2123-45670-1", "6433435F", "A123456780", "12-010180-M-013",
    ),
    "clinic": ("10001-2201", "EC1A1BB", "info_at_clinic_dot_com", "172.16.4.2", "Prof-Okoye", "MaryJones", "555-0199", "Cambridge_02139"),
    "hours": ("1719792000", "477720", "240315"),
    "day": ("19905",),
    "hours0": ("45366",),
}  # fmt: skip


def _drawn(seed: int, alphabet: str, length: int, count: int = 25, prefix: str = "") -> list[str]:
    source = random.Random(seed)
    return [prefix + "".join(source.choices(alphabet, k=length)) for _ in range(count)]


def _births(seed: int, form: str, count: int = 25) -> list[str]:
    """Codes with birth dates: of a form with {initials}, {d}, {m}, {y} (two digits) and {serial}."""
    source = random.Random(seed)
    letters = "ABCDEFGHJKLMNPRSTVW"
    return [
        form.format(
            initials="".join(source.choices(letters, k=2)), three="".join(source.choices(letters, k=3)), d=f"{source.randint(1, 28):02d}",
            m=f"{source.randint(1, 12):02d}", y=f"{source.randint(35, 99):02d}", serial=n,
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


_CROCKFORD, _BASE36, _HEX = (
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    "0123456789abcdefghijklmnopqrstuvwxyz",
    "0123456789abcdef",
)
_SURNAMES = [
    "keller",
    "novak",
    "okeke",
    "haddad",
    "lindqvist",
    "moretti",
    "fontaine",
    "suzuki",
    "petrov",
    "schultz",
    "oconnor",
    "castillo",
    "dubois",
    "hansen",
    "kovacs",
    "romano",
    "brandt",
    "weaver",
    "mendes",
    "larsson",
]
_BIRDS = [
    "robin",
    "martin",
    "hoopoe",
    "dunnock",
    "heather",
    "merlin",
    "jay",
    "wren",
    "finch",
    "smew",
    "brambling",
    "pochard",
    "gadwall",
    "whinchat",
    "siskin",
    "linnet",
    "twite",
    "redwing",
]
_TREES = [
    "maple",
    "oak",
    "birch",
    "alder",
    "rowan",
    "holly",
    "ash",
    "larch",
    "spindle",
    "whitebeam",
    "aspen",
    "willow",
    "hazel",
    "poplar",
    "elm",
]

# What a column of codes is, and its codes; of a column to be refused at least one row must be named.
HARMLESS_COLUMNS: dict[str, Callable[[], list[str]]] = {
    "random, letters and digits": lambda: _drawn(1, _BASE36, 10),
    "random, hexadecimal": lambda: _drawn(2, _HEX, 12),
    "random, hexadecimal, many": lambda: _drawn(3, _HEX, 12, 4_000),
    "random with a prefix": lambda: _drawn(4, _CROCKFORD, 8, 60, "KX-"),
    "random, small letters alone": lambda: _drawn(5, _BASE36[10:], 8, 40),
    "random six digits": lambda: _drawn(6, "0123456789", 6, 40),
    "random six digits behind two letters": lambda: [f"CT{code}" for code in _drawn(7, "0123456789", 6, 40)],
    "consecutive numbers of six digits": lambda: [f"{number}" for number in range(110_101, 110_141)],
    "consecutive numbers with zeros": lambda: [f"{number:06d}" for number in range(1, 41)],
    "birds, among them people's names": lambda: _BIRDS,
    "trees with a digit": lambda: [f"{tree}{n % 4 + 1}" for n, tree in enumerate(_TREES)],
    "colour and animal": lambda: [f"{colour}-{animal}" for colour in ("red", "blue", "amber") for animal in ("fox", "otter", "lynx", "heron")],
    "site, arm and number": lambda: [f"{site:02d}-{arm:02d}-{number:02d}" for site in range(1, 6) for arm in (1, 2) for number in range(1, 6)],
    "site, arm and number in one": lambda: [f"{site:02d}{arm:02d}{number:02d}" for site in range(1, 7) for arm in (1, 2) for number in range(1, 9)],
    "a study whose name is a person's": lambda: [f"GRACE-{number:03d}" for number in range(1, 31)],
}  # fmt: skip
DISGUISED_COLUMNS: dict[str, Callable[[], list[str]]] = {
    "random, one telephone": lambda: [*_drawn(11, _BASE36, 10, 24), "2125550147"],
    "random, one name": lambda: [*_drawn(12, _BASE36, 9, 24), "smithjane"],
    "random, one record number": lambda: [*_drawn(13, _CROCKFORD, 8, 24), "00482719"],
    "random, one short record number": lambda: [*_drawn(14, _CROCKFORD, 8, 24), "482719"],
    "random, one name with a digit": lambda: [*_drawn(15, _BASE36, 8, 24), "okonkwo4"],
    "hexadecimal, one name": lambda: [*_drawn(16, _HEX, 10, 24), "annabrandt"],
    "initials and six digits, all dates": lambda: _births(17, "{initials}{m}{d}{y}"),
    "six digits, all dates": lambda: _births(18, "{d}{m}{y}"),
    "six digits, year first": lambda: _births(19, "{y}{m}{d}-{initials}"),
    "initials with month and day": lambda: _births(20, "{three}{m}{d}"),
    "dates with dashes": lambda: _births(21, "{d}-{m}-{y}"),
    "surnames with a digit": lambda: [f"{name}{n % 3 + 1}" for n, name in enumerate(_SURNAMES)],
    "surnames behind initials": lambda: [f"{'abcdefgh'[n % 8]}{name}" for n, name in enumerate(_SURNAMES)],
    "record numbers of one length": lambda: _drawn(22, "0123456789", 7),
    "record numbers behind a letter": lambda: [f"H{code}" for code in _drawn(23, "0123456789", 7)],
}  # fmt: skip
