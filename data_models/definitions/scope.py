"""Who may see which clinics and which kind of data: one value, made once per request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """What the person asking may see; every query takes one.

    Attributes
    ----------
    clinics : names of the clinics whose records may be read; None means every clinic.
    patients : single patients may be seen (clinicians), not cohorts alone.
    """

    clinics: frozenset[str] | None = frozenset()
    patients: bool = False

    @classmethod
    def everything(cls) -> Scope:
        """The whole store: the command line's scope, and the sample's on this computer."""
        return cls(clinics=None, patients=True)
