"""Install LLVM's packages on Debian and Ubuntu, and fetch LLVM's source tree by apt or git.

apt's configuration on the machine does not change: fetching source packages uses a private list of sources in a temporary folder.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llvm_integration.discover import SourceTree, machine, open_source
from llvm_integration.failure import ToolFailure
from llvm_integration.process import Completed, Progress, run

GIT_URL = "https://github.com/llvm/llvm-project.git"
TREE_PARTS = frozenset({"llvm", "cmake", "third-party"})
DISK_NEEDED = 2 << 30  # bytes: 165 MB of archive and 1.1 GB of files, with a margin
_ENVIRONMENT = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source tree. ``fresh``: whether this call fetched it."""

    source: SourceTree
    fresh: bool


# --------------------------------------------------------------------- packages


def has_apt() -> bool:
    """Whether this machine has apt and dpkg."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg-query"))


def packages(major: int) -> tuple[str, ...]:
    """Return the packages with LLVM's tools, its static libraries and the libraries that they link with.

    ``llvm-config --libs all`` needs libpolly-<major>-dev, llvm-objdump needs curl, GitPython needs git, and the ladder runs
    programs under qemu-user.
    """
    return (
        f"llvm-{major}",
        f"llvm-{major}-dev",
        f"llvm-{major}-tools",
        f"clang-{major}",
        f"lld-{major}",
        f"libpolly-{major}-dev",
        "libz3-dev",
        "zlib1g-dev",
        "libzstd-dev",
        "libxml2-dev",
        "libedit-dev",
        "libffi-dev",
        "libcurl4-openssl-dev",
        "git",
        "qemu-user",
    )


def plugin_packages(major: int) -> tuple[str, ...]:
    """Return the packages with what a plug-in takes of LLVM: headers, libLLVM, tools, clang and lld."""
    return (f"llvm-{major}", f"llvm-{major}-dev", f"clang-{major}", f"lld-{major}")


def missing_packages(names: Sequence[str]) -> tuple[str, ...]:
    """Return the packages of ``names`` that dpkg does not list as installed, in order."""
    asked = run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names], env=_ENVIRONMENT, timeout=60)
    installed = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    return tuple(name for name in names if name not in installed)


def install_commands(missing: tuple[str, ...], *, root: bool) -> tuple[tuple[str, ...], ...]:
    """Return the commands that install ``missing``, in order; () if it is empty. They use sudo unless ``root`` is set."""
    if not missing:
        return ()
    before = () if root else ("sudo",)
    return (
        (*before, "apt-get", "update"),
        (*before, "apt-get", "install", "-y", "--no-install-recommends", *missing),
    )


def install(commands: tuple[tuple[str, ...], ...], progress: Progress) -> None:
    """Run package commands in order. Raises ``ToolFailure`` with apt's message where one fails."""
    for done, argv in enumerate(commands):
        progress(done, len(commands), " ".join(argv[:3]))
        run(argv, env=_ENVIRONMENT, timeout=1800).check("run that command by hand, as root, and read what it says")
    progress(len(commands), len(commands), "")


# ------------------------------------------------------------------ source tree


def get_source(version: str, directory: Path, progress: Progress, parts: frozenset[str] = TREE_PARTS) -> Fetched:
    """Fetch LLVM's source tree of ``version`` ("19" or "19.1.7") into ``directory``, unless it holds that version already.

    On Debian and Ubuntu apt fetches the upstream archive (without the distribution's patches), of which ``llvm/``, ``cmake/`` and
    ``third-party/`` are unpacked (``parts``: its folders to unpack); elsewhere a shallow git clone is made. The tree is renamed into place
    when complete.
    Raises ``ToolFailure`` for another version or other files in ``directory``, for lack of disk space, and where fetching fails.
    """
    if not re.fullmatch(r"\d+(\.\d+\.\d+)?", version):
        raise ToolFailure(f"{version!r} is not an LLVM version", next_step="give a major version (19) or a full one (19.1.7)")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        return Fetched(_existing(version, directory), fresh=False)
    parent = directory.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    free = machine(parent).disk_free
    if free < DISK_NEEDED:
        what = f"{free >> 20} MiB free, {DISK_NEEDED >> 20} MiB needed"
        raise ToolFailure(what, where=str(parent), next_step="free some space, or choose another folder")
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}.", dir=parent) as name:
        work = Path(name)
        tree = _by_apt(version, work, progress, parts) if has_apt() else _by_git(version, work, progress)
        found = open_source(tree)
        if not _fits(found.version, version):
            raise ToolFailure(f"the fetched tree is LLVM {found.version}, not {version}", next_step=f"ask for --version {found.version}")
        tree.rename(directory.resolve())
    return Fetched(open_source(directory), fresh=True)


def _existing(version: str, directory: Path) -> SourceTree:
    advice = "choose another folder, or remove this one"
    try:
        found = open_source(directory)
    except ToolFailure as failure:
        raise ToolFailure("this exists, but is not an LLVM source tree", where=str(directory), next_step=advice) from failure
    if not _fits(found.version, version):
        raise ToolFailure(f"this is LLVM {found.version}, not {version}", where=str(directory), next_step=advice)
    return found


def _fits(found: str, asked: str) -> bool:
    return found == asked or found.split(".")[0] == asked


def _by_apt(version: str, work: Path, progress: Progress, parts: frozenset[str]) -> Path:
    """Fetch the upstream archive of Debian's source package llvm-toolchain-<major>, unpack it below ``work``, and return the tree."""
    major = version.split(".")[0]
    package = f"llvm-toolchain-{major}"
    client = _private_client(work)
    progress(0, 0, "reading the lists of source packages")
    update = run([*client, "update"], env=_ENVIRONMENT, timeout=600)
    downloads = work / "downloads"
    downloads.mkdir()
    listing = run([*client, "source", "--print-uris", package], cwd=downloads, env=_ENVIRONMENT, timeout=120)
    archives = _archives(listing.stdout)
    if not archives:
        raise _no_source(version, update, listing)
    size = sum(archives.values())
    with _watch(downloads, size, progress):
        source = run([*client, "source", "--download-only", package], cwd=downloads, env=_ENVIRONMENT, timeout=3600)
    archive = next((downloads / name for name in archives if ".orig.tar" in name), None)
    if not source.ok or archive is None or not archive.is_file():
        raise _no_source(version, update, source)
    tree = work / "tree"
    unpack(archive, tree, progress, parts)
    return tree


def _no_source(version: str, update: Completed, source: Completed) -> ToolFailure:
    said = "\n".join(line for line in (update.stderr + source.stderr).splitlines() if line.startswith(("E:", "W:", "Err:")))
    by_git = f"git clone --depth 1 --branch llvmorg-{version if '.' in version else version + '.1.0'} {GIT_URL} DIR"
    what = f"apt does not serve the source of LLVM {version}"
    return ToolFailure(what, command=source.command, output=said[-2000:], next_step=f"get it by git: {by_git}")


def _private_client(work: Path) -> list[str]:
    """The start of an apt-get command that reads the machine's sources as source packages and writes only below ``work``."""
    sources, lists, cache = work / "sources", work / "lists", work / "cache"
    for folder in (sources, lists / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True)
    for name, text in source_lists(Path("/etc/apt")).items():
        (sources / name).write_text(text, encoding="utf-8")
    options = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": str(sources),
        "Dir::State::Lists": str(lists),
        "Dir::Cache": str(cache),
        "APT::Sandbox::User": "root",  # the _apt user may not enter a private folder
        "Debug::NoLocking": "1",
    }
    return ["apt-get", "-q", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]


def source_lists(folder: Path) -> dict[str, str]:
    """Return file name -> text for a private sources.list.d with a ``deb-src`` entry for each entry that apt uses in ``folder`` (/etc/apt).

    Both of apt's formats are read: one entry per line (sources.list, *.list) and deb822 (*.sources); see sources.list(5).
    Raises ``ToolFailure`` if there are no entries.
    """
    lists = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]
    lines = [line for file in lists if file.is_file() for line in one_line_sources(file.read_text(encoding="utf-8"))]
    texts = {"vega-gen.list": "".join(f"{line}\n" for line in dict.fromkeys(lines))} if lines else {}
    for file in sorted((folder / "sources.list.d").glob("*.sources")):
        if stanzas := deb822_sources(file.read_text(encoding="utf-8")):
            texts[file.name] = "\n".join(stanzas)
    if not texts:
        raise ToolFailure("no entries for apt to fetch from", where=str(folder), next_step="add the distribution's entry to sources.list")
    return texts


def one_line_sources(text: str) -> list[str]:
    """Return the entries of a sources.list as ``deb-src`` lines, without comments and disabled entries."""
    entries = (re.match(r"\s*deb(?:-src)?\s+([^#]+)", line) for line in text.splitlines())
    return list(dict.fromkeys(f"deb-src {entry[1].strip()}" for entry in entries if entry))


def deb822_sources(text: str) -> list[str]:
    """Return the enabled stanzas of a .sources file with ``Types: deb-src``, without comments."""
    without_comments = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    stanzas: list[str] = []
    for stanza in re.split(r"\n[ \t]*\n", without_comments.strip()):
        if re.search(r"^Enabled:\s*(no|false|without|off|disable|0)\s*$", stanza, re.IGNORECASE | re.MULTILINE):
            continue
        changed, found = re.subn(r"^Types:.*(\n[ \t].*)*", "Types: deb-src", stanza, flags=re.IGNORECASE | re.MULTILINE)
        if found:
            stanzas.append(f"{changed}\n")
    return stanzas


def _archives(listing: str) -> dict[str, int]:
    """File name -> size in bytes, from the output of ``apt-get source --print-uris``: 'URI' name size hash."""
    return {m[1]: int(m[2]) for m in re.finditer(r"^'[^']+' (\S+) (\d+) ", listing, re.MULTILINE)}


@contextmanager
def _watch(folder: Path, size: int, progress: Progress) -> Generator[None]:
    """Report how many of ``size`` bytes are in ``folder`` while the block runs."""
    ended = threading.Event()

    def report() -> None:
        while not ended.wait(0.5):
            progress(sum(file.stat().st_size for file in folder.iterdir() if file.is_file()), size, "downloading")

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def unpack(archive: Path, tree: Path, progress: Progress, wanted: frozenset[str] = TREE_PARTS) -> None:
    """Unpack the ``wanted`` folders from the top folder of ``archive`` (.tar.xz) into ``tree``; the current user owns the files.

    Raises ``ToolFailure`` for an archive that is damaged or would write outside of ``tree``.
    """
    size = archive.stat().st_size
    try:
        # lzma reports a truncated archive; tarfile's own stream decompression accepts it silently.
        with archive.open("rb") as raw, lzma.open(raw) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
            for count, member in enumerate(tar):
                if count % 500 == 0:
                    progress(raw.tell(), size, "unpacking")
                parts = Path(member.name).parts
                if len(parts) < 2 or parts[1] not in wanted or not (member.isfile() or member.isdir() or member.issym()):
                    continue
                if ".." in parts or Path(member.name).is_absolute() or (member.issym() and _leaves(parts[1:], member.linkname)):
                    raise ToolFailure(f"{member.name} would lie outside the tree", where=str(archive), next_step="fetch the archive again")
                member.name = str(Path(*parts[1:]))
                member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
                tar.extract(member, tree)
    except (tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise ToolFailure(f"the archive is damaged: {error}", where=str(archive), next_step="fetch it again") from error
    progress(size, size, "unpacking")


def _leaves(parts: tuple[str, ...], target: str) -> bool:
    """Whether a symbolic link at ``parts`` to ``target`` points out of the tree."""
    return os.path.isabs(target) or os.path.normpath(os.path.join(*parts[:-1], target)).startswith("..")  # noqa: PTH117, PTH118


def _by_git(version: str, work: Path, progress: Progress) -> Path:
    """Make a shallow clone of the release's tag below ``work`` and return it."""
    if not shutil.which("git"):
        raise ToolFailure("git: no such program", next_step="install git")
    tag = _newest_tag(version, run(["git", "ls-remote", "--tags", GIT_URL, f"llvmorg-{version}*"], timeout=300).check().stdout)
    tree = work / "tree"
    progress(0, 0, f"cloning {tag}")
    clone = run(["git", "clone", "--depth", "1", "--branch", tag, GIT_URL, str(tree)], timeout=7200)
    clone.check("check the network, and run the command by hand")
    return tree


def _newest_tag(version: str, listing: str) -> str:
    """The newest tag of a final release (no -rc) that fits ``version``, from the output of ``git ls-remote --tags``."""
    tags = {m[1] for m in re.finditer(r"refs/tags/llvmorg-(\d+\.\d+\.\d+)$", listing, re.MULTILINE)}
    fitting = [tag for tag in tags if _fits(tag, version)]
    if not fitting:
        raise ToolFailure(f"LLVM has no release {version}", where=GIT_URL, next_step="give a released version, such as 19 or 19.1.7")
    return f"llvmorg-{max(fitting, key=lambda tag: tuple(map(int, tag.split('.'))))}"
