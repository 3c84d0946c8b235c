//! The journal as its threads share it: which segments there are, where a record stands, how records are read.

pub(crate) mod names;
pub(crate) mod position;
pub(crate) mod reader;
pub(crate) mod segments;
pub(crate) mod stored;
pub(crate) mod whole;
