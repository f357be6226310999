//! The classes of SQL expressions, FROM elements and statements, as scripts see them.

use std::sync::LazyLock;

use super::{constructs, custom, element, from_clause, function, operators, select, statement};
use crate::object::TypeSpec;
use crate::object::types::OBJECT;

const ELEMENTS: &str = "sqlalchemy.sql.elements";
const SELECTABLE: &str = "sqlalchemy.sql.selectable";
const PG_ARRAY: &str = "sqlalchemy.dialects.postgresql.array";
const PG_EXT: &str = "sqlalchemy.dialects.postgresql.ext";
const FUNCTIONS: &str = "sqlalchemy.sql.functions";

/// `ClauseElement`, the base of everything SQL.
pub static CLAUSE_ELEMENT: TypeSpec = TypeSpec::new(ELEMENTS, "ClauseElement")
    .bases(&[&OBJECT])
    .members(|members| {
        members
            .with(statement::clause_members)
            .with(custom::members);
    })
    .construct(custom::construct)
    .subclassable();
/// `Executable`, what can be executed.
pub static EXECUTABLE: TypeSpec = TypeSpec::new("sqlalchemy.sql.base", "Executable")
    .bases(&[&OBJECT])
    .subclassable();
/// `ColumnOperators`, which has the operators as methods.
pub static COLUMN_OPERATORS: TypeSpec =
    TypeSpec::new("sqlalchemy.sql.operators", "ColumnOperators")
        .bases(&[&OBJECT])
        .members(operators::members);
/// `ColumnElement`, the base of expressions.
pub static COLUMN_ELEMENT: TypeSpec = TypeSpec::new(ELEMENTS, "ColumnElement")
    .bases(&[&COLUMN_OPERATORS, &CLAUSE_ELEMENT])
    .members(operators::element_members)
    .construct(custom::construct)
    .subclassable();

pub use crate::lang::native::schema::{COLUMN, TABLE};

/// `ColumnClause`: a column known by name alone.
pub static COLUMN_CLAUSE: TypeSpec = TypeSpec::new(ELEMENTS, "ColumnClause")
    .bases(&[&NAMED_COLUMN])
    .subclassable();
/// `FunctionElement`, the base of functions.
pub static FUNCTION_ELEMENT: TypeSpec = TypeSpec::new(FUNCTIONS, "FunctionElement")
    .bases(&[&EXECUTABLE, &COLUMN_ELEMENT])
    .members(function::members)
    .subclassable();
/// `Function`, what `func.x()` makes.
pub static FUNCTION: TypeSpec = TypeSpec::new(FUNCTIONS, "Function")
    .bases(&[&FUNCTION_ELEMENT])
    .subclassable();
/// `GenericFunction`, the base of the known functions and of those that scripts add to `func`.
pub static GENERIC_FUNCTION: TypeSpec = TypeSpec::new(FUNCTIONS, "GenericFunction")
    .bases(&[&FUNCTION])
    .init_subclass(custom::init_subclass);

macro_rules! classes {
    ($($constant:ident = $module:ident $name:literal : $($base:path),* $(=> $members:path)? $(, $construct:path)?;)*) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            pub static $constant: TypeSpec = TypeSpec::new($module, $name)
                .bases(&[$(&$base),*])$(.members($members))?$(.construct($construct))?;
        )*
    };
}

classes! {
    NAMED_COLUMN = ELEMENTS "NamedColumn": COLUMN_ELEMENT => element::named_members;
    BIND_PARAMETER = ELEMENTS "BindParameter": COLUMN_ELEMENT => element::bind_members;
    BINARY_EXPRESSION = ELEMENTS "BinaryExpression": COLUMN_ELEMENT => element::binary_members;
    UNARY_EXPRESSION = ELEMENTS "UnaryExpression": COLUMN_ELEMENT => element::unary_members;
    COLLECTION_AGGREGATE = ELEMENTS "CollectionAggregate": UNARY_EXPRESSION;
    AS_BOOLEAN = ELEMENTS "AsBoolean": UNARY_EXPRESSION;
    CLAUSE_LIST = ELEMENTS "ClauseList": COLUMN_ELEMENT => element::list_members;
    EXPRESSION_CLAUSE_LIST = ELEMENTS "ExpressionClauseList": COLUMN_ELEMENT => element::list_members;
    BOOLEAN_CLAUSE_LIST = ELEMENTS "BooleanClauseList": EXPRESSION_CLAUSE_LIST;
    GROUPING = ELEMENTS "Grouping": COLUMN_ELEMENT => element::grouping_members;
    LABEL = ELEMENTS "Label": COLUMN_ELEMENT => element::label_members;
    LABEL_REFERENCE = ELEMENTS "_label_reference": COLUMN_ELEMENT;
    TEXTUAL_LABEL_REFERENCE = ELEMENTS "_textual_label_reference": COLUMN_ELEMENT;
    OVER = ELEMENTS "Over": COLUMN_ELEMENT;
    FUNCTION_FILTER = ELEMENTS "FunctionFilter": COLUMN_ELEMENT => function::call_members;
    WITHIN_GROUP = ELEMENTS "WithinGroup": COLUMN_ELEMENT => function::call_members;
    CASE = ELEMENTS "Case": COLUMN_ELEMENT;
    CAST = ELEMENTS "Cast": COLUMN_ELEMENT => element::cast_members;
    TRY_CAST = ELEMENTS "TryCast": CAST;
    TYPE_COERCE = ELEMENTS "TypeCoerce": COLUMN_ELEMENT => element::cast_members;
    EXTRACT = ELEMENTS "Extract": COLUMN_ELEMENT;
    COLLATION = ELEMENTS "CollationClause": COLUMN_ELEMENT;
    NULL = ELEMENTS "Null": COLUMN_ELEMENT;
    TRUE = ELEMENTS "True_": COLUMN_ELEMENT;
    FALSE = ELEMENTS "False_": COLUMN_ELEMENT;
    TEXT_CLAUSE = ELEMENTS "TextClause": CLAUSE_ELEMENT => element::text_members, constructs::construct_text;
    TUPLE = ELEMENTS "Tuple": CLAUSE_LIST;
    TABLE_VALUED_COLUMN = ELEMENTS "TableValuedColumn": NAMED_COLUMN;
    SCALAR_FUNCTION_COLUMN = FUNCTIONS "ScalarFunctionColumn": NAMED_COLUMN;
    POSTGRESQL_ARRAY = PG_ARRAY "array": EXPRESSION_CLAUSE_LIST;
    AGGREGATE_ORDER_BY = PG_EXT "aggregate_order_by": COLUMN_ELEMENT;
    SLICE = ELEMENTS "Slice": COLUMN_ELEMENT;
    SCALAR_SELECT = SELECTABLE "ScalarSelect": COLUMN_ELEMENT => element::scalar_select_members;
    EXISTS = SELECTABLE "Exists": UNARY_EXPRESSION => element::exists_members;

    RETURNS_ROWS = SELECTABLE "ReturnsRows": CLAUSE_ELEMENT;
    FROM_CLAUSE = SELECTABLE "FromClause": RETURNS_ROWS => from_clause::members;
    TABLE_CLAUSE = SELECTABLE "TableClause": FROM_CLAUSE => from_clause::table_members;
    ALIASED_RETURNS_ROWS = SELECTABLE "AliasedReturnsRows": FROM_CLAUSE => from_clause::alias_members;
    ALIAS = SELECTABLE "Alias": ALIASED_RETURNS_ROWS;
    SUBQUERY = SELECTABLE "Subquery": ALIASED_RETURNS_ROWS;
    LATERAL = SELECTABLE "Lateral": ALIASED_RETURNS_ROWS;
    TABLE_SAMPLE = SELECTABLE "TableSample": ALIASED_RETURNS_ROWS;
    TABLE_VALUED_ALIAS = SELECTABLE "TableValuedAlias": ALIASED_RETURNS_ROWS => from_clause::table_valued_members;
    CTE = SELECTABLE "CTE": ALIASED_RETURNS_ROWS => from_clause::cte_members;
    JOIN = SELECTABLE "Join": FROM_CLAUSE => from_clause::join_members;
    VALUES = SELECTABLE "Values": FROM_CLAUSE => from_clause::values_members, constructs::construct_values;
    FROM_GROUPING = SELECTABLE "FromGrouping": FROM_CLAUSE;

    SELECT_BASE = SELECTABLE "SelectBase": RETURNS_ROWS => select::base_members;
    GENERATIVE_SELECT = SELECTABLE "GenerativeSelect": SELECT_BASE => select::generative_members;
    SELECT = SELECTABLE "Select": GENERATIVE_SELECT => select::members, constructs::construct_select;
    COMPOUND_SELECT = SELECTABLE "CompoundSelect": GENERATIVE_SELECT => select::compound_members;
    TEXTUAL_SELECT = SELECTABLE "TextualSelect": SELECT_BASE;
}

static GENERIC_BASES: &[&TypeSpec] = &[&GENERIC_FUNCTION];

/// The classes of the known functions, in the order of their table.
static KNOWN_FUNCTIONS: LazyLock<Vec<TypeSpec>> = LazyLock::new(|| {
    crate::sql::functions::FUNCTIONS
        .iter()
        .map(|spec| TypeSpec::new(FUNCTIONS, spec.name).bases(GENERIC_BASES))
        .collect()
});

/// The class of the known function called `name`.
pub fn function_class(name: &str) -> Option<&'static TypeSpec> {
    KNOWN_FUNCTIONS.iter().find(|spec| spec.name() == name)
}
