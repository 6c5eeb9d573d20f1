"""Fixtures shared by the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import command, kept_cache, td, tiny
from hypothesis import settings
from trees import OFFICIAL, git

__all__ = ["command", "kept_cache", "td", "tiny"]  # fixtures

settings.register_profile("any machine", deadline=None)  # a loaded one is slow at times
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def llvm_source() -> Path:
    """The root of LLVM 19's source (``llvm/`` and ``cmake/`` lie below it), put there by ``make llvm``."""
    root = ROOT / ".llvm" / "19"
    assert (root / "llvm/lib/Target").is_dir(), "no LLVM source in .llvm/19; run `make llvm`"
    return root


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A plain tree with one target."""
    root = tmp_path / "llvm-project"
    for path, text in OFFICIAL.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def repository(plain: Path) -> Path:
    """The same, committed on a branch of a git repository."""
    git(plain, "init", "--quiet", "--initial-branch=work")
    git(plain, "add", ".")
    git(plain, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "start")
    return plain
