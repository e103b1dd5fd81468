"""Tables of several groups as one."""

from __future__ import annotations

from dashboard.questions.view import Column, Table, View, of_groups


def test_groups_stand_under_each_other_behind_their_names() -> None:
    one = Table((Column("day", "Day", "count"),), [{"day": 1}, {"day": 2}], name="days", title="Days", note="Of all.")
    found = of_groups([("IV", one), ("Oral", Table(one.columns, [{"day": 3}]))], "Route")
    assert found.columns[0] == Column("group", "Route", "text")
    assert [(row["group"], row["day"]) for row in found.rows] == [("IV", 1), ("IV", 2), ("Oral", 3)]
    assert (found.name, found.note, found.keys) == ("days", "Of all.", 2)
    assert of_groups([], "Route") == Table((), ())


def test_a_view_takes_half_a_row_and_has_nothing_beside_its_sentence_unless_it_says_so() -> None:
    plain = View("plain", "What is it?", "It is.")
    assert (plain.wide, plain.figure, plain.table, plain.definition) == (False, None, None, None)
    assert not [*plain.panels, *plain.legend, *plain.points, *plain.notes]
