//! What an INSERT or UPDATE sets: columns in table order, each with its bind, expression or
//! default.

use std::rc::Rc;

use super::dml_info::DmlInfo;
use super::{Fragment, Kw, SQLCompiler};
use crate::engine::StatementKind;
use crate::engine::exc::COMPILE_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::ddl::autoincrement_column;
use crate::sql::dialects::Backend;
use crate::sql::dml::{DmlData, DmlKey, DmlValue, DmlValues};
use crate::sql::elements::{BindParameter, BindValue, ColumnElement, Name};
use crate::sql::schema::{Column, ColumnDefault};
use crate::sql::selectable::FromClause;
use crate::sql::types::SqlType;

/// A column of the table that is changed.
#[derive(Clone)]
pub(super) struct DmlColumn {
    pub key: Str,
    pub element: ColumnElement,
    pub type_: SqlType,
    /// The schema's column, where the table is one of a `MetaData`.
    pub column: Option<Rc<Column>>,
}

/// A column with what it is set to.
#[derive(Clone)]
pub(super) struct CrudParam {
    pub column: DmlColumn,
    /// The column as written.
    pub text: String,
    /// What it is set to.
    pub value: Fragment,
    /// The bind, where it is set to one.
    pub bind: Option<u32>,
    /// What an INSERT from SELECT selects for it besides its own columns.
    pub selected: Option<ColumnElement>,
}

/// What the columns of a statement are set to.
pub(super) struct Crud {
    /// The first (mostly the only) row.
    pub params: Vec<CrudParam>,
    /// Further rows of `values([..])`.
    pub more: Vec<Vec<Fragment>>,
    /// Whether RETURNING stands in for the last row id.
    pub info: DmlInfo,
}

/// The decisions on how generated values come back.
pub(super) struct Modifiers {
    pub need_pks: bool,
    pub implicit_returning: bool,
    pub postfetch_lastrowid: bool,
    /// The columns that `return_defaults()` is for; empty: none.
    pub return_defaults: Vec<Rc<Column>>,
    pub autoincrement: Option<Rc<Column>>,
}

/// A value given for a column.
enum Given<'a> {
    /// By the statement.
    Value(&'a DmlValue),
    /// By the parameters of the execution.
    Required,
}

/// The columns of the table of a statement.
pub(super) fn dml_columns(table: &FromClause, cx: &Cx) -> Result<Vec<DmlColumn>> {
    if let FromClause::Table(table) = table.plain() {
        let columns = table.columns();
        return Ok(columns
            .iter()
            .map(|(key, column)| DmlColumn {
                key: key.clone(),
                element: ColumnElement::Column(column.clone()),
                type_: column.sql_type(),
                column: Some(column.clone()),
            })
            .collect());
    }
    Ok(table
        .columns(cx)?
        .into_iter()
        .map(|(key, element)| DmlColumn {
            key,
            type_: element.type_(),
            column: match element.plain() {
                ColumnElement::Column(column) => Some(column.clone()),
                _ => None,
            },
            element,
        })
        .collect())
}

impl SQLCompiler<'_> {
    pub(super) fn column_text(&mut self, column: &DmlColumn, qualified: bool) -> Result<String> {
        let mut text = Fragment::default();
        let kw = Kw {
            include_table: qualified,
            ..Kw::default()
        };
        self.element(&column.element, kw, &mut text)?;
        Ok(text.text)
    }

    /// A bind for a column.
    pub(super) fn crud_bind(
        &mut self,
        column: &DmlColumn,
        name: &str,
        value: BindValue,
        required: bool,
        kw: Kw,
    ) -> Result<(Fragment, Option<u32>)> {
        let literal = matches!(value, BindValue::Value(_));
        let key = if kw.visiting_cte == 0 || !literal {
            Name::plain(name)
        } else {
            // Inside a CTE the names of several statements must not clash.
            Name::anonymous(crate::sql::next_seed(), "param")
        };
        let bind = Rc::new(BindParameter {
            key,
            orig_key: Str::new(name),
            unique: kw.visiting_cte != 0 && literal,
            value,
            type_: column.type_.clone(),
            required,
            expanding: false,
            expand_op: None,
            literal_execute: false,
            is_out: false,
            tuple_types: None,
        });
        let mut text = Fragment::default();
        if kw.literal_binds {
            self.bindparam(&bind, kw, &mut text)?;
            return Ok((text, None));
        }
        self.reserve_crud_name(name, literal);
        self.bindparam(&bind, kw, &mut text)?;
        let number = self.bind_number(&bind)?;
        Ok((text, Some(number)))
    }

    /// A bind that the application put into `values()`.
    fn given_bind(
        &mut self,
        column: &DmlColumn,
        bind: &Rc<BindParameter>,
        name: &str,
        kw: Kw,
    ) -> Result<(Fragment, Option<u32>)> {
        let mut bind = (**bind).clone();
        if bind.type_.is_null() {
            bind.type_ = column.type_.clone();
        }
        if bind.unique && bind.key.is_anonymous() && kw.visiting_cte == 0 {
            bind.key = Name::plain(name);
            bind.unique = false;
        }
        let bind = Rc::new(bind);
        let mut text = Fragment::default();
        self.bindparam(&bind, kw, &mut text)?;
        if kw.literal_binds {
            return Ok((text, None));
        }
        let number = self.bind_number(&bind)?;
        Ok((text, Some(number)))
    }

    pub(super) fn expression(&mut self, element: &ColumnElement, kw: Kw) -> Result<Fragment> {
        let mut text = Fragment::default();
        let grouped = element.self_group(None, self.dialect.compat);
        self.element(&grouped, kw, &mut text)?;
        Ok(text)
    }

    /// How generated values come back.
    fn modifiers(&self, data: &DmlData, kind: StatementKind, toplevel: bool) -> Result<Modifiers> {
        let table = match data.table.plain() {
            FromClause::Table(table) => Some(table.clone()),
            _ => None,
        };
        let insert = kind == StatementKind::Insert;
        let can = &self.dialect.can;
        let many = self.options.for_executemany;
        let autoincrement = match &table {
            Some(table) if insert => autoincrement_column(table, self.cx)?,
            _ => None,
        };
        let explicit = !data.returning.is_empty();
        let many_returning = can.insertmanyvalues && can.insert_returning;
        let need_pks = toplevel
            && insert
            && table.is_some()
            && !data.inline
            && data.from_select.is_none()
            && (!many || (many_returning && data.return_defaults.is_some()))
            && !explicit
            && data.multi_values.is_empty();
        let mut postfetch_lastrowid =
            need_pks && can.postfetch_lastrowid && autoincrement.is_some();
        let allowed = table.as_ref().is_none_or(|table| table.implicit_returning)
            && !(self.dialect.backend == Backend::Sqlite && data.on_conflict.is_some());
        let for_20 = self.dialect.compat.is_20();
        let implicit_returning = need_pks
            && can.insert_returning
            && allowed
            && (!postfetch_lastrowid
                || self.dialect.backend == Backend::Mssql
                || (for_20 && data.return_defaults.is_some()));
        if implicit_returning {
            postfetch_lastrowid = false;
        }
        let defaults = match kind {
            StatementKind::Insert => implicit_returning && data.return_defaults.is_some(),
            StatementKind::Update => {
                data.return_defaults.is_some() && can.update_returning && allowed
            }
            _ => data.return_defaults.is_some() && can.delete_returning && allowed,
        };
        let return_defaults = match (&data.return_defaults, &table) {
            (Some(columns), Some(table)) if defaults => {
                if columns.is_empty() {
                    table.column_list()
                } else {
                    columns.clone()
                }
            }
            _ => Vec::new(),
        };
        Ok(Modifiers {
            need_pks,
            implicit_returning,
            postfetch_lastrowid,
            return_defaults,
            autoincrement,
        })
    }

    /// What the statement sets.
    pub(super) fn crud(
        &mut self,
        data: &DmlData,
        kind: StatementKind,
        qualified: bool,
        toplevel: bool,
        kw: Kw,
    ) -> Result<Crud> {
        let mut info = DmlInfo::new(kind, &data.table);
        info.inline = data.inline;
        let columns = dml_columns(&data.table, self.cx)?;
        let plain = data.values.is_empty() && data.multi_values.is_empty();
        if self.options.column_keys.is_none()
            && plain
            && !data.has_values
            && data.from_select.is_none()
        {
            return self.all_columns(columns, info, kw);
        }
        let modifiers = self.modifiers(data, kind, toplevel)?;
        info.postfetch_lastrowid = modifiers.postfetch_lastrowid;
        let first = data.multi_values.first();
        let values: &DmlValues = first.unwrap_or(&data.values);
        let keys: Vec<Str> = values.iter().map(|(key, _)| key.name()).collect();
        let mut used = vec![false; values.len()];
        let given_keys = self.options.column_keys.clone().unwrap_or_default();
        let order = if data.ordered {
            ordered_columns(columns, &keys)
        } else {
            columns
        };
        let mut params = Vec::with_capacity(order.len());
        if let Some(from_select) = &data.from_select {
            self.select_columns(from_select, &order, &mut params, &mut info)?;
            return Ok(Crud {
                params,
                more: Vec::new(),
                info,
            });
        }
        if kind == StatementKind::Update {
            self.other_tables(data, &mut used, (&mut params, &mut info), kw)?;
        }
        for column in &order {
            let at = keys
                .iter()
                .enumerate()
                .position(|(at, key)| *key == column.key && !used[at]);
            let given = match at {
                Some(at) if !matches!(values[at].0, DmlKey::Element(_)) => {
                    used[at] = true;
                    Some(Given::Value(&values[at].1))
                }
                _ if given_keys.contains(&column.key) => Some(Given::Required),
                _ => None,
            };
            let param = match given {
                Some(given) => {
                    let param = self.given(
                        column,
                        &given,
                        (qualified, first.is_some()),
                        (&modifiers, &mut info),
                        kw,
                    )?;
                    if let (Given::Value(_), Some(at), Some(bind)) = (given, at, param.bind) {
                        info.value_binds.push((at, bind));
                    }
                    Some(param)
                }
                None => self.not_given(column, kind, qualified, &modifiers, &mut info, kw)?,
            };
            params.extend(param);
        }
        let unconsumed: Vec<_> = keys
            .iter()
            .zip(&used)
            .filter(|(_, used)| !**used)
            .map(|(key, _)| key.to_string())
            .collect();
        if kind == StatementKind::Update && self.dialect.compat.is_20() {
            self.check_other_tables(data, &used)?;
        }
        if !unconsumed.is_empty() {
            return Err(COMPILE_ERROR.error(format!(
                "Unconsumed column names: {}",
                unconsumed.join(", ")
            )));
        }
        let more = self.further_rows(data, &params, kw, &mut info)?;
        Ok(Crud { params, more, info })
    }

    /// Every column with a bind of its name: `str(table.insert())`.
    fn all_columns(&mut self, columns: Vec<DmlColumn>, info: DmlInfo, kw: Kw) -> Result<Crud> {
        let mut params = Vec::with_capacity(columns.len());
        for column in columns {
            let text = self.column_text(&column, false)?;
            let key = column.key.clone();
            let (value, bind) = self.crud_bind(&column, &key, BindValue::None, true, kw)?;
            params.push(CrudParam {
                column,
                text,
                value,
                bind,
                selected: None,
            });
        }
        Ok(Crud {
            params,
            more: Vec::new(),
            info,
        })
    }

    fn given(
        &mut self,
        column: &DmlColumn,
        given: &Given<'_>,
        (qualified, multi): (bool, bool),
        (modifiers, info): (&Modifiers, &mut DmlInfo),
        kw: Kw,
    ) -> Result<CrudParam> {
        let text = self.column_text(column, qualified)?;
        let name = if multi {
            format!("{}_m0", column.key)
        } else {
            column.key.to_string()
        };
        let (value, bind) = match given {
            Given::Required => self.crud_bind(column, &name, BindValue::None, true, kw)?,
            Given::Value(DmlValue::Literal(value)) => {
                let value = BindValue::Value(value.clone());
                self.crud_bind(column, &name, value, false, kw)?
            }
            Given::Value(DmlValue::Element(element)) => {
                if let ColumnElement::Bind(bind) = element.plain() {
                    self.given_bind(column, bind, &name, kw)?
                } else {
                    note_expression(
                        column,
                        modifiers,
                        info,
                        self.dialect.can.postfetch_lastrowid,
                    );
                    (self.expression(element, kw)?, None)
                }
            }
        };
        if let (Some(column), Some(bind)) = (&column.column, bind) {
            info.column_binds.push((column.clone(), bind));
        }
        Ok(CrudParam {
            column: column.clone(),
            text,
            value,
            bind,
            selected: None,
        })
    }

    /// A column that the statement leaves to its default.
    fn not_given(
        &mut self,
        dml_column: &DmlColumn,
        kind: StatementKind,
        qualified: bool,
        modifiers: &Modifiers,
        info: &mut DmlInfo,
        kw: Kw,
    ) -> Result<Option<CrudParam>> {
        let Some(column) = dml_column.column.clone() else {
            return Ok(None);
        };
        let returned = modifiers
            .return_defaults
            .iter()
            .any(|known| Rc::ptr_eq(known, &column));
        if kind == StatementKind::Update {
            return self.update_default(dml_column, &column, qualified, returned, info, kw);
        }
        let counted = modifiers
            .autoincrement
            .as_ref()
            .is_some_and(|known| Rc::ptr_eq(known, &column));
        let default = column.default.borrow().clone();
        if column.primary_key()
            && modifiers.need_pks
            && (modifiers.implicit_returning || !modifiers.postfetch_lastrowid || !counted)
        {
            return self.primary_key_default(dml_column, &column, counted, modifiers, info, kw);
        }
        if let Some(default) = default.as_deref() {
            return self.insert_default(dml_column, &column, default, returned, info, kw);
        }
        if column.server_default.borrow().is_some() {
            if returned {
                info.implicit_returning.push(column);
            } else if !column.primary_key() {
                info.postfetch.push(column);
            }
        } else if returned {
            info.implicit_returning.push(column);
        } else if column.primary_key() && !counted && !column.nullable() {
            self.warn_no_value(&column);
        }
        Ok(None)
    }

    /// The rows of `values([..])` behind the first.
    fn further_rows(
        &mut self,
        data: &DmlData,
        params: &[CrudParam],
        kw: Kw,
        info: &mut DmlInfo,
    ) -> Result<Vec<Vec<Fragment>>> {
        if let Some(first) = data.multi_values.first() {
            info.multi_keys = first.iter().map(|(key, _)| key.name()).collect();
        }
        let mut rows = Vec::new();
        for (index, row) in data.multi_values.iter().enumerate().skip(1) {
            let mut fragments = Vec::with_capacity(params.len());
            for param in params {
                let name = format!("{}_m{index}", param.column.key);
                let found = row.iter().find(|(key, _)| key.name() == param.column.key);
                fragments.push(match found.map(|(_, value)| value) {
                    Some(DmlValue::Literal(value)) => {
                        let value = BindValue::Value(value.clone());
                        self.crud_bind(&param.column, &name, value, false, kw)?.0
                    }
                    Some(DmlValue::Element(element)) => match element.plain() {
                        ColumnElement::Bind(bind) => {
                            self.given_bind(&param.column, bind, &name, kw)?.0
                        }
                        _ => self.expression(element, kw)?,
                    },
                    None => self.missing_in_row(param, &name, kw, info)?,
                });
            }
            rows.push(fragments);
        }
        Ok(rows)
    }

    fn missing_in_row(
        &mut self,
        param: &CrudParam,
        name: &str,
        kw: Kw,
        info: &mut DmlInfo,
    ) -> Result<Fragment> {
        let column = param.column.column.clone();
        let default = column
            .as_ref()
            .and_then(|column| column.default.borrow().clone());
        match (column, default.as_deref()) {
            (_, Some(ColumnDefault::Clause(clause))) => self.expression(clause, kw),
            (
                Some(column),
                Some(
                    ColumnDefault::Scalar(_)
                    | ColumnDefault::Callable(_)
                    | ColumnDefault::ContextCallable(_),
                ),
            ) => self
                .prefetch_named(&param.column, &column, name, info, kw)
                .map(|param| param.value),
            (column, _) => {
                let shown = match column {
                    Some(column) => column.description(),
                    None => param.column.key.to_string(),
                };
                Err(COMPILE_ERROR.error(format!(
                    "INSERT value for column {shown} is explicitly rendered as a boundparameter \
                     in the VALUES clause; a Python-side value or SQL expression is required"
                )))
            }
        }
    }

    /// The columns of an INSERT from SELECT: those named, then those with defaults.
    fn select_columns(
        &mut self,
        from_select: &crate::sql::dml::FromSelect,
        columns: &[DmlColumn],
        params: &mut Vec<CrudParam>,
        info: &mut DmlInfo,
    ) -> Result<()> {
        info.inline = true;
        for name in &from_select.names {
            let key = name.name();
            let Some(column) = columns.iter().find(|column| column.key == key) else {
                return Err(crate::object::key_error(Value::Str(key)));
            };
            let text = self.column_text(column, false)?;
            params.push(CrudParam {
                column: column.clone(),
                text,
                value: Fragment::default(),
                bind: None,
                selected: None,
            });
        }
        if !from_select.include_defaults {
            return Ok(());
        }
        for dml_column in columns {
            let named = from_select
                .names
                .iter()
                .any(|name| name.name() == dml_column.key);
            let Some(column) = dml_column.column.clone().filter(|_| !named) else {
                continue;
            };
            let default = column.default.borrow().clone();
            let selected = match default.as_deref() {
                None | Some(ColumnDefault::Sequence(_)) => continue,
                Some(ColumnDefault::Clause(clause)) => clause.clone(),
                Some(_) => {
                    BindParameter::named(&dml_column.key, BindValue::None, dml_column.type_.clone())
                        .element()
                }
            };
            let param = CrudParam {
                column: dml_column.clone(),
                text: self.column_text(dml_column, false)?,
                value: Fragment::default(),
                bind: None,
                selected: Some(selected),
            };
            params.push(param);
        }
        Ok(())
    }
}

/// The columns given in `ordered_values()` first, in that order.
fn ordered_columns(columns: Vec<DmlColumn>, keys: &[Str]) -> Vec<DmlColumn> {
    let mut ordered: Vec<DmlColumn> = keys
        .iter()
        .filter_map(|key| columns.iter().find(|column| column.key == *key).cloned())
        .collect();
    ordered.extend(
        columns
            .into_iter()
            .filter(|column| !keys.contains(&column.key)),
    );
    ordered
}

/// What a SQL expression given for a column means for what comes back.
fn note_expression(
    column: &DmlColumn,
    modifiers: &Modifiers,
    info: &mut DmlInfo,
    has_lastrowid: bool,
) {
    let Some(column) = &column.column else {
        return;
    };
    let returned = modifiers
        .return_defaults
        .iter()
        .any(|known| Rc::ptr_eq(known, column));
    if info.kind == StatementKind::Insert && column.primary_key() {
        if modifiers.implicit_returning {
            info.implicit_returning.push(column.clone());
        } else if has_lastrowid {
            info.postfetch_lastrowid = true;
        }
    } else if returned {
        info.implicit_returning.push(column.clone());
    } else {
        info.postfetch.push(column.clone());
    }
}
