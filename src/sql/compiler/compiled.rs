//! A compiled statement, and what becomes of it with the values of an execution.

use std::borrow::Cow;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::dml_info::DmlInfo;
use super::fragment::{Fragment, Mark};
use crate::engine::exc::{INVALID_REQUEST_ERROR, with_code};
use crate::object::{Cx, Result, Str, Value};
use crate::sql::dialects::{Dialect, ParamStyle};
use crate::sql::elements::{BindParameter, ColumnElement};
use crate::sql::types::SqlType;

/// A bind of a compiled statement.
#[derive(Clone)]
pub struct CompiledBind {
    /// Its name in the statement.
    pub name: Str,
    /// The bind.
    pub bind: Rc<BindParameter>,
    /// Whether its value goes into the text.
    pub literal_execute: bool,
    /// Whether the compiler made it up, the same for every statement of this structure.
    pub constant: bool,
    /// What stands around each item of a list.
    pub around: Option<(String, String)>,
}

/// A column of the result.
#[derive(Clone)]
pub struct ResultColumn {
    /// The name that is rendered, which is its key in rows; empty for text.
    pub keyname: Str,
    /// The elements that find it in a row.
    pub objects: Vec<ColumnElement>,
    /// Further names that find it.
    pub names: Vec<Str>,
    /// Its type.
    pub type_: SqlType,
}

/// What is known of the result of a statement.
#[derive(Clone)]
pub struct ResultShape {
    /// Its columns.
    pub columns: Vec<ResultColumn>,
    /// Whether they are those of the cursor, one by one.
    pub ordered: bool,
    /// Whether a textual statement lists them one by one.
    pub textual_ordered: bool,
    /// Whether names of the cursor match loosely.
    pub loose_names: bool,
}

impl Default for ResultShape {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            ordered: true,
            textual_ordered: false,
            loose_names: false,
        }
    }
}

/// A compiled statement.
pub struct Compiled {
    text: Fragment,
    /// The binds, by number.
    pub binds: Vec<CompiledBind>,
    /// The result.
    pub result: ResultShape,
    /// What the plugin of the outermost SELECT wants to find again.
    pub plan: Option<Rc<dyn std::any::Any>>,
    paramstyle: ParamStyle,
    sql: Str,
    dml: Option<DmlInfo>,
}

/// A statement ready for the driver.
pub struct BoundStatement<'a> {
    /// Its text.
    pub sql: Cow<'a, str>,
    /// The parameters in the order of the text, one per place; for named styles each name once.
    pub parameters: Vec<BoundParameter>,
}

/// A parameter of an execution.
#[derive(Clone)]
pub struct BoundParameter {
    /// Its name.
    pub name: Str,
    /// Its value, not yet processed by its type.
    pub value: Value,
    /// Its type.
    pub type_: SqlType,
}

impl Compiled {
    pub(super) fn new(
        text: Fragment,
        binds: Vec<CompiledBind>,
        result: ResultShape,
        paramstyle: ParamStyle,
    ) -> Self {
        let mut compiled = Self {
            sql: Str::new(""),
            plan: None,
            text,
            binds,
            result,
            paramstyle,
            dml: None,
        };
        compiled.sql = Str::from(compiled.render_plain());
        compiled
    }

    pub(super) fn set_dml(&mut self, dml: Option<DmlInfo>) {
        self.dml = dml;
    }
    /// What was found out about an INSERT, UPDATE or DELETE.
    pub fn dml(&self) -> Option<&DmlInfo> {
        self.dml.as_ref()
    }
    /// The binds in the order of the text, each place of it.
    pub fn places(&self) -> Vec<u32> {
        let marks = self.text.marks.iter();
        marks
            .map(|(_, mark)| match mark {
                Mark::Bind(number) | Mark::PostCompile(number) => *number,
            })
            .collect()
    }
    /// The text of an INSERT with its row of VALUES `count` times.
    pub fn with_rows(&self, count: usize) -> String {
        let Some((start, end)) = self.dml.as_ref().and_then(|dml| dml.row_span) else {
            return self.sql.to_string();
        };
        let mut text = self.text.clone();
        let mut tail = text.split_off(end);
        let row = text.split_off(start);
        for at in 0..count {
            if at > 0 {
                text.push(", ");
            }
            text.append(&row);
        }
        text.append(&std::mem::take(&mut tail));
        self.render(&text)
    }

    /// The text, lists not expanded.
    pub fn sql(&self) -> &Str {
        &self.sql
    }

    /// Whether the text depends on the values: lists, literals.
    pub fn is_post_compiled(&self) -> bool {
        self.text
            .marks
            .iter()
            .any(|(_, mark)| matches!(mark, Mark::PostCompile(_)))
    }

    fn placeholder(&self, name: &str, position: usize, out: &mut String) {
        match self.paramstyle {
            ParamStyle::Qmark => out.push('?'),
            ParamStyle::Format => out.push_str("%s"),
            ParamStyle::Named => {
                out.push(':');
                out.push_str(name);
            }
            ParamStyle::Pyformat => {
                out.push_str("%(");
                out.push_str(name);
                out.push_str(")s");
            }
            ParamStyle::Numeric => {
                out.push(':');
                out.push_str(&position.to_string());
            }
            ParamStyle::NumericDollar => {
                out.push('$');
                out.push_str(&position.to_string());
            }
        }
    }

    fn render_plain(&self) -> String {
        self.render(&self.text)
    }

    fn render(&self, text: &Fragment) -> String {
        let mut out = String::with_capacity(text.text.len() + text.marks.len() * 4);
        let mut done = 0;
        let mut numbers: Vec<u32> = Vec::new();
        for (at, mark) in &text.marks {
            out.push_str(&text.text[done..*at]);
            done = *at;
            match mark {
                Mark::Bind(number) => {
                    let position = position_of(&mut numbers, *number);
                    self.placeholder(&self.binds[*number as usize].name, position, &mut out);
                }
                Mark::PostCompile(number) => {
                    let bind = &self.binds[*number as usize];
                    out.push_str("__[POSTCOMPILE_");
                    out.push_str(&bind.name);
                    if let Some((before, after)) = &bind.around {
                        out.push_str(&format!("~~{before}~~REPL~~{after}~~"));
                    }
                    out.push(']');
                }
            }
        }
        out.push_str(&text.text[done..]);
        out
    }

    /// The names of the binds in the order of the text, as `positiontup`.
    pub fn positions(&self) -> Vec<Str> {
        self.text
            .marks
            .iter()
            .map(|(_, mark)| match mark {
                Mark::Bind(number) | Mark::PostCompile(number) => {
                    self.binds[*number as usize].name.clone()
                }
            })
            .collect()
    }

    /// Where each bind stands among those of a cache key.
    pub fn bind_positions(&self, keyed: &[Rc<BindParameter>]) -> Vec<Option<usize>> {
        let places: FxHashMap<*const BindParameter, usize> = keyed
            .iter()
            .enumerate()
            .rev()
            .map(|(at, bind)| (Rc::as_ptr(bind), at))
            .collect();
        let binds = self.binds.iter();
        binds
            .map(|known| places.get(&Rc::as_ptr(&known.bind)).copied())
            .collect()
    }

    /// The value of each bind, given parameters by name.
    pub fn values(
        &self,
        parameters: &[(Str, Value)],
        check: bool,
        group: Option<usize>,
        cx: &Cx,
    ) -> Result<Vec<Value>> {
        let binds = self.binds.iter().map(|known| (&known.name, &known.bind));
        values_of(binds, parameters, check, group, cx)
    }

    /// The statement with `values` (one per bind) in place: lists expanded, literals written.
    pub fn bound(
        &self,
        values: &[Value],
        dialect: &Dialect,
        cx: &Cx,
    ) -> Result<BoundStatement<'_>> {
        if !self.is_post_compiled() {
            return Ok(BoundStatement {
                sql: Cow::Borrowed(&self.sql),
                parameters: self.plain_parameters(values),
            });
        }
        let mut out = String::with_capacity(self.text.text.len() + 16);
        let mut parameters: Vec<BoundParameter> = Vec::new();
        let mut numbers: Vec<u32> = Vec::new();
        let mut extra = 0;
        let mut done = 0;
        for (at, mark) in &self.text.marks {
            out.push_str(&self.text.text[done..*at]);
            done = *at;
            match mark {
                Mark::Bind(number) => {
                    let position = position_of(&mut numbers, *number) + extra;
                    let known = &self.binds[*number as usize];
                    self.placeholder(&known.name, position, &mut out);
                    self.add_parameter(
                        &mut parameters,
                        BoundParameter {
                            name: known.name.clone(),
                            value: values[*number as usize].clone(),
                            type_: known.bind.type_.clone(),
                        },
                    );
                }
                Mark::PostCompile(number) => {
                    let known = &self.binds[*number as usize];
                    let value = &values[*number as usize];
                    let expanded = super::binds::expand(
                        known,
                        value,
                        dialect,
                        &mut |name, type_, value, out| {
                            extra += 1;
                            self.placeholder(name, numbers.len() + extra, out);
                            self.add_parameter(
                                &mut parameters,
                                BoundParameter {
                                    name: Str::new(name),
                                    value,
                                    type_,
                                },
                            );
                        },
                        cx,
                    )?;
                    out.push_str(&expanded);
                }
            }
        }
        out.push_str(&self.text.text[done..]);
        Ok(BoundStatement {
            sql: Cow::Owned(out),
            parameters,
        })
    }

    fn add_parameter(&self, parameters: &mut Vec<BoundParameter>, parameter: BoundParameter) {
        let once = !matches!(self.paramstyle, ParamStyle::Qmark | ParamStyle::Format);
        if once && parameters.iter().any(|known| known.name == parameter.name) {
            return;
        }
        parameters.push(parameter);
    }

    fn plain_parameters(&self, values: &[Value]) -> Vec<BoundParameter> {
        let mut parameters = Vec::with_capacity(self.text.marks.len());
        for (_, mark) in &self.text.marks {
            let (Mark::Bind(number) | Mark::PostCompile(number)) = mark;
            let known = &self.binds[*number as usize];
            self.add_parameter(
                &mut parameters,
                BoundParameter {
                    name: known.name.clone(),
                    value: values[*number as usize].clone(),
                    type_: known.bind.type_.clone(),
                },
            );
        }
        parameters
    }
}

/// Which place bind `number` has among those of a numbered style: the first time it is met.
fn position_of(numbers: &mut Vec<u32>, number: u32) -> usize {
    if let Some(at) = numbers.iter().position(|known| *known == number) {
        return at + 1;
    }
    numbers.push(number);
    numbers.len()
}

fn values_of<'a>(
    binds: impl Iterator<Item = (&'a Str, &'a Rc<BindParameter>)>,
    parameters: &[(Str, Value)],
    check: bool,
    group: Option<usize>,
    cx: &Cx,
) -> Result<Vec<Value>> {
    binds
        .map(|(name, bind)| {
            let given = parameters
                .iter()
                .find(|(known, _)| known == name || (!bind.unique && *known == bind.orig_key));
            if let Some((_, value)) = given {
                return Ok(value.clone());
            }
            if bind.required && check {
                let group =
                    group.map_or_else(String::new, |group| format!(", in parameter group {group}"));
                return Err(with_code(
                    INVALID_REQUEST_ERROR.error(format!(
                        "A value is required for bind parameter '{}'{group}",
                        bind.key.base()
                    )),
                    "cd3x",
                ));
            }
            let value = bind.effective_value(cx)?;
            Ok(if value.is_undefined() {
                Value::None
            } else {
                value
            })
        })
        .collect()
}
