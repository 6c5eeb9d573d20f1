"""Fixtures shared by the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def llvm_source() -> Path:
    """The root of LLVM 19's source (``llvm/`` and ``cmake/`` lie below it), put there by ``make llvm``."""
    root = ROOT / ".llvm" / "19"
    assert (root / "llvm/lib/Target").is_dir(), "no LLVM source in .llvm/19; run `make llvm`"
    return root
