"""cxx: tokens, statements, signatures, classes; and back to text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vega_gen import cxx
from vega_gen.errors import InputError
from vega_gen.records import Function, MemberKind, SourceFile, Statement, StatementKind


def parse(text: str) -> SourceFile:
    return cxx.parse_file(text.encode(), "T", "a.cpp")


def outline(statements: tuple[Statement, ...]) -> list[object]:
    return [(s.kind.value, " ".join(s.head), *([outline(s.children)] if s.children or s.braced else [])) for s in statements]


def test_tokens() -> None:
    assert cxx.tokenize('a::b->c<<d>>e // x\n/* y */"p" "q" 1\'000 0x1p-3 L\'\\\'\' R"(a"b)" x.y ... /* end */') == (
        *("a", "::", "b", "->", "c", "<<", "d", ">>", "e", '"p"', '"q"', "1'000", "0x1p-3", "L'\\''", 'R"(a"b)"'),
        *("x", ".", "y", "..."),
    )
    assert cxx.tokenize("f(\n#  if defined(A) && \\\n  B // c\n x") == ("f", "(", "#if defined(A) && B", "x")


def test_statement_tree() -> None:
    made = cxx.parse_statements(
        "if (a) b(); else if (c) { d(); } else e();\n"
        "switch (x) { case A: case B: f(); break; default: return; }\n"
        "for (auto &i : v) while (i) { continue; }\n"
        "do { g(); } while (h);\n"
        "l: goto l;\n"
        "{ k; }\n"
        "struct S { int f() { return 1; } };\n"
        "auto z = [&](int y) { return y; };\n"
    )
    assert outline(made) == [
        ("if", "if ( a )", [("simple", "b ( ) ;")]),
        ("else", "else if ( c )", [("simple", "d ( ) ;")]),
        ("else", "else", [("simple", "e ( ) ;")]),
        (
            "switch",
            "switch ( x )",
            [
                ("case", "case A :"),
                ("case", "case B :", [("simple", "f ( ) ;"), ("simple", "break ;")]),
                ("case", "default :", [("simple", "return ;")]),
            ],
        ),
        ("for", "for ( auto & i : v )", [("while", "while ( i )", [("simple", "continue ;")])]),
        ("do", "do", [("simple", "g ( ) ;")]),
        ("label", "l :", [("simple", "goto l ;")]),
        ("block", "", [("simple", "k ;")]),
        ("definition", "struct S { int f ( ) { return 1 ; } } ;"),
        ("simple", "auto z = [ & ] ( int y ) { return y ; } ;"),
    ]
    assert [s.braced for s in made[:3]] == [False, True, False]
    assert made[5].tail == ("while", "(", "h", ")", ";")


def test_directives_and_macros_in_a_body() -> None:
    made = cxx.parse_statements(
        "a();\n#ifdef X\nb();\n#else\nc();\n#endif\n"
        'LLVM_DEBUG(dbgs() << "x"; dump());\n'
        "NODE_CASE(A)\nNODE_CASE(B)\n"
        "int t[] = {\n#ifdef Y\n1,\n#endif\n2};\n"
        "BuildMI(MBB, I, DL, TII.get(X::ADD), R).addReg(1).addImm(2);"
    )
    assert outline(made) == [
        ("simple", "a ( ) ;"),
        ("preprocessor", "#ifdef X"),
        ("simple", "b ( ) ;"),
        ("preprocessor", "#else"),
        ("simple", "c ( ) ;"),
        ("preprocessor", "#endif"),
        ("simple", 'LLVM_DEBUG ( dbgs ( ) << "x" ; dump ( ) ) ;'),
        ("opaque", "NODE_CASE ( A )"),
        ("opaque", "NODE_CASE ( B )"),
        ("simple", "int t [ ] = { #ifdef Y 1 , #endif 2 } ;"),
        ("simple", "BuildMI ( MBB , I , DL , TII . get ( X :: ADD ) , R ) . addReg ( 1 ) . addImm ( 2 ) ;"),
    ]


SIGNATURES = [
    # text, class, name, prefix, result, parameters, qualifiers
    ("static DecodeStatus D(MCInst &I, unsigned = 0) {}", "", "D", "static", "DecodeStatus", ["MCInst &|I", "unsigned|"], ""),
    (
        "bool A::B::f(const T *X, int Y[2], void (*F)(int)) const {}",
        "A::B",
        "f",
        "",
        "bool",
        ["const T *|X", "int|Y", "void ( *|F"],
        "const",
    ),
    ("A::A(int X) : Base(X), Y{1}, Z<int>(2, 3) {}", "A", "A", "", "", ["int|X"], ""),
    ("A::~A() {}", "A", "~A", "", "", [], ""),
    ("A::operator bool() const {}", "A", "operator bool", "", "", [], "const"),
    ("bool operator==(const A &, const A &) {}", "", "operator==", "", "bool", ["const A &|", "const A &|"], ""),
    (
        "template <typename T> T *C<T>::get(std::map<int, T> M) {}",
        "C<T>",
        "get",
        "template < typename T >",
        "T *",
        ["std :: map < int , T >|M"],
        "",
    ),
    (
        'extern "C" LLVM_EXTERNAL_VISIBILITY void LLVMInitializeX() {}',
        "",
        "LLVMInitializeX",
        'extern "C" LLVM_EXTERNAL_VISIBILITY',
        "void",
        [],
        "",
    ),
    (
        "LLVM_ATTRIBUTE_UNUSED static inline const char *n(int a, ...) {}",
        "",
        "n",
        "LLVM_ATTRIBUTE_UNUSED static inline",
        "const char *",
        ["int|a", "...|"],
        "",
    ),
    ("auto f(A a = {}, B b = x<1, 2>()) -> int {}", "", "f", "", "auto", ["A|a", "B|b"], "-> int"),
    ("FunctionPass *llvm::createX(TM &T) {}", "", "createX", "", "FunctionPass *", ["TM &|T"], ""),
]


@pytest.mark.parametrize("text,owner,name,prefix,result,params,qualifiers", SIGNATURES, ids=[row[2] for row in SIGNATURES])
def test_signatures(text: str, owner: str, name: str, prefix: str, result: str, params: list[str], qualifiers: str) -> None:
    made = cxx.parse_function(text).signature
    assert (made.class_name, made.name) == (owner, name)
    assert (" ".join(made.prefix), " ".join(made.result), " ".join(made.qualifiers)) == (prefix, result, qualifiers)
    assert [f"{' '.join(p.type)}|{p.name}" for p in made.params] == params


def test_initialisers_and_defaults() -> None:
    made = cxx.parse_function('A::A(int X = f(1, 2)) : Base(X, {1}), Y{1},\n#define G\n#include "g.inc"\n{}').signature
    assert made.initialisers == (
        ("Base", "(", "X", ",", "{", "1", "}", ")"),
        ("Y", "{", "1", "}"),
        ("#define G",),
        ('#include "g.inc"',),
    )
    assert made.params[0].default == ("f", "(", "1", ",", "2", ")")


FILE = """#include "T.h"
#include <vector>
#define DEBUG_TYPE "t"
#define GET_INSTRINFO_CTOR_DTOR
#include "TGenInstrInfo.inc"
using namespace llvm;
namespace {
struct Fwd;
class LLVM_LIBRARY_VISIBILITY Pass final : public MachineFunctionPass, private Mixin<int> {
  enum Kind { A = 1, B };
  static char ID;
public:
  Pass() : MachineFunctionPass(ID) {}
  bool run(MachineFunction &MF) override;
  virtual int cost() const = 0;
  Pass(const Pass &) = delete;
#define GET_DECLS
#include "TGenDecls.inc"
private:
  struct Inner { int get() { return 1; } };
};
} // namespace
namespace llvm::XISD { enum NodeType : unsigned { FIRST = ISD::BUILTIN_OP_END, CALL }; }
INITIALIZE_PASS(Pass, DEBUG_TYPE, "t", false, false)
bool Pass::run(MachineFunction &MF) { return X::Y::go(MF); }
#define GET_END
#include "TGenEnd.inc"
"""


def test_a_file() -> None:
    made = parse(FILE)
    assert made.unreadable == ()
    assert made.includes == ('"T.h"', "<vector>")
    assert made.prologue == (
        '#define DEBUG_TYPE "t"',
        "#define GET_INSTRINFO_CTOR_DTOR",
        '#include "TGenInstrInfo.inc"',
        "using namespace llvm;",
        "namespace {\nstruct Fwd;\n}",
    )
    assert made.epilogue[-2:] == ("#define GET_END", '#include "TGenEnd.inc"')
    assert [(f.qualified_name, f.in_class, f.namespaces) for f in made.functions] == [
        ("Pass::Pass", True, ("",)),
        ("Pass::Inner::get", True, ("",)),
        ("Pass::run", False, ()),
    ]
    assert [(e.scope, e.name, e.enumerators) for e in made.enums] == [
        (("", "Pass"), "Kind", ("A", "B")),
        (("llvm", "XISD"), "NodeType", ("FIRST", "CALL")),
    ]
    run = made.functions[2]
    data = FILE.encode()
    assert data[run.start : run.end].startswith(b"bool Pass::run") and data[run.body_start : run.body_end].startswith(b"{ return")
    assert FILE.splitlines()[run.line - 1].startswith("bool Pass::run")


def test_a_class() -> None:
    made = parse(FILE).classes
    assert [(c.name, c.bases, c.struct) for c in made] == [
        ("Pass", ("MachineFunctionPass", "Mixin"), False),
        ("Pass::Inner", (), True),
    ]
    members = made[0].members
    assert [(m.kind, m.access, m.name) for m in members] == [
        (MemberKind.OTHER, "private", "Kind"),
        (MemberKind.FIELD, "private", "ID"),
        (MemberKind.METHOD, "public", "Pass"),
        (MemberKind.METHOD, "public", "run"),
        (MemberKind.METHOD, "public", "cost"),
        (MemberKind.METHOD, "public", "Pass"),
        (MemberKind.OTHER, "public", ""),
        (MemberKind.OTHER, "public", ""),
        (MemberKind.OTHER, "private", "Inner"),
    ]
    cost, copy = members[4], members[5]
    assert cost.pure and cost.signature is not None and cost.signature.prefix == ("virtual",)
    assert copy.deleted and members[2].has_body and not members[3].has_body
    assert members[7].tokens == ('#include "TGenDecls.inc"',)


def test_known_namespaces_are_no_classes() -> None:
    text = b"int X::f() { return 1; }"
    assert cxx.parse_file(text, "T", "a").functions[0].signature.class_name == "X"
    made = cxx.parse_file(text, "T", "a", frozenset({"X"})).functions[0]
    assert (made.signature.class_name, made.namespaces) == ("", ("X",))


def test_what_cannot_be_read_is_reported_and_the_rest_found() -> None:
    made = parse("int f() { return 1; }\nint ) ( ] oops;\nint g() { return 2; }\n")
    assert [f.signature.name for f in made.functions] == ["f", "g"]
    assert made.unreadable and made.unreadable[0].line == 2


def test_not_utf8() -> None:
    with pytest.raises(InputError) as caught:
        cxx.parse_file(b"int x;\nint y; // \xff", "T", "a.cpp")
    assert caught.value.where == "a.cpp:2:11"


def test_a_reviewers_statement() -> None:
    assert cxx.parse_statement_text("return f(x);").head == ("return", "f", "(", "x", ")", ";")
    with pytest.raises(InputError) as caught:
        cxx.parse_statement_text("a();\nb();")
    assert caught.value.where == "2:1"
    for bad in ("return (;", "", "x = ", "}", "a(); }"):
        with pytest.raises(InputError):
            cxx.parse_statement_text(bad)


def test_rendered_text() -> None:
    text = (
        "A::A(int X) : B(X), Y{1} { if (!X && *P == -1) { const T *Q = static_cast<T *>(f(&X, Y[2])); return; } else g();"
        "switch (X) { case A::B: h(x ? 1 : 2); } }"
    )
    assert cxx.render_function(cxx.parse_function(text)) == (
        "A::A(int X)\n    : B(X), Y{ 1 } {\n"
        "  if (!X && *P == -1) {\n    const T *Q = static_cast<T *>(f(&X, Y[2]));\n    return;\n  } else\n    g();\n"
        "  switch (X) {\n  case A::B:\n    h(x ? 1 : 2);\n  }\n}\n"
    )


def test_in_and_out_of_class() -> None:
    made = cxx.parse_function("virtual bool f(int X = 1) const override { return X; }", "A")
    assert cxx.render_function(made, in_class=True).startswith("virtual bool f(int X = 1) const override {")
    assert cxx.render_function(made, in_class=False).startswith("bool A::f(int X) const {")
    static = cxx.parse_function("static int g() { return 1; }", "A")
    assert cxx.render_function(static, in_class=False).startswith("int A::g() {")
    free = cxx.parse_function("static int g() { return 1; }")
    assert cxx.render_function(free, in_class=False).startswith("static int g() {")


def test_format() -> None:
    assert cxx.format("int f( int*x ){return * x;}") == "int f(int *x) { return *x; }"


HEADER = """template <typename T> struct A : B<T> {
  constexpr int f(int X = [] { return secret; }()) const noexcept { return secret; }
  A() : B<T>(secret), C{secret}, D([] { secret(); }) { secret(); }
  A(int) try : B<T>(secret) { secret(); } catch (...) { secret(); }
  operator bool() const { return secret; }
  A &operator=(const A &) { return secret; }
  auto g() -> decltype(x) { if (a) { secret; } }
  int h = 3, k{4};
  std::function<int()> l = [] { return secret; };
  enum E : unsigned { P = 1, Q };
  struct Inner { void i() const override { secret(); } };
  friend bool operator<(A, A) { return secret; }
#ifdef X
  int m() {
    return secret;
#else
  int m() {
    return secret + 1;
#endif
  }
  virtual int n() = 0; unsigned o : 3;
};
namespace llvm { static inline struct S *p(int q) { return secret; } }
extern "C" { void r() { secret(); } }
#define MACRO(x) do { secret; } while (0)
static const int Table[] = {1, 2, 3};
enum { LAST };
"""


def test_no_byte_of_a_body_survives() -> None:
    text = cxx.strip_bodies(HEADER.encode()).decode()
    assert "secret" not in text
    assert text.count("\n") == HEADER.count("\n")
    for kept in (
        "constexpr int f(",
        "operator bool() const ;",
        "int h = 3, k{4};",
        "enum E : unsigned { P = 1, Q };",
        "virtual int n() = 0;",
        "{1, 2, 3}",
        "LAST",
    ):
        assert kept in text
    made = cxx.parse_file(text.encode(), "T", "a.h")
    assert made.functions == ()
    assert [c.name for c in made.classes] == ["A", "A::Inner"]
    with pytest.raises(InputError):
        cxx.strip_bodies(b"struct A { int f() { secret; }")


def check_round_trip(function: Function, body: str) -> None:
    assert cxx.tokens(function) == cxx.tokenize(body)
    again = cxx.parse_function(cxx.render_function(function))
    assert cxx.tokens(again) == cxx.tokens(function)
    assert again.signature.params == tuple(
        p if not function.signature.class_name else p.__class__(p.type, p.name, p.suffix) for p in function.signature.params
    )


@pytest.mark.parametrize("target", ["Lanai", "ARC", "MSP430", "VE"])
def test_every_function_of_a_target_prints_back(llvm_source: Path, target: str) -> None:
    folder = llvm_source / "llvm/lib/Target" / target
    count = 0
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".cpp", ".h")):
        data = path.read_bytes()
        for function in cxx.parse_file(data, target, path.name).functions:
            check_round_trip(function, data[function.body_start : function.body_end].decode())
            count += 1
    assert count >= {"Lanai": 364, "ARC": 212, "MSP430": 250, "VE": 559}[target]


EXPRESSIONS = st.sampled_from(
    [
        "a",
        "f(x)",
        "-a - -b",
        "a<b>(c)",
        "a < b",
        "x->y.z",
        "*p",
        "&q",
        "!r",
        "(int)s",
        '"s" "t"',
        "a ? b : c",
        "x++ + ++y",
        "a && &b",
        "T::u",
        "[&] { v; }",
    ]
)


def bodies() -> st.SearchStrategy[str]:
    leaf = st.one_of(
        EXPRESSIONS.map(lambda e: f"{e};"),
        EXPRESSIONS.map(lambda e: f"T *v = {e};"),
        EXPRESSIONS.map(lambda e: f"return {e};"),
        st.sampled_from([";", "\n#ifdef A\n", "\n#endif\n", "break;", "LLVM_DEBUG(a; b);", "// c\n", "/* d */"]),
    )

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        block = st.lists(inner, max_size=3).map(" ".join)
        return st.one_of(
            st.tuples(EXPRESSIONS, block).map(lambda p: f"if ({p[0]}) {{ {p[1]} }}"),
            st.tuples(EXPRESSIONS, block, block).map(lambda p: f"if ({p[0]}) {{ {p[1]} }} else {{ {p[2]} }}"),
            st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda p: f"while ({p[0]}) {p[1]};"),
            st.tuples(EXPRESSIONS, block).map(lambda p: f"switch ({p[0]}) {{ case A: {p[1]} break; default: ; }}"),
            block.map(lambda b: f"for (int i = 0; i < n; ++i) {{ {b} }}"),
            block.map(lambda b: f"do {{ {b} }} while (x);"),
        )

    return st.lists(st.recursive(leaf, grow, max_leaves=6), max_size=4).map(" ".join)


@given(bodies())
def test_any_body_prints_back_to_its_tokens(body: str) -> None:
    made = cxx.parse_statements(body)
    assert cxx.tokens(made) == cxx.tokenize(body)
    assert cxx.tokenize(cxx.render(made)) == cxx.tokenize(body)
    assert cxx.tokens(cxx.parse_statements(cxx.render(made))) == cxx.tokenize(body)


def test_a_macro_defined_in_a_body_with_comments() -> None:
    made = parse(
        "void f() {\n  switch (x) {\n"
        "#define C(a) \\\n  D(a) /* one */ \\\n  E(a) /* two */\n    C(1)\n    g();\n  }\n}\nint h() { return 1; }\n"
    )
    assert [f.signature.name for f in made.functions] == ["f", "h"]
    assert made.functions[0].body[0].children[0].head == ("#define C(a) D(a) E(a)",)


def test_try_and_its_handlers() -> None:
    made = cxx.parse_statements("try { a(); } catch (int e) { b(); }")
    assert outline(made) == [("block", "try", [("simple", "a ( ) ;")]), ("block", "catch ( int e )", [("simple", "b ( ) ;")])]
    assert made[0].kind is StatementKind.BLOCK


def test_a_loop_s_condition_that_declares_does_not_swallow_what_follows() -> None:
    """tree-sitter-cpp 0.23 reads ``T x = *p`` in a for's condition as no declaration, and the function to the end of the file."""
    text = (
        "void f() {\n  for (const Reg *R = first(); Reg A = *R;\n       ++R) {\n    if (A) use(A);\n  }\n  done();\n}\n"
        "int g() { for (int i = 0; i < 4 && a == b; ++i) { } for (;;) { } for (auto x : y) { } return 1; }\n"
    )
    made = parse(text)
    assert [(f.qualified_name, f.end_line, f.complete) for f in made.functions] == [("f", 7, True), ("g", 8, True)]
    loop = made.functions[0].body[0]
    assert " ".join(loop.head) == "for ( const Reg * R = first ( ) ; Reg A = * R ; ++ R )"
    assert [" ".join(s.head) for s in loop.children] == ["if ( A )"]
    assert made.unreadable == ()
