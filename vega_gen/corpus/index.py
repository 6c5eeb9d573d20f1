"""Parse C++ texts in parallel and keep each file's result as a ``Part``, which is decoded lazily.

Function headers, function bodies and the rest of a file are encoded separately, so a query for headers does not pay for decoding bodies.
"""

from __future__ import annotations

import gc
import marshal
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import cast

from vega_gen import store
from vega_gen.cxx import namespaces_in, parse_file
from vega_gen.records import Function, SourceFile, Statement

CountProgress = Callable[[int, int], None]
_Raw = tuple[bytes, tuple[bytes, ...], bytes]
_Work = tuple[str, frozenset[str], list[tuple[str, bytes]]]
_FUNCTIONS = store.codec(tuple[Function, ...])
_BODY = store.codec(tuple[Statement, ...])
_REST = store.codec(SourceFile)
_CHUNK_BYTES = 600_000
_ALONE_BYTES = 2_000_000  # less than this is parsed in this process, because starting workers takes longer


@dataclass(frozen=True, slots=True)
class Part:
    """The encoded parse of one file: ``functions`` without bodies, one entry of ``bodies`` per function, and the ``rest``."""

    functions: bytes
    bodies: tuple[bytes, ...]
    rest: bytes

    def headers(self) -> tuple[Function, ...]:
        """Decode the functions, without statements."""
        return cast(tuple[Function, ...], _FUNCTIONS[1](marshal.loads(self.functions)))

    def body(self, place: int) -> tuple[Statement, ...]:
        """Decode the statements of the function at index ``place``."""
        return cast(tuple[Statement, ...], _BODY[1](marshal.loads(self.bodies[place])))

    def file(self) -> SourceFile:
        """Decode everything but the functions."""
        return cast(SourceFile, _REST[1](marshal.loads(self.rest)))

    def whole(self) -> SourceFile:
        """Decode everything."""
        return replace(self.file(), functions=tuple(replace(f, body=self.body(i)) for i, f in enumerate(self.headers())))


def pack(parts: Mapping[str, Part]) -> bytes:
    """Encode parts by file as bytes for the cache."""
    return marshal.dumps({file: (part.functions, part.bodies, part.rest) for file, part in parts.items()})


def unpack(data: bytes) -> dict[str, Part]:
    """Decode the bytes that ``pack`` returned."""
    return _parts(cast(dict[str, _Raw], marshal.loads(data)))


def _parts(made: Mapping[str, _Raw]) -> dict[str, Part]:
    return {file: Part(*raw) for file, raw in made.items()}


def parse(
    texts: Mapping[str, Mapping[str, bytes]], jobs: int, progress: CountProgress | None = None
) -> dict[str, dict[str, Part]]:
    """Parse ``texts`` (label -> file -> UTF-8 text) into parts by label and file, in the same order.

    Large work is spread over ``jobs`` processes. The names of namespaces are shared among a label's files, because a name's qualifier may
    be a namespace that another file declares. ``progress(done, all)`` counts bytes.
    """
    work: list[_Work] = []
    for label, files in texts.items():
        names = frozenset[str]().union(*(namespaces_in(text.decode("latin-1")) for text in files.values()))
        work += [(label, names, chunk) for chunk in _chunks(files)]
    work.sort(key=lambda item: -_size(item))
    whole = sum(map(_size, work))
    done, made = 0, {label: dict[str, Part]() for label in texts}
    for size, label, parts in _parsed(work, jobs, whole):
        made[label].update(parts)
        done += size
        if progress is not None:
            progress(done, whole)
    return {label: {file: made[label][file] for file in files} for label, files in texts.items()}


def _size(item: _Work) -> int:
    return sum(len(text) for _, text in item[2])


def _chunks(texts: Mapping[str, bytes]) -> Iterator[list[tuple[str, bytes]]]:
    chunk: list[tuple[str, bytes]] = []
    for item in texts.items():
        chunk.append(item)
        if sum(len(text) for _, text in chunk) >= _CHUNK_BYTES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _parsed(work: Sequence[_Work], jobs: int, whole: int) -> Iterator[tuple[int, str, dict[str, Part]]]:
    """Yield (bytes read, label, parts by file) of each chunk, in order of completion."""
    if jobs == 1 or whole < _ALONE_BYTES:
        for item in work:
            yield _size(item), item[0], _parts(_parse_chunk(*item))
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("forkserver")) as pool:
        running: dict[Future[dict[str, _Raw]], _Work] = {pool.submit(_parse_chunk, *item): item for item in work}
        for future in as_completed(running):
            yield _size(running[future]), running[future][0], _parts(future.result())


def _parse_chunk(label: str, namespaces: frozenset[str], chunk: list[tuple[str, bytes]]) -> dict[str, _Raw]:
    """Parse a chunk of files and encode the results. Runs in a worker."""
    made: dict[str, _Raw] = {}
    with no_gc():
        for file, text in chunk:
            source = parse_file(text, label, file, namespaces)
            bodies = tuple(marshal.dumps(_BODY[0](function.body)) for function in source.functions)
            light = [replace(function, body=()) for function in source.functions]
            made[file] = marshal.dumps(_FUNCTIONS[0](light)), bodies, marshal.dumps(_REST[0](replace(source, functions=())))
    return made


class no_gc:
    """Disable the cyclic garbage collector while many records are created: they form no cycles, and scanning them is slow."""

    def __enter__(self) -> None:
        self._was = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._was:
            gc.enable()
