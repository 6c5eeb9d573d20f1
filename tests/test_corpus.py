"""corpus: targets of a checkout, the hold-out gate, the index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vega_gen import store
from vega_gen.corpus import Corpus, held_out_folders, open_corpus
from vega_gen.errors import HoldOutError, InputError, NotFoundError
from vega_gen.records import Mode

CANARY = "canary_7351"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path / "cache"))


def plant(root: Path, folder: str, record: str, secret: str = "one") -> Path:
    """A target of three files; ``secret`` stands in its .cpp and in a function body of its header."""
    place = root / "llvm" / "lib" / "Target" / folder
    (place / "MCTargetDesc").mkdir(parents=True)
    (root / "llvm" / "include" / "llvm").mkdir(parents=True, exist_ok=True)
    (place / f"{record}.td").write_text(f'class R {{ string Namespace = "{record}NS"; }}\ndef {record} : Target {{}}\n')
    (place / f"{folder}InstrInfo.cpp").write_text(
        f'#include "{folder}InstrInfo.h"\nusing namespace llvm;\nint {folder}InstrInfo::f(int X) const {{ return {secret}(X); }}\n'
    )
    (place / "MCTargetDesc" / f"{folder}.h").write_text(
        f"#define {record}_X 1\nclass {folder}InstrInfo : public Gen {{\n  int F;\npublic:\n"
        f"  {folder}InstrInfo() : Gen({secret}), F{{1}} {{ {secret}(); }}\n"
        f"  int g() const override {{ return {secret}(); }}\n  virtual int f(int X) const;\n}};\n"
    )
    return place


def opened(root: Path, held: tuple[str, ...] = (), mode: Mode = Mode.DESC) -> Corpus:
    return open_corpus([root], held, mode)


def test_names_come_from_the_td_files(tmp_path: Path) -> None:
    plant(tmp_path, "PowerXX", "PXX")
    target = opened(tmp_path).targets[0]
    assert (target.folder, target.name, target.td) == ("PowerXX", "PXX", "PXX.td")
    assert target.names == ("PowerXX", "PXXNS", "PXX")
    assert target.files == ("MCTargetDesc/PowerXX.h", "PowerXXInstrInfo.cpp")


@pytest.mark.parametrize("mode", list(Mode))
def test_the_cpp_of_a_held_out_target_is_not_read(tmp_path: Path, mode: Mode) -> None:
    place = plant(tmp_path, "Held", "Held", CANARY)
    plant(tmp_path, "Other", "Other")
    corpus = opened(tmp_path, ("Held",), mode)
    for path in (
        place / "HeldInstrInfo.cpp",
        Path("lib/Target/Held/HeldInstrInfo.cpp"),
        Path("lib/Target/Other/../Held/CMakeLists.txt"),
    ):
        with pytest.raises(HoldOutError):
            corpus.read(path)
    link = place.parent / "Other" / "Link.cpp"
    link.symlink_to(place / "HeldInstrInfo.cpp")
    with pytest.raises(HoldOutError):
        corpus.read(link)
    link.unlink()
    assert b"Target" in corpus.read(place / "Held.td")
    assert b"Other" in corpus.read(place.parent / "Other" / "OtherInstrInfo.cpp")
    assert CANARY not in repr(corpus.sources("Held")) + repr(corpus.headers())


def test_headers_of_a_held_out_target_are_read_without_bodies(tmp_path: Path) -> None:
    place = plant(tmp_path, "Held", "Held", CANARY)
    with pytest.raises(HoldOutError):
        opened(tmp_path, ("Held",), Mode.TD).read(place / "MCTargetDesc" / "Held.h")
    corpus = opened(tmp_path, ("Held",), Mode.DESC)
    text = corpus.read(place / "MCTargetDesc" / "Held.h").decode()
    assert CANARY not in text
    assert "int g() const override ;" in text
    assert text.count("\n") == (place / "MCTargetDesc" / "Held.h").read_text().count("\n")
    (source,) = corpus.files("Held")
    assert [member.name for member in source.classes[0].members] == ["F", "HeldInstrInfo", "g", "f"]
    assert opened(tmp_path, ("Held",), Mode.TD).files("Held") == ()


def test_deleting_the_held_out_cpp_changes_nothing(tmp_path: Path) -> None:
    place = plant(tmp_path, "Held", "Held", CANARY)
    plant(tmp_path, "Other", "Other")
    before = opened(tmp_path, ("Held",))
    digest, headers = before.digest, before.headers()
    (place / "HeldInstrInfo.cpp").unlink()
    after = opened(tmp_path, ("Held",))
    assert (after.digest, after.headers()) == (digest, headers)


def test_holdouts_go_together(tmp_path: Path) -> None:
    assert held_out_folders(["RI5CY"]) == held_out_folders(["RISCV"]) == {"RISCV", "RI5CY"}
    assert held_out_folders(["XCore"]) == {"XCore"}
    plant(tmp_path, "RISCV", "RISCV")
    corpus = opened(tmp_path, ("RI5CY",))
    assert [target.folder for target in corpus.held] == ["RISCV"]
    assert corpus.targets == ()


def test_a_target_held_out_by_its_record_name(tmp_path: Path) -> None:
    place = plant(tmp_path, "PowerXX", "PXX")
    with pytest.raises(HoldOutError):
        opened(tmp_path, ("PXX",)).read(place / "PowerXXInstrInfo.cpp")


def test_a_second_checkout_has_labels_and_the_same_gate(tmp_path: Path) -> None:
    plant(tmp_path / "new", "Lan", "Lan")
    old = plant(tmp_path / "old", "Lan", "Lan")
    held = plant(tmp_path / "old", "Held", "Held", CANARY)
    corpus = open_corpus([tmp_path / "new", tmp_path / "old"], ["Held"], Mode.DESC)
    assert [target.label for target in corpus.targets] == ["Lan", "Lan@old"]
    assert {function.target for function in corpus.headers()} == {"Lan", "Lan@old"}
    assert corpus.target("Lan@old").path == old
    with pytest.raises(HoldOutError):
        corpus.read(held / "HeldInstrInfo.cpp")


def test_functions_come_back_from_the_cache_as_they_went_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "Lan", "Lan")
    cold = opened(tmp_path)
    sources = cold.sources("Lan")
    assert [f.qualified_name for source in sources for f in source.functions] == [
        "LanInstrInfo::f",
        "LanInstrInfo::LanInstrInfo",
        "LanInstrInfo::g",
    ]

    def no_parse(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr("vega_gen.corpus.index.parse_file", no_parse)
    warm = opened(tmp_path)
    assert warm.sources("Lan") == sources
    headers = warm.headers()
    assert all(header.body == () for header in headers)
    assert [warm.function(header) for header in headers] == [f for source in sources for f in source.functions]
    assert store.cache_dir() == tmp_path / "cache"


def test_progress_counts_bytes(tmp_path: Path) -> None:
    plant(tmp_path, "Lan", "Lan")
    calls: list[tuple[int, int]] = []
    corpus = opened(tmp_path)
    corpus.mine(lambda done, whole: calls.append((done, whole)))
    size = sum((corpus.targets[0].path / file).stat().st_size for file in corpus.targets[0].files)
    assert calls[-1] == (size, size)


def test_text_that_is_not_utf8_says_where(tmp_path: Path) -> None:
    place = plant(tmp_path, "Lan", "Lan")
    (place / "Bad.cpp").write_bytes(b"int x;\n// caf\xe9\n")
    with pytest.raises(InputError) as caught:
        opened(tmp_path).mine()
    assert caught.value.where == f"{place / 'Bad.cpp'}:2:7"
    assert caught.value.next_step


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not an LLVM checkout"):
        opened(tmp_path)
    (tmp_path / "llvm" / "lib" / "Target").mkdir(parents=True)
    (tmp_path / "llvm" / "include" / "llvm").mkdir(parents=True)
    with pytest.raises(NotFoundError, match="no target"):
        opened(tmp_path)


def test_an_unknown_target_names_the_known(tmp_path: Path) -> None:
    plant(tmp_path, "Lan", "Lan")
    with pytest.raises(NotFoundError) as caught:
        opened(tmp_path).target("Nan")
    assert "Lan" in caught.value.next_step


def test_tablegen_is_asked_where_the_text_does_not_say(tmp_path: Path) -> None:
    place = plant(tmp_path, "Lan", "Lan")
    (place / "Lan.td").write_text("class Target {}\nclass My : Target {}\ndef Lan : My;\n")
    corpus = open_corpus([tmp_path], (), Mode.DESC, Path("/usr/bin/llvm-tblgen-19"))
    assert [target.name for target in corpus.targets] == ["Lan"]


def test_llvm_19_has_25_targets_and_their_interfaces(llvm_source: Path) -> None:
    corpus = open_corpus([llvm_source], ["XCore"], Mode.DESC)
    assert len(corpus.targets) + len(corpus.held) == 25
    power = corpus.target("PPC")
    assert (power.folder, power.td) == ("PowerPC", "PPC.td")
    assert set(corpus.target("AMDGPU").names) >= {"AMDGPU", "R600"}


def test_many_files_are_parsed_in_processes(llvm_source: Path) -> None:
    """Over 2 MB goes to other processes, with the same result as in this one."""
    code = (
        "from pathlib import Path\nfrom dataclasses import replace\nfrom vega_gen.corpus import open_corpus\n"
        "if __name__ == '__main__':\n"
        f"    c = open_corpus([Path({str(llvm_source)!r})])\n"
        "    c.targets = tuple(t for t in c.targets if t.folder in ('Lanai', 'MSP430', 'SystemZ'))\n"
        "    c.mine(jobs=2)\n    print(len(c.headers('Lanai')), len(c.headers('MSP430')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent.parent, check=True, timeout=120, capture_output=True, text=True
    )
    assert done.stdout.split() == ["365", "250"]
