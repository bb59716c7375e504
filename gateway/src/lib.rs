//! The user half of gateway: policies, the tables in the kernel, and what people see of them.
//!
//! * [`policy`]: from text to checked policies to compiled tables; pure, knows no kernel.

pub mod policy;
