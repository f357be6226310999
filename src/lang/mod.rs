//! The language: parsing, compiling, running, and the modules scripts import.
