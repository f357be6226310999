//! RETURNING of entities and attributes: the columns that are returned, and what rows of them
//! become.

use std::rc::Rc;

use crate::engine::{BufferedRows, ExecutionOptions, ResultKind, ResultSet, RowMeta};
use crate::object::{Cx, Result, Value};
use crate::orm::Mapper;
use crate::orm::compile_state::CompileState;
use crate::orm::loading::{LoadOptions, RunInfo, StatementPlan, result_of};
use crate::orm::session::Session;
use crate::sql::dml::DmlData;
use crate::sql::execution::DmlContext;
use crate::sql::schema::Table;
use crate::sql::{ColumnElement, FromClause, Select, SelectItem};

/// A RETURNING clause of entities and attributes.
pub struct Returning {
    select: Select,
    plan: Rc<StatementPlan>,
    elements: Vec<ColumnElement>,
    is_star: bool,
}

impl Returning {
    /// What the statement returns; `None` where it returns nothing.
    pub fn of(data: &DmlData, cx: &Cx) -> Result<Option<Self>> {
        if data.returning.is_empty() {
            return Ok(None);
        }
        let options = data.options.clone();
        let select = Select::new(data.returning.clone(), cx)?.with(|select| {
            select.options = options;
            if select.subject.is_none() {
                select.subject.clone_from(&data.subject);
            }
        });
        let compiled = CompileState::compile(&select, true, cx)?;
        let mut elements = Vec::new();
        for item in &compiled.select.data().raw_columns {
            match item {
                SelectItem::Column(element) => elements.push(element.clone()),
                SelectItem::From(from) => elements.extend(from.column_list(cx)?),
                SelectItem::Entity(entity) => elements.extend(entity.columns(cx)?),
            }
        }
        let is_star = |element: &ColumnElement| match element.plain() {
            ColumnElement::Text(text) => text.text.as_str() == "*",
            _ => false,
        };
        Ok(Some(Self {
            is_star: elements.iter().any(is_star),
            plan: compiled.plan,
            select,
            elements,
        }))
    }
    /// Whether it is `RETURNING *`.
    pub fn is_star(&self) -> bool {
        self.is_star
    }
    /// What a statement on `table` returns for each element; `None` where it is of another table.
    pub fn elements_of(&self, mapper: &Mapper, table: &Rc<Table>) -> Vec<Option<ColumnElement>> {
        let elements = self.elements.iter();
        elements
            .map(|element| match element.plain() {
                ColumnElement::Column(column) if column.belongs_to(table) => {
                    Some(ColumnElement::Column(column.clone()))
                }
                ColumnElement::Column(_) => {
                    let prop = mapper.column_prop(element)?;
                    let columns = prop.column()?.columns.borrow().clone();
                    let mut own = columns.iter().map(ColumnElement::plain);
                    own.find(|one| matches!(one, ColumnElement::Column(column) if column.belongs_to(table)))
                        .cloned()
                }
                _ => Some(element.clone()),
            })
            .collect()
    }
    /// What a statement on the own table of `mapper` returns for each element.
    pub fn elements_on_table_of(&self, mapper: &Mapper) -> Vec<Option<ColumnElement>> {
        match mapper.local_table().plain() {
            FromClause::Table(table) => self.elements_of(mapper, table),
            _ => self.elements.iter().cloned().map(Some).collect(),
        }
    }
    /// The result that `rows`, with a value per element, become.
    pub fn result(
        &self,
        session: &Session,
        rows: ReturnedRows,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<ResultSet> {
        let load = LoadOptions {
            populate_existing: options.flag("populate_existing"),
            invoke_all_eagers: true,
            ..LoadOptions::default()
        };
        let info = RunInfo::new(
            session,
            &self.plan,
            &self.select,
            load,
            options,
            &Value::None,
        );
        let meta = Rc::new(RowMeta::new(Vec::new()));
        let source = Box::new(BufferedRows::new(rows.0));
        let cursor = ResultSet::of_rows(ResultKind::ChunkedIterator, meta, source);
        result_of(&info, cursor, cx)
    }
}

/// Rows that statements returned, with a value per element of a RETURNING clause.
#[derive(Default)]
pub struct ReturnedRows(Vec<Vec<Value>>);

impl ReturnedRows {
    /// `rows` as they were asked for, element by element as far as there is something to return.
    pub fn of_explicit(rows: Vec<Vec<Value>>, elements: &[Option<ColumnElement>]) -> Self {
        if elements.iter().all(Option::is_some) {
            return Self(rows);
        }
        let spread = |row: Vec<Value>| {
            let mut values = row.into_iter();
            let elements = elements.iter();
            elements
                .map(|element| match element {
                    Some(_) => values.next().unwrap_or(Value::None),
                    None => Value::Undefined,
                })
                .collect()
        };
        Self(rows.into_iter().map(spread).collect())
    }
    /// Take what `result` returned: `elements` of the clause, `more` of which were asked for
    /// besides columns of the table. With `by_index` the rows belong to those at `indexes`, some
    /// of whose values came from another table before.
    pub fn take(
        &mut self,
        result: &ResultSet,
        elements: &[Option<ColumnElement>],
        more: &[ColumnElement],
        by_index: bool,
        mut indexes: impl Iterator<Item = usize>,
    ) {
        let context = result.context();
        let context = context.and_then(|context| context.as_any().downcast_ref::<DmlContext>());
        let Some(context) = context else {
            return;
        };
        let columns = &context.info().implicit_returning;
        let in_table = |element: &ColumnElement| match element {
            ColumnElement::Column(column) => columns.iter().position(|one| Rc::ptr_eq(one, column)),
            _ => None,
        };
        let others: Vec<_> = more.iter().filter(|one| in_table(one).is_none()).collect();
        let place = |element: &ColumnElement| {
            in_table(element).or_else(|| {
                let at = others.iter().position(|one| one.same(element))?;
                Some(columns.len() + at)
            })
        };
        let places: Vec<Option<usize>> = elements
            .iter()
            .map(|element| place(element.as_ref()?))
            .collect();
        for row in context.returned_rows().iter() {
            let at = match (by_index, indexes.next()) {
                (true, Some(index)) => index,
                _ => self.0.len(),
            };
            if self.0.len() <= at {
                self.0
                    .resize(at + 1, vec![Value::Undefined; elements.len()]);
            }
            for (value, place) in self.0[at].iter_mut().zip(&places) {
                if let Some(found) = place.and_then(|place| row.get(place)) {
                    *value = found.clone();
                }
            }
        }
    }
}
