//! Arguments to the parameters of a script's function, with CPython's TypeErrors.

use std::rc::Rc;

use super::function::Function;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Dict, Parameter, ParameterKind, Raised, Result, Signature, Str, Value};

/// Turn the `given` positional arguments that `slots` holds, and the keywords, into the values
/// of the parameters, in `slots`.
pub(super) fn bind(
    function: &Function,
    slots: &mut Vec<Value>,
    given: usize,
    keywords: Vec<(Str, Value)>,
) -> Result<()> {
    let params = &function.code.params;
    let plain = params.keyword_only == 0 && !params.rest && !params.keyword_rest;
    if plain && keywords.is_empty() {
        if given == params.positional {
            return Ok(());
        }
        let defaults = function.defaults.borrow();
        let required = params.positional.saturating_sub(defaults.len());
        if given < params.positional && given >= required {
            slots.extend(defaults[given - required..].iter().cloned());
            return Ok(());
        }
    }
    bind_all(function, slots, given, keywords)
}

fn bind_all(
    function: &Function,
    slots: &mut Vec<Value>,
    given: usize,
    keywords: Vec<(Str, Value)>,
) -> Result<()> {
    let params = &function.code.params;
    let names = &function.code.locals;
    let extra = if given > params.positional {
        slots.split_off(params.positional)
    } else {
        Vec::new()
    };
    let named = params.positional + params.keyword_only;
    slots.resize(named, Value::Undefined);
    let mut rest_keywords: Vec<(Str, Value)> = Vec::new();
    let mut misplaced: Vec<Str> = Vec::new();
    for (name, value) in keywords {
        let found = names[params.positional_only..named]
            .iter()
            .position(|known| *known == name)
            .map(|at| at + params.positional_only);
        match found {
            Some(at) if slots[at].is_undefined() => slots[at] = value,
            Some(_) => {
                return Err(TYPE_ERROR.error(format!(
                    "{}() got multiple values for argument '{name}'",
                    function.qualname()
                )));
            }
            None if params.keyword_rest => rest_keywords.push((name, value)),
            None if names[..params.positional_only].contains(&name) => misplaced.push(name),
            None => {
                let raised = TYPE_ERROR.error(format!(
                    "{}() got an unexpected keyword argument '{name}'",
                    function.qualname()
                ));
                let known = names[params.positional_only..named].iter();
                return Err(raised.misspelt(&name, known.map(Str::as_str)));
            }
        }
    }
    if !misplaced.is_empty() {
        let names: Vec<&str> = misplaced.iter().map(Str::as_str).collect();
        return Err(TYPE_ERROR.error(format!(
            "{}() got some positional-only arguments passed as keyword arguments: '{}'",
            function.qualname(),
            names.join(", ")
        )));
    }
    if !extra.is_empty() && !params.rest {
        return Err(too_many(function, slots, given));
    }
    fill_defaults(function, slots)?;
    if params.rest {
        slots.push(Value::tuple(extra));
    }
    if params.keyword_rest {
        slots.push(Value::Dict(Rc::new(Dict::from_pairs(rest_keywords))));
    }
    Ok(())
}

fn fill_defaults(function: &Function, slots: &mut [Value]) -> Result<()> {
    let params = &function.code.params;
    let names = &function.code.locals;
    let defaults = function.defaults.borrow();
    let required = params.positional.saturating_sub(defaults.len());
    let mut missing: Vec<&str> = Vec::new();
    for (at, slot) in slots.iter_mut().take(params.positional).enumerate() {
        if slot.is_undefined() {
            match at.checked_sub(required).and_then(|at| defaults.get(at)) {
                Some(default) => *slot = default.clone(),
                None => missing.push(&names[at]),
            }
        }
    }
    if !missing.is_empty() {
        return Err(signature(function).missing(&missing, "positional"));
    }
    let keyword_defaults = function.keyword_defaults.borrow();
    for (at, slot) in slots.iter_mut().enumerate().skip(params.positional) {
        if slot.is_undefined() {
            let default = keyword_defaults
                .as_ref()
                .and_then(|defaults| defaults.get_str(&names[at]));
            match default {
                Some(default) => *slot = default,
                None => missing.push(&names[at]),
            }
        }
    }
    if !missing.is_empty() {
        return Err(signature(function).missing(&missing, "keyword-only"));
    }
    Ok(())
}

fn too_many(function: &Function, slots: &[Value], given: usize) -> Raised {
    let params = &function.code.params;
    let names = &function.code.locals;
    let keyword_only: Vec<(Str, Value)> = (params.positional..slots.len())
        .filter(|at| !slots[*at].is_undefined())
        .map(|at| (names[at].clone(), Value::None))
        .collect();
    signature(function).too_many(given, &keyword_only)
}

/// The signature, for the words of errors.
pub(super) fn signature(function: &Function) -> Signature {
    let params = &function.code.params;
    let required = params
        .positional
        .saturating_sub(function.defaults.borrow().len());
    let parameters = function.code.locals[..params.count()]
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let kind = if at < params.positional_only {
                ParameterKind::PositionalOnly
            } else if at < params.positional {
                ParameterKind::PositionalOrKeyword
            } else if at < params.positional + params.keyword_only {
                ParameterKind::KeywordOnly
            } else if params.rest && at == params.positional + params.keyword_only {
                ParameterKind::VarPositional
            } else {
                ParameterKind::VarKeyword
            };
            Parameter {
                name: name.clone(),
                kind,
                has_default: at >= required && at < params.positional,
                default_text: None,
            }
        })
        .collect();
    Signature::new(function.qualname().to_string(), false, parameters)
}
