//! HL7 v2 messages: a lazy, lossless view over the bytes, edits and acknowledgements.
