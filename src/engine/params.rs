//! How bound parameters are shown in the log and in exceptions: truncated where they are many
//! or long.

use crate::object::{Cx, Result, Value, types};
use crate::util::Compat;

/// How many sets of an executemany are shown.
const SHOWN_SETS: usize = 10;
/// How many values of one set are shown.
const SHOWN_VALUES: usize = 100;
/// How many characters of one value are shown.
const SHOWN_CHARS: usize = 300;

/// Whether parameters are one set or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sets {
    /// One set.
    One,
    /// A sequence of sets, of an executemany.
    Many,
    /// Not known: shown by its plain repr.
    Unknown,
}

/// The repr of `params`, shortened as SQLAlchemy does.
pub fn repr_params(params: &Value, sets: Sets, cx: &Cx) -> Result<String> {
    let is_container = matches!(params, Value::List(_) | Value::Tuple(_) | Value::Dict(_));
    match sets {
        Sets::One if is_container => repr_set(params, cx),
        Sets::Many if is_container => {
            let items = items_of(params);
            let list = matches!(params, Value::List(_));
            repr_sets(&items, list, cx)
        }
        _ => repr_value(params, cx),
    }
}

/// The repr of the sets of an executemany, in a list or a tuple.
pub fn repr_sets(sets: &[Value], list: bool, cx: &Cx) -> Result<String> {
    repr_sets_of(sets.len(), list, |index| match sets.get(index) {
        Some(set) => repr_set(set, cx),
        None => Ok(String::new()),
    })
}

/// The same of `count` sets, each shown by `show`, which is asked only for those shown.
pub fn repr_sets_of(
    count: usize,
    list: bool,
    show: impl Fn(usize) -> Result<String>,
) -> Result<String> {
    let (open, close) = if list { ("[", "]") } else { ("(", ")") };
    let join = |range: std::ops::Range<usize>| -> Result<String> {
        let shown: Vec<_> = range.map(&show).collect::<Result<_>>()?;
        Ok(shown.join(", "))
    };
    if count <= SHOWN_SETS {
        return Ok(format!("{open}{}{close}", join(0..count)?));
    }
    Ok(format!(
        "{open}{}  ... displaying {SHOWN_SETS} of {count} total bound parameter sets ...  \
         {}{close}",
        join(0..SHOWN_SETS - 2)?,
        join(count - 2..count)?,
    ))
}

fn items_of(value: &Value) -> Vec<Value> {
    match value {
        Value::List(list) => list.to_vec(),
        Value::Tuple(items) => items.to_vec(),
        _ => Vec::new(),
    }
}

fn repr_set(set: &Value, cx: &Cx) -> Result<String> {
    let mut out = String::new();
    match set {
        Value::Dict(dict) => {
            let entries: Vec<(Value, Value)> = dict
                .borrow()
                .iter()
                .map(|(key, value)| (key.value().clone(), value.clone()))
                .collect();
            out.push('{');
            shorten(&entries, &mut out, cx, |(key, value), out| {
                types::write_repr(key, out, cx)?;
                out.push_str(": ");
                write_value(value, out, cx)
            })?;
            out.push('}');
        }
        Value::List(list) => {
            out.push('[');
            write_values(&list.to_vec(), &mut out, cx)?;
            out.push(']');
        }
        Value::Tuple(items) => write_tuple(items, &mut out, cx)?,
        other => write_value(other, &mut out, cx)?,
    }
    Ok(out)
}

/// The repr of one positional set.
pub fn repr_tuple(items: &[Value], cx: &Cx) -> Result<String> {
    let mut out = String::new();
    write_tuple(items, &mut out, cx)?;
    Ok(out)
}

fn write_tuple(items: &[Value], out: &mut String, cx: &Cx) -> Result<()> {
    out.push('(');
    write_values(items, out, cx)?;
    out.push_str(if items.len() == 1 { ",)" } else { ")" });
    Ok(())
}

/// The repr of a fetched row.
pub fn repr_row(items: &[Value], cx: &Cx) -> Result<String> {
    let mut out = String::from("(");
    join(items, &mut out, |value, out| write_value(value, out, cx))?;
    out.push_str(if items.len() == 1 { ",)" } else { ")" });
    Ok(out)
}

fn write_values(items: &[Value], out: &mut String, cx: &Cx) -> Result<()> {
    shorten(items, out, cx, |value, out| write_value(value, out, cx))
}

/// The items with commas between them.
fn join<T>(
    items: &[T],
    out: &mut String,
    show: impl Fn(&T, &mut String) -> Result<()>,
) -> Result<()> {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        show(item, out)?;
    }
    Ok(())
}

/// The items joined with commas, the middle ones left out where 2.0 does.
fn shorten<T>(
    items: &[T],
    out: &mut String,
    cx: &Cx,
    show: impl Fn(&T, &mut String) -> Result<()>,
) -> Result<()> {
    if items.len() <= SHOWN_VALUES || cx.compat() == Compat::V14 {
        return join(items, out, show);
    }
    let half = SHOWN_VALUES / 2;
    join(&items[..half], out, &show)?;
    let left_out = items.len() - SHOWN_VALUES;
    out.push_str(&format!(" ... {left_out} parameters truncated ... "));
    join(&items[items.len() - half..], out, &show)
}

/// The repr of one value, its middle left out where it is long.
pub fn repr_value(value: &Value, cx: &Cx) -> Result<String> {
    let mut out = String::new();
    write_value(value, &mut out, cx)?;
    Ok(out)
}

fn write_value(value: &Value, out: &mut String, cx: &Cx) -> Result<()> {
    let start = out.len();
    types::write_repr(value, out, cx)?;
    // The byte length bounds the number of characters, which is what is limited.
    if out.len() - start <= SHOWN_CHARS {
        return Ok(());
    }
    let count = out[start..].chars().count();
    if count <= SHOWN_CHARS {
        return Ok(());
    }
    let text = out.split_off(start);
    let half = SHOWN_CHARS / 2;
    out.extend(text.chars().take(half));
    let left_out = count - SHOWN_CHARS;
    out.push_str(&format!(" ... ({left_out} characters truncated) ... "));
    out.extend(text.chars().skip(count - half));
    Ok(())
}

/// The SQL of an insertmanyvalues batch as it is logged.
pub fn long_statement(sql: &str) -> String {
    let count = if sql.len() > 500 {
        sql.chars().count()
    } else {
        0
    };
    if count <= 500 {
        return sql.to_owned();
    }
    let head: String = sql.chars().take(250).collect();
    let tail: String = sql.chars().skip(count - 100).collect();
    format!("{head} ... {} characters truncated ... {tail}", count - 350)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing::cx;

    #[test]
    fn many_sets_are_shortened() {
        let cx = cx();
        let sets: Vec<_> = (0..12).map(|n| Value::tuple(vec![Value::Int(n)])).collect();
        assert_eq!(
            repr_sets(&sets, true, &cx).expect("ints have reprs"),
            "[(0,), (1,), (2,), (3,), (4,), (5,), (6,), (7,)  ... displaying 10 of 12 total \
             bound parameter sets ...  (10,), (11,)]"
        );
    }
}
