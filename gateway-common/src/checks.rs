//! What must hold of the parsers whatever bytes they are given.
//!
//! Each `check` takes bytes and panics if a promise is broken: the same bytes in other pieces come to something else, a
//! name is found that is not there, or another reader of the same format (a plain one that has the whole message in
//! memory, and one that other people wrote) sees it otherwise. The fuzz targets in `fuzz/` call them with bytes that they
//! make up; the tests call them with every input that was worth keeping.

pub mod answers;
pub mod dns;
pub mod http;
mod pieces;
pub mod quic;
pub mod seal;
pub mod tls;
pub mod wire;

#[cfg(test)]
mod kept;
