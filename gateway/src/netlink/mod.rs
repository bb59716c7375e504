//! Questions to the kernel about interfaces and what is behind them, over netlink (netlink(7), rtnetlink(7)).
//!
//! * [`request`]: one request, its answer or all of a table, and the attributes in them.
//! * [`link`]: what an interface is, and what its driver can do.

pub mod link;
pub(crate) mod request;
