//! A value on its way into a statement.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A value as text, whatever type it has there: the database reads it as it reads a literal, and says so where it is none.
pub(super) struct Parameter<'p>(pub(super) Option<&'p str>);

const HEX: &[u8; 16] = b"0123456789abcdef";

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = self.0 else { return Ok(IsNull::Yes) };
        if *of == Type::BYTEA {
            out.put_slice(b"\\x");
            for byte in text.bytes() {
                out.extend([byte >> 4, byte & 15].map(|half| HEX[usize::from(half)]));
            }
        } else {
            out.put_slice(text.as_bytes());
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Parameter<'_> {
    /// Its size only: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parameter({:?} bytes)", self.0.map(str::len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: Option<&str>, of: &Type) -> Option<String> {
        let mut out = BytesMut::new();
        match Parameter(value).to_sql(of, &mut out).expect("any type") {
            IsNull::Yes => None,
            IsNull::No => Some(String::from_utf8(out.to_vec()).expect("text")),
        }
    }

    #[test]
    fn every_value_is_text_and_bytes_are_written_in_hexadecimal() {
        assert_eq!(written(Some("7"), &Type::INT4).as_deref(), Some("7"));
        assert_eq!(written(Some("ä|"), &Type::BYTEA).as_deref(), Some("\\xc3a47c"));
        assert_eq!(written(None, &Type::TEXT), None);
        assert!(!format!("{:?}", Parameter(Some("DOE"))).contains("DOE"));
    }
}
