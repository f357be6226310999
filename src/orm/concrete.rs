//! Concrete inheritance: the UNION of the tables of a hierarchy.

use std::rc::Rc;

use super::mapper::{Mapper, WithPolymorphic};
use super::mapping;
use super::selectables::columns_of;
use crate::engine::exc::INVALID_REQUEST_ERROR;
use crate::object::{Cx, Result, Str, Value};
use crate::sql::types::SqlType;
use crate::sql::{
    Cast, ColumnElement, CompoundKeyword, CompoundSelect, FromClause, FromItem, Name, Select,
    SelectData, SelectItem, SelectStatement, TypeCoerce,
};

/// `polymorphic_union(tables, discriminator, name)`: each table's columns, `NULL` for those it
/// lacks, and the identity of its class.
pub fn polymorphic_union(
    tables: &[(Value, FromClause)],
    discriminator: Option<&str>,
    name: Option<Str>,
    cast_nulls: bool,
    cx: &Cx,
) -> Result<FromClause> {
    let mut types: Vec<(Str, SqlType)> = Vec::new();
    let mut columns = Vec::new();
    for (_, table) in tables {
        let own = columns_of(table, cx)?;
        for (key, column) in &own {
            if discriminator == Some(key.as_str()) {
                return Err(INVALID_REQUEST_ERROR.error(format!(
                    "Polymorphic union can't use '{key}' as the discriminator column due to \
                     mapped column {}; please apply the 'typecolname' argument; this is available \
                     on ConcreteBase as '_concrete_discriminator_name'",
                    cx.repr(&Value::object(column.clone()))?
                )));
            }
            match types.iter_mut().find(|(known, _)| known == key) {
                Some((_, ty)) => *ty = column.type_(),
                None => types.push((key.clone(), column.type_())),
            }
        }
        columns.push(own);
    }
    let mut selects = Vec::new();
    for ((identity, table), own) in tables.iter().zip(&columns) {
        let mut items = Vec::new();
        for (key, ty) in &types {
            let known = own.iter().find(|(known, _)| known == key);
            items.push(SelectItem::Column(match known {
                Some((_, column)) => column.clone(),
                None => missing(key, ty, cast_nulls),
            }));
        }
        if let Some(discriminator) = discriminator {
            let text = match identity {
                Value::Str(text) => format!("'{}'", text.replace('\'', "''")),
                other => cx.str(other)?,
            };
            items.push(SelectItem::Column(
                ColumnElement::literal_column(&text).label(Some(Name::plain(discriminator))),
            ));
        }
        selects.push(SelectStatement::Select(Select::of(SelectData {
            raw_columns: items,
            from_obj: vec![FromItem::From(table.clone())],
            ..SelectData::default()
        })));
    }
    let union = CompoundSelect::new(CompoundKeyword::UnionAll, selects);
    let alias = SelectStatement::Compound(union).subquery(name.map(Name::Plain), cx)?;
    Ok(FromClause::Alias(alias))
}

fn missing(key: &Str, ty: &SqlType, cast: bool) -> ColumnElement {
    let null = ColumnElement::Null;
    let typed = if cast {
        ColumnElement::Cast(Rc::new(Cast {
            clause: null,
            type_: ty.clone(),
            is_try: false,
        }))
    } else {
        ColumnElement::TypeCoerce(Rc::new(TypeCoerce {
            clause: null,
            type_: ty.clone(),
        }))
    };
    typed.label(Some(Name::Plain(key.clone())))
}

/// `ConcreteBase.__declare_first__`: the base is selected from the union of all.
pub fn configure_concrete_base(mapper: &Rc<Mapper>, discriminator: &str, cx: &Cx) -> Result<()> {
    if mapper.with_polymorphic().is_some() {
        return Ok(());
    }
    let tables: Vec<(Value, FromClause)> = mapper
        .self_and_descendants()
        .iter()
        .map(|one| {
            (
                one.polymorphic_identity().clone(),
                one.local_table().clone(),
            )
        })
        .collect();
    let union = polymorphic_union(
        &tables,
        Some(discriminator),
        Some(Str::new("pjoin")),
        true,
        cx,
    )?;
    let column = union.column(discriminator, cx)?;
    *mapper.with_polymorphic.borrow_mut() = Some(WithPolymorphic {
        mappers: None,
        selectable: Some(union),
    });
    match column {
        Some(column) => mapping::set_discriminator(mapper, &Value::object(column), cx),
        None => Ok(()),
    }
}
