//! `immutabledict`: what SQLAlchemy gives out where changing it would mean nothing.

use std::rc::Rc;

use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::{self, DICT};
use crate::object::{Args, Class, Cx, Dict, Members, Result, TypeSpec, Value};

/// `sqlalchemy.cyextension.immutabledict.immutabledict`, as both versions show it by name.
pub static IMMUTABLE_DICT: TypeSpec =
    TypeSpec::new("sqlalchemy.cyextension.immutabledict", "immutabledict")
        .bases(&[&DICT])
        .construct(construct)
        .members(members);

/// `dict` as an `immutabledict`.
pub fn immutable_dict(dict: Dict) -> Value {
    let class = IMMUTABLE_DICT.class();
    Value::Instance(types::with_base(&class, Value::Dict(Rc::new(dict))))
}

#[expect(clippy::needless_pass_by_value, reason = "it is a Construct")]
fn construct(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let dict = Dict::default();
    dict.update(args.pos.first(), &args.kw, cx)?;
    Ok(immutable_dict(dict))
}

fn refuse() -> Result<Value> {
    Err(TYPE_ERROR.error("immutabledict object is immutable"))
}

fn members(members: &mut Members) {
    members
        .method_on_value("__setitem__(key, value)", |_, _, _| refuse())
        .method_on_value("__delitem__(key)", |_, _, _| refuse())
        .method_on_value("clear()", |_, _, _| refuse())
        .method_on_value("pop(*args)", |_, _, _| refuse())
        .method_on_value("popitem()", |_, _, _| refuse())
        .method_on_value("setdefault(*args)", |_, _, _| refuse())
        .method_on_value("update(*args, **kw)", |_, _, _| refuse())
        .method_on_value("union(other=None, **kw)", |this, bound, cx| {
            let Value::Dict(own) = types::base_value(this) else {
                return refuse();
            };
            let all = Dict::new(own.borrow().clone());
            all.update(bound.some("other"), bound.keywords(), cx)?;
            Ok(immutable_dict(all))
        })
        .method_on_value("__repr__()", |this, _, cx| {
            let plain = cx.repr(&types::base_value(this))?;
            Ok(format!("immutabledict({plain})").into())
        });
}
