"""Administrations of ketamine and esketamine: what an export gives as MedicationAdministration and Procedure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from data_models.intake.prepare.fhir.codes import (
    DOSE_UNITS,
    DRUG_TEXTS,
    NDC,
    NDC_DRUGS,
    OTHER_DRUGS,
    ROUTES,
    RXNORM,
    RXNORM_DRUGS,
    Drug,
    product_of,
)
from data_models.intake.prepare.fhir.values import (
    Json,
    as_list,
    codings,
    local,
    number_of,
    reference_of,
    texts,
    time_of,
    unit_of,
)
from data_models.intake.prepare.source import LeftOut, Origin

UNKNOWN_ROUTE: Final = "?"  # written, but none of the session records'


@dataclass(slots=True)
class Administration:
    """One administration: a syringe, a spray device, an infusion.

    Attributes
    ----------
    key : what AdverseEvent.suspectEntity points at.
    medication : `Medication/id` whose drug was not known yet; "" where `drug` is.
    route : "" where none is written.
    dose, unit : in the contract's units; None and "" where none is told, or in another unit.
    """

    person: int
    key: str
    time: str
    end: str
    drug: Drug | None
    medication: str
    route: str
    dose: float | None
    unit: str
    given: bool
    origin: Origin


def drug_of(concept: Any, own: Mapping[str, str]) -> Drug | None:
    """The drug that a CodeableConcept names: by MAP.toml, RxNorm, NDC, other codes, then by its words; None: another.

    Examples
    --------
    >>> drug_of({"coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "50458-028-02"}]}, {})
    Drug(drug='esketamine', route='intranasal')
    >>> drug_of({"text": "Ketamine 50 mg/mL injection"}, {}), drug_of({"text": "Midazolam"}, {})
    (Drug(drug='ketamine', route=''), None)
    """
    found = [(system, code) for system, code, _ in codings(concept)]
    for _, code in found:
        if code in own:
            return Drug(own[code])
    for systems, drug_by in ((RXNORM, RXNORM_DRUGS.get), (NDC, lambda code: NDC_DRUGS.get(product_of(code)))):
        for system, code in found:
            if system in systems and (drug := drug_by(code)):
                return drug
    for system, code in found:
        if system not in RXNORM and system not in NDC and code in OTHER_DRUGS:
            return OTHER_DRUGS[code]
    for text in texts(concept):
        for pattern, drug in DRUG_TEXTS:
            if pattern.search(text):
                return drug
    return None


@dataclass(slots=True)
class Doses:
    """The administrations of an export.

    Parameters
    ----------
    own_drugs, own_routes : codes of MAP.toml.
    """

    left_out: LeftOut
    own_drugs: Mapping[str, str]
    own_routes: Mapping[str, str]
    _found: dict[str, Administration] = field(default_factory=dict)
    _medications: dict[str, Drug | None] = field(default_factory=dict)

    def medication(self, resource: Json, url: str) -> None:
        """Note what a Medication of the export is."""
        drug = self._of_medication(resource)
        for key in (f"Medication/{resource.get('id')}", local(url)):
            self._medications[key] = drug

    def _of_medication(self, resource: Json) -> Drug | None:
        drug = drug_of(resource.get("code"), self.own_drugs)
        for part in as_list(resource.get("ingredient")) if drug is None else ():
            item = part.get("itemCodeableConcept") or part.get("item") or {} if isinstance(part, dict) else {}
            drug = drug or drug_of(item.get("concept", item) if isinstance(item, dict) else None, self.own_drugs)
        return drug

    def drug_in(self, resource: Json) -> Drug | str | None:
        """What a MedicationAdministration or Procedure gives: a drug, the Medication that will say it; None: no drug of
        ours.
        """
        concept, reference = resource.get("medicationCodeableConcept"), resource.get("medicationReference")
        if resource["resourceType"] == "Procedure":
            concept, reference = resource.get("code"), None
        elif isinstance(medication := resource.get("medication"), dict):  # R5
            concept, reference = medication.get("concept"), medication.get("reference")
        drug = drug_of(concept, self.own_drugs)
        for used in as_list(resource.get("usedCode")):
            drug = drug or drug_of(used, self.own_drugs)
        if drug is not None or not isinstance(reference, dict):
            return drug
        pointed = local(reference_of(reference))
        if pointed.startswith("#"):
            inside = [one for one in as_list(resource.get("contained")) if isinstance(one, dict)]
            return next((self._of_medication(one) for one in inside if f"#{one.get('id')}" == pointed), None)
        return drug_of({"text": reference.get("display")}, self.own_drugs) or pointed or None

    def add(self, resource: Json, gives: Drug | str, person: int, key: str, origin: Origin) -> None:
        """Note an administration; of one that stands twice, or in two versions, the later is taken."""
        time, end = time_of(resource)
        dosage = next((one for one in as_list(resource.get("dosage")) if isinstance(one, dict)), {})
        dose, unit = self._dose(dosage, origin)
        drug = gives if isinstance(gives, Drug) else None
        self._found[key] = Administration(
            person, key, time, end, drug, "" if isinstance(gives, Drug) else gives, self._route(dosage.get("route")),
            dose, unit, resource["resourceType"] == "MedicationAdministration", origin,
        )  # fmt: skip

    def _dose(self, dosage: Json, origin: Origin) -> tuple[float | None, str]:
        quantity = dosage.get("dose") or dosage.get("quantity")  # DSTU2
        if not isinstance(quantity, dict) or quantity.get("value") is None:
            return None, ""
        unit = DOSE_UNITS.get(unit_of(quantity)) or DOSE_UNITS.get(str(quantity.get("unit") or "").strip().casefold())
        number = number_of(quantity["value"])
        if unit is None or number is None:
            self.left_out.add("a dose in a unit that is neither mg nor mg/kg", origin)
            return None, ""
        return number * unit[1], unit[0]

    def _route(self, concept: Any) -> str:
        given = [*(code for _, code, _ in codings(concept)), *texts(concept)]
        for word in given:
            if route := self.own_routes.get(word) or ROUTES.get(word.partition(" (")[0].casefold()):
                return route
        return UNKNOWN_ROUTE if given else ""

    def ours(self) -> list[Administration]:
        """Those of ketamine and esketamine, once all is read."""
        ours = []
        for one in self._found.values():
            if one.drug is None:
                if one.medication not in self._medications:
                    self.left_out.add("an administration whose Medication the export does not hold", one.origin)
                    continue
                one.drug = self._medications[one.medication]
            if one.drug is None:
                self.left_out.add("an administration of another drug", one.origin, foreign=True)
            else:
                ours.append(one)
        return ours
