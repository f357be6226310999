//! `create_all()`, `drop_all()`, `create()`, `drop()`: what is probed, in which order DDL runs.

use std::rc::Rc;

use super::{Ddl, DdlHappening, DdlListeners};
use crate::engine::echo::{Cause, because};
use crate::engine::exc::{CIRCULAR_DEPENDENCY_ERROR, SA_WARNING};
use crate::engine::{Connection, ExecutionOptions};
use crate::object::{Cx, Result, Value};
use crate::sql::FromClause;
use crate::sql::dialects::Dialect;
use crate::sql::execution::execute_ddl;
use crate::sql::reflection::{Catalogue, Inspector};
use crate::sql::schema::{
    Constraint, ConstraintName, Index, MetaData, Sequence, Table, sort_tables_and_constraints,
};

/// Whether what exists is looked up first.
pub type CheckFirst = bool;

/// What is created or dropped.
#[derive(Clone)]
pub enum DdlTarget {
    /// All of a metadata, or of its tables those given.
    MetaData(Rc<MetaData>, Option<Vec<Rc<Table>>>),
    /// A table.
    Table(Rc<Table>),
    /// An index.
    Index(Rc<Index>),
    /// A sequence.
    Sequence(Rc<Sequence>),
}

/// What stands in for a connection and hands on the DDL it is given.
pub trait MockBind {
    /// The dialect to compile for.
    fn dialect(&self) -> Rc<Dialect>;
    /// Take a DDL element.
    fn execute(&self, ddl: &Ddl, cx: &Cx) -> Result<()>;
    /// As scripts see it.
    fn value(&self) -> Value;
}

/// Where DDL runs.
#[derive(Clone, Copy)]
pub enum DdlBind<'a> {
    /// On a connection.
    Connection(&'a Connection),
    /// Nowhere.
    Mock(&'a dyn MockBind),
}

impl DdlBind<'_> {
    /// As scripts see it.
    pub fn value(self) -> Value {
        match self {
            Self::Connection(connection) => Value::object(connection.clone()),
            Self::Mock(mock) => mock.value(),
        }
    }
    /// Its dialect.
    pub fn dialect(self, cx: &Cx) -> Rc<Dialect> {
        match self {
            Self::Connection(connection) => {
                Dialect::for_execution(connection, &connection.options(), cx)
            }
            Self::Mock(mock) => mock.dialect(),
        }
    }
    /// Execute a DDL element.
    pub fn execute(self, ddl: &Ddl, cx: &Cx) -> Result<()> {
        match self {
            Self::Connection(connection) => {
                execute_ddl(connection, ddl, &ExecutionOptions::none(), cx).map(std::mem::drop)
            }
            Self::Mock(mock) => mock.execute(ddl, cx),
        }
    }
}

struct Run<'a> {
    bind: DdlBind<'a>,
    dialect: Rc<Dialect>,
    check: CheckFirst,
    of_metadata: bool,
    listeners: Rc<DdlListeners>,
    cx: &'a Cx,
}

fn run_on<'a>(target: &DdlTarget, bind: DdlBind<'a>, check: CheckFirst, cx: &'a Cx) -> Run<'a> {
    Run {
        of_metadata: matches!(target, DdlTarget::MetaData(..)),
        bind,
        dialect: bind.dialect(cx),
        check: check && matches!(bind, DdlBind::Connection(_)),
        listeners: cx.service::<DdlListeners>(),
        cx,
    }
}

/// Create `target`.
pub fn create(target: &DdlTarget, bind: DdlBind<'_>, check: CheckFirst, cx: &Cx) -> Result<()> {
    let _cause = because(Cause::CreateAll, cx);
    let run = run_on(target, bind, check, cx);
    match target {
        DdlTarget::MetaData(metadata, only) => run.create_metadata(metadata, only.as_deref()),
        DdlTarget::Table(table) => {
            if run.check && run.has_table(table)? {
                return Ok(());
            }
            run.create_table(table, None)
        }
        DdlTarget::Index(index) => {
            if run.check && run.has_index(index)? {
                return Ok(());
            }
            run.execute(&Ddl::CreateIndex {
                index: index.clone(),
                if_not_exists: false,
            })
        }
        DdlTarget::Sequence(sequence) => run.create_sequence(sequence),
    }
}

/// Drop `target`.
pub fn drop(target: &DdlTarget, bind: DdlBind<'_>, check: CheckFirst, cx: &Cx) -> Result<()> {
    let _cause = because(Cause::DropAll, cx);
    let run = run_on(target, bind, check, cx);
    match target {
        DdlTarget::MetaData(metadata, only) => run.drop_metadata(metadata, only.as_deref()),
        DdlTarget::Table(table) => {
            if run.check && !run.has_table(table)? {
                return Ok(());
            }
            run.drop_table(table)
        }
        DdlTarget::Index(index) => {
            if run.check && !run.has_index(index)? {
                return Ok(());
            }
            run.execute(&Ddl::DropIndex {
                index: index.clone(),
                if_exists: false,
            })
        }
        DdlTarget::Sequence(sequence) => run.drop_sequence(sequence),
    }
}

impl Run<'_> {
    fn execute(&self, ddl: &Ddl) -> Result<()> {
        self.bind.execute(ddl, self.cx)
    }

    fn has_table(&self, table: &Table) -> Result<bool> {
        let DdlBind::Connection(connection) = self.bind else {
            return Ok(false);
        };
        let schema = self.dialect.effective_schema(table.schema());
        crate::sql::reflection::has_table(connection, table.name(), schema.as_ref(), self.cx)
    }

    fn has_index(&self, index: &Index) -> Result<bool> {
        let name = index.name.borrow().as_str().cloned();
        let DdlBind::Connection(connection) = self.bind else {
            return Ok(false);
        };
        let (Some(name), Some(table)) = (name, index.table()) else {
            return Ok(false);
        };
        if !self.has_table(&table)? {
            return Ok(false);
        }
        let catalogue = Catalogue::new(connection, self.cx);
        let known = Inspector::default().indexes(table.name(), table.schema(), &catalogue)?;
        Ok(known.iter().any(|index| index.name == name))
    }

    fn create_metadata(&self, metadata: &Rc<MetaData>, only: Option<&[Rc<Table>]>) -> Result<()> {
        let tables = match only {
            Some(only) => only.to_vec(),
            None => metadata.table_list(),
        };
        let mut wanted = Vec::with_capacity(tables.len());
        for table in &tables {
            if !self.check || !self.has_table(table)? {
                wanted.push(table.clone());
            }
        }
        let sorted = sort_tables_and_constraints(&wanted, None, false, self.cx)?;
        let (tables, remaining) = match sorted {
            Ok(sorted) => (sorted.tables, sorted.remaining),
            Err(_) => (wanted, Vec::new()),
        };
        let target = DdlTarget::MetaData(metadata.clone(), Some(tables.clone()));
        self.notify("before_create", &target)?;
        if only.is_none() && self.dialect.can.sequences {
            let sequences: Vec<_> = metadata.sequences.borrow().values().cloned().collect();
            for sequence in &sequences {
                self.create_sequence(sequence)?;
            }
        }
        for table in &tables {
            let mut included = table.foreign_key_constraints();
            included.retain(|key| !remaining.iter().any(|left| Rc::ptr_eq(left, key)));
            let included = if self.dialect.can.alter {
                Some(included)
            } else {
                None
            };
            self.create_table(table, included)?;
        }
        if self.dialect.can.alter {
            for constraint in remaining {
                self.execute(&Ddl::AddConstraint(constraint))?;
            }
        }
        self.notify("after_create", &target)
    }

    fn create_table(
        &self,
        table: &Rc<Table>,
        foreign_keys: Option<Vec<Rc<Constraint>>>,
    ) -> Result<()> {
        let target = DdlTarget::Table(table.clone());
        self.notify("before_create", &target)?;
        self.execute(&Ddl::CreateTable {
            table: table.clone(),
            if_not_exists: false,
            foreign_keys,
        })?;
        for index in table.indexes() {
            let condition = index.ddl_if.borrow().clone();
            if let Some(condition) = condition {
                let this = Value::object(index.clone());
                let table = Value::object(FromClause::Table(table.clone()));
                let bind = self.bind.value();
                if !condition.holds((&this, &table, &bind), &self.dialect, &[], self.cx)? {
                    continue;
                }
            }
            self.execute(&Ddl::CreateIndex {
                index,
                if_not_exists: false,
            })?;
        }
        if self.dialect.can.comments && !self.dialect.can.inline_comments {
            if table.comment.borrow().is_some() {
                self.execute(&Ddl::TableComment {
                    table: table.clone(),
                    drop: false,
                })?;
            }
            for column in table.column_list() {
                if column.options.borrow().comment.is_some() {
                    self.execute(&Ddl::ColumnComment {
                        column: column.clone(),
                        drop: false,
                    })?;
                }
            }
        }
        self.notify("after_create", &target)
    }

    fn create_sequence(&self, sequence: &Rc<Sequence>) -> Result<()> {
        let can = &self.dialect.can;
        if !can.sequences || (can.sequences_optional && sequence.optional) {
            return Ok(());
        }
        self.execute(&Ddl::CreateSequence {
            sequence: sequence.clone(),
            if_not_exists: false,
        })
    }

    fn drop_sequence(&self, sequence: &Rc<Sequence>) -> Result<()> {
        let can = &self.dialect.can;
        if !can.sequences || (can.sequences_optional && sequence.optional) {
            return Ok(());
        }
        self.execute(&Ddl::DropSequence {
            sequence: sequence.clone(),
            if_exists: false,
        })
    }

    fn drop_metadata(&self, metadata: &Rc<MetaData>, only: Option<&[Rc<Table>]>) -> Result<()> {
        let tables = match only {
            Some(only) => only.to_vec(),
            None => metadata.table_list(),
        };
        let mut wanted = Vec::with_capacity(tables.len());
        for table in &tables {
            if !self.check || self.has_table(table)? {
                wanted.push(table.clone());
            }
        }
        let alter = self.dialect.can.alter;
        let keep = move |constraint: &Constraint| -> Option<bool> {
            let unnamed = matches!(
                *constraint.name.borrow(),
                ConstraintName::Unnamed | ConstraintName::Deferred
            );
            (!alter || unnamed).then_some(false)
        };
        let sorted = sort_tables_and_constraints(&wanted, Some(&keep), false, self.cx)?;
        let (tables, remaining) = match sorted {
            Ok(sorted) => (sorted.tables.into_iter().rev().collect(), sorted.remaining),
            Err(cyclic) if !alter => {
                self.cx.warn(
                    &SA_WARNING,
                    &format!(
                        "Can't sort tables for DROP; an unresolvable foreign key dependency \
                         exists between tables: {}; and backend does not support ALTER.  To \
                         restore at least a partial sort, apply use_alter=True to ForeignKey and \
                         ForeignKeyConstraint objects involved in the cycle to mark these as \
                         known cycles that will be ignored.",
                        cyclic.names()
                    ),
                );
                (wanted, Vec::new())
            }
            Err(cyclic) => {
                return Err(CIRCULAR_DEPENDENCY_ERROR.error(format!(
                    "Can't sort tables for DROP; an unresolvable foreign key dependency exists \
                     between tables: {}.  Please ensure that the ForeignKey and \
                     ForeignKeyConstraint objects involved in the cycle have names so that they \
                     can be dropped using DROP CONSTRAINT.",
                    cyclic.names()
                )));
            }
        };
        let target = DdlTarget::MetaData(metadata.clone(), Some(tables.clone()));
        self.notify("before_drop", &target)?;
        if alter {
            for constraint in remaining {
                self.execute(&Ddl::DropConstraint {
                    constraint,
                    if_exists: false,
                    cascade: false,
                })?;
            }
        }
        for table in &tables {
            self.drop_table(table)?;
        }
        if only.is_none() && self.dialect.can.sequences {
            let sequences: Vec<_> = metadata.sequences.borrow().values().cloned().collect();
            for sequence in &sequences {
                self.drop_sequence(sequence)?;
            }
        }
        self.notify("after_drop", &target)
    }

    fn drop_table(&self, table: &Rc<Table>) -> Result<()> {
        let target = DdlTarget::Table(table.clone());
        self.notify("before_drop", &target)?;
        self.execute(&Ddl::DropTable {
            table: table.clone(),
            if_exists: false,
        })?;
        self.notify("after_drop", &target)
    }

    fn notify(&self, event: &'static str, target: &DdlTarget) -> Result<()> {
        let metadata_operation = self.of_metadata;
        let happening = DdlHappening {
            event,
            target,
            check: self.check,
            metadata_operation,
        };
        self.listeners.notify(&happening, self.bind, self.cx)
    }
}
