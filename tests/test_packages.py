"""Package planning, apt's two source formats, and unpacking a source archive."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from llvm_integration import packages
from llvm_integration.doctor import PLUGIN_TOOLS, examine, examine_for_plugins, install_missing
from llvm_integration.failure import ToolFailure
from llvm_integration.process import Completed

DEB822 = """\
# written by an installer
Types: deb
# a snapshot
URIs: https://mirror.example/debian
Suites: stable stable-updates
Components: main
Signed-By: /usr/share/keyrings/archive.gpg

Enabled: no
Types: deb
URIs: https://off.example/
Suites: x

Types: deb deb-src
URIs: https://other.example/
Suites: stable
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc=
 -----END PGP PUBLIC KEY BLOCK-----
"""

ONE_LINE = """\
# deb https://off.example/ stable main
deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian stable main contrib # note
  deb-src https://mirror.example/debian stable-updates main
deb https://mirror.example/debian stable-updates main
"""


def test_deb822_entries() -> None:
    first, second = packages.deb822_sources(DEB822)
    assert first.splitlines() == [
        "Types: deb-src",
        "URIs: https://mirror.example/debian",
        "Suites: stable stable-updates",
        "Components: main",
        "Signed-By: /usr/share/keyrings/archive.gpg",
    ]
    assert second.startswith("Types: deb-src\nURIs: https://other.example/\n")
    assert second.endswith("Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc=\n -----END PGP PUBLIC KEY BLOCK-----\n")


def test_one_line_entries() -> None:
    assert packages.one_line_sources(ONE_LINE) == [
        "deb-src [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian stable main contrib",
        "deb-src https://mirror.example/debian stable-updates main",
    ]


def test_lists_of_a_machine(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    with pytest.raises(ToolFailure, match="no entries"):
        packages.source_lists(tmp_path)
    (tmp_path / "sources.list").write_text("deb https://a.example/ stable main\n")
    (parts / "b.list").write_text("deb https://b.example/ stable main\ndeb https://a.example/ stable main\n")
    (parts / "c.sources").write_text(DEB822)
    (parts / "off.sources").write_text("Types: deb\nEnabled: no\nURIs: https://off.example/\n")
    (parts / "d.list.disabled").write_text("deb https://off.example/ stable main\n")
    lists = packages.source_lists(tmp_path)
    assert lists["vega-gen.list"] == "deb-src https://a.example/ stable main\ndeb-src https://b.example/ stable main\n"
    assert sorted(lists) == ["c.sources", "vega-gen.list"]
    assert lists["c.sources"].count("Types: deb-src\n") == 2


def test_commands_as_root_and_as_a_user() -> None:
    update, install = packages.install_commands(("llvm-19", "git"), root=True)
    assert update == ("apt-get", "update")
    assert install == ("apt-get", "install", "-y", "--no-install-recommends", "llvm-19", "git")
    assert packages.install_commands(("git",), root=False) == (("sudo", *update), ("sudo", *install[:-2], "git"))
    assert packages.install_commands((), root=True) == ()


def test_missing_are_those_dpkg_does_not_call_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "llvm-19 installed\nclang-19 config-files\ngit installed\n"
    monkeypatch.setattr(packages, "run", lambda argv, **_: Completed(tuple(argv), 1, said, "dpkg-query: no packages found", 0.0))
    missing = packages.missing_packages(packages.packages(19))
    assert {"clang-19", "libpolly-19-dev"} <= set(missing)
    assert not {"llvm-19", "git"} & set(missing)


def test_install_announces_what_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, ...]] = []
    announced: list[str] = []
    monkeypatch.setattr(packages, "has_apt", lambda: True)
    monkeypatch.setattr(packages, "missing_packages", lambda names: names[:1])
    monkeypatch.setattr(packages, "install", lambda commands, progress: ran.extend(commands))
    monkeypatch.setattr("llvm_integration.doctor.find_installation", _no_installation)
    install_missing(examine(), root=True, announce=announced.append, progress=lambda done, total, text: None)
    assert [argv[-1] for argv in ran] == ["update", "llvm-19"]
    assert announced == ["$ apt-get update", "$ apt-get install -y --no-install-recommends llvm-19"]
    result = examine()
    assert not result.ok and result.missing_packages == ("llvm-19",)
    finding = next(finding for finding in result.findings if finding.name == "LLVM 19.1")
    assert "doctor --install" in finding.next_step and "llvm-19" in finding.next_step


def test_what_a_plugin_needs_of_one_llvm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = examine_for_plugins(19)
    assert found.ok and [finding.name for finding in found.findings] == ["LLVM 19", *PLUGIN_TOOLS]
    monkeypatch.setattr(packages, "has_apt", lambda: True)
    monkeypatch.setattr(packages, "run", lambda argv, **_: Completed(tuple(argv), 1, "llvm-7 installed\n", "", 0.0))
    absent = examine_for_plugins(7)
    assert not absent.ok and absent.missing_packages == ("llvm-7-dev", "clang-7", "lld-7")
    (finding,) = absent.findings
    assert finding.name == "LLVM 7" and "doctor --install --llvm-version 7" in finding.next_step
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(packages, "install", lambda commands, progress: ran.extend(commands))
    install_missing(absent, root=True, announce=lambda line: None, progress=lambda done, total, text: None)
    assert ran[-1][-3:] == absent.missing_packages


def _no_installation(version: str, build_dir: Path | None) -> None:
    raise ToolFailure(f"no LLVM {version}")


def make_archive(path: Path, files: Mapping[str, str], links: Mapping[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:xz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.uid = len(text), 12345
            tar.addfile(member, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return path


def ignore(done: int, total: int, text: str) -> None:
    """No progress shown."""


def test_unpack_takes_three_folders_of_the_top(tmp_path: Path) -> None:
    names = ("llvm/a", "cmake/b", "third-party/c/d", "mlir/cmake/e", "clang/llvm/f", "llvm.txt", "README")
    files = {f"top_1.2/{name}": name for name in names}
    archive = make_archive(tmp_path / "a.tar.xz", files, {"top_1.2/llvm/link": "a"})
    packages.unpack(archive, tmp_path / "tree", ignore)
    found = {str(path.relative_to(tmp_path / "tree")) for path in (tmp_path / "tree").rglob("*") if not path.is_dir()}
    assert found == {"llvm/a", "llvm/link", "cmake/b", "third-party/c/d"}
    assert (tmp_path / "tree/llvm/link").read_text() == "llvm/a"
    assert (tmp_path / "tree/llvm/a").stat().st_uid == os.getuid()


@pytest.mark.parametrize(
    ("files", "links"),
    [({"top/llvm/../../../evil": "x"}, {}), ({}, {"top/llvm/link": "../../evil"}), ({}, {"top/llvm/link": "/etc/passwd"})],
    ids=["parent", "link-out", "absolute-link"],
)
def test_unpack_stays_in_the_tree(tmp_path: Path, files: dict[str, str], links: dict[str, str]) -> None:
    archive = make_archive(tmp_path / "a.tar.xz", files, links)
    with pytest.raises(ToolFailure, match="outside the tree"):
        packages.unpack(archive, tmp_path / "in" / "tree", ignore)
    assert not list(tmp_path.rglob("evil")) and not list(tmp_path.rglob("link"))


def test_source_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version = "".join(f"set(LLVM_VERSION_{part} {n})\n" for part, n in (("MAJOR", 19), ("MINOR", 1), ("PATCH", 7)))
    files = {"top/cmake/Modules/LLVMVersion.cmake": version, "top/llvm/lib/Target/README": "x" * 200_000}
    archive = make_archive(tmp_path / "a.tar.xz", files)

    def fetch(_version: str, work: Path, progress: packages.Progress, _parts: frozenset[str]) -> Path:
        packages.unpack(archive, work / "tree", progress)
        return work / "tree"

    monkeypatch.setattr(packages, "has_apt", lambda: True)
    monkeypatch.setattr(packages, "_by_apt", fetch)
    goal = tmp_path / "place" / "19"
    with pytest.raises(ToolFailure, match=r"LLVM 19\.1\.7, not 18"):
        packages.get_source("18", goal, ignore)
    good = archive.read_bytes()
    archive.write_bytes(good[: len(good) // 2])
    with pytest.raises(ToolFailure, match="damaged"):
        packages.get_source("19", goal, ignore)
    assert list((tmp_path / "place").iterdir()) == []
    archive.write_bytes(good)
    assert packages.get_source("19", goal, ignore).fresh
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["19"]
    again = packages.get_source("19.1.7", goal, ignore)
    assert not again.fresh and again.source.version == "19.1.7"
    with pytest.raises(ToolFailure, match=r"this is LLVM 19\.1\.7, not 19\.1\.6"):
        packages.get_source("19.1.6", goal, ignore)


def test_full_disk_is_noticed_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "DISK_NEEDED", 1 << 60)
    with pytest.raises(ToolFailure, match="MiB needed"):
        packages.get_source("19", tmp_path / "19", ignore)
    assert list(tmp_path.iterdir()) == []


def test_newest_release_tag() -> None:
    tags = ("19.1.0", "19.1.7", "19.1.10", "19.1.10-rc1", "190.1.0")
    listing = "".join(f"0123\trefs/tags/llvmorg-{tag}\n" for tag in tags)
    assert packages._newest_tag("19", listing) == "llvmorg-19.1.10"
    assert packages._newest_tag("19.1.0", listing) == "llvmorg-19.1.0"
    with pytest.raises(ToolFailure, match="no release 20"):
        packages._newest_tag("20", listing)
