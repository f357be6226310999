//! Tables made of what the catalogue says: `autoload_with=`, `MetaData.reflect()`.

use std::cell::RefCell;
use std::rc::Rc;

use super::catalogue::Catalogue;
use super::inspector::{Inspector, ReflectedColumn};
use crate::engine::Connection;
use crate::engine::exc::NO_SUCH_TABLE_ERROR;
use crate::object::{Cx, Dict, Result, Str, Value};
use crate::sql::schema::{
    Autoincrement, Column, ColumnArg, ColumnOptions, Computed, Constraint, ConstraintKind,
    ConstraintName, ForeignKey, ForeignKeyRules, ForeignKeyTarget, Index, IndexPart, MetaData,
    ServerDefault, Table, add_column, add_constraint, add_index,
};
use crate::sql::types::SqlType;
use crate::sql::{ColumnElement, TextClause};

/// Hears of each column before it joins its table: `column_reflect`.
pub trait ColumnListener {
    /// What is said of the column in the end; `None`: nobody listens.
    fn reflected(
        &self,
        table: &Rc<Table>,
        connection: &Connection,
        column: &ReflectedColumn,
        cx: &Cx,
    ) -> Result<Option<Rc<Dict>>>;
}

/// The listeners of the session.
#[derive(Default)]
pub struct ColumnListeners(RefCell<Vec<Rc<dyn ColumnListener>>>);

impl ColumnListeners {
    /// Let `listener` hear.
    pub fn add(&self, listener: Rc<dyn ColumnListener>) {
        self.0.borrow_mut().push(listener);
    }
}

/// The column that `reflected` becomes once its listeners had their say.
fn heard_column(
    table: &Rc<Table>,
    reflected: &ReflectedColumn,
    catalogue: &Catalogue<'_>,
) -> Result<Rc<Column>> {
    let cx = catalogue.cx();
    let column = make_column(reflected);
    let listeners = cx.service::<ColumnListeners>();
    let listeners = listeners.0.borrow().clone();
    for listener in listeners {
        let connection = catalogue.connection();
        if let Some(said) = listener.reflected(table, connection, reflected, cx)? {
            apply_said(&column, &said, cx)?;
        }
    }
    Ok(column)
}

fn apply_said(column: &Column, said: &Dict, cx: &Cx) -> Result<()> {
    let text = |name: &str| {
        said.get_str(name)
            .and_then(|value| value.as_str().map(Str::new))
    };
    if let Some(name) = text("name") {
        column.set_name(name.clone());
        column.set_key(name);
    }
    if let Some(key) = text("key") {
        column.set_key(key);
    }
    if let Some(ty) = said.get_str("type") {
        column.set_type(SqlType::from_value(&ty, cx)?);
    }
    let mut options = column.options.borrow_mut();
    if let Some(nullable) = said.get_str("nullable") {
        options.nullable = cx.truthy(&nullable)?;
    }
    if let Some(comment) = text("comment") {
        options.comment = Some(comment);
    }
    drop(options);
    if let Some(Value::Dict(info)) = said.get_str("info") {
        let entries = info.borrow().clone();
        *column.info().borrow_mut() = entries;
    }
    if matches!(said.get_str("default"), Some(Value::None)) {
        *column.server_default.borrow_mut() = None;
    }
    Ok(())
}

/// How tables are reflected.
#[derive(Clone, Default)]
pub struct ReflectOptions {
    /// `include_columns=`.
    pub include: Option<Vec<Str>>,
    /// Columns that stay as they are.
    pub exclude: Vec<Str>,
    /// Whether tables referred to are reflected as well.
    pub resolve_fks: bool,
}

fn text(sql: &str) -> ColumnElement {
    ColumnElement::Text(TextClause::new(
        &sql.replace('\\', "\\\\").replace(':', "\\:"),
    ))
}

fn name_of(name: Option<&Str>) -> ConstraintName {
    name.map_or(ConstraintName::Unnamed, |name| {
        ConstraintName::Given(name.clone())
    })
}

fn make_column(reflected: &ReflectedColumn) -> Rc<Column> {
    let options = ColumnOptions {
        nullable: reflected.nullable,
        nullable_given: true,
        primary_key: reflected.primary_key > 0,
        autoincrement: Autoincrement::Auto,
        ..ColumnOptions::default()
    };
    let column = Column::new(
        Some(reflected.name.clone()),
        None,
        reflected.ty.clone(),
        options,
    );
    let default = match (&reflected.computed, &reflected.default) {
        (Some((sql, persisted)), _) => Some(ServerDefault::Computed(Rc::new(Computed {
            sqltext: text(sql),
            persisted: Some(*persisted),
        }))),
        (None, Some(sql)) => Some(ServerDefault::Clause(text(sql))),
        (None, None) => None,
    };
    *column.server_default.borrow_mut() = default.map(Rc::new);
    column
}

/// Read everything about `table` that reflection needs, as 2.0 does beforehand.
fn read_all(
    inspector: &Inspector,
    table: &str,
    schema: Option<&Str>,
    catalogue: &Catalogue<'_>,
) -> Result<()> {
    inspector.columns(table, schema, catalogue)?;
    inspector.primary_key(table, schema, catalogue)?;
    inspector.foreign_keys(table, schema, catalogue)?;
    inspector.indexes(table, schema, catalogue)?;
    inspector.uniques(table, schema, catalogue)?;
    inspector.checks(table, schema, catalogue)?;
    Ok(())
}

/// Fill `table` with what the database has under its name.
pub fn reflect_table(
    table: &Rc<Table>,
    inspector: &Inspector,
    options: &ReflectOptions,
    catalogue: &Catalogue<'_>,
) -> Result<()> {
    let cx = catalogue.cx();
    let _depth = cx.enter()?;
    let (name, schema) = (table.name().clone(), table.schema().cloned());
    let schema = schema.as_ref();
    if cx.compat().is_20() {
        read_all(inspector, &name, schema, catalogue)?;
    }
    let skipped = |column: &Str| {
        options
            .include
            .as_ref()
            .is_some_and(|include| !include.contains(column))
            || options.exclude.contains(column)
    };
    let columns = inspector.columns(&name, schema, catalogue)?;
    if columns.is_empty() && !catalogue.has_table(&name, schema)? {
        return Err(NO_SUCH_TABLE_ERROR.error(name.to_string()));
    }
    for reflected in columns.iter().filter(|column| !skipped(&column.name)) {
        let column = heard_column(table, reflected, catalogue)?;
        add_column(table, &column, true, cx)?;
    }
    let key = inspector.primary_key(&name, schema, catalogue)?;
    reflect_primary_key(table, &key.columns, key.name.as_ref());
    reflect_foreign_keys(table, inspector, options, &skipped, catalogue)?;
    for index in inspector.indexes(&name, schema, catalogue)?.iter() {
        if index.columns.iter().any(&skipped) {
            continue;
        }
        // By name: a listener may have given the columns other keys.
        let parts = index
            .columns
            .iter()
            .filter_map(|name| table.column_named(name))
            .map(IndexPart::Column)
            .collect();
        let made = Index::new(
            ConstraintName::Given(index.name.clone()),
            parts,
            index.unique != 0,
        );
        if let Some(condition) = &index.condition {
            let condition = Value::object(text(condition));
            made.dialect_options
                .borrow_mut()
                .push((Str::new("sqlite_where"), condition));
        }
        add_index(table, &Rc::new(made), cx)?;
    }
    for unique in inspector.uniques(&name, schema, catalogue)?.iter() {
        if unique.columns.iter().any(&skipped) {
            continue;
        }
        let made = Constraint::new(ConstraintKind::Unique, name_of(unique.name.as_ref()));
        let columns = unique
            .columns
            .iter()
            .filter_map(|name| table.column_named(name))
            .map(ColumnArg::Column);
        made.pending.borrow_mut().extend(columns);
        add_constraint(table, &Rc::new(made), cx)?;
    }
    for check in inspector.checks(&name, schema, catalogue)?.iter() {
        let kind = ConstraintKind::Check {
            sqltext: text(&check.sqltext),
            type_bound: None,
        };
        let made = Constraint::new(kind, name_of(check.name.as_ref()));
        add_constraint(table, &Rc::new(made), cx)?;
    }
    Ok(())
}

fn reflect_primary_key(table: &Rc<Table>, columns: &[Str], name: Option<&Str>) {
    let primary_key = table.primary_key();
    if let Some(name) = name {
        *primary_key.name.borrow_mut() = ConstraintName::Given(name.clone());
    }
    let ordered: Vec<Rc<Column>> = columns
        .iter()
        .filter_map(|name| table.column_named(name))
        .collect();
    if ordered.is_empty() {
        return;
    }
    for column in &ordered {
        column.options.borrow_mut().primary_key = true;
    }
    *primary_key.columns.borrow_mut() = ordered;
}

fn reflect_foreign_keys(
    table: &Rc<Table>,
    inspector: &Inspector,
    options: &ReflectOptions,
    skipped: &dyn Fn(&Str) -> bool,
    catalogue: &Catalogue<'_>,
) -> Result<()> {
    let cx = catalogue.cx();
    let metadata = table.metadata().clone();
    let keys = inspector.foreign_keys(table.name(), table.schema(), catalogue)?;
    for key in keys.iter() {
        if key.columns.iter().any(skipped) {
            continue;
        }
        if options.resolve_fks {
            let referred = ReflectOptions {
                resolve_fks: true,
                ..ReflectOptions::default()
            };
            reflected_table(
                &key.referred_table,
                &metadata,
                key.referred_schema.as_ref(),
                inspector,
                &referred,
                catalogue,
            )?;
        }
        let text_option = |name: &str| {
            let found = key.options.iter().find(|(known, _)| *known == name)?;
            found.1.as_str().map(Str::new)
        };
        let rules = ForeignKeyRules {
            onupdate: text_option("onupdate"),
            ondelete: text_option("ondelete"),
            link_to_name: true,
            ..ForeignKeyRules::default()
        };
        let prefix = match &key.referred_schema {
            Some(schema) => format!("{schema}.{}", key.referred_table),
            None => key.referred_table.to_string(),
        };
        let name = name_of(key.name.as_ref());
        let elements = key.referred_columns.iter().map(|column| {
            let target = ForeignKeyTarget::Text(Str::new(format!("{prefix}.{column}")));
            Rc::new(ForeignKey::new(target, name.clone(), rules.clone()))
        });
        let mut made = Constraint::new(
            ConstraintKind::ForeignKey {
                elements: RefCell::new(elements.collect()),
                rules: rules.clone(),
            },
            name.clone(),
        );
        made.initially = text_option("initially");
        made.deferrable = key
            .options
            .iter()
            .find(|(known, _)| *known == "deferrable")
            .map(|(_, value)| matches!(value, Value::Bool(true)));
        let names = key
            .columns
            .iter()
            .filter_map(|name| table.column_named(name));
        made.pending
            .borrow_mut()
            .extend(names.map(|column| ColumnArg::Name(column.key())));
        add_constraint(table, &Rc::new(made), cx)?;
    }
    Ok(())
}

/// The table `name` of `metadata`, reflected unless it is there already.
pub(super) fn reflected_table(
    name: &Str,
    metadata: &Rc<MetaData>,
    schema: Option<&Str>,
    inspector: &Inspector,
    options: &ReflectOptions,
    catalogue: &Catalogue<'_>,
) -> Result<Rc<Table>> {
    let key = match schema {
        Some(schema) => format!("{schema}.{name}"),
        None => name.to_string(),
    };
    if let Some(known) = metadata.table(&key) {
        return Ok(known);
    }
    let table = Table::new(name.clone(), metadata.clone(), schema.cloned());
    metadata.add_table(&table);
    let filled = reflect_table(&table, inspector, options, catalogue);
    if filled.is_err() {
        metadata.remove_table(&key);
    }
    filled.map(|()| table)
}

/// Reflect the tables `names` into `metadata`.
pub fn reflect_metadata(
    metadata: &Rc<MetaData>,
    names: &[Str],
    schema: Option<&Str>,
    extend_existing: bool,
    resolve_fks: bool,
    inspector: &Inspector,
    catalogue: &Catalogue<'_>,
) -> Result<()> {
    let cx: &Cx = catalogue.cx();
    if cx.compat().is_20() {
        read_together(names, schema, inspector, catalogue)?;
    }
    let options = ReflectOptions {
        resolve_fks,
        ..ReflectOptions::default()
    };
    for name in names {
        let key = match schema {
            Some(schema) => format!("{schema}.{name}"),
            None => name.to_string(),
        };
        match metadata.table(&key).filter(|_| extend_existing) {
            Some(known) => reflect_table(&known, inspector, &options, catalogue)?,
            None => {
                reflected_table(name, metadata, schema, inspector, &options, catalogue)?;
            }
        }
    }
    Ok(())
}

/// Read one kind of thing of all tables after the other, as 2.0 does.
fn read_together(
    names: &[Str],
    schema: Option<&Str>,
    inspector: &Inspector,
    catalogue: &Catalogue<'_>,
) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    inspector.temp_table_names(catalogue)?;
    for name in names {
        inspector.columns(name, schema, catalogue)?;
    }
    for name in names {
        inspector.primary_key(name, schema, catalogue)?;
    }
    for name in names {
        inspector.foreign_keys(name, schema, catalogue)?;
    }
    for name in names {
        inspector.indexes(name, schema, catalogue)?;
    }
    for name in names {
        inspector.uniques(name, schema, catalogue)?;
    }
    for name in names {
        inspector.checks(name, schema, catalogue)?;
    }
    Ok(())
}
