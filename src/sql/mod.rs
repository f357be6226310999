//! SQL as values: schema, expressions, statements, and their compilation.
