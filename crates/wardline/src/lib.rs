//! Wardline, an on-premise HL7 v2 interface engine: the library for handler authors and the command line.
