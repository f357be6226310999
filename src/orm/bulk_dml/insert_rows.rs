//! INSERTs of rows in bulk: for the bulk methods of sessions, and for `insert(Entity)`.

use std::rc::Rc;

use super::returning::{ReturnedRows, Returning};
use super::rows::{
    BulkRow, TableRow, attribute_names, find, only_values_of, own_binds, parameter_sets,
};
use crate::engine::{Connection, ExecutionOptions, ResultSet, Row};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::Mapper;
use crate::orm::exc::FLUSH_ERROR;
use crate::orm::persistence::{HierarchyPlan, MapperColumns, TablePlan, next_version_of};
use crate::sql::dml::Insert;
use crate::sql::execution::execute_sets;
use crate::sql::{ColumnElement, Executable, FromClause};

/// A script's own statement that the rows are inserted with.
pub struct OwnInsert<'a> {
    /// The statement.
    pub insert: &'a Insert,
    /// What it returns.
    pub returning: Option<&'a Returning>,
    /// The execution options.
    pub options: &'a ExecutionOptions,
}

/// How rows are inserted.
#[derive(Clone, Copy)]
pub struct BulkInsert<'a> {
    /// The mapper that they are of.
    pub mapper: &'a Rc<Mapper>,
    /// The connection.
    pub connection: &'a Connection,
    /// `return_defaults=True`: keys are read back.
    pub return_defaults: bool,
    /// `render_nulls=True`: None is written rather than left out.
    pub render_nulls: bool,
    /// The statement, where a script gave one.
    pub own: Option<&'a OwnInsert<'a>>,
}

impl BulkInsert<'_> {
    /// Insert `rows`, which get the keys that the database makes; what the statement returns.
    pub fn run(&self, rows: &mut [BulkRow], cx: &Cx) -> Result<ReturnedRows> {
        let hierarchy = HierarchyPlan::of(&self.mapper.base_mapper(), cx)?;
        let tables: Vec<_> = hierarchy
            .tables()
            .iter()
            .filter_map(|table| Some((table, table.columns_of(self.mapper)?)))
            .collect();
        // 1.4 leaves it to the rows to have the keys that join their tables.
        let joins = tables.len() > 1 && cx.compat().is_20();
        let bookkeeping = self.return_defaults || joins;
        let own = self.own.map(|own| own.insert.data());
        let extra = own.map_or_else(Vec::new, |data| own_binds(data, rows.first()));
        let mut returned = ReturnedRows::default();
        for (table, columns) in &tables {
            let part = TableInsert {
                bulk: *self,
                table,
                columns,
                bookkeeping,
                extra: &extra,
            };
            part.write(rows, &mut returned, cx)?;
        }
        Ok(returned)
    }
}

/// The rows of one table.
struct TableInsert<'a> {
    bulk: BulkInsert<'a>,
    table: &'a TablePlan,
    columns: &'a MapperColumns,
    /// Whether keys must be known afterwards.
    bookkeeping: bool,
    /// The names of the statement's own binds.
    extra: &'a [Str],
}

impl TableInsert<'_> {
    fn write(&self, rows: &mut [BulkRow], returned: &mut ReturnedRows, cx: &Cx) -> Result<()> {
        let names = attribute_names(self.bulk.mapper, self.columns);
        let mut prepared = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            prepared.push(self.row(index, row, &names, cx)?);
        }
        let mut rest = prepared.as_slice();
        while let Some(first) = rest.first() {
            let count = rest.iter().take_while(|row| row.groups_with(first)).count();
            let (group, after) = rest.split_at(count.max(1));
            rest = after;
            self.write_group(group, rows, returned, cx)?;
        }
        Ok(())
    }

    fn row(&self, index: usize, row: &BulkRow, names: &[Str], cx: &Cx) -> Result<TableRow> {
        let mapper = self.bulk.mapper;
        let eager = self.table.prefers_eager_defaults(self.bulk.connection);
        let mut made = TableRow {
            index,
            keys: Vec::with_capacity(names.len()),
            values: Vec::with_capacity(names.len()),
            has_all_keys: true,
            has_all_defaults: true,
        };
        for ((at, column), name) in self.columns.columns.iter().enumerate().zip(names) {
            let version = match column.is_version {
                true => next_version_of(mapper, &Value::None, cx)?,
                false => None,
            };
            let kept = |value: &&Value| {
                !value.is_none() || column.evaluates_none || self.bulk.render_nulls
            };
            let given = find(row, name).filter(kept).cloned();
            let value = version
                .or(given)
                .or_else(|| self.discriminator(column.slot, cx));
            match value {
                Some(value) => {
                    made.keys.push(u32::try_from(at).unwrap_or(u32::MAX));
                    made.values.push(value);
                }
                None if self.bookkeeping => {
                    made.has_all_keys &= !column.primary_key;
                    made.has_all_defaults &= !(eager && column.server_default);
                }
                None => {}
            }
        }
        for name in self.extra {
            made.values
                .push(find(row, name).cloned().unwrap_or(Value::None));
        }
        Ok(made)
    }

    /// The polymorphic identity, where `slot` is for it.
    fn discriminator(&self, slot: u32, cx: &Cx) -> Option<Value> {
        let mapper = self.bulk.mapper;
        if cx.compat().is_14() {
            return None;
        }
        let column = mapper.polymorphic_on()?;
        let identity = mapper.polymorphic_identity();
        (mapper.column_slot(&column) == Some(slot) && !identity.is_undefined())
            .then(|| identity.clone())
    }

    fn statement(&self) -> Insert {
        let table = FromClause::Table(self.table.table.clone());
        match self.bulk.own {
            Some(own) => own.insert.with(|data| {
                data.table = table;
                only_values_of(data, &self.table.table);
                data.returning.clear();
                data.sort_by_parameter_order |= self.bookkeeping;
            }),
            None => Insert::new(table),
        }
    }

    fn write_group(
        &self,
        group: &[TableRow],
        rows: &mut [BulkRow],
        returned: &mut ReturnedRows,
        cx: &Cx,
    ) -> Result<()> {
        let Some(first) = group.first() else {
            return Ok(());
        };
        let dialect = self.bulk.connection.dialect();
        let implicit = self.table.table.implicit_returning && dialect.insert_returning;
        let reads_defaults = self.bookkeeping
            && !first.has_all_defaults
            && self.table.prefers_eager_defaults(self.bulk.connection)
            && implicit;
        let returning = self.bulk.own.and_then(|own| own.returning);
        let statement = self.statement();
        if !reads_defaults && returning.is_none() && first.has_all_keys {
            self.execute(&statement, group, cx)?;
            group
                .iter()
                .for_each(|row| self.copy_keys(&mut rows[row.index]));
            return Ok(());
        }
        let together = returning.is_some() || implicit && group.len() > 1;
        let mut read = Vec::new();
        if self.bulk.own.is_none() && reads_defaults {
            let columns = self.columns.columns.iter();
            read.extend(
                columns
                    .filter(|one| one.server_default)
                    .map(|one| one.column.clone()),
            );
        }
        if let Some(version) = self.columns.version {
            read.push(self.columns.columns[version].column.clone());
        } else if together {
            let key = self.columns.primary_key.iter();
            read.extend(key.map(|at| self.columns.columns[*at].column.clone()));
        }
        let elements = returning.map(|returning| self.returned_elements(returning));
        let statement = statement.with(|data| {
            if !read.is_empty() {
                data.return_defaults = Some(read);
                data.sort_by_parameter_order |= self.bookkeeping;
            }
            if let Some(elements) = &elements {
                data.supplemental_returning = self.wanted(elements);
            }
        });
        let step = if together { group.len() } else { 1 };
        for chunk in group.chunks(step) {
            let result = self.execute(&statement, chunk, cx)?;
            if self.bookkeeping {
                self.take_keys(chunk, &result, rows, together, cx)?;
            }
            if let Some(elements) = &elements {
                let more = &statement.data().supplemental_returning;
                let indexes = chunk.iter().map(|row| row.index);
                returned.take(&result, elements, more, self.bookkeeping, indexes);
            }
        }
        Ok(())
    }

    fn execute(&self, statement: &Insert, rows: &[TableRow], cx: &Cx) -> Result<ResultSet> {
        let none = ExecutionOptions::none();
        let options = self.bulk.own.map_or(&none, |own| own.options);
        let sets = parameter_sets(self.columns, rows, self.extra);
        let statement = Executable::Insert(statement.clone());
        execute_sets(self.bulk.connection, &statement, &sets, options, cx).map(|(result, _)| result)
    }

    /// What of `returning` this table returns, element by element.
    fn returned_elements(&self, returning: &Returning) -> Vec<Option<ColumnElement>> {
        returning.elements_of(self.bulk.mapper, &self.table.table)
    }

    /// The columns to return: there is always one, so that there are rows.
    fn wanted(&self, elements: &[Option<ColumnElement>]) -> Vec<ColumnElement> {
        let wanted: Vec<_> = elements.iter().flatten().cloned().collect();
        if !wanted.is_empty() {
            return wanted;
        }
        let key = self.table.mapper.primary_key();
        key.iter().map(|column| column.plain().clone()).collect()
    }

    /// Give the rows the keys that the database made.
    fn take_keys(
        &self,
        group: &[TableRow],
        result: &ResultSet,
        rows: &mut [BulkRow],
        many: bool,
        cx: &Cx,
    ) -> Result<()> {
        let made = match result.context() {
            Some(context) => context.inserted_primary_key_rows(result, cx)?,
            None => Vec::new(),
        };
        let mut made = made.iter();
        for table_row in group {
            let key = made.next().and_then(|key| key.downcast::<Row>());
            let Some(key) = key else {
                return Err(self.no_key(many, cx));
            };
            let row = &mut rows[table_row.index];
            for (at, value) in self.columns.primary_key.iter().zip(key.values().iter()) {
                let slot = self.columns.columns[*at].slot;
                if let Some(attribute) = self.bulk.mapper.attribute_at(slot) {
                    set_missing(row, attribute.key(), value);
                }
            }
            self.copy_keys(row);
        }
        Ok(())
    }
    /// Copy the key along to the tables of subclasses that hold it in attributes of their own.
    fn copy_keys(&self, row: &mut BulkRow) {
        for (mapper, pairs) in &self.columns.equated {
            for (left, right) in pairs {
                let (Some(from), Some(to)) = (mapper.column_prop(left), mapper.column_prop(right))
                else {
                    continue;
                };
                let value = find(row, &from.key()).cloned();
                if let Some(value) = value {
                    row.retain(|(key, _)| *key != to.key());
                    row.push((to.key(), value));
                }
            }
        }
    }
    fn no_key(&self, many: bool, cx: &Cx) -> crate::object::Raised {
        let mapper = self.bulk.mapper.describe(cx.compat());
        let (what, problem) = match many {
            true => (
                "Multi",
                "the correct number of INSERTed rows for RETURNING.",
            ),
            false => ("Single", "a new primary key result being invoked."),
        };
        FLUSH_ERROR.error(format!(
            "{what}-row INSERT statement for {mapper} did not produce {problem}  Ensure there are \
             no triggers or special driver issues preventing INSERT from functioning properly."
        ))
    }
}

fn set_missing(row: &mut BulkRow, key: &Str, value: &Value) {
    match row.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) if known.is_none() => *known = value.clone(),
        Some(_) => {}
        None => row.push((key.clone(), value.clone())),
    }
}
