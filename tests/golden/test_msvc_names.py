#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 120
"""Names as Microsoft's compilers decorate them, as we read them beside llvm-undname: those of a program that clang decorates the same
way, and a list of forms that it doesn't make.
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import BUILD, case, check, check_equal, main, scratch, skip  # noqa: E402

DUMP = os.path.join(BUILD, "tests", "unit", "dump_msvc_names")

OPERATORS = ["+", "-", "*", "/", "%", "^", "&", "|", "=", "<", ">", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "<<", ">>",
             ">>=", "<<=", "==", "!=", "<=", ">=", "&&", "||", ",", "->*", "[]"]
SOURCE = r"""
#define KEEP __attribute__((used))
typedef __SIZE_TYPE__ size_t;
namespace std { enum class align_val_t : size_t {}; }
namespace outer { namespace inner {
struct Plain { int a; virtual ~Plain(); virtual int speak(int); static int still(Plain *); };
Plain::~Plain() {}
int Plain::speak(int x) { return x; }
int Plain::still(Plain *p) { return p->a; }
template <class T, int N> struct Pair {
  T first[N];
  Pair() { for (auto &f : first) f = T(); }
  Pair(const Pair &) = default;
  ~Pair() { touch(first); }
  template <class U> U as(U u, T *t) const { return u; }
  operator T() const { return first[0]; }
  operator const Plain *() const { return nullptr; }
  T operator()(T t) { return t; }
  T *operator->() { return first; }
  static void touch(T *);
};
template <class T, int N> void Pair<T, N>::touch(T *t) { *t = T(); }
template struct Pair<int, 3>;
template struct Pair<const char *, 70000>;
template struct Pair<unsigned char, -0x7fff + 0x8001>;
template long long Pair<int, 3>::as<long long>(long long, int *) const;
struct Virtual : virtual Plain { int speak(int) override; };
int Virtual::speak(int x) { return x + 1; }
struct Two { virtual int two(); };
int Two::two() { return 2; }
struct Both : Plain, Two { int two() override; ~Both() override; };
int Both::two() { return 3; }
Both::~Both() {}
enum Color { RED }; enum class Shade : char { DARK };
union Either { int a; float b; };
int take(Color c, Shade s, Either e, Plain p, const Plain &r, Plain &&rr, volatile int *v, const int *const *pp) { return 0; }
int take(int (*f)(int, char), int (Plain::*m)(int), int Plain::*d, int (&a)[3][4], const char *__restrict r) { return 1; }
int take(bool, char, signed char, unsigned char, short, unsigned short, unsigned, long, unsigned long, long long,
         unsigned long long, float, double, long double, wchar_t, char16_t, char32_t, decltype(nullptr), ...) { return 2; }
Color color(Plain, Plain, Pair<int, 3>, Pair<int, 3> *, Color, Color) noexcept { return RED; }
template <auto N, class... T> struct Pack { static int size() { return sizeof...(T); } };
template struct Pack<5, int, char, Pack<'c'>>;
template struct Pack<nullptr>;
template <int (Plain::*F)(int), int Plain::*D, Plain *P, int (&R)(Plain *)> struct Refs { static int go() { return 1; } };
Plain one;
template struct Refs<&Plain::speak, &Plain::a, &one, Plain::still>;
template <template <class, int> class Q> struct Takes { static int go() { return 1; } };
template struct Takes<Pair>;
template <class F> int call(F f) { return f(1); }
template int call<int (*)(int)>(int (*)(int));
template <class F> struct Of { static void go() {} };
template struct Of<int(int, Plain)>; template struct Of<int[7]>; template struct Of<int[]>; template struct Of<const int>;
template struct Of<int (Plain::*)() const>; template struct Of<int Plain::*>; template struct Of<int &&>; template struct Of<void>;
}}
namespace { struct Hidden { int f(); }; __attribute__((noinline, used)) int Hidden::f() { return 4; }
template <class T> struct HiddenBox { int g(T, T) { return 1; } };
template struct HiddenBox<Hidden>; }
using namespace outer::inner;
int with_lambdas(int n) {
  auto twice = [n](int a) { struct In { int f(int x) { return x; } }; return In().f(a) + n; };
  auto deep = [&](auto b) { return [b](int c) { return b + c; }(n); };
  static Plain local;
  return twice(n) + deep(3) + deep(2.0) + local.a + call([](int q) { return q; });
}
int Plain_maker();
Plain global = {}; static Plain hidden_global; namespace outer { Both both; }
struct Stat { static Plain member; }; Plain Stat::member;
struct Ops {
  OPERATORS
  KEEP int operator!() { return 1; } KEEP int operator~() { return 1; } KEEP int operator++() { return 1; }
  KEEP int operator++(int) { return 1; } KEEP int operator--() { return 1; } KEEP int operator()(int) { return 1; }
  KEEP Ops *operator->() { return this; } KEEP auto operator<=>(int) { return 1; }
  KEEP void *operator new(size_t) { return nullptr; } KEEP void operator delete(void *) {}
  KEEP void *operator new[](size_t) { return nullptr; } KEEP void operator delete[](void *) {}
  KEEP operator bool() { return true; } KEEP operator char **() { return nullptr; } KEEP operator const Ops *() { return this; }
  KEEP operator outer::inner::Pair<int, 3>() { return {}; } KEEP operator outer::inner::Shade() { return {}; }
  template <class T> bool operator<(T t) { return true; }
};
template bool Ops::operator< <int>(int);
int __stdcall standard(int a) { return a; } int __fastcall fast(int a) { return a; } int __vectorcall vector(int a) { return a; }
extern "C" int __stdcall c_standard(int a) { return a; } extern "C" int __fastcall c_fast(int a) { return a; }
extern "C" int __vectorcall c_vector(int a) { return a; } extern "C" int plain_c(int a) { return a; }
Plain *arrays() { return new Both[3]; } void removes(Plain *p) { delete p; delete[] p; }
void *operator new(size_t) { return nullptr; } void operator delete(void *) noexcept {} void *operator new[](size_t) { return nullptr; }
void operator delete[](void *) noexcept {} void operator delete(void *, size_t) noexcept {} void operator delete[](void *, size_t) noexcept {}
void operator delete(void *, size_t, std::align_val_t) noexcept {}
long double operator""_km(long double d) { return d; }
Ops *use() { static Ops o; return &o; }
"""

# Forms that clang doesn't make, or only of other sources.
LIST = """
?f@@YAXXZ
?x@@3HA
?f@A@B@C@@YAXXZ
??0Klass@@QAE@XZ
??1Klass@@UEAA@XZ
??_GKlass@@UEAAPEAXI@Z
??_EKlass@@UEAAPEAXI@Z
??_EKlass@@W7EAAPEAXI@Z
??_FKlass@@QEAAXXZ
??_DKlass@@QEAAXXZ
??_OKlass@@QEAAXAEAV0@@Z
??_L@YAXPEAX_K1P6AX0@Z2@Z
??_M@YAXPEAX_K1P6AX0@Z@Z
??_H@YAXPEAX_K1P6APEAX0@Z@Z
??_I@YAXPEAX_K1P6AX0@Z@Z
??__C@YAXPEAX_K1P6AX0@Z2@Z
??__LFoo@@QEAA?AUAwaiter@@XZ
??__MFoo@@QEAA?AUOrder@@AEBU0@@Z
??__Ex@@YAXXZ
??__Fx@@YAXXZ
??__E?x@ns@@3HA@@YAXXZ
??__F?x@?1??f@@YAXXZ@4UFoo@@A@@YAXXZ
??__F_decisionToDFA@XPathLexer@@0V?$vector@VDFA@dfa@antlr4@@V?$allocator@VDFA@dfa@antlr4@@@std@@@std@@A@YAXXZ
?f@?A0x12345678@@YAXXZ
?f@?A0x12345678@ns@@YAXV?$T@U1?A0x12345678@2@@3@@Z
?f@?A@@YAXXZ
?g@?1??f@@YAXXZ@QEAAHXZ
?g@?BA@??f@@YAXXZ@QEAAHXZ
?g@?@??f@@YAXXZ@QEAAHXZ
??R<lambda_0>@?0??main@@YAHXZ@QEBA?A?<auto>@@H@Z
??R<lambda_1a2b3c>@@QEBA@XZ
??$?0H@Klass@@QEAA@H@Z
??$?RH@Klass@@QEAAXH@Z
??$f@$0A@@@YAXXZ
??$f@$0?0@@YAXXZ
??$f@$0BAA@$0?BAA@@@YAXXZ
??$f@$$V@@YAXXZ
??$f@H$$Z@@YAXXZ
??$f@$1?g@@YAXXZ@@YAXXZ
??$f@$E?x@@3HA@@YAXXZ
??$f@$1?g@S@@QEAAXXZ@@YAXXZ
??$f@$H?g@S@@QEAAXXZA@@@YAXXZ
??$f@$I?g@S@@QEAAXXZA@A@@@YAXXZ
??$f@$J?g@S@@QEAAXXZA@A@A@@@YAXXZ
??$f@$F3A@@@YAXXZ
??$f@$G3A@A@@@YAXXZ
??$f@$$YBox@ns@@@@YAXXZ
??$f@$$BY0A@H@@YAXXZ
??$f@$$CBH@@YAXXZ
??$f@$$A6AXH@Z@@YAXXZ
??$f@$$A8@@BAXH@Z@@YAXXZ
??$f@P6AXH@Z@@YAXXZ
??$f@P8S@@EAAXH@Z@@YAXXZ
??$f@PEQS@@H@@YAXXZ
??$f@$$QEAH@@YAX$$QEAH@Z
??$f@$$T@@YAXXZ
??$f@_N@@YAX_N@Z
??$f@W4E@@@@YAXXZ
?f@@YAXPEAVa@@0PEAVb@@1@Z
?f@@$$J0YAXXZ
?f@@9
?f@S@@$4PPPPPPPM@A@EAAXXZ
?f@S@@$R4BA@PPPPPPPM@3A@EAAXXZ
?f@S@@WBA@EAAXXZ
?f@S@@QEGAAXXZ
?f@S@@QEHAAXXZ
?f@S@@QEDAAXXZ
?f@@YAXXZ_E
?f@@YAX_E
?f@@YQXXZ
?f@@YAP6AHH@ZXZ
?f@@YAXHZZ
?f@@YAXAEAY1BA@7H@Z
?s@@3PEBDEB
?m@@3PEQS@@HEQ1@
?g@@3P8S@@EAAXXZEQ1@
?a@1@@YAXXZ
?a@b@a@1@0@@YAXXZ
?f@?$A@V?$B@V?$C@H@@@@@@QEAAXV1@V?$B@V?$C@H@@@@@Z
??4?$A@H@@QEAAAEAV0@AEBV0@@Z
??B?$A@H@@QEBAHXZ
??BA@@QEBAPEBDXZ
??BA@@QEBAAEAHXZ
??BA@@QEBA?AV?$vector@H@std@@XZ
??BA@@QEBAPEAPEAPEADXZ
??BA@@QEBA?BHXZ
""".split()
# What makes no name, or is none.
AS_THEY_ARE = """
main _main std::sort ? ?? ??? ?@ ?f ?f@ ??$f@H ??0@@QEAA@XZ ?1@@YAXXZ ??@a6a285da2eea70dba6b578022be61d81@ ??_R0H@8 ??_C@_02 a@ @ _@ @@ _@12
??BA@@QEBAP6AXXZXZ _Z1fv ?A0x1 __imp_
""".split()


def tool(name):
    return shutil.which(name) or shutil.which(name + "-14") or skip(f"{name} is not here")


def run(command, text, may_fail=False):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, cwd=scratch())
    check(may_fail or done.returncode == 0, f"{command}: {done.stderr[-1000:]}")
    return done.stdout


def ours(names):
    found = run([DUMP], "".join(n + "\n" for n in names)).splitlines()
    check_equal(len(found), len(names), "names")
    return dict(zip(names, found))


# ---- the judge ----

OPERATOR = re.compile(r"operator(<=>|<<=|>>=|->\*|\(\)|\[\]|->|<<|>>|<=|>=|&&|\|\||\+\+|--|[-+*/%^&|=!<>]=?|~|,)(?!\w)")


def matching(text, at):
    """Where the bracket at @at closes."""
    pairs, depth = {"<": ">", "(": ")", "`": "'", "[": "]"}, []
    while at < len(text):
        if m := OPERATOR.match(text, at):
            at = m.end()
            continue
        if text[at] in pairs:
            depth.append(pairs[text[at]])
        elif depth and text[at] == depth[-1] and text[at - 1:at + 1] != "->":
            depth.pop()
            if not depth:
                return at
        at += 1
    raise AssertionError(f"{text!r} does not close")


def reduce(text):
    """The qualified name in what undname says."""
    out, at = "", 0
    text = re.sub(r"^[^`]*? __[a-z]+call |^[^`]*? __cdecl |^extern \"C\" ", "", text)
    while at < len(text):
        c = text[at]
        if m := OPERATOR.match(text, at):
            out, at = out + m[0], m.end()
        elif c == "(":
            break
        elif c == "<":
            end = matching(text, at) + 1
            begins = not out or out.endswith("::")
            out, at = out + (text[at:end] if begins else " <>" if out.endswith("<") else "<>"), end
        elif m := re.match(r"`(dynamic [a-z ]+ for) ['`](.*)''", text[at:]):
            return f"{out}`{m[1]} '{reduce(m[2])}''"
        elif c == "`":
            end = matching(text, at)
            inner = text[at + 1:end]
            if inner.isdigit():
                out, end = out.removesuffix("::"), end
            elif re.fullmatch(r"[A-Za-z \[\]]+", inner):
                out += re.sub(r"\beh\b", "EH", re.sub(r"\bdtor\b", "destructor", re.sub(r"\bctor\b", "constructor", text[at:end + 1])))
            else:
                out += reduce(inner)
            at = end + 1
        else:
            out, at = out + c, at + 1
    if re.search(r"(^|::)operator (?!new|delete|co_await)", out):
        out = re.sub(r"operator (class|struct|union|enum) ", "operator ", re.sub(r" ([*&])", r"\1", out))
    out = re.sub(r"(adjustor|vtordisp|vtordispex)\{[-\d, ]+\}$", "", out)
    # Of a class that is a template's: its constructor is not.
    return out.removesuffix("<>") if re.fullmatch(r"(.*::)?(\w+)<>::(~?)\2<>", out) else out


def judged(names):
    """{name: qualified name} as LLVM has it, without those that it doesn't know."""
    text = run([tool("llvm-undname"), "--no-calling-convention", "--no-return-type", "--no-access-specifier", "--no-member-type",
                "--no-variable-type"], "".join(n + "\n" for n in names), may_fail=True)
    found = {}
    for name, said in re.findall(r"^(\S+)\n(.*)\n\n?", text, re.M):
        if said and not said.startswith("error:"):
            said = re.sub(r"^(const |\[thunk\]: ?|(?:extern \"C\" ))*", "", said)
            found[name] = reduce(said)
    return found


def check_names(names, at_least):
    got, expected = ours(names), judged(names)
    check(len(expected) >= at_least, f"only {len(expected)} of {len(names)} are known to the judge: {set(names) - set(expected)}")
    wrong = {n: (got[n], e) for n, e in expected.items() if got[n] != e}
    check(not wrong, "\n" + "\n".join(f"{n}: got {g!r}, expected {e!r}" for n, (g, e) in sorted(wrong.items())))
    return expected


# ---- cases ----

@case
def of_a_program():
    path = scratch("names.cpp")
    with open(path, "w") as f:
        f.write(SOURCE.replace("OPERATORS", " ".join(f"KEEP int operator{o}(int) {{ return 1; }}" for o in OPERATORS)))
    for target in ("x86_64", "i686"):
        run([tool("clang"), f"--target={target}-pc-windows-msvc", "-std=c++20", "-O0", "-w", "-c", path, "-o", "names.obj"], "")
        symbols = run([tool("llvm-nm"), "-j", "--defined-only", "names.obj"], "").split()
        names = sorted(n for n in set(symbols) if n.startswith("?") and not n.startswith(("??_R", "??_C", "??_7", "??_8")))
        found = check_names(names, 125)
        check({"outer::inner::Pair<>::operator()", "Ops::operator<", "Ops::operator< <>", "with_lambdas::<lambda_2>::operator()"} <= set(found.values()),
              f"{sorted(found.values())}")


@case
def of_a_list():
    check_names(LIST, len(LIST) - 12)


@case
def not_understood_by_the_judge():
    """What LLVM 14 can't read, or reads in another way."""
    expected = {"??$f@$MH0A@@@YAXXZ": "f<>", "??BA@@QEBA?AV?$vector@H@std@@XZ": "A::operator std::vector<>",
                "?f@?A@@YAXXZ": "`anonymous namespace'::f", "__imp_?f@ns@@YAXXZ": "ns::f", "__imp__Sleep@4": "Sleep",
                "__imp_Sleep": "Sleep", "_Sleep@4": "Sleep", "@Sleep@4": "Sleep", "Sleep@@16": "Sleep", "Sleep@4": "Sleep@4"}
    check_equal(ours(list(expected)), expected, "names")


@case
def as_they_are():
    check_equal(ours(AS_THEY_ARE), {n: n for n in AS_THEY_ARE}, "names")


main()
