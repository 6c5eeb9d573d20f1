"""Replace a target's names in C++ tokens by placeholders, so that the code of two targets can be compared, and put names back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_AFTER_NAME = r"(?=\W|$|_|\d|[A-Z][a-z]|[A-Z]$|ISD|ISel|MI(?=[A-Z][a-z])|II|CC|MC|ELF|TTI|TLI|DAG|CP|ABI|AS|DPP|SE|BB)"


class Masker:
    """Replaces a target's names in tokens by placeholders, and back.

    ``<T>`` stands for the name as written, ``<TU>`` for it in upper case, ``<t>`` for it in lower case.
    ``names``: what C++ code calls the target: first its ``Target`` record's name, last its folder's.
    ``namespace``: the namespace of its instructions, if that is none of ``names`` (SP in Sparc); masked only before "::".
    ``arch``: the architecture in its triple, by default its name in lower case.
    """

    def __init__(self, names: Sequence[str], namespace: str = "", arch: str = "") -> None:
        ordered = sorted(dict.fromkeys(names), key=lambda n: (-len(n), n))
        self.name, self.folder = names[0], names[-1]
        self.arch = arch or self.name.lower()
        self.namespace = namespace or self.name
        parts = [rf"(?P<T>(?:(?<![A-Za-z])|(?<=[a-z])){'(?:' + '|'.join(map(re.escape, ordered)) + ')'}{_AFTER_NAME})"]
        uppers = [n.upper() for n in ordered if n.upper() not in ordered]
        if uppers:
            parts.append(rf"(?P<U>(?<![A-Za-z])(?:{'|'.join(map(re.escape, uppers))})(?![a-z]))")
        lowers = [n.lower() for n in ordered if n.lower() not in ordered]
        if lowers:
            parts.append(rf"(?P<L>(?<![A-Za-z])(?:{'|'.join(map(re.escape, lowers))})(?![a-z]))")
        self._pattern = re.compile("|".join(parts))
        self.mask = lru_cache(maxsize=None)(self._mask)

    def _mask(self, token: str) -> str:
        def placeholder(found: re.Match[str]) -> str:
            return {"T": "<T>", "U": "<TU>", "L": "<t>"}[found.lastgroup or "T"]

        return self._pattern.sub(placeholder, token)

    def mask_scope(self, token: str) -> str:
        """Mask a token that stands before "::": the namespace becomes <T>, and SPISD <T>ISD."""
        if token.startswith(self.namespace) and token[len(self.namespace) :] in ("", "ISD", "II", "CC"):
            return "<T>" + token[len(self.namespace) :]
        return self.mask(token)

    def unmask_scope(self, token: str) -> str:
        """Undo ``mask_scope``: <T> and <T>ISD take the namespace, other tokens the target's name."""
        if token in ("<T>", "<T>ISD"):
            return token.replace("<T>", self.namespace)
        return self.unmask(token)

    def mask_all(self, tokens: Iterable[str]) -> tuple[str, ...]:
        """Mask every token."""
        return tuple(map(self.mask, tokens))

    def unmask(self, token: str) -> str:
        """Replace the placeholders in a token by this target's names.

        ``LLVMInitialize<T>...`` functions are named by the folder (llvm/Config/Targets.def). A lower-case name that stands alone
        is the triple's architecture: ``Triple::<t>``, or the name that llc lists.
        """
        if "<" not in token:
            return token
        if token.startswith("LLVMInitialize<T>"):
            return token.replace("<T>", self.folder)
        if token in ("<t>", '"<t>"'):
            return token.replace("<t>", self.arch)
        return token.replace("<T>", self.name).replace("<TU>", self.name.upper()).replace("<t>", self.name.lower())

    def unmask_all(self, tokens: Iterable[str]) -> tuple[str, ...]:
        """Unmask every token."""
        return tuple(map(self.unmask, tokens))
