//! `from_statement()`: entities of the rows of a statement that is taken as it stands.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::{CompileState, Compiled, Position};
use crate::object::{Cx, Result, Value};
use crate::orm::loading::{LatePlan, StatementPlan};
use crate::sql::visitors::corresponding_of;
use crate::sql::{ColumnElement, Executable, LabelStyle, SelectStatement, TextualSelect};

impl CompileState<'_> {
    /// Compile the entities over the rows of `statement`.
    pub fn run_from_statement(mut self, statement: &Executable) -> Result<Compiled> {
        for at in 0..self.entities.len() {
            self.set_up_entity(at)?;
        }
        let mut statement = statement.clone();
        if let Executable::Text(text) = &statement {
            statement = Executable::TextualSelect(Rc::new(TextualSelect {
                element: text.clone(),
                columns: self.primary.clone(),
                positional: false,
            }));
        } else if self.options.legacy {
            statement = with_legacy_labels(statement);
        }
        let sought = self.sought(&statement)?;
        let late = self.late_plan(sought)?;
        let plan = StatementPlan {
            late: Some(late),
            ..self.plan_of(FxHashMap::default())?
        };
        Ok(Compiled {
            select: self.select.clone(),
            statement: Some(statement),
            plan: Rc::new(plan),
        })
    }

    /// The columns of `statement` that stand for those of the entities.
    fn sought(&self, statement: &Executable) -> Result<Vec<ColumnElement>> {
        let offered = match statement {
            Executable::Select(select) => {
                SelectStatement::Select(select.clone()).selected_columns(self.cx)?
            }
            Executable::Compound(compound) => {
                SelectStatement::Compound(compound.clone()).selected_columns(self.cx)?
            }
            _ => return Ok(self.primary.clone()),
        };
        let columns: Vec<ColumnElement> =
            offered.iter().map(|(_, column)| column.clone()).collect();
        let by_name = |column: &ColumnElement| {
            let name = column.key()?.text().cloned()?;
            let found = offered.iter().find(|(key, _)| *key == name);
            found.map(|(_, column)| column.clone())
        };
        Ok(self
            .primary
            .iter()
            .map(|column| {
                corresponding_of(&columns, column, false)
                    .or_else(|| by_name(column))
                    .unwrap_or_else(|| column.clone())
            })
            .collect())
    }

    fn late_plan(&self, sought: Vec<ColumnElement>) -> Result<LatePlan> {
        let maker = self.plan_maker()?;
        let primary: Vec<usize> = self.primary.iter().map(ColumnElement::identity).collect();
        let mut positions: Vec<(usize, usize)> = self
            .positions
            .iter()
            .filter_map(|(identity, position)| match position {
                Position::Primary(at) => Some((*identity, *at)),
                Position::Secondary(_) => None,
            })
            .collect();
        positions.sort_unstable();
        let names: Vec<Value> = sought.into_iter().map(Value::object).collect();
        let needed = self.primary.clone();
        Ok(LatePlan {
            sought: names,
            known: RefCell::default(),
            make: Box::new(move |places, cx| {
                let mut columns = FxHashMap::default();
                for (identity, at) in &positions {
                    if let Some(Some(place)) = places.get(*at) {
                        columns.insert(*identity, *place);
                    }
                }
                for (at, identity) in primary.iter().enumerate() {
                    if let Some(Some(place)) = places.get(at) {
                        columns.entry(*identity).or_insert(*place);
                    }
                }
                maker.check(&columns, &needed, cx)?;
                maker.plan(columns, cx).map(Rc::new)
            }),
        })
    }
}

/// A statement whose columns were left without labels gets those of a `Query`.
fn with_legacy_labels(statement: Executable) -> Executable {
    match statement {
        Executable::Select(select) if select.data().label_style == LabelStyle::None => {
            Executable::Select(select.set_label_style(LabelStyle::TablenamePlusCol))
        }
        other => other,
    }
}

impl LatePlan {
    /// The plan for rows in which `find` tells where each column is.
    pub fn resolve(
        &self,
        find: impl Fn(&Value) -> Result<Option<usize>>,
        cx: &Cx,
    ) -> Result<Rc<StatementPlan>> {
        let places = self
            .sought
            .iter()
            .map(find)
            .collect::<Result<Vec<Option<usize>>>>()?;
        if let Some((known, plan)) = &*self.known.borrow()
            && *known == places
        {
            return Ok(plan.clone());
        }
        let plan = (self.make)(&places, cx)?;
        *self.known.borrow_mut() = Some((places, plan.clone()));
        Ok(plan)
    }
}
