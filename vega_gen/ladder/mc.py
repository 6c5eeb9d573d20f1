"""Run llvm-mc on batches of encodings or assembly lines, with an answer or an Obstacle for each item.

When llvm-mc crashes on a batch, each half of it is run again, down to the single item that causes the crash.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from llvm_integration.process import Completed
from vega_gen.ladder import failures
from vega_gen.ladder.ask import ask
from vega_gen.ladder.subject import Subject
from vega_gen.records import Obstacle

BATCH = 2000
_TRIED = 40
"""Items of which one may be the encoding that stands between others."""
_AT = re.compile(r"^<stdin>:(\d+):\d+: (?:error|warning): (.*)$", re.M)
_LABEL = re.compile(r"^VG(\d+):")
_ENCODING = re.compile(r"encoding: \[([^\]]*)\]")
_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Encoding:
    """An assembled encoding. ``open_bits``: for each byte of ``data`` a mask of the bits that a fixup fills; they are 0 in ``data``."""

    data: bytes
    open_bits: bytes


class Mc:
    """llvm-mc for one subject."""

    def __init__(self, path: Path, subject: Subject) -> None:
        self.path = path
        self.subject = subject
        self._between: tuple[bytes, str] | None = None

    def disassemble(self, items: Sequence[bytes]) -> list[str | Obstacle]:
        """The assembly text of each encoding."""
        return _batched(items, self._disassemble, self._refused)

    def assemble(self, items: Sequence[str]) -> list[Encoding | Obstacle]:
        """The encoding of each line."""
        return _batched(items, self._assemble, self._refused)

    def command(self, item: bytes | str) -> str:
        """The shell command that runs llvm-mc on one item."""
        return f"echo {shlex.quote(_listed(item) if isinstance(item, bytes) else item)} | {shlex.join(self._argv(item))}"

    def _argv(self, item: bytes | str) -> list[str]:
        return [str(self.path), "-disassemble" if isinstance(item, bytes) else "-show-encoding", *self.subject.options("--triple")]

    def _refused(self, item: bytes | str, done: Completed | str) -> Obstacle:
        if isinstance(done, str):
            return Obstacle("", self.command(item), done)
        return Obstacle("", self.command(item), failures.message(done), failures.function(done, self.subject.name))

    def _run(self, items: Sequence[bytes | str], text: str) -> Completed:
        return ask(self._argv(items[0]), stdin=text, quick=len(items) > 1)

    def _disassemble(self, items: Sequence[bytes]) -> list[str | Obstacle] | Completed:
        done = self._run(items, "".join(f"{_listed(data)}\n" for data in items))
        if failures.crashed(done):
            return done
        said: Mapping[int, str] = {int(line): what for line, what in _AT.findall(done.stderr) if "undefined" not in what}
        texts = _texts(done)
        if not texts and not said:
            return [self._refused(data, failures.message(done)) for data in items]
        if len(texts) != len(items) - len(said):
            if len(items) > 1:
                return self._apart(items) or done
            what = f"disassembles to {len(texts)} instructions: {'; '.join(texts)}" if texts else failures.message(done)
            return [self._refused(items[0], what)]
        left = iter(texts)
        return [self._refused(data, said[n]) if n in said else next(left) for n, data in enumerate(items, 1)]

    def _apart(self, items: Sequence[bytes]) -> list[str | Obstacle] | None:
        """The answers where some items disassemble to several instructions: with an encoding between them whose text is known. None where
        none is, or llvm-mc crashes."""
        if self._between is None:
            for data in items[:_TRIED]:
                done = self._run([data], f"{_listed(data)}\n")
                texts = _texts(done)
                if len(texts) == 1 and not done.stderr.strip() and not failures.crashed(done):
                    self._between = data, texts[0]
                    break
            else:
                return None
        mark, text = self._between
        others = [data for data in items if data != mark]
        done = self._run(others, "".join(f"{_listed(data)}\n{_listed(mark)}\n" for data in others))
        if failures.crashed(done):
            return None
        said: Mapping[int, str] = {(int(line) + 1) // 2: what for line, what in _AT.findall(done.stderr) if "undefined" not in what}
        parts: list[list[str]] = [[]]
        for line in _texts(done):
            if line == text:
                parts.append([])
            else:
                parts[-1].append(line)
        if len(parts) != len(others) + 1:
            return None
        known: dict[bytes, str | Obstacle] = {mark: text}
        for n, (data, found) in enumerate(zip(others, parts, strict=False), 1):
            several = f"disassembles to {len(found)} instructions: {'; '.join(found)}"
            known[data] = found[0] if len(found) == 1 and n not in said else self._refused(data, said.get(n, several))
        return [known[data] for data in items]

    def _assemble(self, items: Sequence[str]) -> list[Encoding | Obstacle] | Completed:
        done = self._run(items, "".join(f"VG{n}:\n{text}\n" for n, text in enumerate(items)))
        if failures.crashed(done):
            return done
        said: dict[int, str] = {}
        for line, what in _AT.findall(done.stderr):
            said.setdefault((int(line) - 1) // 2, what)
        found: dict[int, list[str]] = {}
        current = -1
        for line in done.stdout.splitlines():
            if label := _LABEL.match(line):
                current = int(label[1])
            elif encoding := _ENCODING.search(line):
                found.setdefault(current, []).append(encoding[1])
        answers: list[Encoding | Obstacle] = []
        for n, text in enumerate(items):
            if n in said:
                answers.append(self._refused(text, said[n]))
            elif n in found:
                answers.append(_encoded(",".join(found[n])))
            else:
                answers.append(self._refused(text, failures.message(done) if done.returncode else "llvm-mc shows no encoding"))
        return answers


def _batched(
    items: Sequence[_Item],
    ask: Callable[[Sequence[_Item]], list[_Answer | Obstacle] | Completed],
    refused: Callable[[_Item, Completed], Obstacle],
) -> list[_Answer | Obstacle]:
    """An answer for each item; a batch for which ``ask`` returns a failed process is split in halves and asked again."""
    found: list[_Answer | Obstacle] = []
    waiting = [items[at : at + BATCH] for at in range(0, len(items), BATCH)][::-1]
    while waiting:
        batch = waiting.pop()
        answer = ask(batch)
        if isinstance(answer, list):
            found += answer
        elif len(batch) == 1:
            found.append(refused(batch[0], answer))
        else:
            half = len(batch) // 2
            waiting += [batch[half:], batch[:half]]
    return found


def _texts(done: Completed) -> list[str]:
    """The instructions that llvm-mc disassembled."""
    return [line.strip() for line in done.stdout.splitlines() if line.strip() and not line.strip().startswith(".")]


def _listed(data: bytes) -> str:
    """Bytes as llvm-mc reads them. Brackets make it skip the whole item after an error."""
    return f"[{' '.join(f'{byte:#04x}' for byte in data)}]"


def _encoded(text: str) -> Encoding:
    """Parse llvm-mc's encoding comment. A byte is ``0x08``, ``0b00AA0001``, ``0x08'A'`` or ``A``; letters mark bits that a fixup fills."""
    data: list[int] = []
    masks: list[int] = []
    for word in text.split(","):
        value, quoted, _ = word.partition("'")
        if value.startswith("0b"):
            data.append(int(re.sub(r"[A-Z]", "0", value[2:]), 2))
            masks.append(int(re.sub(r"[A-Z]", "1", value[2:].replace("1", "0")), 2))
        elif value.startswith("0x"):
            data.append(int(value, 16))
            masks.append(0xFF if quoted else 0)
        else:
            data.append(0)
            masks.append(0xFF)
    return Encoding(bytes(data), bytes(masks))
