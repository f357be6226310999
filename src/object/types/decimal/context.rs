//! The decimal context: precision and rounding, which scripts may change.

use std::cell::Cell;

use super::super::OBJECT;
use crate::object::exceptions::{TYPE_ERROR, VALUE_ERROR};
use crate::object::{Args, Cx, Members, Object, Result, TypeSpec, Value};

/// How digits that do not fit are rounded away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Python's")]
pub enum Rounding {
    Ceiling,
    Down,
    Floor,
    HalfDown,
    HalfEven,
    HalfUp,
    Up,
    ZeroFiveUp,
}

impl Rounding {
    /// Every rounding with its name.
    pub const ALL: [(&'static str, Self); 8] = [
        ("ROUND_CEILING", Self::Ceiling),
        ("ROUND_DOWN", Self::Down),
        ("ROUND_FLOOR", Self::Floor),
        ("ROUND_HALF_DOWN", Self::HalfDown),
        ("ROUND_HALF_EVEN", Self::HalfEven),
        ("ROUND_HALF_UP", Self::HalfUp),
        ("ROUND_UP", Self::Up),
        ("ROUND_05UP", Self::ZeroFiveUp),
    ];
    /// The rounding of that name.
    pub fn named(value: &Value) -> Result<Self> {
        let name = value.as_str().unwrap_or("");
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, rounding)| *rounding)
            .ok_or_else(|| {
                TYPE_ERROR.error(
                    "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, \
                     ROUND_DOWN,\n   ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   \
                     ROUND_05UP]",
                )
            })
    }
    fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, rounding)| *rounding == self)
            .map_or("", |(name, _)| name)
    }
}

/// Precision and rounding.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// How many digits results have at most.
    pub precision: i64,
    /// How the others are rounded away.
    pub rounding: Rounding,
}

impl Context {
    const DEFAULT: Self = Self {
        precision: 28,
        rounding: Rounding::HalfEven,
    };
    /// The context in force.
    pub fn current() -> Self {
        CURRENT.get()
    }
}

thread_local! {
    static CURRENT: Cell<Context> = const { Cell::new(Context::DEFAULT) };
}

/// The precision in force.
pub fn precision() -> i64 {
    Context::current().precision
}

/// `decimal.Context`, the one in force or one kept aside.
pub struct ContextObject {
    own: Cell<Context>,
    active: bool,
    saved: Cell<Option<Context>>,
}

/// `decimal.Context`.
pub static CONTEXT: TypeSpec = TypeSpec::new("decimal", "Context")
    .bases(&[&OBJECT])
    .members(members)
    .construct(|_, args, cx| {
        let made = ContextObject {
            own: Cell::new(Context::DEFAULT),
            active: false,
            saved: Cell::new(None),
        };
        made.set_all(&args, cx)?;
        Ok(Value::object(made))
    });

impl ContextObject {
    /// `getcontext()`.
    pub fn active() -> Value {
        Value::object(Self {
            own: Cell::new(Context::DEFAULT),
            active: true,
            saved: Cell::new(None),
        })
    }
    /// `localcontext()`: on entry the changes apply, on exit they are undone.
    pub fn local(args: &Args, cx: &Cx) -> Result<Value> {
        let start = match args.pos.first().and_then(Value::downcast::<Self>) {
            Some(context) => context.get(),
            None => Context::current(),
        };
        let made = Self {
            own: Cell::new(start),
            active: false,
            saved: Cell::new(None),
        };
        made.set_all(args, cx)?;
        Ok(Value::object(made))
    }
    /// Make it the one in force.
    pub fn activate(&self) {
        CURRENT.set(self.get());
    }
    fn get(&self) -> Context {
        if self.active {
            CURRENT.get()
        } else {
            self.own.get()
        }
    }
    fn set(&self, context: Context) {
        if self.active {
            CURRENT.set(context);
        } else {
            self.own.set(context);
        }
    }
    fn set_all(&self, args: &Args, cx: &Cx) -> Result<()> {
        for (name, value) in &args.kw {
            self.set_attr(name, value, cx)?;
        }
        Ok(())
    }
}

impl Object for ContextObject {
    fn spec(&self) -> &'static TypeSpec {
        &CONTEXT
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let context = self.get();
        Ok(Some(format!(
            "Context(prec={}, rounding={}, Emin=-999999, Emax=999999, capitals=1, clamp=0, \
             flags=[], traps=[InvalidOperation, DivisionByZero, Overflow])",
            context.precision,
            context.rounding.name()
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "prec" => Some(self.get().precision.into()),
            "rounding" => Some(self.get().rounding.name().into()),
            "Emax" => Some(Value::Int(999_999)),
            "Emin" => Some(Value::Int(-999_999)),
            _ => None,
        })
    }
    fn set_attr(&self, name: &str, value: &Value, _cx: &Cx) -> Result<bool> {
        let mut context = self.get();
        match name {
            "prec" => {
                context.precision = value
                    .as_int()
                    .filter(|precision| (1..=100_000).contains(precision))
                    .ok_or_else(|| VALUE_ERROR.error("valid range for prec is [1, MAX_PREC]"))?;
            }
            "rounding" => context.rounding = Rounding::named(value)?,
            _ => return Ok(false),
        }
        self.set(context);
        Ok(true)
    }
}

fn members(members: &mut Members) {
    members
        .method_on_value("__enter__(/)", |this, _, _| {
            if let Some(context) = this.downcast::<ContextObject>() {
                context.saved.set(Some(CURRENT.get()));
                context.activate();
            }
            Ok(ContextObject::active())
        })
        .method("__exit__(t, v, tb, /)", |context: &ContextObject, _, _| {
            if let Some(saved) = context.saved.take() {
                CURRENT.set(saved);
            }
            Ok(Value::None)
        });
}
