//! What expressions show, as CPython 3.11 shows them (recorded from it).

use std::rc::Rc;
use std::sync::Arc;

use crate::lang::Interp;
use crate::object::{Console, Cx, Result, TypeSpec, Value};

struct Silent;

impl Console for Silent {
    fn write(&self, _text: &str) {}
    fn write_error(&self, _text: &str) {}
    fn display(&self, _value: &Value, _cx: &Cx) -> Result<()> {
        Ok(())
    }
    fn warn(&self, _category: &'static TypeSpec, _message: &str) {}
}

const IMPORTS: &str = "\
import datetime, json, math, pprint, re, itertools, uuid, random
from collections import Counter, defaultdict, deque, namedtuple
from typing import *
from decimal import Decimal
";

/// The repr of an expression, or the error that it raises.
fn shown(interp: &mut Interp, cx: &Cx, expression: &str) -> String {
    let outcome = interp.run_text(&format!("it = repr({expression})"));
    match outcome {
        Ok(()) => interp
            .get_global("it")
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default(),
        Err(raised) => format!("{}: {}", raised.class().name(), raised.message(cx)),
    }
}

#[track_caller]
fn check(table: &[(&str, &str)]) {
    let cx = Cx::new(Rc::new(Silent), Arc::default());
    let mut interp = Interp::new(cx.clone());
    interp.run_text(IMPORTS).expect("the imports");
    for (expression, expected) in table {
        let found = shown(&mut interp, &cx, expression);
        assert_eq!(&found, expected, "{expression}");
    }
}

#[test]
fn numbers() {
    check(&[
        ("2**100", "1267650600228229401496703205376"),
        ("-7//2", "-4"),
        ("-7%3", "2"),
        ("divmod(7,-2)", "(-4, -1)"),
        ("10**20/3", "3.333333333333333e+19"),
        ("0.1+0.2", "0.30000000000000004"),
        ("1e16", "1e+16"),
        ("123456789.123", "123456789.123"),
        ("1e-5", "1e-05"),
        ("round(2.675,2)", "2.67"),
        ("round(2.5)", "2"),
        ("int('0x1f',16)", "31"),
        ("(255).to_bytes(2,'big')", r"b'\x00\xff'"),
        ("True+True", "2"),
        ("~5", "-6"),
        ("-5>>1", "-3"),
        ("hash(1.5)", "1152921504606846977"),
        ("float('1_0.5')", "10.5"),
        ("1.5.hex()", "'0x1.8000000000000p+0'"),
    ]);
}

#[test]
fn texts() {
    check(&[
        ("'%5.1f|%-5s|%03d' % (3.14159,'ab',7)", "'  3.1|ab   |007'"),
        (
            "'{:>5}|{:^5}|{:+,.2f}'.format('a','b',1234.5)",
            "'    a|  b  |+1,234.50'",
        ),
        ("'{0[a]} {1.real}'.format({'a':1},5)", "'1 5'"),
        ("'a b c'.rsplit(None,1)", "['a b', 'c']"),
        (r"'they\'re'.title()", r#""They'Re""#),
        (r"repr('it\'s\n\x00é')", r#"'"it\'s\\n\\x00é"'"#),
        ("'日本語'[::-1]", "'語本日'"),
        ("'abc'.translate(str.maketrans('a','z'))", "'zbc'"),
        (r"'a\r\nb'.splitlines()", "['a', 'b']"),
        (r"b'a\x00'[0:2]", r"b'a\x00'"),
        ("ascii('é')", r#""'\\xe9'""#),
    ]);
}

#[test]
fn containers() {
    check(&[
        ("{3,1,2}", "{1, 2, 3}"),
        ("{'a','b','hello','c'}", "{'c', 'hello', 'b', 'a'}"),
        ("[1,2,3,4][::-2]", "[4, 2]"),
        ("{'a':1}.items() ^ {'b':2}.items()", "{('b', 2), ('a', 1)}"),
        (
            "sorted([(1,'b'),(0,'z')],reverse=True)",
            "[(1, 'b'), (0, 'z')]",
        ),
        ("list(zip('ab',range(9)))", "[('a', 0), ('b', 1)]"),
        ("(lambda l:(l.append(l),repr(l))[1])([1])", "'[1, [...]]'"),
        ("range(10)[2:5]", "range(2, 5)"),
        ("slice(1,10,2).indices(5)", "(1, 5, 2)"),
        ("Counter('banana')", "Counter({'a': 3, 'n': 2, 'b': 1})"),
        (
            "defaultdict(list,{'a':[1]})",
            "defaultdict(<class 'list'>, {'a': [1]})",
        ),
        ("deque([1,2,3],maxlen=2)", "deque([2, 3], maxlen=2)"),
        ("namedtuple('P','x y')(1,y=2)", "P(x=1, y=2)"),
    ]);
}

#[test]
fn typing() {
    check(&[
        ("Optional[int]", "typing.Optional[int]"),
        ("Union[int,str,None]", "typing.Union[int, str, NoneType]"),
        ("int|None", "int | None"),
        ("list[int]", "list[int]"),
        ("List['X']", "typing.List[ForwardRef('X')]"),
        ("Callable[[int],str]", "typing.Callable[[int], str]"),
        ("Literal['a',1]", "typing.Literal['a', 1]"),
        ("Annotated[int,'m']", "typing.Annotated[int, 'm']"),
    ]);
}

#[test]
fn values() {
    check(&[
        ("Decimal('1.10')+1", "Decimal('2.10')"),
        ("Decimal(1)/3", "Decimal('0.3333333333333333333333333333')"),
        ("Decimal('1E+5')", "Decimal('1E+5')"),
        (
            "Decimal('2').sqrt()",
            "Decimal('1.414213562373095048801688724')",
        ),
        ("Decimal('1.25').quantize(Decimal('0.1'))", "Decimal('1.2')"),
        (
            "datetime.date(2024,1,31)+datetime.timedelta(1)",
            "datetime.date(2024, 2, 1)",
        ),
        (
            "datetime.datetime(2024,1,2,3,4,5,6)",
            "datetime.datetime(2024, 1, 2, 3, 4, 5, 6)",
        ),
        (
            "datetime.timedelta(days=-1,seconds=3)",
            "datetime.timedelta(days=-1, seconds=3)",
        ),
        (
            "datetime.datetime.fromisoformat('2024-01-02T03:04:05+02:00')",
            "datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200)))",
        ),
        (
            "datetime.date(2024,1,2).strftime('%d %B %Y %j')",
            "'02 January 2024 002'",
        ),
        (
            "uuid.UUID(int=5)",
            "UUID('00000000-0000-0000-0000-000000000005')",
        ),
        ("random.Random(42).random()", "0.6394267984578837"),
    ]);
}

#[test]
fn modules() {
    check(&[
        (
            "json.dumps({'a':[1,2.5,None],'é':'x'})",
            r#"'{"a": [1, 2.5, null], "\\u00e9": "x"}'"#,
        ),
        (r#"json.loads('[1, 2.5, "x\\u00e9"]')"#, "[1, 2.5, 'xé']"),
        ("math.comb(5,2)", "10"),
        (r"re.sub('a(.)',r'<\1>','abac')", "'<b><c>'"),
        (
            "list(itertools.permutations([1,2,3],2))[:3]",
            "[(1, 2), (1, 3), (2, 1)]",
        ),
        (
            "[(k,list(g)) for k,g in itertools.groupby('aab')]",
            "[('a', ['a', 'a']), ('b', ['b'])]",
        ),
        (
            "pprint.pformat({'k':'v'*60,'a':list(range(12))})",
            r#""{'a': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],\n 'k': 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv'}""#,
        ),
    ]);
}

#[test]
fn errors() {
    check(&[
        ("[].pop()", "IndexError: pop from empty list"),
        ("[1][5]", "IndexError: list index out of range"),
        ("{}['a']", "KeyError: 'a'"),
        (
            "'a'+1",
            r#"TypeError: can only concatenate str (not "int") to str"#,
        ),
        (
            "1+'a'",
            "TypeError: unsupported operand type(s) for +: 'int' and 'str'",
        ),
        (
            "[1]+(1,)",
            r#"TypeError: can only concatenate list (not "tuple") to list"#,
        ),
        ("1/0", "ZeroDivisionError: division by zero"),
        (
            "int('abc')",
            "ValueError: invalid literal for int() with base 10: 'abc'",
        ),
        ("len(5)", "TypeError: object of type 'int' has no len()"),
        (
            "[].append()",
            "TypeError: list.append() takes exactly one argument (0 given)",
        ),
        (
            "len(1,2)",
            "TypeError: len() takes exactly one argument (2 given)",
        ),
        (
            "'x'.join([1])",
            "TypeError: sequence item 0: expected str instance, int found",
        ),
        (
            "sorted([1,'a'])",
            "TypeError: '<' not supported between instances of 'str' and 'int'",
        ),
        ("{[]:1}", "TypeError: unhashable type: 'list'"),
        (
            "'%d' % 'x'",
            "TypeError: %d format: a real number is required, not str",
        ),
        (
            "'{} {}'.format(1)",
            "IndexError: Replacement index 1 out of range for positional args tuple",
        ),
        (
            "datetime.date(2024,2,30)",
            "ValueError: day is out of range for month",
        ),
        (
            "Decimal('x')",
            "InvalidOperation: [<class 'decimal.ConversionSyntax'>]",
        ),
        (
            "json.loads('{bad')",
            "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (
            "[].foo",
            "AttributeError: 'list' object has no attribute 'foo'",
        ),
        ("next(5)", "TypeError: 'int' object is not an iterator"),
        (
            "isinstance(1,'a')",
            "TypeError: isinstance() arg 2 must be a type, a tuple of types, or a union",
        ),
    ]);
}
