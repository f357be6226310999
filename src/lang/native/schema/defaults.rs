//! `ColumnDefault`, `DefaultClause`, `FetchedValue`, `Computed`, `Identity`, `Sequence`.

use std::rc::Rc;

use super::items::{SchemaItem, ddl_expression};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::lang::vm::required_positional;
use crate::object::types::OBJECT;
use crate::object::{
    Args, BoundMethod, Class, Cx, Members, Method, Object, Result, Signature, Str, TypeSpec, Value,
    class_of,
};
use crate::sql::coercions::{Coerced, coerce};
use crate::sql::schema::{
    ColumnDefault, Computed, Identity, MetaData, Sequence, SequenceOptions, ServerDefault,
};
use crate::sql::types::SqlType;

const MODULE: &str = "sqlalchemy.sql.schema";

/// How many positional arguments a callable must be given; `None`: it can't be told.
fn required(value: &Value) -> Option<usize> {
    match value {
        Value::Object(object) => {
            if let Some(bound) = object.as_any().downcast_ref::<BoundMethod>() {
                return required(&bound.function).map(|count| count.saturating_sub(1));
            }
            if object.as_any().is::<Method>() {
                return None;
            }
            required_positional(value)
        }
        Value::Class(class) => {
            let init = class.script_method("__init__")?;
            required(&init).map(|count| count.saturating_sub(1))
        }
        Value::Instance(instance) => {
            let call = instance.class().lookup("__call__")?;
            required(&call).map(|count| count.saturating_sub(1))
        }
        _ => None,
    }
}

fn is_callable(value: &Value) -> bool {
    match value {
        Value::Class(_) => true,
        Value::Object(object) => object.is_callable(),
        Value::Instance(instance) => instance.class().lookup("__call__").is_some(),
        _ => false,
    }
}

/// The default that `default=value` stands for.
pub fn column_default(value: &Value, cx: &Cx) -> Result<Rc<ColumnDefault>> {
    match SchemaItem::find(value) {
        Some(SchemaItem::Default(default)) => return Ok(default),
        Some(SchemaItem::Sequence(sequence)) => {
            return Ok(Rc::new(ColumnDefault::Sequence(sequence)));
        }
        Some(SchemaItem::ServerDefault(_) | SchemaItem::Computed(_) | SchemaItem::Identity(_)) => {
            return Err(
                ARGUMENT_ERROR.error("ColumnDefault may not be a server-side default type.")
            );
        }
        _ => {}
    }
    match coerce(value, cx)? {
        Coerced::Element(element) => return Ok(Rc::new(ColumnDefault::Clause(element))),
        Coerced::Statement(statement) => {
            let element = statement.scalar_subquery(cx)?;
            return Ok(Rc::new(ColumnDefault::Clause(element)));
        }
        _ => {}
    }
    Ok(Rc::new(if is_callable(value) {
        match required(value) {
            None | Some(0) => ColumnDefault::Callable(value.clone()),
            Some(1) => ColumnDefault::ContextCallable(value.clone()),
            Some(_) => {
                return Err(ARGUMENT_ERROR.error(
                    "ColumnDefault Python function takes zero or one positional arguments",
                ));
            }
        }
    } else {
        ColumnDefault::Scalar(value.clone())
    }))
}

/// The default that `server_default=value` stands for.
pub fn server_default(value: &Value, cx: &Cx) -> Result<Rc<ServerDefault>> {
    match SchemaItem::find(value) {
        Some(SchemaItem::ServerDefault(default)) => return Ok(default),
        Some(SchemaItem::Computed(computed)) => {
            return Ok(Rc::new(ServerDefault::Computed(computed)));
        }
        Some(SchemaItem::Identity(identity)) => {
            return Ok(Rc::new(ServerDefault::Identity(identity)));
        }
        _ => {}
    }
    default_clause(value, cx).map(Rc::new)
}

fn default_clause(value: &Value, cx: &Cx) -> Result<ServerDefault> {
    if let Value::Str(text) = value {
        return Ok(ServerDefault::Text(text.clone()));
    }
    match coerce(value, cx)? {
        Coerced::Element(element) => Ok(ServerDefault::Clause(element)),
        _ => Err(ARGUMENT_ERROR.error(format!(
            "Argument 'arg' is expected to be one of type '<class 'str'>' or '<class \
             'sqlalchemy.sql.elements.ClauseElement'>' or '<class \
             'sqlalchemy.sql.elements.TextClause'>', got '<class '{}'>'",
            class_of(value, cx).full_name()
        ))),
    }
}

static COLUMN_DEFAULT: TypeSpec = TypeSpec::new(MODULE, "ColumnDefault")
    .bases(&[&OBJECT])
    .construct(construct_default);
static SCALAR_DEFAULT: TypeSpec =
    TypeSpec::new(MODULE, "ScalarElementColumnDefault").bases(&[&COLUMN_DEFAULT]);
static CALLABLE_DEFAULT: TypeSpec =
    TypeSpec::new(MODULE, "CallableColumnDefault").bases(&[&COLUMN_DEFAULT]);
static CLAUSE_DEFAULT: TypeSpec =
    TypeSpec::new(MODULE, "ColumnElementColumnDefault").bases(&[&COLUMN_DEFAULT]);
static FETCHED_VALUE: TypeSpec = TypeSpec::new(MODULE, "FetchedValue")
    .bases(&[&OBJECT])
    .construct(construct_fetched);
static DEFAULT_CLAUSE: TypeSpec = TypeSpec::new(MODULE, "DefaultClause")
    .bases(&[&FETCHED_VALUE])
    .construct(construct_clause);
static COMPUTED: TypeSpec = TypeSpec::new(MODULE, "Computed")
    .bases(&[&FETCHED_VALUE])
    .construct(construct_computed);
static IDENTITY: TypeSpec = TypeSpec::new(MODULE, "Identity")
    .bases(&[&FETCHED_VALUE])
    .construct(construct_identity);
static SEQUENCE: TypeSpec = TypeSpec::new(MODULE, "Sequence")
    .bases(&[&OBJECT])
    .construct(construct_sequence)
    .members(sequence_members);

/// The classes of this file, for the modules that export them.
pub static CLASSES: &[&TypeSpec] = &[
    &COLUMN_DEFAULT,
    &FETCHED_VALUE,
    &DEFAULT_CLAUSE,
    &COMPUTED,
    &IDENTITY,
    &SEQUENCE,
];

fn construct_default(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse("__init__(arg, for_update=False)", Some("ColumnDefault"));
    let bound = signature.bind(args)?;
    column_default(bound.value("arg"), cx).map(Value::object)
}

fn construct_fetched(_class: &Rc<Class>, _args: Args, _cx: &Cx) -> Result<Value> {
    Ok(Value::object(Rc::new(ServerDefault::Fetched)))
}

fn construct_clause(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "__init__(arg, for_update=False, _reflected=False)",
        Some("DefaultClause"),
    );
    let bound = signature.bind(args)?;
    default_clause(bound.value("arg"), cx).map(|made| Value::object(Rc::new(made)))
}

fn construct_computed(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse("__init__(sqltext, persisted=None)", Some("Computed"));
    let bound = signature.bind(args)?;
    Ok(Value::object(Rc::new(Computed {
        sqltext: ddl_expression(bound.value("sqltext"), cx)?,
        persisted: bound
            .some("persisted")
            .map(|value| cx.truthy(value))
            .transpose()?,
    })))
}

fn options_of(bound: &crate::object::Bound<'_>) -> SequenceOptions {
    let number = |name| bound.some(name).and_then(Value::as_int);
    let flag = |name| {
        bound
            .some(name)
            .map(|value| matches!(value, Value::Bool(true)))
    };
    SequenceOptions {
        start: number("start"),
        increment: number("increment"),
        minvalue: number("minvalue"),
        maxvalue: number("maxvalue"),
        nominvalue: flag("nominvalue"),
        nomaxvalue: flag("nomaxvalue"),
        cycle: flag("cycle"),
        cache: number("cache"),
        order: flag("order"),
    }
}

fn construct_identity(_class: &Rc<Class>, args: Args, _cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "__init__(always=False, on_null=None, start=None, increment=None, minvalue=None, \
         maxvalue=None, nominvalue=None, nomaxvalue=None, cycle=None, cache=None, order=None)",
        Some("Identity"),
    );
    let bound = signature.bind(args)?;
    Ok(Value::object(Rc::new(Identity {
        always: bound.flag("always", false),
        on_null: bound.some("on_null").map(|_| bound.flag("on_null", false)),
        options: options_of(&bound),
    })))
}

fn construct_sequence(_class: &Rc<Class>, args: Args, cx: &Cx) -> Result<Value> {
    let signature = Signature::parse(
        "__init__(name, start=None, increment=None, minvalue=None, maxvalue=None, \
         nominvalue=None, nomaxvalue=None, cycle=None, schema=None, cache=None, order=None, \
         data_type=None, optional=False, quote=None, metadata=None, quote_schema=None, \
         for_update=False)",
        Some("Sequence"),
    );
    let bound = signature.bind(args)?;
    let metadata = bound
        .some("metadata")
        .and_then(|value| value.downcast::<Rc<MetaData>>());
    let schema = bound.some("schema").and_then(Value::as_str).map(Str::new);
    let schema = schema.or_else(|| metadata.and_then(|metadata| metadata.schema.borrow().clone()));
    let sequence = Rc::new(Sequence {
        name: Str::new(bound.text("name")?),
        schema,
        optional: bound.flag("optional", false),
        options: options_of(&bound),
        data_type: bound
            .some("data_type")
            .map(|value| SqlType::from_value(value, cx))
            .transpose()?,
        metadata: std::cell::RefCell::new(metadata.cloned()),
    });
    if let Some(metadata) = metadata {
        let mut sequences = metadata.sequences.borrow_mut();
        sequences.insert(sequence.name.clone(), sequence.clone());
    }
    Ok(Value::object(sequence))
}

fn sequence_members(members: &mut Members) {
    members
        .getter("name", |this: &Rc<Sequence>, _| {
            Ok(this.name.clone().into())
        })
        .getter("schema", |this: &Rc<Sequence>, _| {
            Ok(this.schema.clone().into())
        })
        .getter("optional", |this: &Rc<Sequence>, _| {
            Ok(this.optional.into())
        });
    members.method("next_value()", |this: &Rc<Sequence>, _, _| {
        Ok(Value::object(crate::sql::functions::next_value(this)))
    });
    for (text, creates) in [
        ("create(bind=None, checkfirst=True)", true),
        ("drop(bind=None, checkfirst=True)", false),
    ] {
        members.method(text, move |this: &Rc<Sequence>, bound, cx| {
            let target = crate::sql::ddl::DdlTarget::Sequence(this.clone());
            super::ddl::run(target, bound, creates, true, cx)
        });
    }
    for name in SEQUENCE_OPTIONS.iter().copied() {
        members.getter(name, move |this: &Rc<Sequence>, _| {
            Ok(option_value(&this.options, name))
        });
    }
}

/// The options of sequences and identities, in the order of their arguments.
const SEQUENCE_OPTIONS: &[&str] = &[
    "start",
    "increment",
    "minvalue",
    "maxvalue",
    "nominvalue",
    "nomaxvalue",
    "cycle",
    "cache",
    "order",
];

fn option_value(options: &SequenceOptions, name: &str) -> Value {
    match name {
        "start" => options.start.into(),
        "increment" => options.increment.into(),
        "minvalue" => options.minvalue.into(),
        "maxvalue" => options.maxvalue.into(),
        "nominvalue" => options.nominvalue.into(),
        "nomaxvalue" => options.nomaxvalue.into(),
        "cycle" => options.cycle.into(),
        "cache" => options.cache.into(),
        _ => options.order.into(),
    }
}

/// The options of `names` that were given, as a repr shows them.
fn option_words(options: &SequenceOptions, names: &[&str]) -> Vec<String> {
    let given = names
        .iter()
        .filter_map(|name| match option_value(options, name) {
            Value::Int(number) => Some(format!("{name}={number}")),
            Value::Bool(flag) => Some(format!("{name}={}", if flag { "True" } else { "False" })),
            _ => None,
        });
    given.collect()
}

fn identity_of<T>(shared: &Rc<T>) -> Option<usize> {
    Some(Rc::as_ptr(shared).cast::<u8>() as usize)
}

impl Object for Rc<ColumnDefault> {
    fn spec(&self) -> &'static TypeSpec {
        if Cx::current().compat().is_14() {
            return &COLUMN_DEFAULT;
        }
        match &**self {
            ColumnDefault::Scalar(_) => &SCALAR_DEFAULT,
            ColumnDefault::Callable(_) | ColumnDefault::ContextCallable(_) => &CALLABLE_DEFAULT,
            ColumnDefault::Clause(_) => &CLAUSE_DEFAULT,
            ColumnDefault::Sequence(_) => &SEQUENCE,
        }
    }
    fn identity(&self) -> Option<usize> {
        identity_of(self)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let arg = match &**self {
            ColumnDefault::Scalar(value)
            | ColumnDefault::Callable(value)
            | ColumnDefault::ContextCallable(value) => cx.repr(value)?,
            ColumnDefault::Clause(element) => cx.repr(&Value::object(element.clone()))?,
            ColumnDefault::Sequence(sequence) => {
                return Object::repr(sequence, cx);
            }
        };
        Ok(Some(format!("{}({arg})", self.spec().name())))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(match (name, &**self) {
            (
                "arg",
                ColumnDefault::Scalar(value)
                | ColumnDefault::Callable(value)
                | ColumnDefault::ContextCallable(value),
            ) => value.clone(),
            ("arg", ColumnDefault::Clause(element)) => Value::object(element.clone()),
            ("is_callable", ColumnDefault::Callable(_) | ColumnDefault::ContextCallable(_))
            | ("is_scalar", ColumnDefault::Scalar(_))
            | ("is_clause_element", ColumnDefault::Clause(_))
            | ("is_sequence", ColumnDefault::Sequence(_)) => Value::Bool(true),
            ("is_callable" | "is_scalar" | "is_clause_element" | "is_sequence", _) => {
                Value::Bool(false)
            }
            _ => return Ok(None),
        }))
    }
}

impl Object for Rc<ServerDefault> {
    fn spec(&self) -> &'static TypeSpec {
        match &**self {
            ServerDefault::Text(_) | ServerDefault::Clause(_) => &DEFAULT_CLAUSE,
            ServerDefault::Fetched => &FETCHED_VALUE,
            ServerDefault::Computed(_) => &COMPUTED,
            ServerDefault::Identity(_) => &IDENTITY,
        }
    }
    fn identity(&self) -> Option<usize> {
        identity_of(self)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let arg = match &**self {
            ServerDefault::Text(text) => cx.repr(&text.clone().into())?,
            ServerDefault::Clause(element) => cx.repr(&Value::object(element.clone()))?,
            ServerDefault::Fetched => return Ok(Some("FetchedValue()".to_owned())),
            ServerDefault::Computed(computed) => return Object::repr(computed, cx),
            ServerDefault::Identity(identity) => return Object::repr(identity, cx),
        };
        Ok(Some(format!("DefaultClause({arg}, for_update=False)")))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match (name, &**self) {
            ("arg", ServerDefault::Text(text)) => Some(text.clone().into()),
            ("arg", ServerDefault::Clause(element)) => Some(Value::object(element.clone())),
            ("for_update", _) => Some(Value::Bool(false)),
            _ => None,
        })
    }
}

impl Object for Rc<Computed> {
    fn spec(&self) -> &'static TypeSpec {
        &COMPUTED
    }
    fn identity(&self) -> Option<usize> {
        identity_of(self)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let sqltext = cx.repr(&Value::object(self.sqltext.clone()))?;
        Ok(Some(match self.persisted {
            None => format!("Computed({sqltext})"),
            Some(true) => format!("Computed({sqltext}, persisted=True)"),
            Some(false) => format!("Computed({sqltext}, persisted=False)"),
        }))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "sqltext" => Some(Value::object(self.sqltext.clone())),
            "persisted" => Some(self.persisted.into()),
            _ => None,
        })
    }
}

impl Object for Rc<Identity> {
    fn spec(&self) -> &'static TypeSpec {
        &IDENTITY
    }
    fn identity(&self) -> Option<usize> {
        identity_of(self)
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let mut parts = Vec::new();
        if self.always {
            parts.push("always=True".to_owned());
        }
        if let Some(on_null) = self.on_null {
            parts.push(format!(
                "on_null={}",
                if on_null { "True" } else { "False" }
            ));
        }
        parts.extend(option_words(&self.options, SEQUENCE_OPTIONS));
        Ok(Some(format!("Identity({})", parts.join(", "))))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        Ok(match name {
            "always" => Some(self.always.into()),
            "on_null" => Some(self.on_null.into()),
            _ if SEQUENCE_OPTIONS.contains(&name) => Some(option_value(&self.options, name)),
            _ => None,
        })
    }
}

impl Object for Rc<Sequence> {
    fn spec(&self) -> &'static TypeSpec {
        &SEQUENCE
    }
    fn identity(&self) -> Option<usize> {
        identity_of(self)
    }
    fn repr(&self, cx: &Cx) -> Result<Option<String>> {
        let mut parts = vec![cx.repr(&self.name.clone().into())?];
        let options = &self.options;
        parts.extend(option_words(
            options,
            &["start", "increment", "minvalue", "maxvalue"],
        ));
        parts.extend(option_words(
            options,
            &["nominvalue", "nomaxvalue", "cycle"],
        ));
        if let Some(schema) = &self.schema {
            parts.push(format!("schema={}", cx.repr(&schema.clone().into())?));
        }
        parts.extend(option_words(options, &["cache", "order"]));
        if let Some(ty) = &self.data_type {
            parts.push(format!("data_type={}", ty.repr(cx)?));
        }
        if self.optional {
            parts.push("optional=True".to_owned());
        }
        if let Some(metadata) = &*self.metadata.borrow() {
            parts.push(format!(
                "metadata={}",
                cx.repr(&Value::object(metadata.clone()))?
            ));
        }
        Ok(Some(format!("Sequence({})", parts.join(", "))))
    }
}
