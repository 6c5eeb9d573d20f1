"""Find an llvm-tblgen of the checkout's version on this machine, or build it from the checkout."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from llvm_integration.discover import Installation, SourceTree, installed, open_source
from llvm_integration.failure import ToolFailure
from llvm_integration.process import Progress, run

_VERSION = re.compile(r"LLVM version (\d+)\.(\d+)")
_CONFIGURE_SECONDS = 900.0
_BUILD_SECONDS = 3600.0


def find_tblgen(source: SourceTree, installation: Installation | None = None, build_dir: Path | None = None) -> Path | None:
    """Return an llvm-tblgen for the checkout: the installation's if given, else one of the same major version, None if there is none.

    The build directory, PATH and /usr/lib/llvm-* are searched. Raises ToolFailure if the installation has no llvm-tblgen."""
    if installation is not None:
        return installation.llvm_tblgen
    major = source.version.split(".")[0]
    named = [build_dir / "bin" / "llvm-tblgen"] if build_dir else []
    named += [Path(found) for name in (f"llvm-tblgen-{major}", "llvm-tblgen") if (found := shutil.which(name))]
    named += sorted(Path("/usr/lib").glob("llvm-*/bin/llvm-tblgen"))
    for program in named:
        if program.is_file() and _major(program) == major:
            return program
    return None


def build_tblgen(source: SourceTree, work: Path, progress: Progress) -> Path:
    """Build llvm-tblgen, and nothing else, from the checkout in the folder ``work``, incrementally after an earlier call.

    Raises ToolFailure if CMake, a build tool or a compiler is missing, or if the build fails.
    """
    generator = {"ninja": "Ninja", "make": "Unix Makefiles"}
    tool = next((name for name in generator if shutil.which(name)), "")
    compiler = next((name for name in ("c++", "clang++", "g++") if shutil.which(name)), "")
    needed = {"cmake": shutil.which("cmake"), "ninja or make": tool, "a C++ compiler": compiler}
    missing = [what for what, there in needed.items() if not there]
    if missing:
        raise ToolFailure(
            f"no llvm-tblgen of LLVM {source.version} on this machine, and these are missing to build one: {', '.join(missing)}",
            where=str(source.root),
            next_step="vega-gen doctor --install, or give a build of that LLVM with --build-dir",
        )
    off = [f"-DLLVM_INCLUDE_{part}=OFF" for part in ("TESTS", "BENCHMARKS", "EXAMPLES", "DOCS")]
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DLLVM_TARGETS_TO_BUILD=", "-DLLVM_ENABLE_ZLIB=OFF", "-DLLVM_ENABLE_ZSTD=OFF", *off]
    progress(0, 2, f"configuring LLVM {source.version}")
    configure = ["cmake", "-G", generator[tool], "-S", str(source.llvm), "-B", str(work), *options]
    run(configure, timeout=_CONFIGURE_SECONDS).check("configure the checkout by hand, and pass the folder with --build-dir")
    progress(1, 2, f"building llvm-tblgen {source.version}")
    build = ["cmake", "--build", str(work), "--target", "llvm-tblgen", "--parallel"]
    run(build, timeout=_BUILD_SECONDS).check("build llvm-tblgen by hand, and pass its build directory with --build-dir")
    progress(2, 2, "llvm-tblgen built")
    return work / "bin" / "llvm-tblgen"


def _major(program: Path) -> str:
    found = _VERSION.search(run([str(program), "--version"], timeout=60).stdout)
    return found[1] if found else ""


def tools_of(llvm: Path | None, version: str, prefix: Path | None) -> tuple[Path, Path]:
    """Return the folder that holds llvm/Target/Target.td, and llvm-tblgen.

    ``llvm``: a source tree, with an installed llvm-tblgen of its version; else ``prefix``: an installation's folder; else an installed LLVM
    of ``version``, the newest for "". Raises ToolFailure where there is none.
    """
    if llvm is not None:
        source = open_source(llvm)
        found = find_tblgen(source)
        if found is None:
            raise ToolFailure(f"no llvm-tblgen of LLVM {source.version}", str(llvm), "vega-gen doctor --install gets it where apt has it")
        return source.llvm / "include", found
    having = [one for one in installed(prefix) if not version or one.version.split(".")[0] == version]
    if not having:
        raise ToolFailure(
            f"no LLVM {version} with headers is installed".replace("  ", " "),
            next_step="vega-gen doctor --install, or give --llvm or --prefix",
        )
    for folder in having[0].include_dirs:
        if (folder / "llvm/Target/Target.td").is_file():
            return folder, having[0].llvm_tblgen
    raise ToolFailure(
        f"LLVM {having[0].version} has no llvm/Target/Target.td",
        str(having[0].prefix),
        "install its development package, or give a source tree with --llvm",
    )
