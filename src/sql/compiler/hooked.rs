//! Constructs that functions of scripts render: the compilation is lent to them and taken back.

use std::cell::RefCell;
use std::rc::Rc;

use super::{CompileOptions, CompilerState, Fragment, Kw, Mark, SQLCompiler};
use crate::engine::exc::{UNSUPPORTED_COMPILATION_ERROR, with_code};
use crate::object::exceptions::TYPE_ERROR;
use crate::object::{Args, Class, Cx, Object, Raised, Result, Str, Value, class_of};
use crate::sql::coercions::executable_of;
use crate::sql::dialects::Dialect;
use crate::sql::elements::{ColumnElement, CustomElement, CustomKind};
use crate::sql::executable::Executable;
use crate::sql::hooks::Dispatch;
use crate::sql::selectable::FromClause;
use crate::sql::types::SqlType;

/// What starts a mark in text that goes through a script's hands.
const MARK: char = '\u{F0000}';
const BIND: char = '\u{F0001}';
const POST_COMPILE: char = '\u{F0002}';

/// A compilation in the hands of a script's function.
pub struct CompilerHandle {
    dialect: Rc<Dialect>,
    state: RefCell<CompilerState>,
    /// Whether nothing encloses what is compiled, so that binds are written out at once.
    detached: bool,
}

impl CompilerHandle {
    /// A compiler of its own, such as DDL compilers have.
    pub fn detached(dialect: Rc<Dialect>, cx: &Cx) -> Self {
        let compiler = SQLCompiler::new(&dialect, CompileOptions::default(), cx);
        let state = RefCell::new(compiler.state);
        Self {
            dialect,
            state,
            detached: true,
        }
    }
    /// For which database.
    pub fn dialect(&self) -> &Rc<Dialect> {
        &self.dialect
    }
    /// Work with the compilation.
    fn with<R>(&self, cx: &Cx, work: impl FnOnce(&mut SQLCompiler<'_>) -> Result<R>) -> Result<R> {
        let mut compiler = SQLCompiler {
            dialect: &self.dialect,
            cx,
            state: self.state.take(),
        };
        let answer = work(&mut compiler);
        self.state.replace(compiler.state);
        answer
    }
    /// `compiler.process(value, **kw)`; `plain`: not by the function registered for it.
    pub fn process(
        &self,
        value: &Value,
        keywords: &[(Str, Value)],
        plain: bool,
        cx: &Cx,
    ) -> Result<String> {
        if let Some(type_) = value.downcast::<SqlType>() {
            return if plain {
                type_.plain_ddl(&self.dialect, cx)
            } else {
                type_.ddl(&self.dialect, cx)
            };
        }
        self.with(cx, |compiler| {
            let kw = from_keywords(keywords, compiler.start(), cx)?;
            compiler.skip_hook = plain;
            let mut out = Fragment::default();
            compiler.value(value, kw, &mut out)?;
            compiler.skip_hook = false;
            Ok(self.text_of(compiler, &out))
        })
    }
    /// `compiler.function_argspec(element, **kw)`.
    pub fn argspec(&self, value: &Value, keywords: &[(Str, Value)], cx: &Cx) -> Result<String> {
        self.with(cx, |compiler| {
            let kw = from_keywords(keywords, compiler.start(), cx)?;
            let clauses = match value.downcast::<ColumnElement>().map(ColumnElement::plain) {
                Some(ColumnElement::Function(function)) => function.args.clone(),
                Some(ColumnElement::Custom(custom)) => custom.clauses.clone(),
                _ => Vec::new(),
            };
            let mut out = Fragment::default();
            out.push("(");
            compiler.list(&clauses, ", ", kw, &mut out)?;
            out.push(")");
            Ok(self.text_of(compiler, &out))
        })
    }
    fn text_of(&self, compiler: &SQLCompiler<'_>, out: &Fragment) -> String {
        if self.detached {
            return compiler.written_out(out);
        }
        encode(out)
    }
}

fn encode(fragment: &Fragment) -> String {
    let mut text = String::with_capacity(fragment.text.len());
    let mut done = 0;
    for (at, mark) in &fragment.marks {
        text.push_str(&fragment.text[done..*at]);
        done = *at;
        let (number, end) = match mark {
            Mark::Bind(number) => (number, BIND),
            Mark::PostCompile(number) => (number, POST_COMPILE),
        };
        text.push(MARK);
        text.push_str(&number.to_string());
        text.push(end);
    }
    text.push_str(&fragment.text[done..]);
    text
}

fn decode(text: &str, out: &mut Fragment) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push(before);
        let end = after.find([BIND, POST_COMPILE]);
        let number = end.and_then(|end| after[..end].parse().ok());
        let (Some(end), Some(number)) = (end, number) else {
            rest = after;
            continue;
        };
        let kind = after[end..].chars().next();
        out.mark(if kind == Some(BIND) {
            Mark::Bind(number)
        } else {
            Mark::PostCompile(number)
        });
        rest = &after[end + BIND.len_utf8()..];
    }
    out.push(rest);
}

/// How an element is being rendered, as keywords of the function.
fn to_keywords(kw: Kw) -> Vec<(Str, Value)> {
    let flags = [
        ("asfrom", kw.asfrom, false),
        ("literal_binds", kw.literal_binds, false),
        ("literal_execute", kw.literal_execute, false),
        ("within_columns_clause", kw.within_columns, false),
        ("within_label_clause", kw.within_label, false),
        ("include_table", kw.include_table, true),
        ("use_schema", kw.use_schema, true),
        ("lateral", kw.lateral, false),
    ];
    flags
        .into_iter()
        .filter(|(_, flag, default)| flag != default)
        .map(|(name, flag, _)| (Str::new(name), Value::Bool(flag)))
        .collect()
}

fn from_keywords(keywords: &[(Str, Value)], mut kw: Kw, cx: &Cx) -> Result<Kw> {
    for (name, value) in keywords {
        let slot = match name.as_str() {
            "asfrom" => &mut kw.asfrom,
            "literal_binds" => &mut kw.literal_binds,
            "literal_execute" => &mut kw.literal_execute,
            "within_columns_clause" => &mut kw.within_columns,
            "within_label_clause" => &mut kw.within_label,
            "include_table" => &mut kw.include_table,
            "use_schema" => &mut kw.use_schema,
            "lateral" => &mut kw.lateral,
            _ => continue,
        };
        *slot = cx.truthy(value)?;
    }
    Ok(kw)
}

impl SQLCompiler<'_> {
    /// Let the function registered for `class` render `value`; whether there was one.
    pub(super) fn hooked(
        &mut self,
        class: &Rc<Class>,
        value: impl FnOnce() -> Value,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        let Some(hooks) = self.hooks.clone() else {
            return Ok(false);
        };
        if std::mem::take(&mut self.skip_hook) {
            return Ok(false);
        }
        let function = match hooks.dispatch(class, self.dialect) {
            Dispatch::Plain => return Ok(false),
            Dispatch::Function(function) => function,
            Dispatch::Missing => return Err(self.unsupported_class(class, true)),
        };
        let _depth = self.cx.enter()?;
        let handle = Rc::new(CompilerHandle {
            dialect: Rc::new(self.dialect.clone()),
            state: RefCell::new(std::mem::take(&mut self.state)),
            detached: false,
        });
        let args = Args {
            pos: [value(), Value::object(handle.clone())]
                .into_iter()
                .collect(),
            kw: to_keywords(kw),
        };
        let answer = self.cx.call(&function, args);
        self.state = handle.state.take();
        match answer? {
            Value::Str(text) => decode(&text, out),
            Value::None => {}
            other => {
                return Err(TYPE_ERROR.error(format!(
                    "sequence item 0: expected str instance, {} found",
                    class_of(&other, self.cx).name()
                )));
            }
        }
        Ok(true)
    }

    /// Let the function registered for the class of an element render it.
    pub(super) fn hooked_element(
        &mut self,
        element: &ColumnElement,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        let plain = element.plain();
        if let ColumnElement::Custom(custom) = plain {
            let instance = custom.instance.clone();
            return self.hooked(
                custom.instance.class(),
                || Value::Instance(instance),
                kw,
                out,
            );
        }
        let class = Object::class(plain);
        self.hooked(&class, || Value::object(element.clone()), kw, out)
    }

    /// Let the function registered for the class of a statement render it.
    pub(super) fn hooked_statement(
        &mut self,
        statement: &Executable,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<bool> {
        let value = match statement {
            Executable::Select(select) => Value::object(select.clone()),
            Executable::Compound(compound) => Value::object(compound.clone()),
            Executable::TextualSelect(textual) => Value::object(textual.clone()),
            Executable::Insert(insert) => Value::object(insert.clone()),
            Executable::Update(update) => Value::object(update.clone()),
            Executable::Delete(delete) => Value::object(delete.clone()),
            Executable::Text(text) => Value::object(ColumnElement::Text(text.clone())),
            // Rendered as elements.
            Executable::Function(_) | Executable::Custom(_) => return Ok(false),
        };
        let class = class_of(&value, self.cx);
        self.hooked(&class, || value, kw, out)
    }

    /// An element of a class that a script defined, for which no function is registered.
    pub(super) fn custom(
        &mut self,
        node: &Rc<CustomElement>,
        kw: Kw,
        out: &mut Fragment,
    ) -> Result<()> {
        match (node.kind, node.name()) {
            (CustomKind::Function, Some(name)) => {
                self.function_name(&name, out);
                out.push("(");
                let inner = Kw {
                    in_operator: false,
                    ..kw
                };
                self.list(&node.clauses, ", ", inner, out)?;
                out.push(")");
                Ok(())
            }
            (CustomKind::Column, Some(name)) => {
                let quoted = self.dialect.quote(&name).into_owned();
                out.push(&quoted);
                Ok(())
            }
            _ => Err(self.unsupported_class(node.instance.class(), false)),
        }
    }

    /// The error for an element of a class that nothing renders.
    pub(super) fn unsupported_class(&self, class: &Rc<Class>, registered: bool) -> Raised {
        let shown = format!("<class '{}'>", class.full_name());
        let address = std::ptr::from_ref(self) as usize;
        let why = if registered {
            format!(": {shown} construct has no default compilation handler.")
        } else {
            String::new()
        };
        let message = format!(
            "Compiler <sqlalchemy.{} object at {address:#014x}> can't render element of type \
             {shown}{why}",
            self.compiler_class()
        );
        with_code(UNSUPPORTED_COMPILATION_ERROR.error(message), "l7de")
    }

    /// Render whatever `value` is.
    pub(super) fn value(&mut self, value: &Value, kw: Kw, out: &mut Fragment) -> Result<()> {
        if let Some(element) = value.downcast::<ColumnElement>() {
            return self.element(element, kw, out);
        }
        if let Some(from) = value.downcast::<FromClause>() {
            // Outside of a FROM list a table has no text.
            let table = matches!(
                from.plain(),
                FromClause::Table(_) | FromClause::TableClause(_)
            );
            if table && !kw.asfrom {
                return Ok(());
            }
            return self.from(from, kw, out);
        }
        let Some(statement) = executable_of(value) else {
            let class = class_of(value, self.cx);
            return Err(self.unsupported_class(&class, false));
        };
        match statement {
            Executable::Text(text) => self.text(&text, kw, out),
            other => self.executable(&other, kw, out),
        }
    }

    /// A fragment with its binds written as the parameter style has them.
    fn written_out(&self, fragment: &Fragment) -> String {
        let compiled = super::Compiled::new(
            fragment.clone(),
            self.binds.clone(),
            self.result.clone(),
            self.dialect.paramstyle,
        );
        compiled.sql().to_string()
    }
}
