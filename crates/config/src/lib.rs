//! TOML to validated types, every fault at once and in its place.
