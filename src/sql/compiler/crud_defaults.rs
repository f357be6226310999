//! What the defaults of columns that nobody gave a value contribute to an INSERT or UPDATE.

use super::crud::{CrudParam, DmlColumn, Modifiers};
use super::dml_info::DmlInfo;
use super::{Fragment, Kw, SQLCompiler};
use crate::engine::exc::SA_WARNING;
use crate::object::Result;
use crate::sql::elements::{BindValue, ColumnElement};
use crate::sql::schema::{Column, ColumnDefault, ServerDefault};
use std::rc::Rc;

impl SQLCompiler<'_> {
    pub(super) fn primary_key_default(
        &mut self,
        dml_column: &DmlColumn,
        column: &Rc<Column>,
        counted: bool,
        modifiers: &Modifiers,
        info: &mut DmlInfo,
        kw: Kw,
    ) -> Result<Option<CrudParam>> {
        let default = column.default.borrow().clone();
        if modifiers.implicit_returning {
            return match default.as_deref() {
                Some(default @ (ColumnDefault::Sequence(_) | ColumnDefault::Clause(_))) => {
                    let param = self.insert_default(dml_column, column, default, true, info, kw)?;
                    if param.is_none() {
                        info.implicit_returning.push(column.clone());
                    }
                    Ok(param)
                }
                Some(_) => self.prefetch(dml_column, column, info, kw).map(Some),
                None => {
                    if counted || column.server_default.borrow().is_some() {
                        info.implicit_returning.push(column.clone());
                    } else if !column.nullable() {
                        self.warn_no_value(column);
                    }
                    Ok(None)
                }
            };
        }
        let sequences = self.dialect.can.sequences;
        let fires = match default.as_deref() {
            Some(ColumnDefault::Sequence(_)) => sequences,
            Some(_) => true,
            None => counted && sequences && self.dialect.can.preexecute_sequences,
        };
        if fires {
            return self.prefetch(dml_column, column, info, kw).map(Some);
        }
        if default.is_none() && column.server_default.borrow().is_none() && !column.nullable() {
            self.warn_no_value(column);
        }
        Ok(None)
    }

    pub(super) fn warn_no_value(&self, column: &Column) {
        let table = column.table();
        let name = table
            .as_ref()
            .map_or(String::new(), |table| table.full_name());
        let pks = table.map_or_else(Vec::new, |table| table.primary_key_columns());
        let mut message = format!(
            "Column '{name}.{}' is marked as a member of the primary key for table '{name}', but \
             has no Python-side or server-side default generator indicated, nor does it indicate \
             'autoincrement=True' or 'nullable=True', and no explicit value is passed.  Primary \
             key columns typically may not store NULL.",
            column.name()
        );
        if pks.len() > 1 {
            message.push_str(
                " Note that as of SQLAlchemy 1.1, 'autoincrement=True' must be indicated \
                 explicitly for composite (e.g. multicolumn) primary keys if AUTO_INCREMENT/SERIAL\
                 /IDENTITY behavior is expected for one of the columns in the primary key. CREATE \
                 TABLE statements are impacted by this change as well on most backends.",
            );
        }
        self.cx.warn(&SA_WARNING, &message);
    }

    /// A bind whose value the default gives at execution.
    pub(super) fn prefetch(
        &mut self,
        dml_column: &DmlColumn,
        column: &Rc<Column>,
        info: &mut DmlInfo,
        kw: Kw,
    ) -> Result<CrudParam> {
        let key = dml_column.key.clone();
        self.prefetch_named(dml_column, column, &key, info, kw)
    }

    pub(super) fn prefetch_named(
        &mut self,
        dml_column: &DmlColumn,
        column: &Rc<Column>,
        name: &str,
        info: &mut DmlInfo,
        kw: Kw,
    ) -> Result<CrudParam> {
        let text = self.column_text(dml_column, false)?;
        let (value, bind) = self.crud_bind(dml_column, name, BindValue::None, false, kw)?;
        if let Some(bind) = bind {
            info.prefetch.push((column.clone(), bind));
            info.column_binds.push((column.clone(), bind));
        }
        Ok(CrudParam {
            column: dml_column.clone(),
            text,
            value,
            bind,
            selected: None,
        })
    }

    pub(super) fn inline_default(
        &mut self,
        dml_column: &DmlColumn,
        clause: &ColumnElement,
        kw: Kw,
    ) -> Result<CrudParam> {
        Ok(CrudParam {
            column: dml_column.clone(),
            text: self.column_text(dml_column, false)?,
            value: self.expression(clause, kw)?,
            bind: None,
            selected: None,
        })
    }

    pub(super) fn insert_default(
        &mut self,
        dml_column: &DmlColumn,
        column: &Rc<Column>,
        default: &ColumnDefault,
        returned: bool,
        info: &mut DmlInfo,
        kw: Kw,
    ) -> Result<Option<CrudParam>> {
        let param = match default {
            ColumnDefault::Sequence(sequence) => {
                let can = &self.dialect.can;
                if !can.sequences || (can.sequences_optional && sequence.optional) {
                    return Ok(None);
                }
                let mut value = Fragment::default();
                value.push(&self.next_value(sequence)?);
                CrudParam {
                    column: dml_column.clone(),
                    text: self.column_text(dml_column, false)?,
                    value,
                    bind: None,
                    selected: None,
                }
            }
            ColumnDefault::Clause(clause) => self.inline_default(dml_column, clause, kw)?,
            ColumnDefault::Scalar(_)
            | ColumnDefault::Callable(_)
            | ColumnDefault::ContextCallable(_) => {
                return self.prefetch(dml_column, column, info, kw).map(Some);
            }
        };
        if returned {
            info.implicit_returning.push(column.clone());
        } else if !column.primary_key() {
            info.postfetch.push(column.clone());
        }
        Ok(Some(param))
    }

    pub(super) fn update_default(
        &mut self,
        dml_column: &DmlColumn,
        column: &Rc<Column>,
        qualified: bool,
        returned: bool,
        info: &mut DmlInfo,
        kw: Kw,
    ) -> Result<Option<CrudParam>> {
        let onupdate = column.onupdate.borrow().clone();
        let changes_itself = || {
            matches!(
                column.server_onupdate.borrow().as_deref(),
                Some(
                    ServerDefault::Text(_)
                        | ServerDefault::Clause(_)
                        | ServerDefault::Fetched
                        | ServerDefault::Computed(_)
                )
            )
        };
        match onupdate.as_deref() {
            Some(ColumnDefault::Clause(clause)) => {
                let param = CrudParam {
                    column: dml_column.clone(),
                    text: self.column_text(dml_column, qualified)?,
                    value: self.expression(clause, kw)?,
                    bind: None,
                    selected: None,
                };
                if returned {
                    info.implicit_returning.push(column.clone());
                } else {
                    info.postfetch.push(column.clone());
                }
                Ok(Some(param))
            }
            Some(
                ColumnDefault::Scalar(_)
                | ColumnDefault::Callable(_)
                | ColumnDefault::ContextCallable(_),
            ) => {
                let mut param = self.prefetch(dml_column, column, info, kw)?;
                param.text = self.column_text(dml_column, qualified)?;
                Ok(Some(param))
            }
            Some(ColumnDefault::Sequence(_)) | None => {
                if changes_itself() {
                    if returned {
                        info.implicit_returning.push(column.clone());
                    } else {
                        info.postfetch.push(column.clone());
                    }
                } else if returned {
                    info.implicit_returning.push(column.clone());
                }
                Ok(None)
            }
        }
    }
}
