//! A compiled statement with all that can be told before its parameters are known: where each
//! value comes from, what it passes through, what its rows look like.

use std::cell::OnceCell;
use std::rc::Rc;

use super::defaults::DefaultCall;
use super::parameters::KeyCursor;
use super::shape::result_shape;
use crate::engine::{ExecutionOptions, ResultShape, StatementKind};
use crate::object::{Cx, Result, Str, Value};
use crate::sql::compiler::{Compiled, DmlInfo};
use crate::sql::dialects::Dialect;
use crate::sql::executable::Executable;
use crate::sql::schema::Column;
use crate::sql::types::Processor;

/// Where the value of a bind comes from where the parameters do not give it.
pub(super) enum Fallback {
    /// The statement itself.
    Own(Value),
    /// A callable of the statement.
    Bind,
    /// A column's default.
    Default(Rc<Column>, DefaultCall),
    /// Nowhere: it must be given.
    Required,
}

/// Where the value of a bind comes from, and what it passes through.
pub(super) struct Source {
    pub cursor: KeyCursor,
    pub fallback: Fallback,
    pub processor: Option<Processor>,
}

/// A compiled statement, ready to be given parameters.
pub struct Prepared {
    compiled: Compiled,
    dialect: Rc<Dialect>,
    kind: StatementKind,
    is_text: bool,
    /// For each bind, by number.
    sources: Vec<Source>,
    defaulted: Vec<usize>,
    /// The binds in the order of the text, where that is fixed.
    places: Vec<u32>,
    shape: OnceCell<Option<ResultShape>>,
}

fn kind_of(statement: &Executable, compiled: &Compiled) -> StatementKind {
    if let Some(info) = compiled.dml() {
        return info.kind;
    }
    match statement {
        Executable::Text(_) | Executable::Custom(_) => StatementKind::Text,
        _ => StatementKind::Select,
    }
}

impl Prepared {
    /// Prepare `compiled`.
    pub fn new(
        compiled: Compiled,
        statement: &Executable,
        dialect: Rc<Dialect>,
        cx: &Cx,
    ) -> Result<Self> {
        let kind = kind_of(statement, &compiled);
        let updates = kind == StatementKind::Update;
        let mut sources = Vec::with_capacity(compiled.binds.len());
        for (number, known) in compiled.binds.iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let prefetch = compiled
                .dml()
                .and_then(|info| info.prefetch.iter().find(|(_, bind)| *bind == number));
            let fallback = match prefetch {
                Some((column, _)) => {
                    let slot = if updates {
                        &column.onupdate
                    } else {
                        &column.default
                    };
                    let default = slot.borrow().clone();
                    match default {
                        Some(default) => {
                            Fallback::Default(column.clone(), DefaultCall::new(default))
                        }
                        None => Fallback::Own(Value::None),
                    }
                }
                None => match known.bind.plain_value() {
                    Some(value) => Fallback::Own(value),
                    None if known.bind.required => Fallback::Required,
                    None => Fallback::Bind,
                },
            };
            let key = if known.bind.unique {
                known.name.clone()
            } else {
                known.bind.orig_key.clone()
            };
            sources.push(Source {
                cursor: KeyCursor::new(key, sources.len()),
                fallback,
                processor: known.bind.type_.bind_processor(&dialect, cx)?,
            });
        }
        Ok(Self {
            places: compiled.places(),
            is_text: matches!(statement, Executable::Text(_) | Executable::Custom(_)),
            defaulted: (0..sources.len())
                .filter(|at| matches!(sources[*at].fallback, Fallback::Default(..)))
                .collect(),
            compiled,
            dialect,
            kind,
            sources,
            shape: OnceCell::new(),
        })
    }

    /// Its SQL, lists not expanded.
    pub fn sql(&self) -> &Str {
        self.compiled.sql()
    }
    /// The compiled statement.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }
    /// What kind of statement it is.
    pub fn kind(&self) -> StatementKind {
        self.kind
    }
    /// What was found out about an INSERT, UPDATE or DELETE.
    pub fn dml(&self) -> Option<&DmlInfo> {
        self.compiled.dml()
    }
    /// Whether several sets are sent as one statement with many rows of VALUES.
    pub(super) fn batches_rows(&self) -> bool {
        self.dml().is_some_and(|info| {
            info.kind == StatementKind::Insert
                && info.returns_rows
                && self.dialect.can.insertmanyvalues
        })
    }
    /// Whether a legacy connection commits after it.
    pub(super) fn autocommits(&self, options: &ExecutionOptions) -> bool {
        if options.get("autocommit").is_some() {
            return options.flag("autocommit");
        }
        match self.kind {
            StatementKind::Insert | StatementKind::Update | StatementKind::Delete => true,
            StatementKind::Ddl => true,
            StatementKind::Text => changes_data(self.sql()),
            StatementKind::Select => false,
        }
    }
    /// Whether only the cursor knows the columns.
    pub(super) fn described(&self) -> bool {
        self.is_text && self.compiled.result.columns.is_empty()
    }
    /// The columns of the rows, where they are known beforehand.
    pub(super) fn known_shape(&self, cx: &Cx) -> Result<Option<ResultShape>> {
        if let Some(known) = self.shape.get() {
            return Ok(known.clone());
        }
        let result = &self.compiled.result;
        let shape = if result.ordered && !result.textual_ordered && !self.described() {
            Some(result_shape(result, None, &self.dialect, cx)?)
        } else {
            None
        };
        Ok(self.shape.get_or_init(|| shape).clone())
    }
    /// The columns of the rows, given the cursor's names.
    pub(super) fn shape_of(&self, names: &[Str], cx: &Cx) -> Result<ResultShape> {
        result_shape(&self.compiled.result, Some(names), &self.dialect, cx)
    }

    /// Where the value of each bind comes from, by number.
    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }
    /// The binds whose value a default gives; all the others come first.
    pub(super) fn defaulted(&self) -> &[usize] {
        &self.defaulted
    }
    /// The binds in the order of the text, where that is fixed.
    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }
    /// The dialect it was compiled for.
    pub(super) fn dialect(&self) -> &Rc<Dialect> {
        &self.dialect
    }
}

/// Whether the text `sql` changes data, as 1.4's legacy engines tell.
fn changes_data(sql: &str) -> bool {
    let sql = sql.trim_start();
    ["UPDATE", "INSERT", "CREATE", "DELETE", "DROP", "ALTER"]
        .iter()
        .any(|word| {
            sql.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        })
}
