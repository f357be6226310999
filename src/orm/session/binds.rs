//! Which engine or connection a session talks to.

use std::rc::Rc;

use super::Session;
use crate::engine::exc::UNBOUND_EXECUTION_ERROR;
use crate::engine::{Connection, Engine, ExecutionOptions};
use crate::object::{Class, Cx, Result, Value, no_attribute};
use crate::orm::{Mapper, class_mapper};
use crate::sql::FromClause;

/// What a session talks to.
#[derive(Clone)]
pub enum Bind {
    /// An engine, connected to for each transaction.
    Engine(Engine),
    /// A connection that others manage.
    Connection(Connection),
    /// Something that can't be connected to.
    Other(Value),
}

impl Bind {
    /// The engine or connection that `value` is.
    pub fn of(value: &Value) -> Option<Self> {
        if let Some(engine) = value.downcast::<Engine>() {
            return Some(Self::Engine(engine.clone()));
        }
        value
            .downcast::<Connection>()
            .map(|connection| Self::Connection(connection.clone()))
    }
    /// A connection outside any transaction, returned with the result that it gives.
    fn connect_outside(&self, cx: &Cx) -> Result<Connection> {
        match self {
            Self::Engine(engine) => {
                let connection = engine.connect(cx)?;
                connection.close_with_result();
                Ok(connection)
            }
            Self::Connection(connection) => Ok(connection.clone()),
            Self::Other(value) => Err(no_attribute(value, "connect", cx)),
        }
    }
    /// Whether `connection` is one to this bind.
    pub fn is(&self, connection: &Connection) -> bool {
        match self {
            Self::Engine(engine) => connection.engine().address() == engine.address(),
            Self::Connection(own) => own.address() == connection.address(),
            Self::Other(_) => false,
        }
    }
    /// As scripts see it.
    pub fn value(&self) -> Value {
        match self {
            Self::Engine(engine) => Value::object(engine.clone()),
            Self::Connection(connection) => Value::object(connection.clone()),
            Self::Other(value) => value.clone(),
        }
    }
}

/// What a bind of its own was given for.
#[derive(Clone)]
pub enum BindKey {
    /// A class, mapped or not.
    Class(Rc<Class>),
    /// A table.
    Table(FromClause),
}

/// What a statement says about the bind it wants.
#[derive(Clone, Default)]
pub struct BindArguments {
    /// The bind itself.
    pub bind: Option<Bind>,
    /// The mapper it is about.
    pub mapper: Option<Rc<Mapper>>,
    /// The tables it is about.
    pub tables: Vec<FromClause>,
    /// Whether it is a SQL expression, for the error.
    pub is_clause: bool,
}

impl Session {
    /// Have `key` use `bind`.
    pub fn add_bind(&self, key: BindKey, bind: Bind) {
        let mut binds = self.data().binds.borrow_mut();
        if let BindKey::Class(class) = &key
            && let Some(mapper) = class_mapper(class)
        {
            for table in mapper.tables() {
                let table = FromClause::Table(table.clone());
                binds.push((BindKey::Table(table), bind.clone()));
            }
        }
        binds.push((key, bind));
    }
    /// The session's own bind.
    pub fn bind(&self) -> Option<Bind> {
        self.data().bind.borrow().clone()
    }
    /// Set the session's own bind.
    pub fn set_bind(&self, bind: Option<Bind>) {
        *self.data().bind.borrow_mut() = bind;
    }
    /// `get_bind()`.
    pub fn get_bind(&self, wanted: &BindArguments, cx: &Cx) -> Result<Bind> {
        if let Some(bind) = &wanted.bind {
            return Ok(bind.clone());
        }
        let own = self.bind();
        if self.data().binds.borrow().is_empty() {
            if let Some(bind) = own {
                return Ok(bind);
            }
        } else if let Some(bind) = self.specific_bind(wanted) {
            return Ok(bind);
        }
        if let Some(bind) = own {
            return Ok(bind);
        }
        let mut context = Vec::new();
        if let Some(mapper) = &wanted.mapper {
            context.push(format!("mapper {}", mapper.describe(cx.compat())));
        }
        if wanted.is_clause {
            context.push("SQL expression".to_owned());
        }
        Err(UNBOUND_EXECUTION_ERROR.error(if context.is_empty() {
            "This session is not bound to a single Engine or Connection, and no context was \
             provided to locate a binding."
                .to_owned()
        } else {
            format!(
                "Could not locate a bind configured on {} or this Session.",
                context.join(", ")
            )
        }))
    }
    fn specific_bind(&self, wanted: &BindArguments) -> Option<Bind> {
        let binds = self.data().binds.borrow();
        if let Some(mapper) = &wanted.mapper {
            let class = mapper.class();
            let ancestors = class.ancestors();
            for candidate in std::iter::once(class).chain(ancestors.iter()) {
                let found = binds.iter().rev().find(
                    |(key, _)| matches!(key, BindKey::Class(known) if Rc::ptr_eq(known, candidate)),
                );
                if let Some((_, bind)) = found {
                    return Some(bind.clone());
                }
            }
        }
        let tables = wanted.mapper.iter().map(|mapper| mapper.mapped_table());
        for table in wanted.tables.iter().chain(tables) {
            let found = binds
                .iter()
                .rev()
                .find(|(key, _)| matches!(key, BindKey::Table(known) if known.same(table)));
            if let Some((_, bind)) = found {
                return Some(bind.clone());
            }
        }
        None
    }
    /// The connection to `bind` in the current transaction.
    pub fn connection_for(
        &self,
        bind: &Bind,
        options: &ExecutionOptions,
        cx: &Cx,
    ) -> Result<Connection> {
        self.check_block()?;
        if self.is_outside() {
            return bind.connect_outside(cx);
        }
        let current = self.data().transaction.borrow().clone();
        let transaction = match current {
            Some(transaction) => transaction,
            None => self.autobegin(false, cx)?,
        };
        transaction.connection(bind, options, cx)
    }
    /// The connection that the objects of `mapper` are written to.
    pub fn mapper_connection(&self, mapper: &Rc<Mapper>, cx: &Cx) -> Result<Connection> {
        let wanted = BindArguments {
            mapper: Some(mapper.clone()),
            ..BindArguments::default()
        };
        let bind = self.get_bind(&wanted, cx)?;
        self.connection_for(&bind, &ExecutionOptions::none(), cx)
    }
}
