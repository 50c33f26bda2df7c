"""What is written about the sizes of the simulated future is what the simulation reckons with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import msgspec

from crmlib.futures import FutureParameters
from crmlib.synth import preset

_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "futures.md"


def rows() -> dict[str, list[str]]:
    lines = [line for line in _PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells}


def test_the_table_of_assumptions_holds_every_size_as_it_is() -> None:
    told, sizes = rows(), FutureParameters()
    for field in dataclasses.fields(sizes):
        size = getattr(sizes, field.name)
        if field.name == "kinds":
            written = ", ".join(f"{kind} {share}" for kind, (_, share) in size.items())
        elif field.name == "costs":
            written = ", ".join(map(str, msgspec.structs.astuple(size)))
        else:
            written = ", ".join(map(str, size.values())) if isinstance(size, dict) else str(size)
        assert told[field.name][0] == written, field.name


def test_the_table_of_lifts_holds_every_persona_as_it_is() -> None:
    told = rows()
    kinds = told["Persona"]
    for persona in preset("realistic").personas:
        assert dict(zip(kinds, map(float, told[persona.name]), strict=True)) == persona.lift
