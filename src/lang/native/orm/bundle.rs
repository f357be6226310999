//! `Bundle`.

use std::rc::Rc;

use super::super::sql::{columns_value, select_items};
use crate::engine::{Row, RowMeta};
use crate::object::types::OBJECT;
use crate::object::{
    Args, Bound, Class, Cx, Instance, Members, Method, Object, Result, Signature, Str, TypeSpec,
    Value,
};
use crate::orm::{Bundle, member_value};
use crate::sql::SelectItem;

/// The class `Bundle`.
pub static BUNDLE: TypeSpec = TypeSpec::new("sqlalchemy.orm.util", "Bundle")
    .bases(&[&OBJECT])
    .construct(construct)
    .subclassable()
    .members(members);

const INIT: &str = "__init__(name, *exprs, **kw)";

fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    if class.script_method("__init__").is_some() {
        return Ok(Value::Instance(Instance::new(class.clone())));
    }
    let signature = Signature::parse(INIT, Some("Bundle"));
    let bundle = bundle_of(class, &signature.bind(args)?, cx)?;
    let is_own = class
        .spec()
        .is_some_and(|spec| std::ptr::eq(spec, &raw const BUNDLE));
    if is_own {
        return Ok(Value::object(bundle));
    }
    let instance = Instance::with_payload(class.clone(), Rc::new(bundle));
    Ok(Value::Instance(instance))
}

fn bundle_of(class: &Rc<Class>, bound: &Bound<'_>, cx: &Cx) -> Result<Bundle> {
    let items = select_items(bound.rest(), cx)?;
    let given = bound
        .keywords()
        .iter()
        .find(|(name, _)| name == "single_entity");
    let single_entity = match given {
        Some((_, flag)) => cx.truthy(flag)?,
        None => match class.lookup("single_entity") {
            Some(flag @ Value::Bool(_)) => cx.truthy(&flag)?,
            _ => false,
        },
    };
    Ok(Bundle::of_items(
        Str::new(bound.text("name")?),
        items,
        single_entity,
    ))
}

fn members(members: &mut Members) {
    members
        .method_on_value(INIT, |this, bound, cx| {
            if let Value::Instance(instance) = this {
                let bundle = bundle_of(instance.class(), bound, cx)?;
                instance.set_payload(Rc::new(bundle));
            }
            Ok(Value::None)
        })
        .method_on_value("label(name)", |this, bound, _| {
            let Some(bundle) = this.downcast::<Bundle>() else {
                return Ok(Value::None);
            };
            let named = bundle.label(Str::new(bound.text("name")?));
            Ok(match this {
                Value::Instance(instance) => Value::Instance(Instance::with_payload(
                    instance.class().clone(),
                    Rc::new(named),
                )),
                _ => Value::object(named),
            })
        })
        .method_on_value(
            "create_row_processor(query, procs, labels)",
            |_, bound, cx| {
                let procs = cx.collect(bound.value("procs"))?;
                let labels = cx.collect(bound.value("labels"))?;
                Ok(row_processor(procs, &labels))
            },
        )
        .getter("name", |this: &Bundle, _| {
            Ok(Value::Str(this.name().clone()))
        })
        .getter("single_entity", |this: &Bundle, _| {
            Ok(Value::Bool(this.is_single_entity()))
        })
        .getter("exprs", |this: &Bundle, _| {
            let exprs = this.members().iter().map(|(_, item)| member_value(item));
            Ok(Value::list(exprs.collect()))
        })
        .getter("c", columns)
        .getter("columns", columns);
}

/// What makes a row of its own of a row: each of `procs` gives the value under its label.
fn row_processor(procs: Vec<Value>, labels: &[Value]) -> Value {
    let names = labels.iter().map(|label| match label {
        Value::Str(text) => text.clone(),
        _ => Str::new(""),
    });
    let meta = Rc::new(RowMeta::new(names.collect::<Vec<_>>()));
    Method::function("proc(row)", move |bound, cx| {
        let row = bound.value("row");
        let values = procs
            .iter()
            .map(|proc| cx.call(proc, [row.clone()]))
            .collect::<Result<_>>()?;
        Ok(Value::object(Row::new(meta.clone(), values)))
    })
}

/// `.c`: the columns, bundles inside among them.
fn columns(bundle: &Bundle, _cx: &Cx) -> Result<Value> {
    let (mut own, mut nested) = (Vec::new(), Vec::new());
    for (key, item) in bundle.members() {
        match item {
            SelectItem::Column(column) => own.push((key.clone(), column.clone())),
            other => nested.push((key.clone(), member_value(other))),
        }
    }
    let own = columns_value(own);
    if nested.is_empty() {
        return Ok(own);
    }
    Ok(Value::object(BundleColumns { own, nested }))
}

/// The columns of a bundle that has bundles inside.
struct BundleColumns {
    own: Value,
    nested: Vec<(Str, Value)>,
}

static COLUMNS: TypeSpec = TypeSpec::new("sqlalchemy.sql.base", "ColumnCollection");

impl Object for BundleColumns {
    fn spec(&self) -> &'static TypeSpec {
        &COLUMNS
    }
    fn get_attr(&self, _this: &Value, name: &str, cx: &Cx) -> Result<Option<Value>> {
        match self.nested.iter().find(|(key, _)| key == name) {
            Some((_, value)) => Ok(Some(value.clone())),
            None => crate::object::find_attr(&self.own, name, cx),
        }
    }
}

impl Object for Bundle {
    fn spec(&self) -> &'static TypeSpec {
        &BUNDLE
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
}
