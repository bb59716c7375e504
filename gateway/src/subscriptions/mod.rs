//! The lists that the policies in force subscribe to: kept fresh beside everything else, and what there is to tell of them.

pub mod keeper;
pub mod row;
