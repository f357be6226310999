//! Classes of scripts below `FunctionElement`, `ColumnElement`, `ClauseElement` and their kin:
//! how their instances are made, and the functions that `func` finds by name.

use std::cell::RefCell;
use std::rc::Rc;

use super::specs;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Class, Cx, Instance, Members, Result, Str, TypeSpec, Value};
use crate::sql::coercions::{expect_expression, expect_type};
use crate::sql::operators::Operator;
use crate::sql::{ColumnElement, CustomElement, CustomKind};

/// What the instances of `class` are.
fn kind_of(class: &Rc<Class>) -> CustomKind {
    if class.derives_from(&specs::FUNCTION_ELEMENT) {
        CustomKind::Function
    } else if class.derives_from(&specs::COLUMN_CLAUSE) {
        CustomKind::Column
    } else if class.derives_from(&specs::COLUMN_ELEMENT) {
        CustomKind::Element
    } else {
        CustomKind::Clause
    }
}

fn attach(instance: &Rc<Instance>, kind: CustomKind, clauses: Vec<ColumnElement>) {
    instance.set_payload(Rc::new(ColumnElement::Custom(Rc::new(CustomElement {
        instance: instance.clone(),
        kind,
        clauses,
    }))));
}

/// Makes an instance of a script's class. One with an `__init__` of its own hands on what it
/// likes, through `super()`.
pub fn construct(class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    if class.spec().is_some() {
        return construct_native(class, &args, cx);
    }
    let instance = Instance::new(class.clone());
    let this = Value::Instance(instance.clone());
    let own_init = class.script_method("__init__").is_some();
    let kind = kind_of(class);
    if own_init && kind == CustomKind::Function {
        // Its arguments come with super().__init__(), or never.
        let calls_up = args.pos.is_empty() && args.kw.is_empty();
        if calls_up {
            attach(&instance, kind, Vec::new());
        }
        return Ok(this);
    }
    if own_init {
        attach(&instance, kind, Vec::new());
        return Ok(this);
    }
    initialize(&this, &args.pos, &args.kw, cx)?;
    Ok(this)
}

fn construct_native(class: &Rc<Class>, args: &Args, cx: &Cx) -> Result<Value> {
    let named = class
        .native()
        .is_some_and(|spec| std::ptr::eq(spec, &raw const specs::COLUMN_CLAUSE));
    match args.pos.first() {
        Some(Value::Str(name)) if named => {
            let type_ = args
                .pos
                .get(1)
                .map(|type_| expect_type(type_, cx))
                .transpose()?;
            Ok(Value::object(ColumnElement::column_clause(
                name, type_, false,
            )))
        }
        _ => Err(TYPE_ERROR.error(format!("cannot create '{}' instances", class.full_name()))),
    }
}

/// `__init__` of the classes of SQLAlchemy: the arguments of a function, the name of a column.
fn initialize(this: &Value, args: &[Value], keywords: &[(Str, Value)], cx: &Cx) -> Result<()> {
    let Value::Instance(instance) = this else {
        return Ok(());
    };
    let class = instance.class();
    let kind = kind_of(class);
    match kind {
        CustomKind::Function => {
            let name = match class.lookup("name") {
                Some(Value::Str(name)) => Some(name),
                _ => None,
            };
            let clauses = args
                .iter()
                .map(|arg| {
                    let element = expect_expression(arg, None, name.as_ref().map(Str::as_str), cx)?;
                    Ok(element.self_group(Some(&Operator::Comma), cx.compat()))
                })
                .collect::<Result<Vec<_>>>()?;
            attach(instance, kind, clauses);
        }
        CustomKind::Column => {
            if let Some(name) = args.first() {
                instance.set_attribute("name", name.clone());
                instance.set_attribute("key", name.clone());
            }
            attach(instance, kind, Vec::new());
        }
        CustomKind::Element | CustomKind::Clause => attach(instance, kind, Vec::new()),
    }
    if let Some((_, type_)) = keywords.iter().find(|(name, _)| name == "type_")
        && !type_.is_none()
    {
        instance.set_attribute("type", expect_type(type_, cx)?.to_value());
    }
    Ok(())
}

/// The members that instances of scripts' classes need besides those of the elements.
pub fn members(members: &mut Members) {
    members
        .method_on_value("__init__(*args, **kwargs)", |this, bound, cx| {
            initialize(this, bound.rest(), bound.keywords(), cx)?;
            Ok(Value::None)
        })
        .method_on_value("__str__()", |this, _, cx| {
            super::statement::text_of(this, cx).map(Value::from)
        })
        .method_on_value("__bool__()", |_, _, _| {
            Err(TYPE_ERROR.error("Boolean value of this clause is not defined"))
        });
}

/// The functions that scripts defined below `GenericFunction`, for `func`.
#[derive(Default)]
pub struct GenericFunctions(RefCell<Vec<(Str, Str, Rc<Class>)>>);

/// Where functions without a `package` are.
const DEFAULT_PACKAGE: &str = "_default";

impl GenericFunctions {
    /// The class that `func.package.name` means.
    pub fn find(&self, packages: &[Str], name: &str) -> Option<Rc<Class>> {
        let package = match packages {
            [] => DEFAULT_PACKAGE,
            [only] => only.as_str(),
            _ => return None,
        };
        let known = self.0.borrow();
        let (_, _, class) = known
            .iter()
            .rev()
            .find(|(of, id, _)| of == package && id.eq_ignore_ascii_case(name))?;
        Some(class.clone())
    }
}

/// `class x(GenericFunction)` has run: it gets a name, and `func` learns of it.
pub fn init_subclass(class: &Rc<Class>, _: &[(Str, Value)], cx: &Cx) -> Result<()> {
    let own = |name: &str| match class.own(name) {
        Some(Value::Str(text)) => Some(text),
        _ => None,
    };
    let name = own("name").unwrap_or_else(|| class.name());
    let identifier = own("identifier").unwrap_or_else(|| name.clone());
    let package = own("package").unwrap_or_else(|| Str::new(DEFAULT_PACKAGE));
    class.set("name", Value::Str(name));
    class.set("identifier", Value::Str(identifier.clone()));
    cx.service::<GenericFunctions>()
        .0
        .borrow_mut()
        .push((package, identifier, class.clone()));
    Ok(())
}

/// `ReturnTypeFromArgs`: its subclasses are of the type of their first argument that has one.
pub static RETURN_TYPE_FROM_ARGS: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.functions", "ReturnTypeFromArgs")
        .bases(&[&specs::GENERIC_FUNCTION])
        .members(|members| {
            members.constant("_returns_type_of_args", Value::Bool(true));
        })
        .init_subclass(init_subclass);
