//! The user half of gateway: policies, the tables in the kernel, and what people see of them.
//!
//! * [`lists`]: block lists as the world publishes them: fetched, kept on the disk, and read from bytes to rules.
//! * [`policy`]: from text to checked policies to compiled tables; pure, knows no kernel.
//! * [`datapath`]: the only room that touches aya: load, attach, pin, fill, read.
//! * [`netlink`]: questions to the kernel about interfaces and what is behind them.
//! * [`observe`]: events and counters in terms of people.
//! * [`present`]: what holds at this moment, by schedules and pauses.
//! * [`subscriptions`]: the lists of the policies in force, kept fresh.
//! * [`serve`]: `/metrics` and the control socket.
//! * [`replay`]: the frames of a capture through the real program, attached to nothing.
//! * [`resolve`]: hosts that are blocked by their addresses too.
//! * [`explain`]: why a device gets to a host or does not; from files alone.
//! * [`top`]: `gateway top`, a live view in a terminal.
//! * [`who`]: what is known of a device beside its address: vendor, host name, addresses.
//! * [`daemon`]: `gateway run`.
//! * [`init`]: a first configuration, from what there is and what a person says.
//! * [`cli`]: one file a command.

pub mod cli;
pub mod daemon;
pub mod datapath;
pub mod explain;
pub mod init;
pub mod lists;
pub mod netlink;
pub mod observe;
pub mod policy;
pub mod present;
pub mod replay;
pub mod resolve;
pub mod serve;
pub mod subscriptions;
pub mod top;
pub mod who;
