//! `AliasedEntity`: an entity selected under another name or from another FROM element.

use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};

use super::mapper::{MappedEntity, Mapper};
use crate::engine::exc::ARGUMENT_ERROR;
use crate::object::{Cx, Result, Str};
use crate::sql::visitors::ClauseAdapter;
use crate::sql::{ColumnElement, FromClause, Join, LabelStyle, Name, Select, SelectItem};

/// What `aliased()` and `with_polymorphic()` make.
pub struct AliasedEntity {
    this: Weak<Self>,
    mapper: Rc<Mapper>,
    selectable: FromClause,
    name: Option<Str>,
    adapt_on_names: bool,
    with_polymorphic: Vec<Rc<Mapper>>,
    polymorphic_on: Option<ColumnElement>,
    /// Whether its path is that of the mapper (a `with_polymorphic` that is no alias).
    use_mapper_path: bool,
    /// Whether a subclass's row is joined by an outer join.
    represents_outer_join: bool,
    /// The aliases of the subclasses, by class name.
    subs: RefCell<Vec<(Str, Rc<Self>)>>,
    base: Option<Weak<Self>>,
    adapter: OnceCell<Rc<ClauseAdapter>>,
}

/// An alias as scripts see it.
#[derive(Clone)]
pub struct AliasHandle(pub Rc<AliasedEntity>);

/// What `inspect()` answers for an alias.
#[derive(Clone)]
pub struct AliasInspection(pub Rc<AliasedEntity>);

/// The arguments of `aliased()` and `with_polymorphic()`.
#[derive(Default)]
pub struct AliasOptions {
    /// What to select from.
    pub selectable: Option<FromClause>,
    /// `name=`.
    pub name: Option<Str>,
    /// `flat=`.
    pub flat: bool,
    /// `adapt_on_names=`.
    pub adapt_on_names: bool,
}

impl AliasedEntity {
    /// `aliased(entity, ..)`.
    pub fn new(entity: &MappedEntity, options: AliasOptions, cx: &Cx) -> Result<Rc<Self>> {
        let mapper = entity.mapper();
        let selectable = match options.selectable {
            Some(selectable) => selectable,
            None => anonymous(
                &mapper.selectable_from(cx)?,
                options.name.as_ref(),
                options.flat,
                cx,
            )?,
        };
        let with_polymorphic = match entity {
            MappedEntity::Mapper(mapper) => mapper.with_polymorphic_mappers(cx)?,
            MappedEntity::Aliased(alias) => alias.with_polymorphic.clone(),
        };
        Ok(Self::make(
            mapper,
            selectable,
            options.name,
            options.adapt_on_names,
            with_polymorphic,
            false,
            true,
            None,
        ))
    }

    /// `with_polymorphic(base, classes, ..)`.
    pub fn with_classes(
        mapper: &Rc<Mapper>,
        members: Vec<Rc<Mapper>>,
        aliased: bool,
        innerjoin: bool,
        options: AliasOptions,
        cx: &Cx,
    ) -> Result<Rc<Self>> {
        let given = options.selectable.is_some();
        let mut selectable = match options.selectable {
            Some(selectable) => selectable,
            None => mapper.joined_with(&members, innerjoin),
        };
        if aliased || options.flat {
            selectable = anonymous(&selectable, options.name.as_ref(), options.flat, cx)?;
        }
        let made = Self::make(
            mapper,
            selectable,
            options.name,
            options.adapt_on_names,
            members,
            !(aliased || options.flat || given),
            !innerjoin,
            None,
        );
        let subs: Vec<(Str, Rc<Self>)> = made
            .with_polymorphic
            .iter()
            .filter(|member| !Rc::ptr_eq(member, mapper))
            .map(|member| {
                let sub = Self::make(
                    member,
                    made.selectable.clone(),
                    made.name.clone(),
                    made.adapt_on_names,
                    Vec::new(),
                    made.use_mapper_path,
                    made.represents_outer_join,
                    Some(Rc::downgrade(&made)),
                );
                (member.class().name(), sub)
            })
            .collect();
        *made.subs.borrow_mut() = subs;
        Ok(made)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the one place that fills the fields"
    )]
    fn make(
        mapper: &Rc<Mapper>,
        selectable: FromClause,
        name: Option<Str>,
        adapt_on_names: bool,
        with_polymorphic: Vec<Rc<Mapper>>,
        use_mapper_path: bool,
        represents_outer_join: bool,
        base: Option<Weak<Self>>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            this: this.clone(),
            mapper: mapper.clone(),
            selectable,
            name,
            adapt_on_names,
            with_polymorphic,
            polymorphic_on: mapper.polymorphic_on(),
            use_mapper_path,
            represents_outer_join,
            subs: RefCell::default(),
            base,
            adapter: OnceCell::new(),
        })
    }

    /// Another handle of it.
    pub fn shared(&self) -> Option<Rc<Self>> {
        self.this.upgrade()
    }
    /// The mapper.
    pub fn mapper(&self) -> &Rc<Mapper> {
        &self.mapper
    }
    /// What it is selected from.
    pub fn selectable(&self) -> &FromClause {
        &self.selectable
    }
    /// Its name, where it was given one.
    pub fn name(&self) -> Option<&Str> {
        self.name.as_ref()
    }
    /// Whether columns of the selectable are found by name.
    pub fn adapts_on_names(&self) -> bool {
        self.adapt_on_names
    }
    /// The mappers that it selects, its own first; empty without `with_polymorphic`.
    pub fn with_polymorphic(&self) -> &[Rc<Mapper>] {
        &self.with_polymorphic
    }
    /// The discriminator, in terms of the mapper.
    pub fn polymorphic_on(&self) -> Option<&ColumnElement> {
        self.polymorphic_on.as_ref()
    }
    /// Whether it is a `with_polymorphic` that is no alias.
    pub fn uses_mapper_path(&self) -> bool {
        self.use_mapper_path
    }
    /// Whether a subclass's row is joined by an outer join.
    pub fn represents_outer_join(&self) -> bool {
        self.represents_outer_join
    }
    /// The alias of the subclass called `name`.
    pub fn sub(&self, name: &str) -> Option<Rc<Self>> {
        self.subs
            .borrow()
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, sub)| sub.clone())
    }
    /// The alias of `mapper` among its own and those of the subclasses.
    pub fn entity_for(self: &Rc<Self>, mapper: &Rc<Mapper>) -> Option<Rc<Self>> {
        if Rc::ptr_eq(&self.mapper, mapper) {
            return Some(self.clone());
        }
        let subs = self.subs.borrow();
        if let Some((_, sub)) = subs.iter().find(|(_, sub)| Rc::ptr_eq(&sub.mapper, mapper)) {
            return Some(sub.clone());
        }
        // An alias of a base answers for what inherits from it.
        mapper.isa(&self.mapper).then(|| self.clone())
    }
    /// The `with_polymorphic` that it is a part of.
    pub fn base(&self) -> Option<Rc<Self>> {
        self.base.as_ref()?.upgrade()
    }
    /// What turns columns of the mapper into its own.
    pub fn adapter(&self, cx: &Cx) -> Result<Rc<ClauseAdapter>> {
        if let Some(known) = self.adapter.get() {
            return Ok(known.clone());
        }
        let adapter = ClauseAdapter::new(self.selectable.clone(), cx)?
            .with_equivalents(self.mapper.equivalent_columns(cx));
        Ok(self.adapter.get_or_init(|| Rc::new(adapter)).clone())
    }
    /// An expression of the mapper as the alias has it.
    pub fn adapt(&self, element: &ColumnElement, cx: &Cx) -> Result<ColumnElement> {
        let adapted = self.adapter(cx)?.adapt(element)?;
        if self.adapt_on_names
            && adapted.same(element)
            && let Some(name) = element.name().and_then(|name| name.text().cloned())
            && let Some(found) = self.selectable.column(&name, cx)?
        {
            return Ok(found);
        }
        Ok(adapted)
    }
    /// `aliased(User)`.
    pub fn describe(&self, cx: &Cx) -> String {
        let name = self.mapper.class().name();
        if cx.compat().is_14() {
            return format!("AliasedClass_{name}");
        }
        if self.with_polymorphic.is_empty() {
            return format!("aliased({name})");
        }
        let members: Vec<String> = self
            .with_polymorphic
            .iter()
            .filter(|member| !Rc::ptr_eq(member, &self.mapper))
            .map(|member| member.class().name().to_string())
            .collect();
        format!("with_polymorphic({name}, [{}])", members.join(", "))
    }
}

/// `_anonymous_fromclause`: an alias; of a join, a subquery of it, or `flat` a join of aliases.
pub fn anonymous(from: &FromClause, name: Option<&Str>, flat: bool, cx: &Cx) -> Result<FromClause> {
    let plain_name = |name: Option<&Str>| name.map(|name| Name::Plain(name.clone()));
    match from.plain() {
        FromClause::Join(join) if flat => flat_join(join, name, cx),
        FromClause::Join(_) => {
            let mut data = crate::sql::SelectData {
                raw_columns: vec![SelectItem::From(from.clone())],
                label_style: LabelStyle::TablenamePlusCol,
                ..crate::sql::SelectData::default()
            };
            data.correlate = Some(Vec::new());
            let select = crate::sql::SelectStatement::Select(Select::of(data));
            Ok(FromClause::Alias(select.subquery(plain_name(name), cx)?))
        }
        other => Ok(other.alias(plain_name(name))),
    }
}

fn flat_join(join: &Rc<Join>, name: Option<&Str>, cx: &Cx) -> Result<FromClause> {
    let side = |from: &FromClause| {
        let own = name.map(|name| {
            let table = match from.plain() {
                FromClause::Table(table) => table.name().clone(),
                _ => return name.clone(),
            };
            Str::from(format!("{name}_{table}"))
        });
        anonymous(from.ungrouped(), own.as_ref(), true, cx)
    };
    let (left, right) = (side(&join.left)?, side(&join.right)?);
    let adapt_left = ClauseAdapter::new(left.clone(), cx)?;
    let adapt_right = ClauseAdapter::new(right.clone(), cx)?;
    let onclause = match &join.onclause {
        Some(condition) => Some(adapt_right.adapt(&adapt_left.adapt(condition)?)?),
        None => None,
    };
    let right = match right.plain() {
        FromClause::Join(_) => right.self_group(),
        _ => right,
    };
    Ok(FromClause::Join(Rc::new(Join {
        left,
        right,
        onclause,
        isouter: join.isouter,
        full: join.full,
    })))
}

/// The members of `with_polymorphic(base, classes)`: `"*"` or classes.
pub fn polymorphic_members(
    mapper: &Rc<Mapper>,
    classes: &crate::object::Value,
    cx: &Cx,
) -> Result<Vec<Rc<Mapper>>> {
    if classes.as_str() == Some("*") {
        return Ok(mapper.self_and_descendants());
    }
    let mut named = Vec::new();
    for class in cx.collect(classes)? {
        let Some(member) = super::entity::mapper_of_value(&class) else {
            return Err(ARGUMENT_ERROR.error(format!("{} is not a mapped class", cx.repr(&class)?)));
        };
        if !member.isa(mapper) {
            return Err(crate::engine::exc::INVALID_REQUEST_ERROR.error(format!(
                "{} does not inherit from {}",
                cx.repr(&class)?,
                mapper.describe(cx.compat())
            )));
        }
        named.push(member);
    }
    Ok(mapper.polymorphic_members(&named))
}
