"""The README and the site: short, current, and about the project alone."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"])
CODE = sorted(
    p
    for folder in ("vega_gen", "llvm_integration", "tests", "benchmarks", "lit_tests", "templates", "targets")
    for p in (ROOT / folder).rglob("*")
    if p.suffix in (".py", ".toml", ".j2", ".td", ".test") and p != Path(__file__)
)
# How the project was worked on is none of a reader's business: commits and dates are.
WORK = re.compile(
    r"\b(?:this|that|last|next|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)(?:'s)? sessions?\b"
    r"|\b(?:between|before|after) sessions?\b|\bthe issues? (?:asks?|wants?|sets?)\b|\bissue \d+\b",
    re.I,
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
MEASURED = re.compile(
    r"\b[0-9a-f]{7}\b|\d{4}-\d\d-\d\d|`(?:vega-gen|python -m benchmarks|make) [^`]+`|^(?:vega-gen|python -m benchmarks) ", re.M
)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    """``docs/hooks.py``, as MkDocs loads it."""
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs/hooks.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prose(text: str) -> str:
    """Markdown without its code blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings and definitions, as Python-Markdown makes them."""
    found = set(re.findall(r"\{ ?#([\w-]+) ?\}", text))
    for heading in re.findall(r"^#+ +(.*?)(?: *\{.*\})? *$", prose(text), re.M):
        plain = re.sub(r"[^\w\s-]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower()
        found.add(re.sub(r"[\s-]+", "-", plain))
    return found


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_the_readme_shows_a_command_its_output_and_its_code() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text and "make test" in text
    shown = re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S)
    output = next(block for _, block in shown if block.startswith("$ vega-gen try"))
    code = next(block for language, block in shown if language == "cpp")
    assert "Tern.td" in output and len(output.splitlines()) >= 10
    assert len(code.splitlines()) >= 7


@pytest.mark.parametrize("path", [*PAGES, *CODE], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_only_the_project_is_spoken_of(path: Path) -> None:
    found = [m[0] for m in WORK.finditer(path.read_text())]
    assert found == [], path


def test_the_pattern_of_that_finds_what_it_should() -> None:
    assert WORK.search("see the log, ninth session") and WORK.search("the issue asks for 60 %")
    assert not WORK.search('scope="session"') and not WORK.search("leads a session of its own")


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for one, other in LINK.findall(prose(page.read_text())):
        target = one or other
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = page if not file else (page.parent / file).resolve()
        assert there.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there.read_text()), f"{page.name}: no anchor {target}"


def test_every_command_and_option_is_on_its_page(hooks: ModuleType) -> None:
    written = hooks.on_page_markdown((ROOT / "docs/commands.md").read_text())
    assert hooks.MARKER not in written
    sections = dict(re.findall(r"^## (vega-gen[\w -]*?) \{.*?\n(.*?)(?=^## |\Z)", written, re.M | re.S))
    known = dict(hooks.commands())
    assert list(sections) == list(known)
    assert {"vega-gen new-target", "vega-gen review", "vega-gen review accept", "vega-gen llvm get", "vega-gen show group"} <= set(known)
    for name, command in known.items():
        for p in hooks.parameters(command):
            shown = p.metavar if p.param_type_name == "argument" else p.opts[0]
            assert f"`{shown}`" in sections[name], f"{name} {shown}"


@every_page
def test_commands_that_pages_name_exist(page: Path, hooks: ModuleType) -> None:
    known = {name for name, _ in hooks.commands()} | {"vega-gen llvm", "vega-gen show"}
    text = page.read_text()
    for line in re.findall(r"^\$? ?(vega-gen .*)$", text, re.M) + re.findall(r"`(vega-gen [^`]*)`", text):
        words = re.match(r"vega-gen ([a-z][a-z-]*)", line)
        assert words is None or f"vega-gen {words[1]}" in known or words[1] == "cache", line


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M))
    assert listed == {p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")}


def test_how_tos_name_at_most_five_files() -> None:
    how_tos = sorted((ROOT / "docs/howto").glob("*.md"))
    assert len(how_tos) >= 5
    for page in how_tos:
        rows = re.findall(r"^\| `([\w./*<>-]+/[\w./*<>-]+)` \|", page.read_text(), re.M)
        assert 2 <= len(rows) <= 5, page.name


@every_page
def test_files_that_pages_name_exist(page: Path) -> None:
    if page.name in ("lab-log.md", "CHANGELOG.md"):
        return  # history names what was
    for name in re.findall(r"`((?:vega_gen|llvm_integration|templates|targets|tests|benchmarks)/[\w./*<>-]+)`", page.read_text()):
        assert list(ROOT.glob(name.replace("<name>", "*"))), name


def test_a_section_of_results_says_how_it_was_measured() -> None:
    sections = re.split(r"^#{2,3} ", (ROOT / "docs/results.md").read_text(), flags=re.M)[1:]
    assert len(sections) >= 8
    for section in sections:
        if re.search(r"\d %|\d/\d|\d s\b", section) and not section.startswith("Beside VEGA"):
            assert MEASURED.search(section), section.splitlines()[0]


def test_the_site_fetches_nothing() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    assert re.search(r"^  font: false", text, re.M)
    assert not re.search(r"analytics|social:|https?://", text)
    for page in (ROOT / "docs").rglob("*"):
        if page.suffix in (".md", ".svg", ".css"):
            assert not re.search(r"<script|<link[^>]+https?://|@import|!\[[^\]]*\]\(https?://", page.read_text()), page


def test_the_extra_for_the_site_is_pinned() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pins = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert {re.split(r"[\[>=<]", need)[0] for need in extras["docs"]} <= pins
