//! The `class` statement.

use std::cell::RefCell;
use std::rc::Rc;

use super::calls::{captured, keyword_arguments};
use super::frame::Frame;
use super::metaclass;
use super::run::run;
use super::runtime::Runtime;
use crate::lang::compile::Code;
use crate::lang::library;
use crate::object::exceptions::TYPE_ERROR;
use crate::object::types::OBJECT;
use crate::object::{Class, Cx, Namespace, Raised, Result, Str, Value, bind, class_of, find_attr};

/// Build the class of the bases and keywords on the stack.
pub(super) fn build(
    frame: &mut Frame,
    code: &Rc<Code>,
    rt: &Rc<Runtime>,
    cx: &Cx,
) -> Result<Value> {
    let keywords = keyword_arguments(&frame.pop())?;
    let bases = match frame.pop() {
        Value::Tuple(bases) => bases.to_vec(),
        _ => Vec::new(),
    };
    let classes = resolve_bases(&bases, cx)?;
    let module = library::module_of(code.source);
    let metaclass = metaclass::of(&classes, &keywords)?;
    let namespace: Rc<RefCell<Namespace>> = Rc::default();
    if let Some(metaclass) = &metaclass {
        let prepared = metaclass::prepare(metaclass, &code.name, &bases, &keywords, cx)?;
        namespace.borrow_mut().extend(prepared);
    }
    namespace
        .borrow_mut()
        .insert(Str::new("__module__"), module.into());
    if let Some(doc) = &code.doc {
        namespace
            .borrow_mut()
            .insert(Str::new("__doc__"), doc.clone().into());
    }
    let cells = captured(frame, code);
    let mut body = Frame::new(code, rt.take_buffer(), &cells);
    body.namespace = Some(namespace.clone());
    let depth = cx.enter()?;
    let flow = run(&mut body, rt, cx);
    drop(depth);
    let own_cell = (code.own_cells > 0)
        .then(|| body.cells.first().cloned())
        .flatten();
    rt.give_buffer(std::mem::take(&mut body.slots));
    drop(body);
    flow?;
    if let Some(metaclass) = metaclass {
        namespace
            .borrow_mut()
            .insert(Str::new("__qualname__"), code.qualname.clone().into());
        let entries = namespace.take();
        let made = metaclass::call(&metaclass, &code.name, &bases, entries, keywords, cx)?;
        if let Some(cell) = own_cell {
            *cell.0.borrow_mut() = Some(made.clone());
        }
        return Ok(made);
    }
    let class = Class::new(code.name.clone(), Str::new(module), classes)?;
    class.set_qualname(code.qualname.clone());
    if let Some(cell) = own_cell {
        *cell.0.borrow_mut() = Some(Value::Class(class.clone()));
    }
    let entries = namespace.take();
    finish(&class, entries, &bases, keywords, rt, cx)?;
    Ok(Value::Class(class))
}

/// Fill a new class with the names of its body, and tell everybody.
fn finish(
    class: &Rc<Class>,
    entries: Namespace,
    bases: &[Value],
    keywords: Vec<(Str, Value)>,
    rt: &Runtime,
    cx: &Cx,
) -> Result<()> {
    let (metaclass, keywords): (Vec<_>, Vec<_>) = keywords
        .into_iter()
        .partition(|(name, _)| name == "metaclass");
    for (name, value) in &entries {
        class.set(name.clone(), value.clone());
    }
    if bases.iter().any(|base| !matches!(base, Value::Class(_))) {
        class.set("__orig_bases__", Value::tuple(bases.to_vec()));
    }
    for (name, value) in &entries {
        set_name(value, class, name, cx)?;
    }
    drop(entries);
    init_subclass(class, &keywords, &metaclass, rt, cx)
}

/// The classes that the bases of a `class` statement stand for.
fn resolve_bases(bases: &[Value], cx: &Cx) -> Result<Vec<Rc<Class>>> {
    let mut classes: Vec<Rc<Class>> = Vec::with_capacity(bases.len());
    for base in bases {
        if let Value::Class(class) = base {
            classes.push(class.clone());
        } else {
            let Some(entries) = find_attr(base, "__mro_entries__", cx)? else {
                return Err(TYPE_ERROR.error(format!(
                    "ormsh can't derive a class from a '{}' object",
                    class_of(base, cx).name()
                )));
            };
            let answer = cx.call(&entries, [Value::tuple(bases.to_vec())])?;
            for entry in cx.collect(&answer)? {
                let Value::Class(class) = entry else {
                    return Err(TYPE_ERROR.error("__mro_entries__ must return a tuple"));
                };
                if !classes.iter().any(|known| Rc::ptr_eq(known, &class)) {
                    classes.push(class);
                }
            }
        }
    }
    for (at, class) in classes.iter().enumerate() {
        if classes[..at].iter().any(|known| Rc::ptr_eq(known, class)) {
            return Err(TYPE_ERROR.error(format!("duplicate base class {}", class.name())));
        }
    }
    if classes.is_empty() {
        classes.push(OBJECT.class());
    }
    Ok(classes)
}

fn set_name(value: &Value, class: &Rc<Class>, name: &Str, cx: &Cx) -> Result<()> {
    match value {
        Value::Object(object) => object.set_name(class, name, cx),
        Value::Instance(instance) => {
            let Some(hook) = instance.class().lookup("__set_name__") else {
                return Ok(());
            };
            let hook = bind(&hook, Some(value), instance.class(), cx)?;
            let args = [Value::Class(class.clone()), Value::Str(name.clone())];
            cx.call(&hook, args).map(drop)
        }
        _ => Ok(()),
    }
}

/// Call the `__init_subclass__` of a script's base, and tell the native bases.
fn init_subclass(
    class: &Rc<Class>,
    keywords: &[(Str, Value)],
    metaclass: &[(Str, Value)],
    rt: &Runtime,
    cx: &Cx,
) -> Result<()> {
    let script = class.ancestors().iter().find_map(|ancestor| {
        ancestor
            .own("__init_subclass__")
            .filter(|_| ancestor.spec().is_none())
    });
    if let Some(found) = script {
        let this = Value::Class(class.clone());
        // It is a class method even without the decorator.
        let hook = match found.downcast::<super::descriptors::ClassMethod>() {
            Some(method) => method.function().clone(),
            None => found,
        };
        // What an earlier class left here is no longer meant for anyone.
        drop(rt.class_keywords.take());
        let mut args = crate::object::Args::positional([this]);
        args.kw = keywords.to_vec();
        cx.call(&hook, args)?;
        let mut passed = rt.class_keywords.take();
        passed.extend(metaclass.iter().cloned());
        return class.announce(&passed, cx);
    }
    let all: Vec<(Str, Value)> = keywords.iter().chain(metaclass).cloned().collect();
    if !keywords.is_empty() && !hears_of_subclasses(class) {
        return Err(takes_no_keywords(class));
    }
    class.announce(&all, cx)
}

/// The TypeError for keywords of a `class` statement that nobody takes.
pub(super) fn takes_no_keywords(class: &Class) -> Raised {
    TYPE_ERROR.error(format!(
        "{}.__init_subclass__() takes no keyword arguments",
        class.name()
    ))
}

/// Whether a native base, or the mapper, takes the keywords of a `class` statement.
pub(super) fn hears_of_subclasses(class: &Class) -> bool {
    class.ancestors().iter().any(|ancestor| {
        ancestor.own_extension().is_some()
            || ancestor
                .spec()
                .is_some_and(|spec| !std::ptr::eq(spec, &raw const OBJECT))
    })
}
