//! Transcripts: documents with examples, replayed and compared.
