//! `weakref`: references that do not keep what they refer to.

use std::cell::Cell;

use crate::lang::library;
use crate::object::exceptions::{REFERENCE_ERROR, TYPE_ERROR};
use crate::object::{
    Args, CompareOp, Cx, Method, ModuleSpec, Object, Result, TypeSpec, Value, WeakValue, class_of,
    hash_value, ops,
};

/// `weakref`.
pub static WEAKREF: ModuleSpec = ModuleSpec {
    name: "weakref",
    names: &[
        ("ref", |_| REFERENCE.class().into()),
        ("ReferenceType", |_| REFERENCE.class().into()),
        ("proxy", |_| {
            Method::function("proxy(object, callback=None, /)", |a, cx| {
                Ok(Value::object(Proxy(weak(a.at(0), cx)?)))
            })
        }),
    ],
    unsupported: &[("finalize", "release what an object holds in its __del__")],
    dynamic: Some(|wanted, cx| library::name("weakref", wanted, cx)),
};

fn weak(value: &Value, cx: &Cx) -> Result<WeakValue> {
    value.downgrade().ok_or_else(|| {
        TYPE_ERROR.error(format!(
            "cannot create weak reference to '{}' object",
            class_of(value, cx).error_name()
        ))
    })
}

static REFERENCE: TypeSpec = TypeSpec::new("builtins", "weakref").construct(|_, args, cx| {
    let Some(target) = args.pos.first() else {
        return Err(TYPE_ERROR.error("__new__ expected at least 1 argument, got 0"));
    };
    Ok(Value::object(Reference {
        target: weak(target, cx)?,
        hash: Cell::new(None),
    }))
});

/// `weakref.ref`.
struct Reference {
    target: WeakValue,
    hash: Cell<Option<u64>>,
}

impl Object for Reference {
    fn spec(&self) -> &'static TypeSpec {
        &REFERENCE
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let own = std::ptr::from_ref(self) as usize;
        Ok(Some(match self.target.upgrade() {
            Some(target) => format!(
                "<weakref at {own:#x}; to '{}' at {:#x}>",
                class_of(&target, cx).error_name(),
                target.address().unwrap_or_default()
            ),
            None => format!("<weakref at {own:#x}; dead>"),
        }))
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, _args: Args, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(self.target.upgrade().unwrap_or(Value::None)))
    }
    fn hash(&self, cx: &Cx) -> Result<Option<u64>> {
        if self.hash.get().is_none() {
            let target = self
                .target
                .upgrade()
                .ok_or_else(|| TYPE_ERROR.error("weak object has gone away"))?;
            self.hash.set(Some(hash_value(&target, cx)?));
        }
        Ok(self.hash.get())
    }
    fn compare(
        &self,
        this: &Value,
        op: CompareOp,
        other: &Value,
        cx: &Cx,
    ) -> Result<Option<Value>> {
        let Some(reference) = other.downcast::<Self>() else {
            return Ok(None);
        };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(None);
        }
        match (self.target.upgrade(), reference.target.upgrade()) {
            (Some(a), Some(b)) => ops::compare(op, &a, &b, cx).map(Some),
            _ => Ok(Some(Value::Bool(this.is(other) == (op == CompareOp::Eq)))),
        }
    }
}

static PROXY: TypeSpec = TypeSpec::new("weakref", "ProxyType");

/// `weakref.proxy`: its attributes are those of what it refers to.
struct Proxy(WeakValue);

impl Proxy {
    fn target(&self) -> Result<Value> {
        self.0
            .upgrade()
            .ok_or_else(|| REFERENCE_ERROR.error("weakly-referenced object no longer exists"))
    }
}

impl Object for Proxy {
    fn spec(&self) -> &'static TypeSpec {
        &PROXY
    }
    fn is_proxy(&self) -> bool {
        true
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let own = std::ptr::from_ref(self) as usize;
        let target = self.target()?;
        Ok(Some(format!(
            "<weakproxy at {own:#x} to {} at {:#x}>",
            class_of(&target, cx).error_name(),
            target.address().unwrap_or_default()
        )))
    }
    fn str(&self, cx: &Cx) -> Result<Option<String>> {
        cx.str(&self.target()?).map(Some)
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        cx.get_attr(&self.target()?, name).map(Some)
    }
    fn set_attr(&self, name: &str, value: &Value, cx: &Cx) -> Result<bool> {
        cx.set_attr(&self.target()?, name, value.clone())?;
        Ok(true)
    }
}
