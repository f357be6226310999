//! Results as scripts see them.

use std::rc::Rc;

use super::row::KeyView;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::engine::{
    BufferedRows, OnlyOne, ResultKind, ResultMode, ResultSet, Row, RowMeta, StatementKind,
    not_an_insert,
};
use crate::object::exceptions::ATTRIBUTE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Args, Bound, Cx, Members, Object, Raised, Result, RowView, TypeSpec, Value};

const RESULT_MODULE: &str = "sqlalchemy.engine.result";
const CURSOR_MODULE: &str = "sqlalchemy.engine.cursor";

/// `sqlalchemy.engine.result.Result`, also as `sqlalchemy.engine.Result`.
pub static RESULT: TypeSpec = TypeSpec::new(RESULT_MODULE, "Result")
    .bases(&[&OBJECT])
    .members(|members| {
        members.with(result_members).with(buffered_members);
    });
/// `CursorResult`.
pub static CURSOR_RESULT: TypeSpec = TypeSpec::new(CURSOR_MODULE, "CursorResult")
    .bases(&[&RESULT])
    .members(cursor_members);
/// `LegacyCursorResult` of 1.4.
pub static LEGACY_CURSOR_RESULT: TypeSpec =
    TypeSpec::new(CURSOR_MODULE, "LegacyCursorResult").bases(&[&CURSOR_RESULT]);
/// `IteratorResult`.
pub static ITERATOR_RESULT: TypeSpec =
    TypeSpec::new(RESULT_MODULE, "IteratorResult").bases(&[&RESULT]);
/// `ChunkedIteratorResult`.
pub static CHUNKED_ITERATOR_RESULT: TypeSpec =
    TypeSpec::new(RESULT_MODULE, "ChunkedIteratorResult").bases(&[&ITERATOR_RESULT]);
/// `MergedResult`.
pub static MERGED_RESULT: TypeSpec =
    TypeSpec::new(RESULT_MODULE, "MergedResult").bases(&[&ITERATOR_RESULT]);
/// `FilterResult`.
pub static FILTER_RESULT: TypeSpec = TypeSpec::new(RESULT_MODULE, "FilterResult")
    .bases(&[&OBJECT])
    .members(fetch_members);
/// `ScalarResult`.
pub static SCALAR_RESULT: TypeSpec =
    TypeSpec::new(RESULT_MODULE, "ScalarResult").bases(&[&FILTER_RESULT]);
/// `MappingResult`.
pub static MAPPING_RESULT: TypeSpec = TypeSpec::new(RESULT_MODULE, "MappingResult")
    .bases(&[&FILTER_RESULT])
    .members(mapping_members);
/// `TupleResult` of 2.0.
pub static TUPLE_RESULT: TypeSpec = TypeSpec::new(RESULT_MODULE, "TupleResult")
    .bases(&[&FILTER_RESULT])
    .members(scalar_members);

/// `freeze()`: the rows of a result, to be read again and again.
struct FrozenResult {
    meta: Rc<RowMeta>,
    rows: Vec<Vec<Value>>,
}

static FROZEN_RESULT: TypeSpec = TypeSpec::new(RESULT_MODULE, "FrozenResult")
    .bases(&[&OBJECT])
    .members(frozen_members);

fn frozen_members(members: &mut Members) {
    members
        .getter("data", |frozen: &FrozenResult, _| {
            let rows = frozen.rows.iter().cloned();
            let rows = rows.map(|row| Value::object(Row::new(frozen.meta.clone(), row)));
            Ok(Value::list(rows.collect()))
        })
        .method(
            "with_new_rows(tuple_data)",
            |frozen: &FrozenResult, bound, cx| {
                let rows = cx
                    .collect(bound.value("tuple_data"))?
                    .iter()
                    .map(|row| cx.collect(row))
                    .collect::<Result<Vec<_>>>()?;
                Ok(Value::object(FrozenResult {
                    meta: frozen.meta.clone(),
                    rows,
                }))
            },
        );
}

impl Object for FrozenResult {
    fn spec(&self) -> &'static TypeSpec {
        &FROZEN_RESULT
    }
    fn is_callable(&self) -> bool {
        true
    }
    fn call(&self, _this: &Value, _args: Args, _cx: &Cx) -> Result<Option<Value>> {
        let rows = Box::new(BufferedRows::new(self.rows.clone()));
        let result = ResultSet::of_rows(ResultKind::Iterator, self.meta.clone(), rows);
        Ok(Some(Value::object(result)))
    }
}

/// `freeze()` and `merge()`.
fn buffered_members(members: &mut Members) {
    members
        .method("freeze()", |result: &ResultSet, _, cx| {
            Ok(Value::object(FrozenResult {
                meta: result.meta(),
                rows: result.fetch_all_raw(cx)?,
            }))
        })
        .method("merge(*others)", |result: &ResultSet, bound, cx| {
            let mut rows = result.fetch_all_raw(cx)?;
            for other in bound.rest() {
                if let Some(other) = other.downcast::<ResultSet>() {
                    rows.extend(other.fetch_all_raw(cx)?);
                }
            }
            let source = Box::new(BufferedRows::new(rows));
            let merged = ResultSet::of_rows(ResultKind::Merged, result.meta(), source);
            Ok(Value::object(merged))
        });
}

fn size_of(bound: &Bound<'_>) -> Option<usize> {
    let size = bound.some("size")?.as_int()?;
    usize::try_from(size).ok()
}

/// What every view of a result does.
fn fetch_members(members: &mut Members) {
    members
        .method("all()", |result: &ResultSet, _, cx| {
            result.all(cx).map(Value::list)
        })
        .method("fetchall()", |result: &ResultSet, _, cx| {
            result.all(cx).map(Value::list)
        })
        .method("fetchone()", |result: &ResultSet, _, cx| {
            Ok(result.fetch_one(cx)?.unwrap_or(Value::None))
        })
        .method("fetchmany(size=None)", |result: &ResultSet, bound, cx| {
            result.fetch_many(size_of(bound), cx).map(Value::list)
        })
        .method("partitions(size=None)", |result: &ResultSet, bound, _| {
            Ok(Value::object(Partitions {
                result: result.clone(),
                size: size_of(bound),
            }))
        })
        .method("first()", |result: &ResultSet, _, cx| {
            result.only_one(OnlyOne::First, false, cx)
        })
        .method("one()", |result: &ResultSet, _, cx| {
            result.only_one(OnlyOne::Exactly, false, cx)
        })
        .method("one_or_none()", |result: &ResultSet, _, cx| {
            result.only_one(OnlyOne::AtMost, false, cx)
        })
        .method_on_value("unique(strategy=None)", |this, bound, _| {
            if let Some(result) = this.downcast::<ResultSet>() {
                result.unique(bound.some("strategy").cloned());
            }
            Ok(this.clone())
        })
        .method_on_value("yield_per(num)", |this, bound, _| {
            let count = bound.value("num").as_int().unwrap_or(1);
            if let Some(result) = this.downcast::<ResultSet>() {
                result.yield_per(usize::try_from(count).unwrap_or(1));
            }
            Ok(this.clone())
        })
        .method("close()", |result: &ResultSet, _, cx| {
            result.close(cx);
            Ok(Value::None)
        })
        .method("_soft_close(hard=False)", |result: &ResultSet, _, cx| {
            result.close(cx);
            Ok(Value::None)
        })
        .getter("closed", |result: &ResultSet, _| {
            Ok(Value::Bool(result.closed()))
        })
        .getter("_soft_closed", |result: &ResultSet, _| {
            Ok(Value::Bool(result.soft_closed()))
        })
        .method_on_value("__enter__()", |this, _, _| Ok(this.clone()))
        .method(
            "__exit__(type_, value, traceback)",
            |result: &ResultSet, _, cx| {
                result.close(cx);
                Ok(Value::None)
            },
        );
}

fn scalar_members(members: &mut Members) {
    members
        .method("scalar()", |result: &ResultSet, _, cx| {
            result.only_one(OnlyOne::First, true, cx)
        })
        .method("scalar_one()", |result: &ResultSet, _, cx| {
            result.only_one(OnlyOne::Exactly, true, cx)
        })
        .method("scalar_one_or_none()", |result: &ResultSet, _, cx| {
            result.only_one(OnlyOne::AtMost, true, cx)
        });
}

fn keys(result: &ResultSet) -> Result<Value> {
    result.check_returns_rows()?;
    Ok(Value::object(KeyView(result.meta())))
}

fn columns(this: &Value, bound: &Bound<'_>, cx: &Cx) -> Result<Value> {
    if let Some(result) = this.downcast::<ResultSet>() {
        result.check_returns_rows()?;
        let meta = result.meta();
        let indexes: Vec<usize> = bound
            .rest()
            .iter()
            .map(|key| meta.index_of_any(key, cx))
            .collect::<Result<_>>()?;
        result.columns(&indexes)?;
    }
    Ok(this.clone())
}

fn mapping_members(members: &mut Members) {
    members
        .method("keys()", |result: &ResultSet, _, _| keys(result))
        .method_on_value("columns(*col_expressions)", columns);
}

fn result_members(members: &mut Members) {
    members
        .with(fetch_members)
        .with(scalar_members)
        .with(mapping_members)
        .method("scalars(index=0)", |result: &ResultSet, bound, cx| {
            result.check_returns_rows()?;
            let index = match bound.given("index") {
                None | Some(Value::Int(0)) => 0,
                Some(key) => result.meta().index_of_any(key, cx)?,
            };
            Ok(Value::object(result.scalars(index)?))
        })
        .method("mappings()", |result: &ResultSet, _, _| {
            Ok(Value::object(result.mappings()))
        })
        .method("tuples()", |result: &ResultSet, _, _| {
            Ok(Value::object(result.tuples()))
        })
        .getter("t", |result: &ResultSet, cx| {
            if cx.compat().is_20() {
                Ok(Value::object(result.tuples()))
            } else {
                Err(ATTRIBUTE_ERROR.error(format!(
                    "'{}' object has no attribute 't'",
                    result.spec().name()
                )))
            }
        });
}

fn kind(result: &ResultSet) -> Option<StatementKind> {
    result.context().map(|context| context.kind())
}

fn first_or_none(rows: Vec<Value>) -> Value {
    rows.into_iter().next().unwrap_or(Value::None)
}

fn inserted_rows(result: &ResultSet, cx: &Cx) -> Result<Vec<Value>> {
    match result.context() {
        Some(context) if context.kind() == StatementKind::Insert => {
            context.inserted_primary_key_rows(result, cx)
        }
        Some(_) => Err(not_an_insert()),
        None => Err(not_compiled()),
    }
}

fn not_compiled() -> Raised {
    INVALID_REQUEST_ERROR.error("Statement is not a compiled expression construct.")
}

fn cursor_members(members: &mut Members) {
    members
        .method("lastrow_has_defaults()", |result: &ResultSet, _, cx| {
            let Some(context) = result.context() else {
                return Ok(Value::Bool(false));
            };
            let columns = cx.collect(&context.postfetch_columns(cx)?)?;
            Ok(Value::Bool(!columns.is_empty()))
        })
        .getter("rowcount", |result: &ResultSet, _| {
            Ok(Value::Int(result.rowcount()))
        })
        .getter("lastrowid", |result: &ResultSet, _| {
            Ok(result.outcome().lastrowid.into())
        })
        .getter("returns_rows", |result: &ResultSet, _| {
            Ok(Value::Bool(result.returns_rows()))
        })
        .getter("is_insert", |result: &ResultSet, _| {
            Ok(Value::Bool(kind(result) == Some(StatementKind::Insert)))
        })
        .getter("inserted_primary_key", |result: &ResultSet, cx| {
            if result.outcome().executemany {
                return Err(INVALID_REQUEST_ERROR.error(
                    "This statement was an executemany call; if primary key returning is \
                     supported, please use .inserted_primary_key_rows.",
                ));
            }
            Ok(first_or_none(inserted_rows(result, cx)?))
        })
        .getter("inserted_primary_key_rows", |result: &ResultSet, cx| {
            inserted_rows(result, cx).map(Value::list)
        })
        .getter("returned_defaults", |result: &ResultSet, cx| {
            let rows = returned_defaults(result, cx)?;
            Ok(rows.map_or(Value::None, first_or_none))
        })
        .getter("returned_defaults_rows", |result: &ResultSet, cx| {
            let rows = returned_defaults(result, cx)?;
            Ok(rows.map_or(Value::None, Value::list))
        })
        .method("last_inserted_params()", |result: &ResultSet, _, cx| {
            facts(result, StatementKind::Insert, |context| {
                context.last_params(cx)
            })
        })
        .method("last_updated_params()", |result: &ResultSet, _, cx| {
            facts(result, StatementKind::Update, |context| {
                context.last_params(cx)
            })
        })
        .method("prefetch_cols()", |result: &ResultSet, _, cx| {
            crud_facts(result, |context| context.prefetch_columns(cx))
        })
        .method("postfetch_cols()", |result: &ResultSet, _, cx| {
            crud_facts(result, |context| context.postfetch_columns(cx))
        })
        .method("supports_sane_rowcount()", |_: &ResultSet, _, _| {
            Ok(Value::Bool(true))
        })
        .method("supports_sane_multi_rowcount()", |_: &ResultSet, _, _| {
            Ok(Value::Bool(true))
        });
}

fn returned_defaults(result: &ResultSet, cx: &Cx) -> Result<Option<Vec<Value>>> {
    match result.context() {
        Some(context) => context.returned_defaults_rows(result, cx),
        None => Ok(None),
    }
}

type Context = Rc<dyn crate::engine::StatementContext>;

fn facts(
    result: &ResultSet,
    wanted: StatementKind,
    ask: impl FnOnce(&Context) -> Result<Value>,
) -> Result<Value> {
    match result.context() {
        Some(context) if context.kind() == wanted => ask(context),
        None => Err(not_compiled()),
        _ if wanted == StatementKind::Insert => Err(not_an_insert()),
        _ => Err(INVALID_REQUEST_ERROR.error("Statement is not an update() expression construct.")),
    }
}

fn crud_facts(result: &ResultSet, ask: impl FnOnce(&Context) -> Result<Value>) -> Result<Value> {
    match result.context() {
        Some(context) if context.kind().is_crud() => ask(context),
        None => Err(not_compiled()),
        _ => Err(INVALID_REQUEST_ERROR
            .error("Statement is not an insert() or update() expression construct.")),
    }
}

impl Object for ResultSet {
    fn spec(&self) -> &'static TypeSpec {
        match (self.mode(), self.kind()) {
            (ResultMode::Scalars, _) => &SCALAR_RESULT,
            (ResultMode::Mappings, _) => &MAPPING_RESULT,
            // `tuples()` is the result itself to whoever looks at its class at run time.
            (_, ResultKind::Cursor) => &CURSOR_RESULT,
            (_, ResultKind::LegacyCursor) => &LEGACY_CURSOR_RESULT,
            (_, ResultKind::Iterator) => &ITERATOR_RESULT,
            (_, ResultKind::ChunkedIterator) => &CHUNKED_ITERATOR_RESULT,
            (_, ResultKind::Merged) => &MERGED_RESULT,
        }
    }
    fn identity(&self) -> Option<usize> {
        Some(self.address())
    }
    fn table_view(&self, cx: &Cx) -> Result<Option<Vec<RowView>>> {
        if !self.returns_rows() {
            return Ok(None);
        }
        let keys = self.meta().keys().to_vec();
        let own = match self.mode() {
            ResultMode::Scalars => 1,
            _ => keys.len(),
        };
        let columns: Rc<[String]> = keys.iter().take(own).map(ToString::to_string).collect();
        let rows = self.peek(own, cx)?;
        let view = |values| RowView {
            columns: columns.clone(),
            values,
        };
        Ok(Some(rows.into_iter().map(view).collect()))
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, cx: &Cx) -> Result<Option<Value>> {
        self.fetch_one(cx)
    }
}

/// `result.partitions()`.
struct Partitions {
    result: ResultSet,
    size: Option<usize>,
}

static PARTITIONS: TypeSpec = TypeSpec::new("builtins", "generator");

impl Object for Partitions {
    fn spec(&self) -> &'static TypeSpec {
        &PARTITIONS
    }
    fn iter(&self, this: &Value, _cx: &Cx) -> Result<Option<Value>> {
        Ok(Some(this.clone()))
    }
    fn is_iterator(&self) -> bool {
        true
    }
    fn next(&self, cx: &Cx) -> Result<Option<Value>> {
        let rows = self.result.next_partition(self.size, cx)?;
        Ok(rows.map(Value::list))
    }
}
