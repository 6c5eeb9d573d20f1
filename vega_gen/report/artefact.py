"""Write and read the JSON Lines format of VEGA's artefact, one line for each statement.

Fields: vega_code (the generated statement) and ans_code (the reference's), each "" if there is none; vega_pre (the confidence, 0 to 1) and
ans_pre (1 if the reference has the statement, else 0); File, Function, Module, Target. Functions read from such a file are ``unverified``,
because their statements were compared as text and no test was run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from vega_gen.errors import InputError
from vega_gen.records import Judgement, Module, Verdict
from vega_gen.report.passrate import Run


def lines(run: Run) -> Iterator[bytes]:
    """The statements of a run as JSON lines, newline included."""
    for j in run.judgements:
        for written, right, sure in j.aligned:
            row = {
                "vega_code": written, "vega_pre": sure, "ans_code": right, "ans_pre": float(bool(right)),
                "File": j.file, "Function": j.function, "Module": str(j.module), "Target": run.target,
            }
            yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def read(file: Path) -> list[Run]:
    """Read a file into runs, one for each target. Raises InputError with file:line for a line that is not in the format."""
    found: dict[str, dict[tuple[str, str, str], list[tuple[str, str, float]]]] = {}
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            row: dict[str, Any] = orjson.loads(line)
            place = str(row["File"]), str(row["Function"]), str(Module(row["Module"]))
            statement = str(row["vega_code"]), str(row["ans_code"]), float(row["vega_pre"])
            found.setdefault(str(row["Target"]), {}).setdefault(place, []).append(statement)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            advice = "each line must have vega_code, vega_pre, ans_code, ans_pre, File, Function, Module and Target"
            raise InputError(f"this is not a line of VEGA's artefact: {error}", f"{file}:{number}", advice) from None
    return [Run(target, "", None, None, 0.0, tuple(_judgements(functions)), str(file)) for target, functions in found.items()]


def _judgements(functions: dict[tuple[str, str, str], list[tuple[str, str, float]]]) -> Iterable[Judgement]:
    for (file, function, module), aligned in functions.items():
        right = sum(written == wanted for written, wanted, _ in aligned if wanted)
        counts = sum(bool(wanted) for _, wanted, _ in aligned), right, sum(written != wanted for written, wanted, _ in aligned)
        sure = tuple((sure, written == wanted) for written, wanted, sure in aligned if written)
        judged = Judgement(function, "", file, 0, Module(module), True, Verdict.UNVERIFIED)
        yield replace(judged, statements=counts, confidences=sure, aligned=tuple(aligned))
