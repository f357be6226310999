//! `operator`.

use crate::object::exceptions::TYPE_ERROR;
use crate::object::types;
use crate::object::{
    Args, BinaryOp, CompareOp, Cx, Export, Method, ModuleSpec, Object, Result, Str, TypeSpec,
    UnaryOp, Value, count_exports, join_exports, ops,
};

macro_rules! operators {
    (
        binary: $($binary:literal => $op:ident),*;
        compare: $($compare:literal => $comparison:ident),*;
        unary: $($unary:literal => $sign:ident),*;
    ) => {
        &[
            $(($binary, |_| Method::function(concat!($binary, "(a, b, /)"), |a, cx| {
                ops::binary(BinaryOp::$op, a.at(0), a.at(1), cx)
            })),)*
            $(($compare, |_| Method::function(concat!($compare, "(a, b, /)"), |a, cx| {
                ops::compare(CompareOp::$comparison, a.at(0), a.at(1), cx)
            })),)*
            $(($unary, |_| Method::function(concat!($unary, "(a, /)"), |a, cx| {
                ops::unary(UnaryOp::$sign, a.at(0), cx)
            })),)*
        ]
    };
}

static OPERATORS: &[(&str, Export)] = operators! {
    binary: "add" => Add, "sub" => Sub, "mul" => Mul, "matmul" => MatMul, "truediv" => TrueDiv,
        "floordiv" => FloorDiv, "mod" => Mod, "pow" => Pow, "lshift" => LShift,
        "rshift" => RShift, "and_" => BitAnd, "or_" => BitOr, "xor" => BitXor, "concat" => Add;
    compare: "eq" => Eq, "ne" => Ne, "lt" => Lt, "le" => Le, "gt" => Gt, "ge" => Ge;
    unary: "neg" => Neg, "pos" => Pos, "invert" => Invert, "inv" => Invert;
};

const OPERATOR_NAMES: &[(&str, Export)] = &[
    ("attrgetter", |_| ATTR_GETTER.class().into()),
    ("itemgetter", |_| ITEM_GETTER.class().into()),
    ("methodcaller", |_| METHOD_CALLER.class().into()),
    ("not_", |_| {
        Method::function("not_(a, /)", |a, cx| Ok(Value::Bool(!cx.truthy(a.at(0))?)))
    }),
    ("truth", |_| {
        Method::function("truth(a, /)", |a, cx| cx.truthy(a.at(0)).map(Value::Bool))
    }),
    ("is_", |_| {
        Method::function("is_(a, b, /)", |a, _| Ok(Value::Bool(a.at(0).is(a.at(1)))))
    }),
    ("is_not", |_| {
        Method::function("is_not(a, b, /)", |a, _| {
            Ok(Value::Bool(!a.at(0).is(a.at(1))))
        })
    }),
    ("contains", |_| {
        Method::function("contains(a, b, /)", |a, cx| {
            ops::contains(a.at(0), a.at(1), cx).map(Value::Bool)
        })
    }),
    ("getitem", |_| {
        Method::function("getitem(a, b, /)", |a, cx| {
            ops::get_item(a.at(0), a.at(1), cx)
        })
    }),
    ("setitem", |_| {
        Method::function("setitem(a, b, c, /)", |a, cx| {
            ops::set_item(a.at(0), a.at(1).clone(), a.at(2).clone(), cx)?;
            Ok(Value::None)
        })
    }),
    ("delitem", |_| {
        Method::function("delitem(a, b, /)", |a, cx| {
            ops::delete_item(a.at(0), a.at(1), cx)?;
            Ok(Value::None)
        })
    }),
    ("abs", |_| {
        Method::function("abs(a, /)", |a, cx| {
            match types::call_special(a.at(0), "__abs__", cx)? {
                Some(answer) => Ok(answer),
                None => types::absolute(a.at(0)).ok_or_else(|| {
                    TYPE_ERROR.error(format!(
                        "bad operand type for abs(): '{}'",
                        types::class_of(a.at(0), cx).name()
                    ))
                }),
            }
        })
    }),
    ("index", |_| {
        Method::function("index(a, /)", |a, cx| {
            Ok(Value::Int(types::int::expect_index(a.at(0), cx)?))
        })
    }),
];

const OPERATOR_GROUPS: &[&[(&str, Export)]] = &[OPERATOR_NAMES, OPERATORS];

/// `operator`.
pub static OPERATOR: ModuleSpec = ModuleSpec {
    name: "operator",
    names: &join_exports::<{ count_exports(OPERATOR_GROUPS) }>(OPERATOR_GROUPS),
    unsupported: &[],
    dynamic: None,
};

static ATTR_GETTER: TypeSpec = TypeSpec::new("operator", "attrgetter")
    .names_module()
    .construct(|_, args, _| {
        let names: Option<Vec<Str>> = args
            .pos
            .iter()
            .map(|name| name.as_str().map(Str::new))
            .collect();
        match names {
            Some(names) if !names.is_empty() => Ok(Value::object(AttrGetter(names))),
            Some(_) => Err(TYPE_ERROR.error("attrgetter expected 1 argument, got 0")),
            None => Err(TYPE_ERROR.error("attribute name must be a string")),
        }
    });
static ITEM_GETTER: TypeSpec = TypeSpec::new("operator", "itemgetter")
    .names_module()
    .construct(|_, args, _| {
        if args.pos.is_empty() {
            return Err(TYPE_ERROR.error("itemgetter expected 1 argument, got 0"));
        }
        Ok(Value::object(ItemGetter(args.pos.into_vec())))
    });
static METHOD_CALLER: TypeSpec = TypeSpec::new("operator", "methodcaller")
    .names_module()
    .construct(|_, mut args, _| {
        let Some(Value::Str(name)) = args.pos.first().cloned() else {
            return Err(TYPE_ERROR.error("method name must be a string"));
        };
        args.pos.remove(0);
        Ok(Value::object(MethodCaller { name, args }))
    });

struct AttrGetter(Vec<Str>);
struct ItemGetter(Vec<Value>);
struct MethodCaller {
    name: Str,
    args: Args,
}

fn one_or_all(mut found: Vec<Value>) -> Value {
    if found.len() == 1 {
        found.remove(0)
    } else {
        Value::tuple(found)
    }
}

fn only(args: &Args, name: &str) -> Result<Value> {
    match args.pos.as_slice() {
        [value] => Ok(value.clone()),
        other => Err(TYPE_ERROR.error(format!("{name} expected 1 argument, got {}", other.len()))),
    }
}

impl Object for AttrGetter {
    fn spec(&self) -> &'static TypeSpec {
        &ATTR_GETTER
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let names = self
            .0
            .iter()
            .map(|name| cx.repr(&name.clone().into()))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(format!("operator.attrgetter({})", names.join(", "))))
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let value = only(&args, "attrgetter")?;
        let found = self
            .0
            .iter()
            .map(|path| {
                path.split('.')
                    .try_fold(value.clone(), |value, name| cx.get_attr(&value, name))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(one_or_all(found)))
    }
}

impl Object for ItemGetter {
    fn spec(&self) -> &'static TypeSpec {
        &ITEM_GETTER
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let keys = self
            .0
            .iter()
            .map(|key| cx.repr(key))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(format!("operator.itemgetter({})", keys.join(", "))))
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let value = only(&args, "itemgetter")?;
        let found = self
            .0
            .iter()
            .map(|key| ops::get_item(&value, key, cx))
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(one_or_all(found)))
    }
}

impl Object for MethodCaller {
    fn spec(&self) -> &'static TypeSpec {
        &METHOD_CALLER
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, args: Args, cx: &Cx) -> Result<Option<Value>> {
        let value = only(&args, "methodcaller")?;
        cx.call_method(&value, &self.name, self.args.clone())
            .map(Some)
    }
}
