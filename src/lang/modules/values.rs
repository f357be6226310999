//! The modules of the value types: `datetime`, `decimal`, `enum`, `uuid`.

use uuid::Uuid;

use crate::lang::library;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::enumeration as enums;
use crate::object::types::uuid::{UUID as UUID_CLASS, UuidObject};
use crate::object::types::{decimal, temporal};
use crate::object::{Args, Cx, Method, ModuleSpec, Result, TypeSpec, Value};

/// `datetime`.
pub static DATETIME: ModuleSpec = ModuleSpec {
    name: "datetime",
    names: &[
        ("date", |cx| mixed(&temporal::DATE, cx)),
        ("time", |_| temporal::TIME.class().into()),
        ("datetime", |cx| mixed(&temporal::DATETIME, cx)),
        ("timedelta", |_| temporal::TIMEDELTA.class().into()),
        ("timezone", |_| temporal::TIMEZONE.class().into()),
        ("tzinfo", |_| temporal::TZINFO.class().into()),
        ("UTC", |_| Value::object(temporal::TimeZone::utc())),
        ("MINYEAR", |_| Value::Int(1)),
        ("MAXYEAR", |_| Value::Int(9999)),
    ],
    unsupported: &[],
    dynamic: None,
};

/// The class with the methods that are written in the language.
fn mixed(spec: &'static TypeSpec, cx: &Cx) -> Value {
    let class = spec.class();
    library::mix_in("datetime", &class, cx);
    class.into()
}

/// `decimal`.
pub static DECIMAL: ModuleSpec = ModuleSpec {
    name: "decimal",
    names: &[
        ("Decimal", |_| decimal::DECIMAL.class().into()),
        ("ROUND_CEILING", |_| "ROUND_CEILING".into()),
        ("ROUND_DOWN", |_| "ROUND_DOWN".into()),
        ("ROUND_FLOOR", |_| "ROUND_FLOOR".into()),
        ("ROUND_HALF_DOWN", |_| "ROUND_HALF_DOWN".into()),
        ("ROUND_HALF_EVEN", |_| "ROUND_HALF_EVEN".into()),
        ("ROUND_HALF_UP", |_| "ROUND_HALF_UP".into()),
        ("ROUND_UP", |_| "ROUND_UP".into()),
        ("ROUND_05UP", |_| "ROUND_05UP".into()),
        ("DecimalException", |_| {
            decimal::DECIMAL_EXCEPTION.class().into()
        }),
        ("InvalidOperation", |_| {
            decimal::INVALID_OPERATION.class().into()
        }),
        ("ConversionSyntax", |_| {
            decimal::CONVERSION_SYNTAX.class().into()
        }),
        ("DivisionByZero", |_| {
            decimal::DIVISION_BY_ZERO.class().into()
        }),
        ("DivisionUndefined", |_| {
            decimal::DIVISION_UNDEFINED.class().into()
        }),
        ("DivisionImpossible", |_| {
            decimal::DIVISION_IMPOSSIBLE.class().into()
        }),
        ("Inexact", |_| decimal::INEXACT.class().into()),
        ("Rounded", |_| decimal::ROUNDED.class().into()),
        ("Overflow", |_| decimal::DECIMAL_OVERFLOW.class().into()),
        ("Underflow", |_| decimal::UNDERFLOW.class().into()),
        ("FloatOperation", |_| {
            decimal::FLOAT_OPERATION.class().into()
        }),
        ("Context", |_| decimal::CONTEXT.class().into()),
        ("getcontext", |_| {
            Method::function("getcontext(/)", |_, _| Ok(decimal::ContextObject::active()))
        }),
        ("setcontext", |_| {
            Method::function("setcontext(context, /)", |a, _| match a
                .at(0)
                .downcast::<decimal::ContextObject>()
            {
                Some(context) => {
                    context.activate();
                    Ok(Value::None)
                }
                None => Err(TYPE_ERROR.error("argument must be a context")),
            })
        }),
        ("localcontext", |_| {
            Method::function("localcontext(ctx=None, **kwargs)", |a, cx| {
                let mut args = Args::positional(a.some("ctx").cloned());
                args.kw = a.keywords().to_vec();
                decimal::ContextObject::local(&args, cx)
            })
        }),
    ],
    unsupported: &[],
    dynamic: None,
};

fn unique(a: &crate::object::Bound<'_>, cx: &Cx) -> Result<Value> {
    let class = a.value("enumeration");
    let Value::Class(found) = class else {
        return Ok(class.clone());
    };
    let aliases: Vec<String> = enums::members_of(found)
        .unwrap_or_default()
        .iter()
        .filter_map(|(name, member)| {
            let own = enums::name_of(member)?;
            (own != *name).then(|| format!("{name} -> {own}"))
        })
        .collect();
    if aliases.is_empty() {
        return Ok(class.clone());
    }
    Err(crate::object::exceptions::VALUE_ERROR.error(format!(
        "duplicate values found in {}: {}",
        cx.repr(class)?,
        aliases.join(", ")
    )))
}

/// `enum`.
pub static ENUM: ModuleSpec = ModuleSpec {
    name: "enum",
    names: &[
        ("Enum", |_| enums::ENUM.class().into()),
        ("ReprEnum", |_| enums::REPR_ENUM.class().into()),
        ("IntEnum", |_| enums::INT_ENUM.class().into()),
        ("StrEnum", |_| enums::STR_ENUM.class().into()),
        ("Flag", |_| enums::FLAG.class().into()),
        ("IntFlag", |_| enums::INT_FLAG.class().into()),
        ("auto", |_| enums::auto_class()),
        ("member", |_| enums::member_class()),
        ("nonmember", |_| enums::nonmember_class()),
        ("unique", |_| {
            Method::function("unique(enumeration)", unique)
        }),
    ],
    unsupported: &[
        ("EnumMeta", "metaclasses are not supported"),
        ("EnumType", "metaclasses are not supported"),
    ],
    dynamic: None,
};

fn made(uuid: Uuid) -> Value {
    Value::object(UuidObject(uuid))
}

/// `uuid`.
pub static UUID: ModuleSpec = ModuleSpec {
    name: "uuid",
    names: &[
        ("UUID", |_| UUID_CLASS.class().into()),
        ("uuid4", |_| {
            Method::function("uuid4(/)", |_, _| Ok(made(Uuid::new_v4())))
        }),
        ("NAMESPACE_DNS", |_| made(Uuid::NAMESPACE_DNS)),
        ("NAMESPACE_URL", |_| made(Uuid::NAMESPACE_URL)),
        ("NAMESPACE_OID", |_| made(Uuid::NAMESPACE_OID)),
        ("NAMESPACE_X500", |_| made(Uuid::NAMESPACE_X500)),
    ],
    unsupported: &[
        ("uuid1", "use uuid4"),
        ("uuid3", "use uuid4"),
        ("uuid5", "use uuid4"),
    ],
    dynamic: None,
};
