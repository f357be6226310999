//! Binds: their names, literals in their place, lists expanded at execution.

use std::rc::Rc;

use super::{CompiledBind, Fragment, IdentClass, Kw, Mark, SQLCompiler};
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::dialects::{Backend, Dialect};
use crate::sql::elements::{BindParameter, BindValue, ColumnElement, integer_type};
use crate::sql::operators::Operator;
use crate::sql::types::{Affinity, JsonPart, JsonType, SqlHook, SqlType, type_of_value};

impl SQLCompiler<'_> {
    /// Render a bind.
    pub fn bindparam(
        &mut self,
        bind: &Rc<BindParameter>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        if !kw.skip_bind_expression && self.bind_expression(bind, kw, out)? {
            return Ok(());
        }
        if kw.literal_binds {
            return self.literal_bindparam(bind, out);
        }
        let number = self.bind_number(bind)?;
        let literal = kw.literal_execute || bind.literal_execute;
        if literal {
            self.binds[number as usize].literal_execute = true;
        }
        if bind.expanding {
            out.push("(");
            out.mark(Mark::PostCompile(number));
            out.push(")");
        } else if literal {
            out.mark(Mark::PostCompile(number));
        } else {
            out.mark(Mark::Bind(number));
            self.bind_cast(&bind.type_, out)?;
        }
        Ok(())
    }

    /// Render what the type of a bind puts around it, if it does.
    fn bind_expression(
        &mut self,
        bind: &Rc<BindParameter>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        let element = ColumnElement::Bind(bind.clone());
        let hook = SqlHook::Bind;
        let Some(around) = bind
            .type_
            .sql_expression(hook, &element, self.dialect, self.cx)?
        else {
            return Ok(false);
        };
        let kw = Kw {
            skip_bind_expression: true,
            literal_binds: kw.literal_binds && !bind.expanding,
            ..kw
        };
        let mut text = Fragment::default();
        self.element(&around, kw, &mut text)?;
        let list = text.marks.iter().find_map(|(at, mark)| match mark {
            Mark::PostCompile(number) if bind.expanding => Some((*at, *number)),
            _ => None,
        });
        match list {
            // The expression goes around each item of the list.
            Some((at, number)) if at > 0 && at < text.text.len() => {
                let before = text.text[..at - 1].to_owned();
                let after = text.text[at + 1..].to_owned();
                self.binds[number as usize].around = Some((before, after));
                out.push("(");
                out.mark(Mark::PostCompile(number));
                out.push(")");
            }
            _ => out.append(&text),
        }
        Ok(true)
    }

    /// The number of a bind, given at its first use; its name must not clash.
    pub fn bind_number(&mut self, bind: &Rc<BindParameter>) -> Result<u32> {
        let identity = Rc::as_ptr(bind) as usize;
        if let Some(known) = self.bind_numbers.get(&identity) {
            return Ok(*known);
        }
        let mut name = self.truncated_identifier(IdentClass::Bind, &bind.key);
        // Oracle takes the names of parameters for identifiers.
        if self.dialect.backend == Backend::Oracle && !bind.expanding {
            let lower = name.to_lowercase();
            if self.dialect.quote(&lower) != lower {
                name = Str::from(format!("\"{name}\""));
            }
        }
        if let Some(known) = self.bind_names.get(&name).copied() {
            self.check_crud_name(&name, bind)?;
            let existing = &self.binds[known as usize].bind;
            let same_key = existing.key == bind.key;
            if (existing.unique || bind.unique) && !same_key {
                return Err(COMPILE_ERROR.error(format!(
                    "Bind parameter '{name}' conflicts with unique bind parameter of the same \
                     name"
                )));
            }
            if existing.expanding != bind.expanding {
                return Err(COMPILE_ERROR.error(format!(
                    "Can't reuse bound parameter name '{name}' in both 'expanding' (e.g. within \
                     an IN expression) and non-expanding contexts.  If this parameter is to \
                     receive a list/array value, set 'expanding=True' on it for expressions that \
                     aren't IN, otherwise use a different parameter name."
                )));
            }
            // The later one says the value.
            self.binds[known as usize].bind = bind.clone();
            self.bind_numbers.insert(identity, known);
            return Ok(known);
        }
        Ok(self.add_bind(name, bind.clone()))
    }

    /// A bind of the application may not have the name of one that stands for a column.
    fn check_crud_name(&self, name: &Str, bind: &Rc<BindParameter>) -> Result<()> {
        let literal = match self.crud_names.get(name) {
            Some(literal) if !bind.unique => *literal,
            _ => return Ok(()),
        };
        Err(COMPILE_ERROR.error(if literal {
            format!("Bind parameter '{name}' conflicts with unique bind parameter of the same name")
        } else {
            format!(
                "bindparam() name '{name}' is reserved for automatic usage in the VALUES or SET \
             clause of this insert/update statement.   Please use a name other than column \
             name when using bindparam() with insert() or update() (for example, 'b_{name}')."
            )
        }))
    }
    /// Note that the bind called `name` stands for a column; `literal`: its value is given.
    pub(super) fn reserve_crud_name(&mut self, name: &str, literal: bool) {
        self.crud_names.insert(Str::new(name), literal);
    }

    /// Take a bind in under `name`.
    pub fn add_bind(&mut self, name: Str, bind: Rc<BindParameter>) -> u32 {
        let number = u32::try_from(self.binds.len()).unwrap_or(u32::MAX);
        self.bind_numbers.insert(Rc::as_ptr(&bind) as usize, number);
        self.bind_names.insert(name.clone(), number);
        self.binds.push(CompiledBind {
            name,
            bind,
            literal_execute: false,
            constant: false,
            around: None,
        });
        number
    }

    /// Render a number that every statement of this structure has there.
    pub(super) fn constant(&mut self, number: i64, kw: Kw, out: &mut Fragment) -> Result<()> {
        let value = BindValue::Value(Value::Int(number));
        let bind = Rc::new(BindParameter::anonymous(None, value, integer_type()));
        self.bindparam(&bind, kw, out)?;
        if !kw.literal_binds {
            let place = self.bind_number(&bind)?;
            self.binds[place as usize].constant = true;
        }
        Ok(())
    }

    /// Whether a bind is called `name`.
    pub fn has_bind(&self, name: &str) -> bool {
        self.bind_names.contains_key(name)
    }

    fn literal_bindparam(&mut self, bind: &Rc<BindParameter>, out: &mut Fragment) -> Result<()> {
        if matches!(bind.value, BindValue::None) && bind.required {
            out.push("NULL");
            return Ok(());
        }
        let value = bind.effective_value(self.cx)?;
        if bind.expanding {
            out.push("(");
            let text = literal_list(bind, &value, self.dialect, self.cx)?;
            out.push(&text);
            out.push(")");
            return Ok(());
        }
        let text = literal_text(&value, &bind.type_, self.dialect, self.cx)?;
        out.push(&text);
        Ok(())
    }

    /// `::TYPE` behind a bind, where the driver wants it.
    fn bind_cast(&self, type_: &SqlType, out: &mut Fragment) -> Result<()> {
        let wanted = if self.dialect.can.render_bind_casts {
            takes_bind_cast(type_, self.dialect.driver)
        } else {
            // 1.4 tells those of arrays alone.
            self.dialect.backend == Backend::Postgresql && type_.affinity() == Affinity::Array
        };
        if !wanted {
            return Ok(());
        }
        let text = self.type_text(type_)?;
        out.push("::");
        out.push(&text);
        Ok(())
    }
}

/// Whether a driver of PostgreSQL wants to be told the type of a bind.
fn takes_bind_cast(type_: &SqlType, driver: &str) -> bool {
    let always = match type_.affinity() {
        // An index into JSON is none of it.
        Affinity::Json => type_
            .engine(|json: &JsonType| json.part == JsonPart::Document)
            .unwrap_or(false),
        Affinity::Uuid | Affinity::Array => true,
        Affinity::Other => type_.is_a(&crate::sql::dialects::postgresql::AbstractRange),
        _ => false,
    };
    let plain = matches!(
        type_.affinity(),
        Affinity::Integer
            | Affinity::String
            | Affinity::Boolean
            | Affinity::Date
            | Affinity::DateTime
            | Affinity::Time
            | Affinity::Interval
    );
    match driver {
        "psycopg2" => always,
        "asyncpg" => {
            always
                || plain
                || matches!(
                    type_.affinity(),
                    Affinity::Numeric | Affinity::Float | Affinity::Enum
                )
        }
        _ => always || plain,
    }
}

/// A value written into the text.
pub fn literal_text(value: &Value, type_: &SqlType, dialect: &Dialect, cx: &Cx) -> Result<String> {
    if (value.is_none() || value.is_undefined()) && !type_.should_evaluate_none() {
        return Ok("NULL".to_owned());
    }
    let type_ = if type_.is_null() {
        type_of_value(value, cx)?
    } else {
        type_.clone()
    };
    match type_.literal(value, dialect, cx) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(COMPILE_ERROR.error(format!(
            "No literal value renderer is available for literal value \"{}\" with datatype {}",
            cx.repr(value)?,
            cx.str(&type_.to_value())?
        ))),
        Err(raised) => {
            let cause = raised.into_value();
            Err(COMPILE_ERROR
                .error(format!(
                    "Could not render literal value \"{}\" with datatype {}; see parent stack \
                     trace for more detail.",
                    cx.repr(value)?,
                    cx.str(&type_.to_value())?
                ))
                .caused_by(&cause))
        }
    }
}

/// Whether the items of a list are rows.
fn is_tuples(bind: &BindParameter, first: &Value) -> bool {
    bind.tuple_types.is_some()
        || (bind.type_.affinity() == Affinity::Null
            && matches!(first, Value::Tuple(_) | Value::List(_)))
}

fn tuple_type(bind: &BindParameter, at: usize, value: &Value, cx: &Cx) -> Result<SqlType> {
    if let Some(type_) = bind.tuple_types.as_ref().and_then(|types| types.get(at))
        && !type_.is_null()
    {
        return Ok(type_.clone());
    }
    type_of_value(value, cx)
}

/// What stands for an empty list, inside the parentheses of IN.
fn empty_set(bind: &BindParameter, dialect: &Dialect) -> String {
    let width = bind.tuple_types.as_ref().map_or(1, |types| types.len());
    let repeat = |word: &str| vec![word; width].join(", ");
    match (&bind.expand_op, dialect.backend) {
        (_, Backend::Sqlite) => {
            let ones = repeat("1");
            format!("SELECT {ones} FROM (SELECT {ones}) WHERE 1!=1")
        }
        (Some(op), _) => {
            let nulls = repeat("NULL");
            let nulls = if width > 1 {
                format!("({nulls})")
            } else {
                nulls
            };
            if *op == Operator::NotIn {
                format!("{nulls}) OR (1 = 1")
            } else {
                format!("{nulls}) AND (1 != 1")
            }
        }
        (None, Backend::Mysql | Backend::Mariadb) => {
            let named: Vec<_> = (0..width).map(|at| format!("1 AS _in_{at}")).collect();
            let names: Vec<_> = (0..width).map(|at| format!("_in_{at}")).collect();
            format!(
                "SELECT {} FROM (SELECT {}) as _empty_set WHERE 1!=1",
                names.join(", "),
                named.join(", ")
            )
        }
        (None, Backend::Oracle) => "SELECT 1 FROM DUAL WHERE 1!=1".to_owned(),
        (None, Backend::Postgresql) => {
            format!("SELECT {} WHERE 1!=1", repeat("CAST(NULL AS INTEGER)"))
        }
        (None, Backend::Mssql | Backend::Default) => "SELECT 1 WHERE 1!=1".to_owned(),
    }
}

/// A list written into the text.
fn literal_list(bind: &BindParameter, value: &Value, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let items = match value {
        Value::None | Value::Undefined => Vec::new(),
        _ => cx.collect(value)?,
    };
    let Some(first) = items.first() else {
        let values = if bind.tuple_types.is_some() && dialect.can.tuple_in_values {
            "VALUES "
        } else {
            ""
        };
        return Ok(format!("{values}{}", empty_set(bind, dialect)));
    };
    if is_tuples(bind, first) {
        let mut rows = Vec::with_capacity(items.len());
        for item in &items {
            let mut texts = Vec::new();
            for (at, value) in cx.collect(item)?.iter().enumerate() {
                let type_ = tuple_type(bind, at, value, cx)?;
                texts.push(literal_text(value, &type_, dialect, cx)?);
            }
            rows.push(format!("({})", texts.join(", ")));
        }
        let values = if dialect.can.tuple_in_values {
            "VALUES "
        } else {
            ""
        };
        return Ok(format!("{values}{}", rows.join(", ")));
    }
    let texts = items
        .iter()
        .map(|item| literal_text(item, &bind.type_, dialect, cx))
        .collect::<Result<Vec<_>>>()?;
    Ok(texts.join(", "))
}

/// Adds a bind found while expanding: its name, type and value; the text goes to the last.
pub(super) type AddBind<'a> = dyn FnMut(&str, SqlType, Value, &mut String) + 'a;

/// The text of a bind that depends on its value.
pub(super) fn expand(
    known: &CompiledBind,
    value: &Value,
    dialect: &Dialect,
    add: &mut AddBind<'_>,
    cx: &Cx,
) -> Result<String> {
    let bind = &known.bind;
    if known.literal_execute {
        return if bind.expanding {
            literal_list(bind, value, dialect, cx)
        } else {
            literal_text(value, &bind.type_, dialect, cx)
        };
    }
    let items = match value {
        Value::None | Value::Undefined => Vec::new(),
        Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
            return Err(crate::object::exceptions::TYPE_ERROR.error(format!(
                "'expanding' parameters can't be used with executemany() or a plain value: {}",
                cx.repr(value)?
            )));
        }
        _ => cx.collect(value)?,
    };
    let Some(first) = items.first() else {
        return Ok(empty_set(bind, dialect));
    };
    let mut out = String::new();
    if is_tuples(bind, first) {
        if dialect.can.tuple_in_values {
            out.push_str("VALUES ");
        }
        for (row, item) in items.iter().enumerate() {
            out.push_str(if row > 0 { ", (" } else { "(" });
            for (at, value) in cx.collect(item)?.into_iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                let type_ = tuple_type(bind, at, &value, cx)?;
                let name = format!("{}_{}_{}", known.name, row + 1, at + 1);
                add(&name, type_, value, &mut out);
            }
            out.push(')');
        }
        return Ok(out);
    }
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        let name = format!("{}_{}", known.name, at + 1);
        match &known.around {
            Some((before, after)) => {
                out.push_str(before);
                add(&name, bind.type_.clone(), item, &mut out);
                out.push_str(after);
            }
            None => add(&name, bind.type_.clone(), item, &mut out),
        }
    }
    Ok(out)
}
