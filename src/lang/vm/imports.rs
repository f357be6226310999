//! Imports from the tables of modules.

use super::runtime::{Runtime, runtime};
use crate::lang::{library, modules, native, unsupported};
use crate::object::exceptions::{IMPORT_ERROR, MODULE_NOT_FOUND_ERROR};
use crate::object::{Cx, Module, ModuleSpec, Raised, Result, Value};

fn find(name: &str) -> Option<&'static ModuleSpec> {
    native::MODULES
        .iter()
        .chain(modules::MODULES)
        .chain(library::MODULES)
        .find(|spec| spec.name == name)
        .copied()
}

/// The names of all modules.
pub(in crate::lang) fn module_names() -> impl Iterator<Item = &'static str> {
    native::MODULES
        .iter()
        .chain(modules::MODULES)
        .chain(library::MODULES)
        .map(|spec| spec.name)
}

/// The module called `name`; one a session.
pub(super) fn module(name: &str, rt: &Runtime) -> Option<Value> {
    if let Some(known) = rt.modules.borrow().get(name) {
        return Some(known.clone());
    }
    let made = Value::object(match find(name) {
        Some(spec) => Module::new(spec),
        None => inner_module(name, rt)?,
    });
    let spec = made.downcast::<Module>()?.description();
    rt.modules.borrow_mut().insert(spec.name, made.clone());
    Some(made)
}

/// A module of SQLAlchemy whose names public modules have: it forwards to them.
fn inner_module(name: &str, rt: &Runtime) -> Option<Module> {
    if unsupported::refuses_module(name) {
        return None;
    }
    let names = unsupported::names_of_module(name)?;
    let forwards: Vec<(&'static str, Value)> = names
        .iter()
        .filter_map(|known| Some((known.text, module(known.provider.as_deref()?, rt)?)))
        .collect();
    if forwards.is_empty() {
        return None;
    }
    // One a session for each inner module that a script imports.
    let spec = Box::leak(Box::new(ModuleSpec {
        name: Box::leak(name.to_owned().into_boxed_str()),
        names: &[],
        unsupported: &[],
        dynamic: None,
    }));
    Some(Module::new(spec).forwarding(forwards))
}

fn not_found(name: &str) -> Raised {
    if let Some(refusal) = unsupported::module_refusal(name) {
        return MODULE_NOT_FOUND_ERROR.error(refusal).with("name", name);
    }
    let mut parents = name.match_indices('.').map(|(at, _)| &name[..at]);
    if let Some(missing) = parents.find(|parent| find(parent).is_none()) {
        return MODULE_NOT_FOUND_ERROR
            .error(format!("No module named '{missing}'"))
            .with("name", missing)
            .misspelt(missing, module_names());
    }
    let parent = name.rsplit_once('.').map(|(parent, _)| parent);
    let is_package = parent.is_some_and(|parent| {
        module_names().any(|known| {
            known
                .strip_prefix(parent)
                .is_some_and(|rest| rest.starts_with('.'))
        })
    });
    let message = match parent {
        Some(parent) if !is_package => {
            format!("No module named '{name}'; '{parent}' is not a package")
        }
        _ => format!("No module named '{name}'"),
    };
    MODULE_NOT_FOUND_ERROR
        .error(message)
        .with("name", name)
        .misspelt(name, module_names())
}

/// `import name`; with `top` the value is the first part's module.
pub(super) fn import(name: &str, top: bool, rt: &Runtime, cx: &Cx) -> Result<Value> {
    let found = module(name, rt).ok_or_else(|| not_found(name))?;
    let mut child = found.clone();
    let mut path = name;
    while let Some((parent, last)) = path.rsplit_once('.') {
        let Some(above) = module(parent, rt) else {
            break;
        };
        // Importing a submodule makes it an attribute of its package.
        cx.set_attr(&above, last, child)?;
        child = above;
        path = parent;
    }
    Ok(if top { child } else { found })
}

/// `from module import name`.
pub(super) fn import_from(from: &Value, name: &str, rt: &Runtime, cx: &Cx) -> Result<Value> {
    let Some(module) = from.downcast::<Module>() else {
        return cx.get_attr(from, name);
    };
    if let Some(value) = module.get(name, cx) {
        return Ok(value);
    }
    let spec = module.description();
    let path = format!("{}.{name}", spec.name);
    if self::module(&path, rt).is_some() {
        return import(&path, false, rt, cx);
    }
    let message = module
        .refusal(name, cx)
        .or_else(|| unsupported::module_refusal(&path))
        .unwrap_or_else(|| {
            format!(
                "cannot import name '{name}' from '{}' (unknown location)",
                spec.name
            )
        });
    Err(IMPORT_ERROR
        .error(message)
        .with("name", spec.name)
        .misspelt(name, module.names()))
}

/// `from module import *`.
pub(super) fn import_star(from: &Value, rt: &Runtime, cx: &Cx) {
    let Some(module) = from.downcast::<Module>() else {
        return;
    };
    for name in module.names() {
        if name.starts_with('_') {
            continue;
        }
        if let Some(value) = module.get(name, cx) {
            let slot = rt.globals.slot(name) as usize;
            drop(rt.globals.set(slot, value));
        }
    }
    let own = module.description().name;
    for name in native::star_submodules(own, cx) {
        if let Some(value) = self::module(&format!("{own}.{name}"), rt) {
            let slot = rt.globals.slot(name) as usize;
            drop(rt.globals.set(slot, value));
        }
    }
}

/// What a script assigned to `sys.stdout`.
pub(in crate::lang) fn replaced_stdout(cx: &Cx) -> Option<Value> {
    let known = runtime(cx).modules.borrow().get("sys")?.clone();
    known.downcast::<Module>()?.replaced("stdout")
}
