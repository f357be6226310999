//! INSERTs of rows in bulk: for the bulk methods of sessions, and for `insert(Entity)`.

use std::ops::Range;
use std::rc::Rc;

use super::returning::{ReturnedRows, Returning};
use super::rows::{
    BulkRow, BulkRows, RowGroup, TableRow, attribute_names, find, only_values_of, own_binds,
};
use crate::engine::{Connection, ExecutionOptions, ResultSet, Row};
use crate::object::{Cx, Result, Str, Value};
use crate::orm::Mapper;
use crate::orm::exc::FLUSH_ERROR;
use crate::orm::persistence::{HierarchyPlan, MapperColumns, TablePlan, next_version_of};
use crate::sql::dml::Insert;
use crate::sql::execution::{ParameterSets, execute_sets};
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
    /// Whether rows must be told what the database made, or be rewritten on their way.
    pub fn writes_back(&self) -> bool {
        let props = self.mapper.prop_list();
        self.return_defaults
            || self.mapper.tables().len() > 1
            || props.iter().any(|prop| prop.composite().is_some())
    }

    /// Insert `rows`, which get the keys that the database makes; what the statement returns.
    pub fn run(&self, mut rows: BulkRows<'_>, cx: &Cx) -> Result<ReturnedRows> {
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
        let extra = own.map_or_else(Vec::new, |data| {
            let mut scratch = BulkRow::new();
            own_binds(data, rows.row(0, &mut scratch))
        });
        let mut returned = ReturnedRows::default();
        for (table, columns) in &tables {
            let part = TableInsert {
                bulk: *self,
                table,
                columns,
                bookkeeping,
                extra: &extra,
            };
            part.write(&mut rows, &mut returned, cx)?;
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
    fn write(&self, rows: &mut BulkRows<'_>, returned: &mut ReturnedRows, cx: &Cx) -> Result<()> {
        let names = attribute_names(self.bulk.mapper, self.columns);
        if let Some(sets) = self.as_given(rows, &names, cx) {
            return self.execute(&self.statement(), &sets, cx).map(drop);
        }
        let mut scratch = BulkRow::new();
        let mut group: Option<RowGroup> = None;
        for at in 0..rows.len() {
            let row = self.row(rows.row(at, &mut scratch), &names, cx)?;
            let Some(known) = &mut group else {
                group = Some(RowGroup::of(at, row));
                continue;
            };
            if let Some(other) = known.add(row) {
                self.write_group(known, rows, returned, cx)?;
                *known = RowGroup::of(at, other);
            }
        }
        group.map_or(Ok(()), |group| self.write_group(&group, rows, returned, cx))
    }

    /// The rows, where each is just what the table's INSERT takes, and all have the same keys.
    fn as_given(&self, rows: &BulkRows<'_>, names: &[Str], cx: &Cx) -> Option<ParameterSets> {
        let BulkRows::Given(dicts) = rows else {
            return None;
        };
        let first = dicts.first()?;
        let columns = &self.columns.columns;
        let made_here = columns
            .iter()
            .any(|column| column.is_version || self.discriminator(column.slot, cx).is_some());
        let returns = self.bulk.own.is_some_and(|own| own.returning.is_some());
        if made_here || returns || self.bookkeeping || !self.extra.is_empty() {
            return None;
        }
        let mut known = 0;
        first.each_str(|key, _| {
            let at = names.iter().position(|name| name == key);
            known += usize::from(at.is_some_and(|at| columns[at].key == *key));
        });
        let same = dicts
            .iter()
            .all(|dict| dict.has_keys_of(first) && (self.bulk.render_nulls || !dict.holds_none()));
        (same && known == first.len()).then(|| ParameterSets::of_dicts(dicts.to_vec()))
    }

    fn row(&self, row: &BulkRow, names: &[Str], cx: &Cx) -> Result<TableRow> {
        let mapper = self.bulk.mapper;
        let eager = self.table.prefers_eager_defaults(self.bulk.connection);
        let mut made = TableRow {
            keys: Vec::with_capacity(names.len()),
            values: Vec::with_capacity(names.len()),
            ..TableRow::default()
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
                    made.lacks_key |= column.primary_key;
                    made.lacks_default |= eager && column.server_default;
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
        group: &RowGroup,
        rows: &mut BulkRows<'_>,
        returned: &mut ReturnedRows,
        cx: &Cx,
    ) -> Result<()> {
        let dialect = self.bulk.connection.dialect();
        let implicit = self.table.table.implicit_returning && dialect.insert_returning;
        let reads_defaults = self.bookkeeping
            && group.lacks_default
            && self.table.prefers_eager_defaults(self.bulk.connection)
            && implicit;
        let returning = self.bulk.own.and_then(|own| own.returning);
        let statement = self.statement();
        if !reads_defaults && returning.is_none() && !group.lacks_key {
            for (numbers, sets) in group.sets(self.columns, self.extra, group.len()) {
                self.execute(&statement, &sets, cx)?;
                numbers.for_each(|at| self.copy_keys(rows.made(at)));
            }
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
        for (numbers, sets) in group.sets(self.columns, self.extra, step) {
            let result = self.execute(&statement, &sets, cx)?;
            if self.bookkeeping {
                self.take_keys(numbers.clone(), &result, rows, together, cx)?;
            }
            if let Some(elements) = &elements {
                let more = &statement.data().supplemental_returning;
                returned.take(&result, elements, more, self.bookkeeping, numbers);
            }
        }
        Ok(())
    }

    fn execute(&self, statement: &Insert, sets: &ParameterSets, cx: &Cx) -> Result<ResultSet> {
        let none = ExecutionOptions::none();
        let options = self.bulk.own.map_or(&none, |own| own.options);
        let statement = Executable::Insert(statement.clone());
        execute_sets(self.bulk.connection, &statement, sets, options, cx).map(|(result, _)| result)
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
        numbers: Range<usize>,
        result: &ResultSet,
        rows: &mut BulkRows<'_>,
        many: bool,
        cx: &Cx,
    ) -> Result<()> {
        let made = match result.context() {
            Some(context) => context.inserted_primary_key_rows(result, cx)?,
            None => Vec::new(),
        };
        let mut made = made.iter();
        for at in numbers {
            let key = made.next().and_then(|key| key.downcast::<Row>());
            let Some(key) = key else {
                return Err(self.no_key(many, cx));
            };
            let Some(row) = rows.made(at) else {
                continue;
            };
            for (at, value) in self.columns.primary_key.iter().zip(key.values().iter()) {
                let slot = self.columns.columns[*at].slot;
                if let Some(attribute) = self.bulk.mapper.attribute_at(slot) {
                    set_missing(row, attribute.key(), value);
                }
            }
            self.copy_keys(Some(row));
        }
        Ok(())
    }
    /// Copy the key along to the tables of subclasses that hold it in attributes of their own.
    fn copy_keys(&self, row: Option<&mut BulkRow>) {
        let Some(row) = row else {
            return;
        };
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
