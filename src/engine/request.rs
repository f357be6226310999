//! What the SQL layer asks the engine to run, and in what shape it wants the rows.

use std::rc::Rc;

use super::context::{StatementContext, StatementKind};
use super::echo::StatsKind;
use super::options::ExecutionOptions;
use super::parameters::Parameters;
use super::row::RowMeta;
use super::value_rows::ValueRows;
use crate::object::{Cx, Result, Str, Value};

/// Makes of a value of the driver the value a script sees.
pub type Processor = Rc<dyn Fn(Value, &Cx) -> Result<Value>>;

/// The processors of a row's columns; `None` for a column whose values stay as they are.
pub type Processors = Rc<[Option<Processor>]>;

/// The columns of the rows that a statement returns.
#[derive(Clone)]
pub struct ResultShape {
    /// Their names and how to find them.
    pub meta: Rc<RowMeta>,
    /// What is made of the values of each column; `None` where nothing is.
    pub processors: Option<Processors>,
}

/// Makes the shape of the names that a cursor gives.
pub type ShapeMaker = Rc<dyn Fn(&[Str], &Cx) -> Result<ResultShape>>;

/// How the shape of the rows is known.
pub enum ResultColumns {
    /// By the names that the cursor gives.
    Described,
    /// Beforehand.
    Known(ResultShape),
    /// By what this makes of the names that the cursor gives.
    From(ShapeMaker),
}

/// A statement ready to run.
pub struct ExecutionRequest {
    /// Its SQL.
    pub sql: Str,
    /// Its parameters.
    pub parameters: Parameters,
    /// Where the SQL came from, for the log.
    pub stats: StatsKind,
    /// What kind of statement it is.
    pub kind: StatementKind,
    /// The rows it returns.
    pub columns: ResultColumns,
    /// The batches of an insertmanyvalues; `parameters` is then what errors show.
    pub batches: Option<ManyValues>,
    /// What the SQL layer answers about it.
    pub context: Option<Rc<dyn StatementContext>>,
    /// Whether a legacy connection commits after it.
    pub autocommit: bool,
    /// The options of statement and call; the connection's own are below them already.
    pub options: ExecutionOptions,
}

impl ExecutionRequest {
    /// A string for the driver.
    pub fn raw(sql: Str, parameters: Parameters) -> Self {
        Self {
            sql,
            parameters,
            stats: StatsKind::RawSql,
            kind: StatementKind::Text,
            columns: ResultColumns::Described,
            batches: None,
            context: None,
            autocommit: false,
            options: ExecutionOptions::none(),
        }
    }
}

/// One statement of an insertmanyvalues.
pub struct Batch {
    /// Its SQL.
    pub sql: Str,
    /// The parameter sets of all batches.
    pub sets: ValueRows,
    /// The first of its own sets.
    pub first: usize,
    /// How many sets it has.
    pub count: usize,
}

impl Batch {
    /// Its parameters, one set after the other.
    pub fn parameters(&self) -> &[Value] {
        self.sets.rows(self.first, self.count)
    }
}

/// Puts the rows of a batch into the order of its parameters.
pub type BatchSorter = Box<dyn Fn(&Batch, &ValueRows, &Cx) -> Result<ValueRows>>;

/// An INSERT .. RETURNING of many rows, in batches.
pub struct ManyValues {
    /// The batches, made on demand.
    pub batches: Box<dyn Iterator<Item = Batch>>,
    /// How many there are.
    pub total: usize,
    /// Whether rows come back in the order of the parameters.
    pub ordered: bool,
    /// Whether each row needs a statement of its own.
    pub downgraded: bool,
    /// What sorts the rows of a batch, where the database may not.
    pub sort: Option<BatchSorter>,
}
