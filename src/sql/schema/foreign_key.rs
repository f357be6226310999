//! `ForeignKey`: one column's reference to another, resolved when it is asked for.

use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};

use super::{Column, Constraint, ConstraintName, DialectOptions, ForeignKeyRules};
use crate::engine::exc::{
    INVALID_REQUEST_ERROR, NO_REFERENCED_COLUMN_ERROR, NO_REFERENCED_TABLE_ERROR,
};
use crate::object::{Cx, Dict, Result, Str};

/// What a foreign key refers to.
#[derive(Clone)]
pub enum ForeignKeyTarget {
    /// `"table.column"`, `"schema.table.column"` or, in a constraint, a table name alone.
    Text(Str),
    /// A column.
    Column(Rc<Column>),
}

/// A foreign key.
pub struct ForeignKey {
    /// What it refers to.
    pub target: ForeignKeyTarget,
    /// The column that has it, once attached.
    pub(super) parent: RefCell<Weak<Column>>,
    /// The constraint it is an element of, once there is one.
    pub(super) constraint: RefCell<Weak<Constraint>>,
    /// The column referred to, once found.
    pub(super) resolved: RefCell<Weak<Column>>,
    /// `name=`.
    pub name: ConstraintName,
    /// ON UPDATE and the like.
    pub rules: ForeignKeyRules,
    /// `DEFERRABLE`.
    pub deferrable: Option<bool>,
    /// `INITIALLY`.
    pub initially: Option<Str>,
    /// `comment=`.
    pub comment: Option<Str>,
    /// Options by dialect.
    pub dialect_options: RefCell<DialectOptions>,
    pub(super) info: OnceCell<Rc<Dict>>,
}

impl ForeignKey {
    /// A foreign key to `target` that waits for its column.
    pub fn new(target: ForeignKeyTarget, name: ConstraintName, rules: ForeignKeyRules) -> Self {
        Self {
            target,
            parent: RefCell::new(Weak::new()),
            constraint: RefCell::new(Weak::new()),
            resolved: RefCell::new(Weak::new()),
            name,
            rules,
            deferrable: None,
            initially: None,
            comment: None,
            dialect_options: RefCell::default(),
            info: OnceCell::new(),
        }
    }
    /// The column that has it.
    pub fn parent(&self) -> Option<Rc<Column>> {
        self.parent.borrow().upgrade()
    }
    /// The constraint it is an element of.
    pub fn constraint(&self) -> Option<Rc<Constraint>> {
        self.constraint.borrow().upgrade()
    }
    /// The info dict.
    pub fn info(&self) -> &Rc<Dict> {
        self.info.get_or_init(Rc::default)
    }
    /// `table.column` as given or as the column says.
    pub fn target_fullname(&self) -> String {
        match &self.target {
            ForeignKeyTarget::Text(text) => text.to_string(),
            ForeignKeyTarget::Column(column) => match column.table() {
                Some(table) => format!("{}.{}", table.full_name(), column.key()),
                None => column.key().to_string(),
            },
        }
    }
}

impl ForeignKey {
    /// Schema, table and column as a text target names them.
    pub fn tokens(&self) -> (Option<Str>, Str, Option<Str>) {
        let text = self.target_fullname();
        let mut parts: Vec<&str> = text.split('.').collect();
        let column = if parts.len() > 1 {
            parts.pop().map(Str::new)
        } else {
            None
        };
        let table = Str::new(parts.pop().unwrap_or_default());
        let schema = (!parts.is_empty()).then(|| Str::new(parts.join(".")));
        (schema, table, column)
    }
    /// The key of the table that the text names, as written.
    pub(super) fn table_key_of_text(&self) -> Str {
        let (schema, table, _) = self.tokens();
        join_key(schema.as_ref(), &table)
    }
    /// The schema that the target names.
    pub fn referred_schema(&self) -> Option<Str> {
        self.tokens().0
    }
    /// The key of the table that the target names, in the metadata of `table`.
    fn resolved_key(&self, table: &super::Table) -> (Str, Option<Str>) {
        let (schema, name, column) = self.tokens();
        let schema = schema.or_else(|| table.metadata().schema.borrow().clone());
        (join_key(schema.as_ref(), &name), column)
    }

    /// The column it refers to, if that can be told by now.
    pub fn column_if_known(&self) -> Option<Rc<Column>> {
        if let Some(known) = self.resolved.borrow().upgrade() {
            return Some(known);
        }
        let found = match &self.target {
            ForeignKeyTarget::Column(column) => Some(column.clone()),
            ForeignKeyTarget::Text(_) => {
                let parent = self.parent()?;
                let table = parent.table()?;
                let (key, column) = self.resolved_key(&table);
                let referred = table.metadata().table(&key)?;
                self.find_in(&referred, column.as_ref(), &parent)
            }
        }?;
        *self.resolved.borrow_mut() = Rc::downgrade(&found);
        Some(found)
    }

    fn find_in(
        &self,
        referred: &super::Table,
        column: Option<&Str>,
        parent: &Column,
    ) -> Option<Rc<Column>> {
        match column {
            None => referred.column(&parent.key()),
            Some(name) if self.rules.link_to_name => referred.column_named(name),
            Some(name) => referred.column(name),
        }
    }

    /// The column it refers to; the error says what is missing.
    pub fn column(&self, _cx: &Cx) -> Result<Rc<Column>> {
        if let Some(found) = self.column_if_known() {
            return Ok(found);
        }
        let Some(parent) = self.parent() else {
            return Err(INVALID_REQUEST_ERROR.error(
                "this ForeignKey object does not yet have a parent Column associated with it.",
            ));
        };
        let Some(table) = parent.table() else {
            return Err(INVALID_REQUEST_ERROR
                .error("this ForeignKey's parent column is not yet associated with a Table."));
        };
        let (key, column) = self.resolved_key(&table);
        let Some(referred) = table.metadata().table(&key) else {
            let shown = column.map_or_else(|| "None".to_owned(), |column| column.to_string());
            return Err(NO_REFERENCED_TABLE_ERROR
                .error(format!(
                    "Foreign key associated with column '{}' could not find table '{key}' with \
                     which to generate a foreign key to target column '{shown}'",
                    parent.description()
                ))
                .with("table_name", key));
        };
        let missing = column.unwrap_or_else(|| parent.key());
        Err(NO_REFERENCED_COLUMN_ERROR
            .error(format!(
                "Could not initialize target column for ForeignKey '{}' on table '{}': table '{}' \
                 has no column named '{missing}'",
                self.target_fullname(),
                table.name(),
                referred.name()
            ))
            .with("table_name", referred.name().clone())
            .with("column_name", missing))
    }
    /// Forget what was found, because the metadata changed.
    pub fn forget(&self) {
        *self.resolved.borrow_mut() = Weak::new();
    }
    /// Make `column` its parent.
    pub fn set_parent(self: &Rc<Self>, column: &Rc<Column>) -> Result<()> {
        if let Some(known) = self.parent()
            && !Rc::ptr_eq(&known, column)
        {
            return Err(INVALID_REQUEST_ERROR.error("This ForeignKey already has a parent !"));
        }
        *self.parent.borrow_mut() = Rc::downgrade(column);
        column.foreign_keys.borrow_mut().push(self.clone());
        Ok(())
    }
    /// A copy that waits for another column; `schema` replaces that of the target.
    pub fn copy(&self, target: ForeignKeyTarget) -> Rc<Self> {
        let mut copy = Self::new(target, self.name.clone(), self.rules.clone());
        copy.deferrable = self.deferrable;
        copy.initially.clone_from(&self.initially);
        copy.comment.clone_from(&self.comment);
        copy.dialect_options.clone_from(&self.dialect_options);
        if let Some(info) = self.info.get() {
            drop(copy.info.set(info.clone()));
        }
        Rc::new(copy)
    }
    /// What it refers to, as a text.
    pub fn text_target(&self, schema: Option<&Str>, table: Option<&Str>) -> ForeignKeyTarget {
        let (own_schema, own_table, column) = self.tokens();
        let schema = schema.cloned().or(own_schema);
        let table = table.cloned().unwrap_or(own_table);
        let mut text = join_key(schema.as_ref(), &table).to_string();
        if let Some(column) = column {
            text.push('.');
            text.push_str(&column);
        }
        ForeignKeyTarget::Text(Str::new(text))
    }
}

fn join_key(schema: Option<&Str>, table: &Str) -> Str {
    match schema {
        Some(schema) => Str::new(format!("{schema}.{table}")),
        None => table.clone(),
    }
}
