//! The join of a relationship: its conditions, which columns are foreign, remote and local, the
//! pairs of columns that a flush copies along, the direction.

use std::rc::Rc;

use super::mapper::Mapper;
use super::properties::{Direction, JoinData, MapperProperty};
use super::selectables::{contains_column, overlap, table_column};
use crate::engine::exc::{
    AMBIGUOUS_FOREIGN_KEYS_ERROR, ARGUMENT_ERROR, NO_FOREIGN_KEYS_ERROR, SA_WARNING,
};
use crate::object::{Cx, Raised, Result};
use crate::orm::configure::expression_text;
use crate::orm::mapper::from_description;
use crate::sql::operators::Operator;
use crate::sql::{Annotations, BinaryExpression, ColumnElement, Entity, FromClause, visitors};

/// What the join of a relationship is found from.
pub struct JoinSpec<'a> {
    /// The relationship.
    pub property: &'a Rc<MapperProperty>,
    /// The mapper it is on.
    pub parent: &'a Rc<Mapper>,
    /// The mapper it points at.
    pub target: &'a Rc<Mapper>,
    /// What the target is persisted in, or the selectable of the alias that was given.
    pub target_table: FromClause,
    /// The table the target adds.
    pub target_local: FromClause,
    /// `primaryjoin=`.
    pub primaryjoin: Option<ColumnElement>,
    /// `secondaryjoin=`.
    pub secondaryjoin: Option<ColumnElement>,
    /// `secondary=`.
    pub secondary: Option<FromClause>,
    /// `foreign_keys=`.
    pub foreign_keys: Vec<ColumnElement>,
    /// `remote_side=`.
    pub remote_side: Vec<ColumnElement>,
    /// Whether columns are copied at all.
    pub viewonly: bool,
}

/// Find out all about the join.
pub fn determine(spec: &JoinSpec<'_>, cx: &Cx) -> Result<JoinData> {
    let mut build = Build {
        spec,
        cx,
        primary: ColumnElement::True,
        secondary: None,
        remote_marked: false,
        foreign_marked: false,
    };
    build.determine_joins()?;
    build.strip_entities()?;
    build.remote_marked = has_note(&build.primary, |notes| notes.remote);
    build.foreign_marked = has_note(&build.primary, |notes| notes.foreign);
    build.annotate_foreign()?;
    build.annotate_remote()?;
    build.annotate_local()?;
    build.annotate_mappers()?;
    build.finish()
}

struct Build<'a> {
    spec: &'a JoinSpec<'a>,
    cx: &'a Cx,
    primary: ColumnElement,
    secondary: Option<ColumnElement>,
    remote_marked: bool,
    foreign_marked: bool,
}

type BinaryRewrite<'a> =
    dyn Fn(&ColumnElement, &ColumnElement) -> Result<(ColumnElement, ColumnElement)> + 'a;

/// `element` with the operands of every binary in it rewritten.
fn map_binaries(element: &ColumnElement, rewrite: &BinaryRewrite<'_>) -> Result<ColumnElement> {
    let visit = |one: &ColumnElement| -> Result<Option<ColumnElement>> {
        let ColumnElement::Binary(binary) = one else {
            return Ok(None);
        };
        let inner = |operand: &ColumnElement| match operand.plain() {
            ColumnElement::Column(_) | ColumnElement::Proxy(_) => Ok(operand.clone()),
            _ => map_binaries(operand, rewrite),
        };
        let (left, right) = rewrite(&inner(&binary.left)?, &inner(&binary.right)?)?;
        Ok(Some(ColumnElement::Binary(Rc::new(BinaryExpression {
            left,
            right,
            operator: binary.operator.clone(),
            negate: binary.negate.clone(),
            type_: binary.type_.clone(),
            modifiers: binary.modifiers.clone(),
            is_implicitly_boolean: binary.is_implicitly_boolean,
        }))))
    };
    visitors::replace(element, &visit)
}

/// `element` with the columns in it rewritten.
fn map_columns(
    element: &ColumnElement,
    rewrite: &dyn Fn(&ColumnElement) -> Result<Option<ColumnElement>>,
) -> Result<ColumnElement> {
    let visit = |one: &ColumnElement| -> Result<Option<ColumnElement>> {
        if one.is_named_column() {
            rewrite(one)
        } else {
            Ok(None)
        }
    };
    visitors::replace(element, &visit)
}

fn noted(element: &ColumnElement, is: impl Fn(&Annotations) -> bool) -> bool {
    element.annotations().is_some_and(is)
}

fn has_note(element: &ColumnElement, is: fn(&Annotations) -> bool) -> bool {
    let mut found = false;
    visitors::traverse(element, &mut |one| found |= noted(one, is));
    found
}

fn mark_foreign(element: &ColumnElement) -> ColumnElement {
    element.annotate(Annotations {
        foreign: true,
        ..Annotations::default()
    })
}

fn mark_remote(element: &ColumnElement) -> ColumnElement {
    element.annotate(Annotations {
        remote: true,
        ..Annotations::default()
    })
}

/// `element` without the notes that `keep` drops.
pub fn deannotated(
    element: &ColumnElement,
    keep: &dyn Fn(&Annotations) -> Annotations,
) -> Result<ColumnElement> {
    let visit = |one: &ColumnElement| -> Result<Option<ColumnElement>> {
        let ColumnElement::Annotated(node) = one else {
            return Ok(None);
        };
        let inner = deannotated(&node.element, keep)?;
        let notes = keep(&node.annotations);
        Ok(Some(if notes.is_empty() {
            inner
        } else {
            inner.annotate(notes)
        }))
    };
    visitors::replace(element, &visit)
}

fn is_column(element: &ColumnElement) -> bool {
    matches!(
        element.plain(),
        ColumnElement::Column(_) | ColumnElement::Proxy(_) | ColumnElement::ColumnClause(_)
    )
}

fn is_in(columns: &[ColumnElement], element: &ColumnElement) -> bool {
    columns.iter().any(|column| column.same(element))
}

/// Whether `a` has a foreign key to `b`.
fn references(a: &ColumnElement, b: &ColumnElement, cx: &Cx) -> Result<bool> {
    match (table_column(a), table_column(b)) {
        (Some(a), Some(b)) => super::selectables::references(&a, &b, cx),
        _ => Ok(false),
    }
}

impl Build<'_> {
    fn determine_joins(&mut self) -> Result<()> {
        let spec = self.spec;
        if spec.secondaryjoin.is_some() && spec.secondary.is_none() {
            return Err(ARGUMENT_ERROR.error(format!(
                "Property {} specified with secondary join condition but no secondary argument",
                spec.property
            )));
        }
        let found = self.find_joins();
        let (primary, secondary) = found.map_err(|raised| self.explain(raised))?;
        self.primary = primary;
        self.secondary = secondary;
        Ok(())
    }

    fn find_joins(&self) -> Result<(ColumnElement, Option<ColumnElement>)> {
        let spec = self.spec;
        let parent = spec.parent.mapped_table();
        let parent_local = spec.parent.local_table();
        let Some(secondary) = &spec.secondary else {
            let primary = match &spec.primaryjoin {
                Some(given) => given.clone(),
                None => self.condition(parent, &spec.target_table, parent_local)?,
            };
            return Ok((primary, None));
        };
        let second = match &spec.secondaryjoin {
            Some(given) => given.clone(),
            None => self.condition(&spec.target_table, secondary, &spec.target_local)?,
        };
        let primary = match &spec.primaryjoin {
            Some(given) => given.clone(),
            None => self.condition(parent, secondary, parent_local)?,
        };
        Ok((primary, Some(second)))
    }

    fn condition(
        &self,
        left: &FromClause,
        right: &FromClause,
        subset: &FromClause,
    ) -> Result<ColumnElement> {
        let keys = &self.spec.foreign_keys;
        let keys = (!keys.is_empty()).then_some(keys.as_slice());
        crate::sql::join_condition_by_keys(left, right, Some(subset), keys, self.cx)
    }

    fn explain(&self, raised: Raised) -> Raised {
        let property = self.spec.property;
        let via = self.spec.secondary.as_ref().map(from_description);
        let start = format!(
            "Could not determine join condition between parent/child tables on relationship \
             {property} - there are "
        );
        if raised.is(&NO_FOREIGN_KEYS_ERROR) {
            return NO_FOREIGN_KEYS_ERROR.error(match via {
                Some(via) => format!(
                    "{start}no foreign keys linking these tables via secondary table '{via}'.  \
                     Ensure that referencing columns are associated with a ForeignKey or \
                     ForeignKeyConstraint, or specify 'primaryjoin' and 'secondaryjoin' \
                     expressions."
                ),
                None => format!(
                    "{start}no foreign keys linking these tables.  Ensure that referencing \
                     columns are associated with a ForeignKey or ForeignKeyConstraint, or \
                     specify a 'primaryjoin' expression."
                ),
            });
        }
        if raised.is(&AMBIGUOUS_FOREIGN_KEYS_ERROR) {
            return AMBIGUOUS_FOREIGN_KEYS_ERROR.error(match via {
                Some(via) => format!(
                    "{start}multiple foreign key paths linking the tables via secondary table \
                     '{via}'.  Specify the 'foreign_keys' argument, providing a list of those \
                     columns which should be counted as containing a foreign key reference from \
                     the secondary table to each of the parent and child tables."
                ),
                None => format!(
                    "{start}multiple foreign key paths linking the tables.  Specify the \
                     'foreign_keys' argument, providing a list of those columns which should be \
                     counted as containing a foreign key reference to the parent table."
                ),
            });
        }
        raised
    }

    fn strip_entities(&mut self) -> Result<()> {
        let keep = |notes: &Annotations| Annotations {
            parent_entity: None,
            proxy_key: None,
            ..notes.clone()
        };
        self.primary = deannotated(&self.primary, &keep)?;
        if let Some(secondary) = &self.secondary {
            self.secondary = Some(deannotated(secondary, &keep)?);
        }
        Ok(())
    }

    fn both(&mut self, rewrite: impl Fn(&ColumnElement) -> Result<ColumnElement>) -> Result<()> {
        self.primary = rewrite(&self.primary)?;
        if let Some(secondary) = &self.secondary {
            self.secondary = Some(rewrite(secondary)?);
        }
        Ok(())
    }

    fn annotate_foreign(&mut self) -> Result<()> {
        if has_note(&self.primary, |notes| notes.foreign) {
            return Ok(());
        }
        let (spec, cx) = (self.spec, self.cx);
        if !spec.foreign_keys.is_empty() {
            let mark = |column: &ColumnElement| {
                Ok(is_in(&spec.foreign_keys, column).then(|| mark_foreign(column)))
            };
            return self.both(|join| map_columns(join, &mark));
        }
        let in_secondary = |column: &ColumnElement| match &spec.secondary {
            Some(secondary) => contains_column(secondary, column, cx),
            None => Ok(false),
        };
        let mark = |left: &ColumnElement, right: &ColumnElement| {
            let marked = noted(left, |notes| notes.foreign) || noted(right, |notes| notes.foreign);
            let (left, right) = (left.clone(), right.clone());
            if marked {
                return Ok((left, right));
            }
            if references(&left, &right, cx)? {
                return Ok((mark_foreign(&left), right));
            }
            if references(&right, &left, cx)? {
                return Ok((left, mark_foreign(&right)));
            }
            Ok(match (in_secondary(&left)?, in_secondary(&right)?) {
                (true, false) => (mark_foreign(&left), right),
                (false, true) => (left, mark_foreign(&right)),
                _ => (left, right),
            })
        };
        self.both(|join| map_binaries(join, &mark))
    }

    fn derives(&self, column: &ColumnElement, from: &FromClause) -> bool {
        column
            .table()
            .is_some_and(|table| from.is_derived_from(&table))
    }

    /// Whether some comparison has both its columns in both tables.
    fn refers_to_parent_table(&self) -> bool {
        let (parent, target) = (self.spec.parent.mapped_table(), &self.spec.target_table);
        let mut found = false;
        visitors::traverse(&self.primary, &mut |element| {
            if let ColumnElement::Binary(binary) = element.plain() {
                let both = [&binary.left, &binary.right];
                found |= both.iter().all(|column| {
                    is_column(column)
                        && self.derives(column, parent)
                        && self.derives(column, target)
                });
            }
        });
        found
    }

    fn annotate_remote(&mut self) -> Result<()> {
        if has_note(&self.primary, |notes| notes.remote) {
            return Ok(());
        }
        let (spec, cx) = (self.spec, self.cx);
        if let Some(secondary) = &spec.secondary {
            let mark = |column: &ColumnElement| {
                Ok(contains_column(secondary, column, cx)?.then(|| mark_remote(column)))
            };
            return self.both(|join| map_columns(join, &mark));
        }
        if !spec.remote_side.is_empty() {
            if self.refers_to_parent_table() {
                return self.annotate_self(&|column| is_in(&spec.remote_side, column), true);
            }
            let mark = |column: &ColumnElement| {
                Ok(is_in(&spec.remote_side, column).then(|| mark_remote(column)))
            };
            self.primary = map_columns(&self.primary, &mark)?;
            return Ok(());
        }
        if self.refers_to_parent_table() {
            return self.annotate_self(&|column| noted(column, |notes| notes.foreign), false);
        }
        if overlap(spec.parent.mapped_table(), &spec.target_table) {
            return self.annotate_overlapping();
        }
        let mark = |column: &ColumnElement| {
            let remote = contains_column(&spec.target_table, column, cx)?
                && (!contains_column(spec.parent.local_table(), column, cx)?
                    || contains_column(&spec.target_local, column, cx)?);
            Ok(remote.then(|| mark_remote(column)))
        };
        self.primary = map_columns(&self.primary, &mark)?;
        Ok(())
    }

    fn annotate_self(
        &mut self,
        is_remote: &dyn Fn(&ColumnElement) -> bool,
        given: bool,
    ) -> Result<()> {
        let mark = |left: &ColumnElement, right: &ColumnElement| {
            if !is_column(left) || !is_column(right) {
                if !given {
                    self.warn_not_simple();
                }
                return Ok((left.clone(), right.clone()));
            }
            let equated = left.same(right);
            let marked = |column: &ColumnElement, remote: bool| {
                if remote {
                    mark_remote(column)
                } else {
                    column.clone()
                }
            };
            Ok((
                marked(left, is_remote(left)),
                marked(right, is_remote(right) && !equated),
            ))
        };
        self.primary = map_binaries(&self.primary, &mark)?;
        Ok(())
    }

    fn annotate_overlapping(&mut self) -> Result<()> {
        let (spec, cx) = (self.spec, self.cx);
        let other_entity = !Rc::ptr_eq(spec.parent, spec.target);
        let is_target = |column: &ColumnElement| {
            column
                .annotations()
                .and_then(|notes| notes.parent_mapper.as_ref())
                .is_some_and(|mapper| mapper.identity() == Rc::as_ptr(spec.target) as usize)
        };
        let side = |left: &ColumnElement, right: &ColumnElement| -> Result<ColumnElement> {
            if is_column(left) && is_column(right) {
                let remote = contains_column(&spec.target_table, right, cx)?
                    && contains_column(spec.parent.mapped_table(), left, cx)?;
                return Ok(if remote {
                    mark_remote(right)
                } else {
                    right.clone()
                });
            }
            if other_entity && is_target(right) {
                return Ok(mark_remote(right));
            }
            if !(other_entity && is_target(left)) {
                self.warn_not_simple();
            }
            Ok(right.clone())
        };
        let mark = |left: &ColumnElement, right: &ColumnElement| {
            let right = side(left, right)?;
            let left = side(&right, left)?;
            Ok((left, right))
        };
        self.primary = map_binaries(&self.primary, &mark)?;
        Ok(())
    }

    fn warn_not_simple(&self) {
        self.cx.warn(
            &SA_WARNING,
            &format!(
                "Non-simple column elements in primary join condition for property {} - consider \
                 using remote() annotations to mark the remote side.",
                self.spec.property
            ),
        );
    }

    fn annotate_local(&mut self) -> Result<()> {
        if has_note(&self.primary, |notes| notes.local) {
            return Ok(());
        }
        let (spec, cx) = (self.spec, self.cx);
        let mark = |column: &ColumnElement| {
            let local = !noted(column, |notes| notes.remote)
                && contains_column(spec.parent.mapped_table(), column, cx)?;
            Ok(local.then(|| {
                column.annotate(Annotations {
                    local: true,
                    ..Annotations::default()
                })
            }))
        };
        self.primary = map_columns(&self.primary, &mark)?;
        Ok(())
    }

    fn annotate_mappers(&mut self) -> Result<()> {
        let spec = self.spec;
        let mark = |column: &ColumnElement| {
            let mapper: Rc<dyn Entity> = if noted(column, |notes| notes.remote) {
                spec.target.clone()
            } else if noted(column, |notes| notes.local) {
                spec.parent.clone()
            } else {
                return Ok(None);
            };
            Ok(Some(column.annotate(Annotations {
                parent_mapper: Some(mapper),
                ..Annotations::default()
            })))
        };
        self.primary = map_columns(&self.primary, &mark)?;
        Ok(())
    }

    fn is_mapped(&self, column: &ColumnElement) -> Result<bool> {
        let spec = self.spec;
        if let Some(secondary) = &spec.secondary
            && contains_column(secondary, column, self.cx)?
        {
            return Ok(true);
        }
        Ok(
            contains_column(spec.parent.mapped_table(), column, self.cx)?
                || contains_column(&spec.target_table, column, self.cx)?,
        )
    }

    fn pairs(&self, join: &ColumnElement, found: &mut Pairs) -> Result<()> {
        let mut comparisons = Vec::new();
        binary_product(join, &mut comparisons);
        for (operator, left, right) in comparisons {
            let remote = |column: &ColumnElement| noted(column, |notes| notes.remote);
            let plain = (left.plain().clone(), right.plain().clone());
            if remote(&right) && !remote(&left) && self.is_mapped(&left)? {
                push_pair(&mut found.local_remote, plain.clone());
            } else if remote(&left) && !remote(&right) && self.is_mapped(&right)? {
                push_pair(&mut found.local_remote, (plain.1.clone(), plain.0.clone()));
            }
            if operator == Operator::Eq && self.is_mapped(&left)? && self.is_mapped(&right)? {
                if noted(&right, |notes| notes.foreign) {
                    found.sync.push(plain);
                } else if noted(&left, |notes| notes.foreign) {
                    found.sync.push((plain.1, plain.0));
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<JoinData> {
        let mut primary = Pairs::default();
        self.pairs(&self.primary, &mut primary)?;
        let mut second = Pairs {
            local_remote: std::mem::take(&mut primary.local_remote),
            sync: Vec::new(),
        };
        if let Some(join) = &self.secondary {
            self.pairs(join, &mut second)?;
        }
        self.check_foreign(&self.primary, &primary.sync, "primary")?;
        if let Some(join) = &self.secondary {
            self.check_foreign(join, &second.sync, "secondary")?;
        }
        let gather = |is: fn(&Annotations) -> bool| {
            let mut columns = Vec::new();
            for join in std::iter::once(&self.primary).chain(&self.secondary) {
                gather_noted(join, is, &mut columns);
            }
            columns
        };
        let data = JoinData {
            remote_columns: gather(|notes| notes.remote),
            local_columns: gather(|notes| notes.local),
            foreign_key_columns: gather(|notes| notes.foreign),
            direction: Direction::OneToMany,
            secondary: self.spec.secondary.clone(),
            synchronize_pairs: primary.sync,
            secondary_synchronize_pairs: second.sync,
            local_remote_pairs: second.local_remote,
            primaryjoin: self.primary.clone(),
            secondaryjoin: self.secondary.clone(),
            remote_marked: self.remote_marked,
            foreign_marked: self.foreign_marked,
        };
        let direction = self.direction(&data)?;
        self.check_remote(&data)?;
        Ok(JoinData { direction, ..data })
    }

    fn check_foreign(
        &self,
        join: &ColumnElement,
        pairs: &[(ColumnElement, ColumnElement)],
        which: &str,
    ) -> Result<()> {
        let has_foreign = has_note(join, |notes| notes.foreign);
        let viewonly = self.spec.viewonly;
        if (!viewonly && !pairs.is_empty()) || (viewonly && has_foreign) {
            return Ok(());
        }
        let text = expression_text(join, self.cx);
        let property = self.spec.property;
        Err(ARGUMENT_ERROR.error(if !viewonly && has_foreign {
            format!(
                "Could not locate any simple equality expressions involving locally mapped \
                 foreign key columns for {which} join condition '{text}' on relationship \
                 {property}.  Ensure that referencing columns are associated with a ForeignKey or \
                 ForeignKeyConstraint, or are annotated in the join condition with the foreign() \
                 annotation. To allow comparison operators other than '==', the relationship can \
                 be marked as viewonly=True."
            )
        } else {
            format!(
                "Could not locate any relevant foreign key columns for {which} join condition \
                 '{text}' on relationship {property}.  Ensure that referencing columns are \
                 associated with a ForeignKey or ForeignKeyConstraint, or are annotated in the \
                 join condition with the foreign() annotation."
            )
        }))
    }

    fn direction(&self, data: &JoinData) -> Result<Direction> {
        if data.secondaryjoin.is_some() {
            return Ok(Direction::ManyToMany);
        }
        let property = self.spec.property;
        let (mut on_target, mut on_parent) = (false, false);
        for column in &data.foreign_key_columns {
            on_target |= contains_column(&self.spec.target_table, column, self.cx)?;
            on_parent |= contains_column(self.spec.parent.mapped_table(), column, self.cx)?;
        }
        match (on_target, on_parent) {
            (true, false) => return Ok(Direction::OneToMany),
            (false, true) => return Ok(Direction::ManyToOne),
            (false, false) => {
                return Err(ARGUMENT_ERROR.error(format!(
                    "Can't determine relationship direction for relationship '{property}' - \
                     foreign key columns are present in neither the parent nor the child's mapped \
                     tables"
                )));
            }
            (true, true) => {}
        }
        let mut to_many = Vec::new();
        gather_noted(
            &data.primaryjoin,
            |notes| notes.remote && notes.foreign,
            &mut to_many,
        );
        let mut to_one = Vec::new();
        gather_noted(
            &data.primaryjoin,
            |notes| notes.foreign && !notes.remote,
            &mut to_one,
        );
        if !to_many.is_empty() && !to_one.is_empty() {
            let equated = |column: &ColumnElement| {
                is_in(&data.remote_columns, column) && is_in(&data.local_columns, column)
            };
            to_many.retain(|column| !equated(column));
            to_one.retain(|column| !equated(column));
        }
        match (to_many.is_empty(), to_one.is_empty()) {
            (false, true) => Ok(Direction::OneToMany),
            (true, false) => Ok(Direction::ManyToOne),
            _ => Err(ARGUMENT_ERROR.error(format!(
                "Can't determine relationship direction for relationship '{property}' - foreign \
                 key columns within the join condition are present in both the parent and the \
                 child's mapped tables.  Ensure that only those columns referring to a parent \
                 column are marked as foreign, either via the foreign() annotation or via the \
                 foreign_keys argument."
            ))),
        }
    }

    fn check_remote(&self, data: &JoinData) -> Result<()> {
        if data.local_remote_pairs.is_empty() {
            return Err(ARGUMENT_ERROR.error(format!(
                "Relationship {} could not determine any unambiguous local/remote column pairs \
                 based on join condition and remote_side arguments.  Consider using the remote() \
                 annotation to accurately mark those elements of the join condition that are on \
                 the remote side of the relationship.",
                self.spec.property
            )));
        }
        for (_, remote) in &data.local_remote_pairs {
            let local_only = contains_column(self.spec.parent.mapped_table(), remote, self.cx)?
                && !contains_column(&self.spec.target_table, remote, self.cx)?;
            if local_only {
                self.cx.warn(
                    &SA_WARNING,
                    &format!(
                        "Expression {} is marked as 'remote', but these column(s) are local to \
                         the local side.  The remote() annotation is needed only for a \
                         self-referential relationship where both sides of the relationship \
                         refer to the same tables.",
                        expression_text(remote, self.cx)
                    ),
                );
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Pairs {
    local_remote: Vec<(ColumnElement, ColumnElement)>,
    sync: Vec<(ColumnElement, ColumnElement)>,
}

fn push_pair(
    pairs: &mut Vec<(ColumnElement, ColumnElement)>,
    pair: (ColumnElement, ColumnElement),
) {
    let known = pairs
        .iter()
        .any(|(a, b)| a.same(&pair.0) && b.same(&pair.1));
    if !known {
        pairs.push(pair);
    }
}

/// The columns in `element` whose notes satisfy `is`, without notes, each once.
fn gather_noted(
    element: &ColumnElement,
    is: fn(&Annotations) -> bool,
    columns: &mut Vec<ColumnElement>,
) {
    visitors::traverse(element, &mut |one| {
        if noted(one, is) && !is_in(columns, one) {
            columns.push(one.plain().clone());
        }
    });
}

/// Every combination of a column left and a column right of each comparison in `element`.
fn binary_product(
    element: &ColumnElement,
    found: &mut Vec<(Operator, ColumnElement, ColumnElement)>,
) -> Vec<ColumnElement> {
    match element.plain() {
        ColumnElement::ScalarSelect(_) => vec![element.clone()],
        ColumnElement::Binary(binary) if binary.operator.is_comparison() => {
            let left = binary_product(&binary.left, found);
            let right = binary_product(&binary.right, found);
            for one in &left {
                for other in &right {
                    found.push((binary.operator.clone(), one.clone(), other.clone()));
                }
            }
            Vec::new()
        }
        _ if is_column(element) => vec![element.clone()],
        plain => {
            let mut columns = Vec::new();
            plain.for_each_child(&mut |child| columns.extend(binary_product(child, found)));
            columns
        }
    }
}

/// The pairs of (referenced, referencing) columns that a condition equates by foreign keys.
pub fn criterion_pairs(
    condition: &ColumnElement,
    foreign_keys: &[ColumnElement],
) -> Vec<(ColumnElement, ColumnElement)> {
    let cx = Cx::current();
    let mut comparisons = Vec::new();
    binary_product(condition, &mut comparisons);
    let mut pairs = Vec::new();
    for (operator, left, right) in comparisons {
        if operator != Operator::Eq {
            continue;
        }
        let (left, right) = (left.plain().clone(), right.plain().clone());
        if !foreign_keys.is_empty() {
            if is_in(foreign_keys, &left) {
                pairs.push((right, left));
            } else if is_in(foreign_keys, &right) {
                pairs.push((left, right));
            }
        } else if references(&left, &right, &cx).unwrap_or(false) {
            pairs.push((right, left));
        } else if references(&right, &left, &cx).unwrap_or(false) {
            pairs.push((left, right));
        }
    }
    pairs
}
