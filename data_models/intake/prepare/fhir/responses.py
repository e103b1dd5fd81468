"""QuestionnaireResponses: their answers by linkId, and what Questionnaires of the export say of those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from data_models.intake.prepare.fhir.codes import SCALE_NAMES, TOTAL, Meaning
from data_models.intake.prepare.fhir.scores import Scores
from data_models.intake.prepare.fhir.values import (
    Json,
    as_list,
    local,
    measured,
    points_of,
    reference_of,
    time_of,
)
from data_models.intake.prepare.source import LeftOut, Origin

_INNER: Final = ("item", "group", "question", "answer")


@dataclass(frozen=True, slots=True)
class _Question:
    """What a Questionnaire says of one linkId: its codes, and the points of its answers."""

    codes: tuple[str, ...]
    answers: Mapping[str, int]


@dataclass(slots=True)
class _Response:
    person: int
    questionnaire: str
    own: str
    time: str
    file: int
    row: int
    answers: list[tuple[str, Json]]


@dataclass(slots=True)
class Responses:
    """The responses of an export; those that its own codes do not explain wait for its Questionnaires.

    Parameters
    ----------
    meanings : of codes and linkIds.
    """

    scores: Scores
    left_out: LeftOut
    meanings: Mapping[str, Meaning]
    _questionnaires: dict[str, dict[str, _Question]] = field(default_factory=dict)
    _waiting: list[_Response] = field(default_factory=list)

    def questionnaire(self, resource: Json) -> None:
        """Note what a Questionnaire's linkIds mean."""
        questions = _questions(resource, _contained(resource))
        for key in (resource.get("url"), f"Questionnaire/{resource.get('id')}"):
            if isinstance(key, str):
                self._questionnaires[key] = questions

    def add(self, resource: Json, person: int, own: str, file: int, row: int) -> None:
        """Note a QuestionnaireResponse."""
        given = resource.get("questionnaire")
        named = given if isinstance(given, str) else local(reference_of(given))  # DSTU2 and STU3: a Reference
        name, inside = named.partition("|")[0], _contained(resource)
        response = _Response(person, name, own, time_of(resource)[0], file, row, list(_answers(resource)))
        # An adaptive form brings the questions that were asked with it (SDC).
        held = next((one for one in inside if f"#{one.get('id')}" == name), None)
        questions = self._known(name) if held is None else _questions(held, [*inside, *_contained(held)])
        if not self._score(response, questions, last=held is not None):
            self._waiting.append(response)

    def _known(self, name: str) -> Mapping[str, _Question]:
        return self._questionnaires.get(name) or self._questionnaires.get(local(name)) or {}

    def finish(self) -> None:
        """Score those that waited, once all is read."""
        for response in self._waiting:
            origin = Origin(self.scores.files[response.file], response.row)
            try:
                if self._score(response, self._known(response.questionnaire), last=True):
                    continue
            except (AttributeError, TypeError):
                self.left_out.add("a response with answers that are not of FHIR's shape", origin)
                continue
            if SCALE_NAMES.search(response.questionnaire.replace("_", "-")):
                reason = "a response whose name is a scale's, with no linkId that a row knows (name it in [fhir] items)"
                self.left_out.add(reason, origin)
            else:
                self.left_out.add("a response to another questionnaire", origin, foreign=True)
        self._waiting.clear()

    def _score(self, response: _Response, questions: Mapping[str, _Question], *, last: bool = False) -> bool:
        """Hand a response's numbers to the scores; False, and nothing handed, while answers are not understood."""
        found: list[tuple[Meaning, float | None]] = []
        for link, answer in response.answers:
            question = questions.get(link)
            names = (link, link.rpartition("/")[2], *(question.codes if question else ()))
            meaning = next((self.meanings[name] for name in names if name in self.meanings), None)
            if meaning is None:
                continue
            own = {**meaning.answers, **question.answers} if question else meaning.answers
            value = measured(answer) if meaning.place == TOTAL else points_of(answer, own)
            if value is None and answer and not last:
                return False
            found.append((meaning, value))
        for meaning, value in found:
            self.scores.add(response.person, meaning, value, response.time, response.file, response.row, response.own)
            self.scores.of_response(response.own)
        return bool(found)


def _answers(resource: Json) -> Iterator[tuple[str, Json]]:
    """linkId and answer of each question that has one; an empty answer where there are several."""
    for item in _walk(resource):
        link, given = item.get("linkId"), [one for one in as_list(item.get("answer")) if isinstance(one, dict)]
        if isinstance(link, str) and given:
            yield link, given[0] if len(given) == 1 else {}


def _walk(resource: Json) -> Iterator[Json]:
    """Each item, group and question, however deep."""
    stack: list[Json] = [resource]
    while stack:
        one = stack.pop()
        if one is not resource and "linkId" in one:
            yield one
        inner = [part for name in _INNER for part in as_list(one.get(name)) if isinstance(part, dict)]
        stack.extend(reversed(inner))


def _contained(resource: Json) -> list[Json]:
    return [one for one in as_list(resource.get("contained")) if isinstance(one, dict)]


def _questions(questionnaire: Json, inside: Sequence[Json]) -> dict[str, _Question]:
    """What a Questionnaire says of its linkIds; `inside`: the resources that it, or what brings it, contains."""
    ordinals = {f"#{one.get('id')}": _ordinals(one) for one in inside}
    questions: dict[str, _Question] = {}
    for item in _walk(questionnaire):
        link = item.get("linkId")
        if not isinstance(link, str):
            continue
        codes = [*as_list(item.get("code")), *as_list(item.get("concept"))]  # concept: DSTU2
        answers = dict(ordinals.get(str(item.get("answerValueSet") or reference_of(item.get("options"))), {}))
        for option in (*as_list(item.get("answerOption")), *as_list(item.get("option"))):  # option: STU3
            coding = option.get("valueCoding", option)
            points = points_of(option, {}) if coding.get("code") else None
            if points is not None and points == int(points):
                answers[str(coding["code"])] = int(points)
        questions[link] = _Question(tuple(str(code.get("code", "")) for code in codes), answers)
    return questions


def _ordinals(value_set: Json) -> dict[str, int]:
    """The points that a contained ValueSet gives its codes."""
    compose = value_set.get("compose")
    holders = as_list(compose.get("include")) if isinstance(compose, dict) else []
    holders += as_list(value_set.get("codeSystem"))  # DSTU2
    concepts = [one for holder in holders if isinstance(holder, dict) for one in as_list(holder.get("concept"))]
    points = {
        one["code"]: points_of(one, {})
        for one in concepts
        if isinstance(one, dict) and isinstance(one.get("code"), str)
    }
    return {code: int(value) for code, value in points.items() if value is not None and value == int(value)}
