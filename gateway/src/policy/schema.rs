//! JSON Schemas (2020-12) of both kinds of file, for editors and for checks elsewhere.
//!
//! They are written by hand, so that they can say what keys are for. The tests hold them to the raw forms that the files
//! are read into: key by key and word by word. What a schema cannot say (that a policy exists, that a net has no bits
//! behind its length) `gateway check` does.

/// Of `gateway.toml`.
pub const CONFIG_SCHEMA: &str = include_str!("schema/config.json");

/// Of a policy file.
pub const POLICY_SCHEMA: &str = include_str!("schema/policy.json");

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
