//! Engines, connections, results, the echo, and what a dialect is.
