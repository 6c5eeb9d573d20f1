"""Defines ``Range``, the values that an immediate may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """The values that an immediate may have: ``bits`` wide, then shifted left by ``shift``. ``magnitude``: the bits are a sign and a
    magnitude, so that there are as many negative numbers as positive ones. ``back``: all are negative, and the field holds their lower
    bits."""

    bits: int
    signed: bool
    shift: int = 0
    magnitude: bool = False
    back: bool = False

    @property
    def low(self) -> int:
        """The least value."""
        if self.magnitude:
            return -self.high
        return -(1 << (self.bits - (not self.back) + self.shift)) if self.signed or self.back else 0

    @property
    def high(self) -> int:
        """The greatest value."""
        return -(1 << self.shift) if self.back else ((1 << (self.bits - 1 if self.signed else self.bits)) - 1) << self.shift
