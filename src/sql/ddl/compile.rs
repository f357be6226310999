//! The text of DDL elements.

use std::rc::Rc;

use super::column_spec::{column_text, sequence_options, table_options};
use super::constraints::{constraint_text, table_constraints};
use super::index::{create_index, drop_index};
use super::inline::quoted;
use super::{Ddl, column_definition};
use crate::engine::exc::{COMPILE_ERROR, UNSUPPORTED_COMPILATION_ERROR, with_code};
use crate::object::exceptions::key_error;
use crate::object::{Cx, Instance, Raised, Result, Str, Value};
use crate::sql::dialects::{Backend, Dialect};
use crate::sql::schema::{Column, Constraint, Sequence, Table, rendered_name};

/// The text of `ddl` under `dialect`, not by a function that a script registered for it.
pub fn compile_ddl_plain(ddl: &Ddl, dialect: &Dialect, cx: &Cx) -> Result<String> {
    let when = |flag: bool, words: &str| {
        if flag {
            words.to_owned()
        } else {
            String::new()
        }
    };
    Ok(match ddl {
        Ddl::CreateTable {
            table,
            if_not_exists,
            foreign_keys,
        } => create_table(table, *if_not_exists, foreign_keys.as_deref(), dialect, cx)?,
        Ddl::CreateColumn(column) => column_text(column, dialect, cx)?.unwrap_or_default(),
        Ddl::DropTable { table, if_exists } => format!(
            "\nDROP TABLE {}{}",
            when(*if_exists, "IF EXISTS "),
            table_name(table, dialect)
        ),
        Ddl::CreateIndex {
            index,
            if_not_exists,
        } => create_index(index, *if_not_exists, dialect, cx)?,
        Ddl::DropIndex { index, if_exists } => drop_index(index, *if_exists, dialect)?,
        Ddl::CreateSchema {
            name,
            if_not_exists,
        } => format!(
            "CREATE SCHEMA {}{}",
            when(*if_not_exists && dialect.compat.is_20(), "IF NOT EXISTS "),
            dialect.quote_schema(name)
        ),
        Ddl::DropSchema {
            name,
            if_exists,
            cascade,
        } => format!(
            "DROP SCHEMA {}{}{}",
            when(*if_exists && dialect.compat.is_20(), "IF EXISTS "),
            dialect.quote_schema(name),
            when(*cascade, " CASCADE")
        ),
        Ddl::CreateSequence {
            sequence,
            if_not_exists,
        } => create_sequence(sequence, *if_not_exists, dialect, cx)?,
        Ddl::DropSequence {
            sequence,
            if_exists,
        } => format!(
            "DROP SEQUENCE {}{}",
            when(*if_exists, "IF EXISTS "),
            sequence_name(sequence, dialect)
        ),
        Ddl::AddConstraint(constraint) => format!(
            "ALTER TABLE {} ADD {}",
            table_name(&*table_of(constraint)?, dialect),
            constraint_text(constraint, dialect, cx)?.unwrap_or_default()
        ),
        Ddl::DropConstraint {
            constraint,
            if_exists,
            cascade,
        } => drop_constraint(constraint, *if_exists, *cascade, dialect, cx)?,
        Ddl::TableComment { table, drop } => {
            let comment = table.comment.borrow().clone();
            let text = comment_text(comment.as_ref(), *drop, dialect, cx)?;
            format!("COMMENT ON TABLE {} IS {text}", table_name(table, dialect))
        }
        Ddl::ColumnComment { column, drop } => {
            let comment = column.options.borrow().comment.clone();
            let text = comment_text(comment.as_ref(), *drop, dialect, cx)?;
            format!("COMMENT ON COLUMN {} IS {text}", qualified(column, dialect))
        }
        Ddl::Custom(instance) => return Err(no_compiler(instance, dialect)),
        Ddl::Text {
            statement,
            context,
            target,
        } => ddl_text(statement, context, target.as_ref(), dialect, cx)?,
    })
}

pub(super) fn table_name(table: &Table, dialect: &Dialect) -> String {
    dialect.format_table_name(table.name(), table.quote, table.schema())
}

fn sequence_name(sequence: &Sequence, dialect: &Dialect) -> String {
    dialect.format_table_name(&sequence.name, None, sequence.schema.as_ref())
}

fn qualified(column: &Column, dialect: &Dialect) -> String {
    let name = dialect
        .quote_name(&column.name(), column.quote())
        .into_owned();
    match column.table() {
        Some(table) => format!("{}.{name}", table_name(&table, dialect)),
        None => name,
    }
}

fn comment_text(comment: Option<&Str>, drop: bool, dialect: &Dialect, cx: &Cx) -> Result<String> {
    match comment.filter(|_| !drop) {
        Some(text) => quoted(text, dialect, cx),
        None => Ok("NULL".to_owned()),
    }
}

fn in_column(raised: Raised, table: &Table, column: &Column, cx: &Cx) -> Raised {
    if !raised.is(&COMPILE_ERROR) {
        return raised;
    }
    let message = crate::object::exception_data(raised.value())
        .and_then(|data| data.args.borrow().first().cloned())
        .and_then(|first| cx.str(&first).ok())
        .unwrap_or_default();
    COMPILE_ERROR
        .error(format!(
            "(in table '{}', column '{}'): {message}",
            table.full_name(),
            column.name()
        ))
        .caused_by(raised.value())
}

fn create_table(
    table: &Rc<Table>,
    if_not_exists: bool,
    foreign_keys: Option<&[Rc<Constraint>]>,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<String> {
    let mut text = "\nCREATE ".to_owned();
    for prefix in &*table.prefixes.borrow() {
        text.push_str(prefix);
        text.push(' ');
    }
    text.push_str("TABLE ");
    if if_not_exists {
        text.push_str("IF NOT EXISTS ");
    }
    text.push_str(&table_name(table, dialect));
    text.push_str(" (");
    let mut separator = "\n";
    for column in table.column_list() {
        let definition = column_definition(&column, dialect, cx)
            .map_err(|raised| in_column(raised, table, &column, cx))?;
        if let Some(definition) = definition {
            text.push_str(separator);
            text.push('\t');
            text.push_str(&definition);
            separator = ", \n";
        }
    }
    let constraints = table_constraints(table, foreign_keys, dialect, cx)?;
    if !constraints.is_empty() {
        text.push_str(separator);
        text.push('\t');
        text.push_str(&constraints.join(", \n\t"));
    }
    text.push_str("\n)");
    text.push_str(&table_options(table, dialect, cx)?);
    text.push_str("\n\n");
    Ok(text)
}

fn create_sequence(
    sequence: &Sequence,
    if_not_exists: bool,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<String> {
    let mut text = "CREATE SEQUENCE ".to_owned();
    let is_14 = dialect.compat.is_14();
    if if_not_exists && !is_14 {
        text.push_str("IF NOT EXISTS ");
    }
    text.push_str(&sequence_name(sequence, dialect));
    if let Some(ty) = &sequence.data_type {
        text.push_str(&format!(" AS {}", ty.ddl(dialect, cx)?));
    }
    let mut options = sequence.options.clone();
    // Where the real database would begin: what 1.4 says for every one of them.
    if (is_14 || dialect.backend == Backend::Mssql) && options.start.is_none() {
        options.start = Some(1);
    }
    let options = sequence_options(&options);
    if !options.is_empty() {
        text.push(' ');
        text.push_str(&options);
    }
    Ok(text)
}

fn table_of(constraint: &Constraint) -> Result<Rc<Table>> {
    constraint.table().ok_or_else(|| {
        COMPILE_ERROR.error(format!(
            "{} is not associated with any table.",
            constraint.class_name()
        ))
    })
}

fn drop_constraint(
    constraint: &Rc<Constraint>,
    if_exists: bool,
    cascade: bool,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<String> {
    let Some(name) = rendered_name(constraint, cx)? else {
        return Err(COMPILE_ERROR.error(format!(
            "Can't emit DROP CONSTRAINT for constraint {}; it has no name",
            cx.repr(&Value::object(constraint.clone()))?
        )));
    };
    Ok(format!(
        "ALTER TABLE {} DROP CONSTRAINT {}{}{}",
        table_name(&*table_of(constraint)?, dialect),
        if if_exists { "IF EXISTS " } else { "" },
        dialect.quote(&name),
        if cascade { " CASCADE" } else { "" }
    ))
}

/// `statement % context`, with what the target offers.
fn ddl_text(
    statement: &str,
    context: &[(Str, Value)],
    target: Option<&Rc<Table>>,
    dialect: &Dialect,
    cx: &Cx,
) -> Result<String> {
    let value_of = |name: &str| -> Result<String> {
        if let Some((_, value)) = context.iter().find(|(known, _)| known == name) {
            return cx.str(value);
        }
        if let Some(table) = target {
            match name {
                "table" => return Ok(dialect.quote(table.name()).into_owned()),
                "schema" => {
                    let schema = table
                        .schema()
                        .map(|schema| dialect.quote(schema).into_owned());
                    return Ok(schema.unwrap_or_default());
                }
                "fullname" => return Ok(table_name(table, dialect)),
                _ => {}
            }
        }
        Err(key_error(Value::str(name)))
    };
    let mut text = String::new();
    let mut rest = statement;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let token = rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(")s"));
        if let Some((name, tail)) = token {
            text.push_str(&value_of(name)?);
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix('%') {
            text.push('%');
            rest = tail;
        } else {
            text.push('%');
        }
    }
    text.push_str(rest);
    Ok(text)
}

fn no_compiler(instance: &Instance, dialect: &Dialect) -> Raised {
    let message = format!(
        "Compiler <sqlalchemy.sql.compiler.DDLCompiler object at {:#014x}> can't render element \
         of type <class '{}'>",
        std::ptr::from_ref(dialect) as usize,
        instance.class().full_name()
    );
    with_code(UNSUPPORTED_COMPILATION_ERROR.error(message), "l7de")
}
