"""Stage 8: methods that only the new target's headers declare, written by the names and types of its fields."""

from __future__ import annotations

import pytest
from invented import NEW, new_target

from vega_gen.cxx import parse_file
from vega_gen.fill.accessors import BY_NAME, BY_TYPE, ORIGIN, accessors
from vega_gen.records import PlannedFunction

HEADER = """
namespace llvm {
class DddInfo : public Base {
  bool HasVector = false;
  bool IsLeaf;
  unsigned FrameSize;
  int Offset;
  static int Count;
  DddPlain Plain;
  const DddTable &Table;
  DddNode *First;
  std::unique_ptr<DddFile> File;
  DddTwin One, Two;
  DddTwin Twin;
  DddTwin Other;
public:
  METHOD
};
}
"""


def written(method: str) -> list[PlannedFunction]:
    """What is made of a class with one method."""
    classes = parse_file(HEADER.replace("METHOD", method).encode(), NEW, "DddInfo.h").classes
    return accessors(new_target(classes=classes), ())


@pytest.mark.parametrize(
    ("method", "body", "sure"),
    [
        ("bool hasVector() const { return HasVector; }", "return HasVector ;", BY_NAME),
        ("bool isLeaf() const;", "return IsLeaf ;", BY_NAME),
        ("void setLeaf() { IsLeaf = true; }", "IsLeaf = true ;", BY_NAME),
        ("void setFrameSize(unsigned Bytes);", "FrameSize = Bytes ;", BY_NAME),
        ("void setOffset(int Offset);", "this -> Offset = Offset ;", BY_NAME),
        ("Register getFrameSize() const;", "return FrameSize ;", BY_NAME),
        ("const DddPlain *getPlain() const override;", "return & Plain ;", BY_NAME),
        ("const DddPlain *plain() const;", "return & Plain ;", BY_NAME),
        ("const DddPlain &getAnything() const;", "return Plain ;", BY_TYPE),
        ("const DddTable *getAnything() const;", "return & Table ;", BY_TYPE),
        ("DddNode &getFirst();", "return * First ;", BY_NAME),
        ("DddFile *getFile() const;", "return File . get ( ) ;", BY_NAME),
    ],
)
def test_a_field_answers_a_method(method: str, body: str, sure: float) -> None:
    (made,) = written(method)
    (statement,) = made.candidate.statements
    assert " ".join(statement.head) == body
    assert made.candidate.confidence == statement.confidence == sure
    assert made.candidate.origin == ORIGIN and not statement.donors
    assert (made.in_class, made.file) == (("{" in method), "DddInfo.h" if "{" in method else "DddInfo.cpp")
    assert made.namespaces == ("llvm",) and made.qualified_name.startswith("DddInfo::")


@pytest.mark.parametrize(
    "method",
    [
        "bool hasFile() const;",  # a truth of something that is none
        "DddTwin &getAnything();",  # of three fields of the type which?
        "static int getCount();",
        "int getCount() const;",
        "virtual bool hasVector() const = 0;",
        "DddInfo(const DddInfo &) = default;",
        "void setFrameSize(unsigned Bytes, bool Known);",
        "unsigned getFrameSize(int Of) const;",
        "void hasVector();",
        "unsigned getHeight() const;",
    ],
)
def test_where_no_field_does_nothing_is_written(method: str) -> None:
    assert written(method) == []


def test_what_is_planned_is_not_written_again() -> None:
    classes = parse_file(HEADER.replace("METHOD", "bool isLeaf() const; bool hasVector() const;").encode(), NEW, "DddInfo.h").classes
    new = new_target(classes=classes)
    both = accessors(new, ())
    assert [f.candidate.signature.name for f in both] == ["isLeaf", "hasVector"]
    assert accessors(new, both[:1]) == both[1:]
    assert accessors(new, both) == []
