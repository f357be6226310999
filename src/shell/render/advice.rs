//! What to do about an error: a near name, or the next step after what a database refuses.

use nu_ansi_term::{Color, Style};

use super::sql::near_keyword;
use crate::engine::exc::DBAPI_ERROR;
use crate::object::{Class, Cx, Value, suggestion};

/// How a message of the database begins, and what to do then; `{}` is the rest of the message.
const DATABASE: &[(&str, &str)] = &[
    (
        "no such table: ",
        "this database has no table '{}'; Base.metadata.create_all(engine) makes the tables of \
         mapped classes",
    ),
    (
        "no such column: ",
        "no table of this statement has a column '{}'; inspect(engine).get_columns(table) lists \
         them",
    ),
    (
        "UNIQUE constraint failed: ",
        "another row has this value of {} already: give another value, or change that row",
    ),
    (
        "NOT NULL constraint failed: ",
        "{} needs a value: give one, or declare it with nullable=True",
    ),
    (
        "FOREIGN KEY constraint failed",
        "the row refers to one that is not there, or others refer to it: insert the one that is \
         referred to first, delete it last",
    ),
    (
        "CHECK constraint failed: ",
        "the values do not meet the condition {}",
    ),
    (
        "database is locked",
        "another connection is writing: commit or close it first",
    ),
    (
        "database table is locked",
        "another connection is using the table: commit or close it first",
    ),
    (
        "unable to open database file",
        "the folder of the file must exist and be writable",
    ),
    (
        "attempt to write a readonly database",
        "the file or its folder is not writable",
    ),
    (
        "file is not a database",
        "the file is no SQLite database, or is encrypted: name another one",
    ),
    (
        "You can only execute one statement at a time.",
        "execute the statements one by one",
    ),
    (
        "unrecognized token: ",
        "the database can't read the SQL from {} on",
    ),
    (
        "incomplete input",
        "the statement ends too early: a quote or parenthesis is open",
    ),
];

/// Errors after which a session or a connection wants something done first.
const AFTER: &[(&str, &str)] = &[
    (
        "PendingRollbackError",
        "call rollback() on the session or connection, then go on",
    ),
    (
        "DetachedInstanceError",
        "session.add(the object) brings it back, or load the attribute before the session closes",
    ),
    (
        "NoResultFound",
        "one_or_none() or first() give None where there is no row",
    ),
    (
        "MultipleResultsFound",
        "first() gives the first row, all() gives all of them",
    ),
];

/// The line of help under an error, ended; `None` where there is nothing to say.
pub(in crate::shell) fn help_line(exception: &Value, color: bool, cx: &Cx) -> Option<String> {
    let advice = advice(exception, cx)?;
    let help = if color {
        Style::new()
            .fg(Color::Cyan)
            .bold()
            .paint("help")
            .to_string()
    } else {
        "help".to_owned()
    };
    Some(format!("{help}: {advice}\n"))
}

/// The name in the script that is wrong, where an error is about one.
pub(in crate::shell) fn wrong_name(exception: &Value, cx: &Cx) -> Option<String> {
    if let Some((wrong, _)) = suggestion(exception, cx) {
        return Some(wrong);
    }
    let original = refused_by_database(exception, cx)?;
    match suggestion(&original, cx) {
        Some((wrong, _)) => Some(wrong),
        None => syntax_error(&cx.str(&original).ok()?).map(str::to_owned),
    }
}

/// What the database itself said, where an error comes from it.
pub(in crate::shell) fn database_message(exception: &Value, cx: &Cx) -> Option<String> {
    cx.str(&refused_by_database(exception, cx)?).ok()
}

/// The error of the database itself that `exception` wraps.
fn refused_by_database(exception: &Value, cx: &Cx) -> Option<Value> {
    match exception {
        Value::Instance(instance) if instance.class().derives_from(&DBAPI_ERROR) => {
            cx.get_attr(exception, "orig").ok()
        }
        _ => None,
    }
}

fn advice(exception: &Value, cx: &Cx) -> Option<String> {
    let Value::Instance(instance) = exception else {
        return None;
    };
    if let Some((_, Some(near))) = suggestion(exception, cx) {
        return Some(format!("did you mean '{near}'?"));
    }
    if let Some(original) = refused_by_database(exception, cx) {
        return database_advice(&original, cx);
    }
    let class = instance.class();
    let (_, text) = AFTER
        .iter()
        .find(|(name, _)| *name == class.name().as_str())?;
    from_sqlalchemy(class).then(|| (*text).to_owned())
}

fn from_sqlalchemy(class: &Class) -> bool {
    class.module().as_str().starts_with("sqlalchemy.")
}

fn database_advice(original: &Value, cx: &Cx) -> Option<String> {
    if let Some((_, Some(near))) = suggestion(original, cx) {
        return Some(format!("did you mean '{near}'?"));
    }
    let message = cx.str(original).ok()?;
    if let Some(word) = syntax_error(&message) {
        return Some(match near_keyword(word) {
            Some(keyword) => format!("did you mean {keyword}?"),
            None => format!("the database can't read the SQL from {word:?} on"),
        });
    }
    let (rest, text) = DATABASE
        .iter()
        .find_map(|(start, text)| Some((message.strip_prefix(start)?, *text)))?;
    Some(text.replace("{}", rest))
}

/// The word before which the database stopped reading.
fn syntax_error(message: &str) -> Option<&str> {
    message
        .strip_prefix("near \"")?
        .strip_suffix("\": syntax error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_syntax_error_is_found() {
        assert_eq!(syntax_error("near \"selct\": syntax error"), Some("selct"));
        assert_eq!(syntax_error("no such table: a"), None);
    }
}
