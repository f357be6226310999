//! Names that are no plain locals or globals: cells, class bodies, deletions.

use std::rc::Rc;

use super::frame::Frame;
use super::names;
use super::runtime::Runtime;
use crate::lang::library;
use crate::object::{Cx, Dict, Result, Str, Value};

pub(super) fn delete_local(frame: &mut Frame, at: usize) -> Result<()> {
    frame.local(at)?;
    frame.slots[at] = Value::Undefined;
    Ok(())
}

pub(super) fn delete_global(rt: &Runtime, at: usize) -> Result<()> {
    let held = rt.globals.set(at, Value::Undefined);
    if held.is_undefined() {
        return Err(names::undefined(&rt.globals.name(at), &rt.globals));
    }
    Ok(())
}

pub(super) fn store_cell(frame: &mut Frame, at: usize) {
    let value = frame.pop();
    if let Some(cell) = frame.cells.get(at) {
        let before = cell.0.replace(Some(value));
        drop(before);
    }
}

pub(super) fn delete_cell(frame: &mut Frame, at: usize) -> Result<()> {
    frame.cell(at)?;
    if let Some(cell) = frame.cells.get(at) {
        let before = cell.0.replace(None);
        drop(before);
    }
    Ok(())
}

fn in_namespace(frame: &Frame, name: &str) -> Option<Value> {
    frame.namespace.as_ref()?.borrow().get(name).cloned()
}

/// A name in a class body: its namespace, the globals, the built-ins.
pub(super) fn load_name(frame: &mut Frame, at: usize, rt: &Runtime, cx: &Cx) -> Result<()> {
    let name = frame.code.names[at].clone();
    let value = if let Some(value) = in_namespace(frame, &name) {
        value
    } else {
        let global = library::global_name(frame.code.source, name);
        rt.globals.load(rt.globals.slot(&global) as usize, cx)?
    };
    frame.push(value);
    Ok(())
}

/// A name in a class body that an enclosing function has too.
pub(super) fn load_class_cell(frame: &mut Frame, cell: usize, name: usize) -> Result<()> {
    let name = frame.code.names[name].clone();
    let value = match in_namespace(frame, &name) {
        Some(value) => value,
        None => frame.cell(cell)?,
    };
    frame.push(value);
    Ok(())
}

pub(super) fn store_name(frame: &mut Frame, at: usize, rt: &Runtime) {
    let value = frame.pop();
    let name = frame.code.names[at].clone();
    let before = if let Some(namespace) = &frame.namespace {
        namespace.borrow_mut().insert(name, value)
    } else {
        let slot = rt.globals.slot(&name) as usize;
        Some(rt.globals.set(slot, value))
    };
    drop(before);
}

pub(super) fn delete_name(frame: &mut Frame, at: usize, rt: &Runtime) -> Result<()> {
    let name = frame.code.names[at].clone();
    let before = if let Some(namespace) = &frame.namespace {
        namespace.borrow_mut().shift_remove(&name)
    } else {
        let slot = rt.globals.slot(&name) as usize;
        Some(rt.globals.set(slot, Value::Undefined)).filter(|held| !held.is_undefined())
    };
    match before {
        Some(_) => Ok(()),
        None => Err(names::undefined(&name, &rt.globals)),
    }
}

/// The `__annotations__` of a class body, or of the session.
pub(super) fn annotations(frame: &Frame, rt: &Runtime) -> Rc<Dict> {
    const NAME: &str = "__annotations__";
    let known = match &frame.namespace {
        Some(namespace) => namespace.borrow().get(NAME).cloned(),
        None => rt.globals.get_name(NAME),
    };
    if let Some(Value::Dict(dict)) = known {
        return dict;
    }
    let dict: Rc<Dict> = Rc::default();
    let value = Value::Dict(dict.clone());
    match &frame.namespace {
        Some(namespace) => drop(namespace.borrow_mut().insert(Str::new(NAME), value)),
        None => drop(rt.globals.set(rt.globals.slot(NAME) as usize, value)),
    }
    dict
}
