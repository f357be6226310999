//! The language end to end: snippets, and what they display.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::Interp;
use crate::object::{Console, Cx, Raised, Result, TypeSpec, Value};

#[derive(Default)]
struct Collected(RefCell<String>);

impl Console for Collected {
    fn write(&self, text: &str) {
        self.0.borrow_mut().push_str(text);
    }
    fn write_error(&self, _text: &str) {}
    fn display(&self, value: &Value, cx: &Cx) -> Result<()> {
        let text = cx.repr(value)?;
        self.0.borrow_mut().push_str(&text);
        self.0.borrow_mut().push('\n');
        Ok(())
    }
    fn warn(&self, _category: &'static TypeSpec, message: &str) {
        self.write(message);
    }
}

fn shown(raised: &Raised, cx: &Cx) -> String {
    let message = raised.message(cx);
    if message.is_empty() {
        raised.class().name().to_string()
    } else {
        format!("{}: {message}", raised.class().name())
    }
}

/// What a program displays and prints, an error last.
fn run(text: &str) -> String {
    let text = text.to_owned();
    // Deep recursion of a script needs a deep stack, as the shell's thread has.
    let handle = std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(move || {
            let console = Rc::new(Collected::default());
            let cx = Cx::new(console.clone(), Arc::default());
            let mut interp = Interp::new(cx.clone());
            if let Err(raised) = interp.run_text(&text) {
                console.write(&shown(&raised, &cx));
            }
            console.0.take()
        });
    handle.expect("a thread").join().expect("no panic")
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(run(text).trim_end(), expected.trim_end(), "\n{text}");
}

#[test]
fn expressions() {
    check("1 + 2 * 3 - 4", "3");
    check("'a' 'b' + f'{1+1}{\"x\"!r:>5}'", "\"ab2  'x'\"");
    check("1 < 2 < 3, 1 < 2 > 3", "(True, False)");
    check(
        "[x * y for x in range(3) if x for y in (1, 2)]",
        "[1, 2, 2, 4]",
    );
    check("x = 3\nf'{x=} {x + 1 = :>4} {x!r}'", "'x=3 x + 1 =    4 3'");
    check("not 0 and (None or 'y')", "'y'");
    check(
        "{**{'a': 1}, 'b': 2}, [*range(2), 5], {1, *(2, 3)}",
        "({'a': 1, 'b': 2}, [0, 1, 5], {1, 2, 3})",
    );
}

#[test]
fn names_and_scopes() {
    check(
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += 1\n        return x\n    return g\ng = f()\ng(), g()",
        "(2, 3)",
    );
    check("y", "NameError: name 'y' is not defined");
    check(
        "def f():\n    print(a)\n    a = 1\nf()",
        "UnboundLocalError: cannot access local variable 'a' where it is not associated with a value",
    );
    check(
        "class A:\n    x = 1\n    y = [x for _ in range(2)]\nA.y",
        "NameError: name 'x' is not defined",
    );
    check("print([y := 1, y ** 2], y)", "[1, 1] 1");
    check(
        "class A:\n    def f(self):\n        self.__x = 1\n        return self\nA().f().__dict__",
        "{'_A__x': 1}",
    );
}

#[test]
fn functions() {
    check(
        "def f(a, b=2, *c, d, e=5, **g): return a, b, c, d, e, g\nf(1, d=4), f(1, 2, 3, 4, d=0, z=9)",
        "((1, 2, (), 4, 5, {}), (1, 2, (3, 4), 0, 5, {'z': 9}))",
    );
    check(
        "def f(a, b): pass\nf(1)",
        "TypeError: f() missing 1 required positional argument: 'b'",
    );
    check(
        "def f(a): pass\nf(1, 2, 3)",
        "TypeError: f() takes 1 positional argument but 3 were given",
    );
    check(
        "def f(a, *, k): pass\nf(1)",
        "TypeError: f() missing 1 required keyword-only argument: 'k'",
    );
    check(
        "def f(a, /): pass\nf(a=1)",
        "TypeError: f() got some positional-only arguments passed as keyword arguments: 'a'",
    );
    check(
        "def f(a): pass\nf(1, a=2)",
        "TypeError: f() got multiple values for argument 'a'",
    );
    check(
        "def f(): return f()\nf()",
        "RecursionError: maximum recursion depth exceeded",
    );
    check(
        "def g(n):\n    while n:\n        got = yield n\n        if got: n = got\n        n -= 1\n    return 'end'\ndef h():\n    r = yield from g(2)\n    yield r\nlist(h())",
        "[2, 1, 'end']",
    );
}

#[test]
fn classes() {
    check(
        "class A:\n    def __init__(self, x): self.x = x\n    @property\n    def double(self): return self.x * 2\n    @double.setter\n    def double(self, v): self.x = v // 2\n    @classmethod\n    def make(cls): return cls(7)\n    @staticmethod\n    def s(): return 's'\nclass B(A):\n    def __init__(self): super().__init__(5)\n    def __repr__(self): return f'B({self.x})'\nb = B(); b.double = 20; b, b.double, A.make().x, B.s()",
        "(B(10), 20, 7, 's')",
    );
    check(
        "class A:\n    x: int = 1\n    y: 'A'\nA.__annotations__",
        "{'x': <class 'int'>, 'y': 'A'}",
    );
    check(
        "class E(ValueError): pass\ntry:\n    raise E('x')\nexcept (KeyError, ValueError) as e:\n    print(repr(e))\ne",
        "E('x')\nNameError: name 'e' is not defined",
    );
    check(
        "class P:\n    def __init_subclass__(cls, tag=None, **kw): cls.tag = tag\nclass C(P, tag=3): pass\nC.tag",
        "3",
    );
}

#[test]
fn control() {
    check(
        "def f():\n    for i in range(3):\n        try:\n            if i == 1: continue\n            if i == 2: return i\n        finally:\n            print('f', i)\nf()",
        "f 0\nf 1\nf 2\n2",
    );
    check(
        "class M:\n    def __enter__(self): return 'in'\n    def __exit__(self, *a): print(a[0]); return True\nwith M() as x, M():\n    print(x)\n    1/0\nprint('after')",
        "in\n<class 'ZeroDivisionError'>\nNone\nafter",
    );
    check(
        "for i in range(2):\n    i\nelse:\n    'done'",
        "0\n1\n'done'",
    );
    check("a, *b, c = 'abcd'\na, b, c", "('a', ['b', 'c'], 'd')");
    check(
        "try:\n    try:\n        1/0\n    except ZeroDivisionError as e:\n        raise KeyError('k') from e\nexcept KeyError as k:\n    print(k.__cause__, k.__context__ is k.__cause__)",
        "division by zero True",
    );
    check(
        "match (1, {'a': 2}):\n    case (1, {'a': x}) if x > 1: print('yes', x)\n    case _: print('no')",
        "yes 2",
    );
    check(
        "a, b = 1",
        "TypeError: cannot unpack non-iterable int object",
    );
    check(
        "async def f(): pass",
        "SyntaxError: ormsh does not support 'async def'",
    );
}
