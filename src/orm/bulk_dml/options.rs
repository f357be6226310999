//! The execution options of INSERT, UPDATE and DELETE of entities.

use crate::engine::ExecutionOptions;
use crate::engine::exc::{ARGUMENT_ERROR, INVALID_REQUEST_ERROR};
use crate::object::{Cx, Result, Value};

/// `synchronize_session=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronize {
    No,
    Evaluate,
    Fetch,
    Auto,
}

impl Synchronize {
    /// What `options` say.
    pub fn of(options: &ExecutionOptions, cx: &Cx) -> Result<Self> {
        let modern = cx.compat().is_20();
        match options.get("synchronize_session") {
            None if modern => Ok(Self::Auto),
            None => Ok(Self::Evaluate),
            Some(Value::None | Value::Bool(false)) => Ok(Self::No),
            Some(Value::Str(text)) if text.as_str() == "evaluate" => Ok(Self::Evaluate),
            Some(Value::Str(text)) if text.as_str() == "fetch" => Ok(Self::Fetch),
            Some(Value::Str(text)) if text.as_str() == "auto" && modern => Ok(Self::Auto),
            Some(_) => Err(ARGUMENT_ERROR.error(if modern {
                "Valid strategies for session synchronization are 'auto', 'evaluate', 'fetch', \
                 False"
            } else {
                "Valid strategies for session synchronization are 'evaluate', 'fetch', False"
            })),
        }
    }
}

/// `dml_strategy=`: who runs the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// As it is, for its entity.
    Orm,
    /// Once per parameter set, each with the keys that it has.
    Bulk,
    /// As it is, without the ORM.
    Raw,
    /// One that there is not.
    Unknown,
}

impl Strategy {
    /// What `options` say; `many` is what decides otherwise.
    pub fn of(options: &ExecutionOptions, many: bool) -> Result<Self> {
        let given = options.get("dml_strategy").and_then(Value::as_str);
        Ok(match given {
            None | Some("auto") if many => Self::Bulk,
            None | Some("auto" | "orm") => Self::Orm,
            Some("bulk") if many => Self::Bulk,
            Some("bulk") => {
                return Err(INVALID_REQUEST_ERROR.error(
                    "Can't use \"bulk\" ORM insert strategy without passing separate parameters",
                ));
            }
            Some("raw" | "core_only") => Self::Raw,
            Some(_) => Self::Unknown,
        })
    }
}

/// Whether pending changes are flushed first.
pub fn flushes_first(options: &ExecutionOptions) -> bool {
    options.get("autoflush").is_none() || options.flag("autoflush")
}
