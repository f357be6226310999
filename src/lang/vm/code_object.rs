//! `function.__code__` and the cells of closures, as far as scripts look into them.

use std::rc::Rc;

use super::frame::CellVar;
use crate::lang::compile::{Code, CodeKind};
use crate::object::exceptions::VALUE_ERROR;
use crate::object::{Cx, Object, Result, TypeSpec, Value};

static CODE: TypeSpec = TypeSpec::new("builtins", "code");
static CELL: TypeSpec = TypeSpec::new("builtins", "cell");

const HAS_REST: i64 = 0x04;
const HAS_KEYWORD_REST: i64 = 0x08;
const GENERATOR: i64 = 0x20;

/// A code object.
pub(super) struct CodeObject(pub Rc<Code>);

fn number(value: usize) -> Value {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

impl Object for CodeObject {
    fn spec(&self) -> &'static TypeSpec {
        &CODE
    }
    fn repr(&self, _cx: &Cx) -> Result<Option<String>> {
        let address = Rc::as_ptr(&self.0) as usize;
        Ok(Some(format!(
            "<code object {} at {address:#x}, file \"<stdin>\", line 1>",
            self.0.name
        )))
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        let code = &self.0;
        let names = |names: &[crate::object::Str]| {
            Value::tuple(names.iter().cloned().map(Value::Str).collect())
        };
        Ok(Some(match name {
            "co_name" => code.name.clone().into(),
            "co_qualname" => code.qualname.clone().into(),
            "co_argcount" => number(code.params.positional),
            "co_posonlyargcount" => number(code.params.positional_only),
            "co_kwonlyargcount" => number(code.params.keyword_only),
            "co_nlocals" => number(code.locals.len()),
            "co_varnames" => names(&code.locals),
            "co_cellvars" => names(&code.cells[..code.own_cells.min(code.cells.len())]),
            "co_freevars" => names(&code.cells[code.own_cells.min(code.cells.len())..]),
            "co_names" => names(&code.names),
            "co_filename" => "<stdin>".into(),
            "co_firstlineno" => Value::Int(1),
            "co_flags" => {
                let mut flags = 0x03;
                if code.params.rest {
                    flags |= HAS_REST;
                }
                if code.params.keyword_rest {
                    flags |= HAS_KEYWORD_REST;
                }
                if code.kind == CodeKind::Generator {
                    flags |= GENERATOR;
                }
                Value::Int(flags)
            }
            _ => return Ok(None),
        }))
    }
}

/// A variable that a closure keeps.
pub(super) struct Cell(pub Rc<CellVar>);

impl Object for Cell {
    fn spec(&self) -> &'static TypeSpec {
        &CELL
    }
    fn get_attr(&self, _this: &Value, name: &str, _cx: &Cx) -> Result<Option<Value>> {
        if name != "cell_contents" {
            return Ok(None);
        }
        match &*self.0.0.borrow() {
            Some(value) => Ok(Some(value.clone())),
            None => Err(VALUE_ERROR.error("Cell is empty")),
        }
    }
}
