//! Columns, constraints and indexes join their table: what follows from each, and what is wrong.

use std::rc::Rc;

use super::column::Waiting;
use super::{
    Column, ColumnArg, ColumnDefault, Constraint, ConstraintKind, ConstraintName, ForeignKey,
    ForeignKeyTarget, Index, IndexPart, Table, naming,
};
use crate::engine::exc::{
    ARGUMENT_ERROR, CONSTRAINT_COLUMN_NOT_FOUND_ERROR, DUPLICATE_COLUMN_ERROR,
    SA_DEPRECATION_WARNING,
};
use crate::object::{Cx, Result, Str, key_error};
use crate::sql::types::{BooleanType, EnumType, SqlType};

/// Add `column` to `table`, with all that its definition brings along.
pub fn add_column(
    table: &Rc<Table>,
    column: &Rc<Column>,
    allow_replacements: bool,
    cx: &Cx,
) -> Result<()> {
    let name = column.name();
    if name.is_empty() {
        return Err(ARGUMENT_ERROR.error(
            "Column must be constructed with a non-blank name or assign a non-blank .name before \
             adding to a Table.",
        ));
    }
    let key = column.key();
    column.set_key(key.clone());
    if let Some(existing) = column.table()
        && !Rc::ptr_eq(&existing, table)
    {
        return Err(ARGUMENT_ERROR.error(format!(
            "Column object '{key}' already assigned to Table '{}'",
            existing.name()
        )));
    }
    replace_existing(table, column, allow_replacements, cx)?;
    let position = {
        let mut columns = table.columns_mut();
        let (position, _) = columns.insert_full(key.clone(), column.clone());
        position
    };
    column.attach(table, position);
    let own_constraints = column.constraints.borrow().clone();
    for constraint in &own_constraints {
        naming::name_constraint(constraint, table, cx)?;
    }
    join_primary_key(table, column, cx)?;
    column_flags(table, column, cx)?;
    type_constraints(table, column, cx)?;
    let foreign_keys = column.foreign_keys.borrow().clone();
    for foreign_key in &foreign_keys {
        attach_foreign_key(table, column, foreign_key, cx)?;
    }
    for default in [&column.default, &column.onupdate] {
        if let Some(ColumnDefault::Sequence(sequence)) = default.borrow().as_deref() {
            let metadata = table.metadata();
            let mut sequences = metadata.sequences.borrow_mut();
            sequences.insert(sequence.name.clone(), sequence.clone());
            *sequence.metadata.borrow_mut() = Some(metadata.clone());
        }
    }
    attach_waiting(column, cx)
}

/// Make way for `column` where its key or name is taken.
fn replace_existing(
    table: &Rc<Table>,
    column: &Rc<Column>,
    allow_replacements: bool,
    cx: &Cx,
) -> Result<()> {
    let (key, name) = (column.key(), column.name());
    let by_key = table.column(&key);
    let conflict = match &by_key {
        Some(_) if key == name => "name",
        Some(_) => "key",
        None => "name",
    };
    let Some(existing) = by_key.or_else(|| table.column_named(&name)) else {
        return Ok(());
    };
    if Rc::ptr_eq(&existing, column) {
        return Ok(());
    }
    if !allow_replacements {
        let shown = if conflict == "key" { &key } else { &name };
        let message = format!(
            "A column with {conflict} '{shown}' is already present in table '{}'.",
            table.name()
        );
        if cx.compat().is_20() {
            return Err(DUPLICATE_COLUMN_ERROR.error(message));
        }
        if existing.key() != key {
            return Ok(());
        }
        cx.warn(
            &SA_DEPRECATION_WARNING,
            &format!(
                "{message} Please use method :meth:`_schema.Table.append_column` with the \
                 parameter ``replace_existing=True`` to replace an existing column."
            ),
        );
    }
    let gone = existing.foreign_keys.borrow().clone();
    table.constraints_mut().retain(|constraint| {
        !gone.iter().any(|key| {
            key.constraint()
                .is_some_and(|of_key| Rc::ptr_eq(&of_key, constraint))
        })
    });
    let primary_key = table.primary_key();
    primary_key
        .columns
        .borrow_mut()
        .retain(|known| !Rc::ptr_eq(known, &existing));
    if existing.key() != key {
        table.columns_mut().shift_remove(&existing.key());
        renumber(table);
    }
    Ok(())
}

pub(super) fn renumber(table: &Table) {
    for (position, column) in table.columns().values().enumerate() {
        column.set_position(position);
    }
}

fn join_primary_key(table: &Rc<Table>, column: &Rc<Column>, cx: &Cx) -> Result<()> {
    let primary_key = table.primary_key();
    if column.primary_key() {
        {
            let mut columns = primary_key.columns.borrow_mut();
            let same = columns.iter().position(|known| known.key() == column.key());
            match same {
                Some(at) => columns[at] = column.clone(),
                None => columns.push(column.clone()),
            }
        }
        if matches!(
            primary_key.kind,
            ConstraintKind::PrimaryKey { implicit: true }
        ) {
            *primary_key.name.borrow_mut() = ConstraintName::Unnamed;
            naming::name_constraint(&primary_key, table, cx)?;
        }
        return Ok(());
    }
    let columns = primary_key.columns.borrow();
    if columns.iter().any(|known| known.key() == column.key()) {
        return Err(ARGUMENT_ERROR.error(format!(
            "Trying to redefine primary-key column '{}' as a non-primary-key column on table '{}'",
            column.key(),
            table.full_name()
        )));
    }
    Ok(())
}

/// `index=True` and `unique=True`.
fn column_flags(table: &Rc<Table>, column: &Rc<Column>, cx: &Cx) -> Result<()> {
    let (index, unique) = {
        let options = column.options.borrow();
        let (index, unique) = (options.index == Some(true), options.unique == Some(true));
        if index && options.index_is_text {
            return Err(ARGUMENT_ERROR.error(
                "The 'index' keyword argument on Column is boolean only. To create indexes with a \
                 specific name, create an explicit Index object external to the Table.",
            ));
        }
        if unique && options.unique_is_text {
            return Err(ARGUMENT_ERROR.error(
                "The 'unique' keyword argument on Column is boolean only. To create unique \
                 constraints or indexes with a specific name, append an explicit \
                 UniqueConstraint to the Table's list of elements, or create an explicit Index \
                 object external to the Table.",
            ));
        }
        (index, unique)
    };
    if index {
        let index = Rc::new(Index::new(
            ConstraintName::Unnamed,
            vec![IndexPart::Pending(column.key())],
            unique,
        ));
        index.column_flag.set(true);
        return add_index(table, &index, cx);
    }
    if unique {
        let constraint = Constraint::new(ConstraintKind::Unique, ConstraintName::Unnamed);
        constraint.column_flag.set(true);
        constraint
            .pending
            .borrow_mut()
            .push(ColumnArg::Name(column.key()));
        return add_constraint(table, &Rc::new(constraint), cx);
    }
    Ok(())
}

/// The CHECKs that Boolean and Enum columns ask for.
fn type_constraints(table: &Rc<Table>, column: &Rc<Column>, cx: &Cx) -> Result<()> {
    let own = column.with_type(SqlType::clone);
    let mut types = vec![own.clone()];
    types.extend(own.behaviour().wrapped());
    types.extend(own.variants().iter().map(|(_, variant)| variant.clone()));
    for ty in types {
        let Some((name, sqltext)) = check_of_type(&ty, column, cx)? else {
            continue;
        };
        let constraint = Rc::new(Constraint::new(
            ConstraintKind::Check {
                sqltext,
                type_bound: Some(ty),
            },
            name.map_or(ConstraintName::Deferred, ConstraintName::Given),
        ));
        constraint.columns.borrow_mut().push(column.clone());
        add_constraint(table, &constraint, cx)?;
    }
    Ok(())
}

fn check_of_type(
    ty: &SqlType,
    column: &Rc<Column>,
    cx: &Cx,
) -> Result<Option<(Option<Str>, crate::sql::ColumnElement)>> {
    let boolean = ty.engine(|ty: &BooleanType| ty.create_constraint.then(|| ty.name.clone()));
    if let Some(Some(name)) = boolean {
        let sqltext = super::checks::in_zero_one(column, cx)?;
        return Ok(Some((name, sqltext)));
    }
    let of_enum = ty.engine(|ty: &EnumType| {
        ty.create_constraint
            .then(|| (ty.name.clone(), ty.enums.clone()))
    });
    if let Some(Some((name, texts))) = of_enum {
        let sqltext = super::checks::in_texts(column, &texts, cx)?;
        return Ok(Some((name, sqltext)));
    }
    Ok(None)
}

/// A foreign key's column joined `table`: make its constraint.
fn attach_foreign_key(
    table: &Rc<Table>,
    column: &Rc<Column>,
    foreign_key: &Rc<ForeignKey>,
    cx: &Cx,
) -> Result<()> {
    if foreign_key.constraint().is_some() {
        return Ok(());
    }
    let mut constraint = Constraint::new(
        ConstraintKind::ForeignKey {
            elements: std::cell::RefCell::new(vec![foreign_key.clone()]),
            rules: foreign_key.rules.clone(),
        },
        foreign_key.name.clone(),
    );
    constraint.deferrable = foreign_key.deferrable;
    constraint.initially.clone_from(&foreign_key.initially);
    constraint.comment.clone_from(&foreign_key.comment);
    constraint
        .dialect_options
        .clone_from(&foreign_key.dialect_options);
    constraint
        .pending
        .borrow_mut()
        .push(ColumnArg::Column(column.clone()));
    add_constraint(table, &Rc::new(constraint), cx)
}

fn attach_waiting(column: &Rc<Column>, cx: &Cx) -> Result<()> {
    let waiting = std::mem::take(&mut *column.waiting.borrow_mut());
    for one in waiting {
        match one {
            Waiting::Constraint(constraint) => {
                if constraint.table().is_none() {
                    auto_attach_constraint(&constraint, cx)?;
                }
            }
            Waiting::Index(index) => {
                if index.table().is_none() {
                    auto_attach_index(&index, cx)?;
                }
            }
        }
    }
    Ok(())
}

/// The table that all of `columns` belong to; `None` where one has none yet.
fn common_table(columns: &[Rc<Column>], several: bool) -> Result<Option<Rc<Table>>> {
    let mut tables = Vec::new();
    for column in columns {
        match column.table() {
            Some(table) => tables.push(table),
            None => return Ok(None),
        }
    }
    let Some(first) = tables.first().cloned() else {
        return Ok(None);
    };
    let others: Vec<_> = columns
        .iter()
        .zip(&tables)
        .filter(|(_, table)| !Rc::ptr_eq(table, &first))
        .map(|(column, _)| format!("'{}'", column.description()))
        .collect();
    if others.is_empty() {
        return Ok(Some(first));
    }
    if several {
        return Ok(None);
    }
    Err(ARGUMENT_ERROR.error(format!(
        "Column(s) {} are not part of table '{}'.",
        others.join(", "),
        first.full_name()
    )))
}

/// Add a constraint made of columns to their table, as soon as all of them have one.
pub fn auto_attach_constraint(constraint: &Rc<Constraint>, cx: &Cx) -> Result<()> {
    let (columns, names): (Vec<_>, Vec<_>) = {
        let pending = constraint.pending.borrow();
        let columns = pending.iter().filter_map(|one| match one {
            ColumnArg::Column(column) => Some(column.clone()),
            ColumnArg::Name(_) => None,
        });
        let names = pending
            .iter()
            .filter(|one| matches!(one, ColumnArg::Name(_)));
        (columns.collect(), names.map(|_| ()).collect())
    };
    let several = matches!(constraint.kind, ConstraintKind::Check { .. });
    if let Some(table) = common_table(&columns, several)? {
        return add_constraint(&table, constraint, cx);
    }
    if names.is_empty() {
        for column in columns.iter().filter(|column| column.table().is_none()) {
            column
                .waiting
                .borrow_mut()
                .push(Waiting::Constraint(constraint.clone()));
        }
    }
    Ok(())
}

/// Add an index made of columns to their table, as soon as all of them have one.
pub fn auto_attach_index(index: &Rc<Index>, cx: &Cx) -> Result<()> {
    let mut columns = index.columns();
    let mut names = false;
    for part in &*index.parts.borrow() {
        match part {
            IndexPart::Pending(_) => names = true,
            IndexPart::Expression(element) => columns.extend(super::checks::columns_of(element)),
            IndexPart::Column(_) => {}
        }
    }
    if let Some(table) = common_table(&columns, false)? {
        return add_index(&table, index, cx);
    }
    if !names {
        for column in columns.iter().filter(|column| column.table().is_none()) {
            column
                .waiting
                .borrow_mut()
                .push(Waiting::Index(index.clone()));
        }
    }
    Ok(())
}

fn missing_column(what: &str, table: &Table, name: &Str, cx: &Cx) -> crate::object::Raised {
    if cx.compat().is_14() {
        return key_error(name.clone().into());
    }
    CONSTRAINT_COLUMN_NOT_FOUND_ERROR.error(format!(
        "Can't create {what} on table '{}': no column named '{name}' is present.",
        table.name()
    ))
}

/// Add `constraint` to `table`.
pub fn add_constraint(table: &Rc<Table>, constraint: &Rc<Constraint>, cx: &Cx) -> Result<()> {
    let pending = constraint.pending.borrow().clone();
    for argument in pending {
        let column = match argument {
            ColumnArg::Column(column) => column,
            ColumnArg::Name(name) => table
                .column(&name)
                .ok_or_else(|| missing_column(constraint.class_name(), table, &name, cx))?,
        };
        let mut columns = constraint.columns.borrow_mut();
        if !columns.iter().any(|known| Rc::ptr_eq(known, &column)) {
            columns.push(column);
        }
    }
    constraint.set_table(table);
    match &constraint.kind {
        ConstraintKind::PrimaryKey { .. } => become_primary_key(table, constraint),
        ConstraintKind::ForeignKey { elements, .. } => {
            let elements = elements.borrow().clone();
            join_elements(constraint, &elements)?;
            table.constraints_mut().push(constraint.clone());
            validate_targets(table, constraint, &elements)?;
        }
        ConstraintKind::Unique | ConstraintKind::Check { .. } => {
            let mut constraints = table.constraints_mut();
            if !constraints
                .iter()
                .any(|known| Rc::ptr_eq(known, constraint))
            {
                constraints.push(constraint.clone());
            }
        }
    }
    naming::name_constraint(constraint, table, cx)
}

fn become_primary_key(table: &Rc<Table>, constraint: &Rc<Constraint>) {
    let flagged: Vec<_> = table
        .columns()
        .values()
        .filter(|column| column.primary_key())
        .cloned()
        .collect();
    let mut columns = constraint.columns.borrow_mut();
    if columns.is_empty() {
        columns.extend(flagged);
    } else {
        for column in columns.iter() {
            let mut options = column.options.borrow_mut();
            options.primary_key = true;
            if !options.nullable_given {
                options.nullable = false;
            }
        }
    }
    drop(columns);
    table.replace_primary_key(constraint.clone());
}

fn join_elements(constraint: &Rc<Constraint>, elements: &[Rc<ForeignKey>]) -> Result<()> {
    let columns = constraint.columns.borrow().clone();
    for (column, element) in columns.iter().zip(elements) {
        if element.parent().is_none() {
            *element.parent.borrow_mut() = Rc::downgrade(column);
        }
        let mut of_column = column.foreign_keys.borrow_mut();
        if !of_column.iter().any(|known| Rc::ptr_eq(known, element)) {
            of_column.push(element.clone());
        }
        *element.constraint.borrow_mut() = Rc::downgrade(constraint);
    }
    Ok(())
}

fn validate_targets(
    table: &Rc<Table>,
    constraint: &Rc<Constraint>,
    elements: &[Rc<ForeignKey>],
) -> Result<()> {
    let mut keys: Vec<Str> = Vec::new();
    for element in elements {
        let key = match &element.target {
            ForeignKeyTarget::Column(column) => match column.table() {
                Some(table) => table.key(),
                None => return Ok(()),
            },
            ForeignKeyTarget::Text(_) => element.table_key_of_text(),
        };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    if keys.len() > 1 {
        keys.sort();
        let columns: Vec<_> = constraint
            .columns
            .borrow()
            .iter()
            .map(|column| column.key().to_string())
            .collect();
        return Err(ARGUMENT_ERROR.error(format!(
            "ForeignKeyConstraint on {}({}) refers to multiple remote tables: {} and {}",
            table.full_name(),
            columns.join(", "),
            keys[0],
            keys[1]
        )));
    }
    Ok(())
}

/// Add `index` to `table`.
pub fn add_index(table: &Rc<Table>, index: &Rc<Index>, cx: &Cx) -> Result<()> {
    if let Some(known) = index.table() {
        if !Rc::ptr_eq(&known, table) {
            return Err(ARGUMENT_ERROR.error(format!(
                "Index '{}' is against table '{}', and cannot be associated with table '{}'.",
                index.name.borrow().as_str().map_or("None", Str::as_str),
                known.name(),
                table.name()
            )));
        }
        return Ok(());
    }
    let parts = index.parts.borrow().clone();
    let mut resolved = Vec::with_capacity(parts.len());
    for part in parts {
        resolved.push(match part {
            IndexPart::Pending(name) => IndexPart::Column(
                table
                    .column(&name)
                    .ok_or_else(|| missing_column("Index", table, &name, cx))?,
            ),
            other => other,
        });
    }
    *index.parts.borrow_mut() = resolved;
    *index.table.borrow_mut() = Rc::downgrade(table);
    table.indexes_mut().push(index.clone());
    naming::name_index(index, table, cx)
}
