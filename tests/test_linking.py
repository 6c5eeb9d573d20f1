"""llvm_integration.linking: what lld says, as records. The messages here are made up after lld's form."""

from __future__ import annotations

from llvm_integration.linking import LinkError, SymbolPlace, link_errors

SAID = """\
ld.lld: error: undefined symbol: llvm::ToyInstrInfo::size(int) const
>>> referenced by ToyTargetMachine.cpp
>>>               /w/obj/ToyTargetMachine.o:(llvm::ToyTargetMachine::width() const)
>>> referenced by ToyInstrInfo.cpp
>>>               /w/obj/ToyInstrInfo.o:(vtable for llvm::ToyInstrInfo)
>>> referenced 4 more times

ld.lld: error: undefined hidden symbol: (anonymous namespace)::Reader::read[abi:cxx11](llvm::StringRef)
>>> referenced by /w/obj/AsmParser/Reader.o:((anonymous namespace)::Reader::all(int (*)(int)))

ld.lld: error: duplicate symbol: llvm::toyCount
>>> defined at A.cpp
>>>            /w/obj/A.o:(llvm::toyCount)
>>> defined at B.cpp
>>>            /w/obj/B.o:(.bss.toyCount+0x0)
clang++: error: linker command failed with exit code 1 (use -v to see invocation)
"""


def test_each_symbol_with_the_places_that_lld_names() -> None:
    size, read, count = link_errors(SAID)
    assert size == LinkError(
        "llvm::ToyInstrInfo::size(int) const",
        False,
        (
            SymbolPlace("/w/obj/ToyTargetMachine.o", "llvm::ToyTargetMachine::width() const"),
            SymbolPlace("/w/obj/ToyInstrInfo.o", "vtable for llvm::ToyInstrInfo"),
        ),
    )
    assert (read.symbol, read.duplicate) == ("(anonymous namespace)::Reader::read(llvm::StringRef)", False)
    assert (count.symbol, count.duplicate) == ("llvm::toyCount", True)
    assert [place.object for place in count.places] == ["/w/obj/A.o", "/w/obj/B.o"]
    assert count.message == "duplicate symbol: llvm::toyCount"


def test_a_use_that_lld_names_in_one_line() -> None:
    (error,) = link_errors("ld.lld: error: undefined symbol: a\n>>> referenced by /w/obj/A.o:(f(int))\n")
    assert error.places == (SymbolPlace("/w/obj/A.o", "f(int)"),)


def test_other_errors_are_no_symbols() -> None:
    assert link_errors("ld.lld: error: unable to find library -lLLVMToy\nclang++: error: linker command failed\n") == ()
