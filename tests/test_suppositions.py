"""What a search may suppose that no rule offers: units of distances, codings, where distances count from, and byte orders by machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from vega_gen import resources, tablegen
from vega_gen.facts import find_facts
from vega_gen.facts.suppositions import suppositions
from vega_gen.facts.view import TargetView
from vega_gen.records import Description, Evidence, Fact, GivenFact

PREFIX = Path("/usr/lib/llvm-19")


@pytest.fixture(scope="module")
def tern() -> Description:
    td = ROOT / "targets/Tern/Tern.td"
    return tablegen.describe(td, folder="Tern", llvm_include=PREFIX / "include", tblgen=PREFIX / "bin/llvm-tblgen")


def supposed(d: Description) -> dict[str, tuple[str, list[str]]]:
    return {fact.key: (fact.value, [other.value for other in fact.alternatives]) for fact in suppositions(TargetView(d))}


def encoding(d: Description, operand: str, code: str, method: str) -> Description:
    return replace(
        d,
        fragments=tuple(replace(f, code=code) if f.name == operand else f for f in d.fragments),
        operand_classes=tuple(replace(o, encoder_method=method) if o.name == operand else o for o in d.operand_classes),
    )


@pytest.mark.parametrize(
    ("code", "method", "others"),
    [
        ("return Imm >= 1 && Imm <= 32;", "encodeIt", ["x - 1", "33 - x", "32 - x"]),
        ("return Imm > 0 && Imm < 8;", "encodeIt", ["x - 1", "8 - x", "7 - x"]),
        ("return Imm >= 0 && Imm <= 31;", "encodeIt", None),
        ("return Imm >= 1 && Imm <= 32;", "", None),
    ],
)
def test_a_number_from_1_on_that_c_plus_plus_encodes_has_some_coding(
    tern: Description, code: str, method: str, others: list[str] | None
) -> None:
    found = supposed(encoding(tern, "uimm5", code, method)).get("coding.uimm5")
    assert found == (("x", others) if others else None)


def test_a_distance_may_count_in_other_units_unless_a_person_says_it(tern: Description) -> None:
    found = supposed(tern)
    assert {key: value for key, value in found.items() if "brtarget" in key} == {"distance.unit_of.brtarget": ("4", ["2", "1"])}
    given = {"distance.unit_of.brtarget": GivenFact("distance.unit_of.brtarget", "4")}
    assert "distance.unit_of.brtarget" not in supposed(replace(tern, given=given))
    for key, (_, others) in found.items():
        for value in others:
            find_facts(replace(tern, given={key: GivenFact(key, value)}))  # what is supposed can be given


def test_distances_may_count_from_an_instruction_that_is_fetched(tern: Description) -> None:
    fact = find_facts(tern).records["distance.origin"]
    assert (fact.value, [other.value for other in fact.alternatives]) == ("0", ["4", "8"])


def order(d: Description, monkeypatch: pytest.MonkeyPatch, *machines: tuple[str, int, str]) -> Fact:
    named = {f"m{n}": {"targets": [name], "bits": bits, "order": order} for n, (name, bits, order) in enumerate(machines)}
    usual = resources.settings

    def settings(name: str) -> dict[str, Any]:
        return {"machine": named} if name == "qemu" else usual(name)

    monkeypatch.setattr(resources, "settings", settings)
    return find_facts(d, weights={}).records["byte_order"]


def test_the_byte_order_is_that_of_the_only_machine_of_the_name_and_width(tern: Description, monkeypatch: pytest.MonkeyPatch) -> None:
    big = ("Tern", 32, "big")
    assert order(tern, monkeypatch, big).value == "big"
    assert order(tern, monkeypatch, big, ("Tern", 64, "little")).value == "big"
    assert order(tern, monkeypatch, ("Tern", 64, "big")).evidence is Evidence.DEFAULT
    assert order(tern, monkeypatch, big, ("Tern", 32, "little")).value == "little"
    assert order(tern, monkeypatch, ("Stern", 32, "big")).value == "little"
