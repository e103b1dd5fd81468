"""`schema` and `sample --template`: the contract of session records as files, for other programs and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dashboard.commands.terminal import CommandError, say, whole_file


def schema(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="New or empty folder.")],
) -> None:
    """Write the contract of session records for other programs: JSON Schema and Frictionless table schemas."""
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise CommandError(f"{output}: is not an empty folder; name a new one")
    import json

    from data_models.intake.schemas import files

    output.mkdir(parents=True, exist_ok=True)
    made = files()
    for name, content in made.items():
        (output / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    say(f"Wrote {', '.join(made)} to {output}.")


def write_template(path: Path) -> None:
    """Write the empty workbook, and the filled one beside it. Raises CommandError: a file is there already."""
    if path.suffix.lower() != ".xlsx":
        raise CommandError(f"{path}: is a workbook; name it FILE.xlsx")
    example = path.with_name(f"{path.stem}_example.xlsx")
    for place in (path, example):
        if place.exists():
            raise CommandError(f"{place}: is there already; name a new file")
    from data_models.intake.template import template_bytes

    for place, filled in ((path, False), (example, True)):
        with whole_file(place) as stream:
            stream.write(template_bytes(filled=filled))
    say(f"Wrote {path}, without rows, and {example}, filled as an example.")
