//! From text to checked policies to compiled tables. Pure: no kernel, and no file but those that are read.
//!
//! The way: [`Config::load`] reads `gateway.toml` and the folder of policies and tells everything that is wrong in any
//! of them at once ([`Mistakes`]); [`Numbers::assign`] gives each policy its bit and each device its number;
//! [`Compiled::new`] makes the tables; [`Compiled::judge_name`] and its siblings say what they mean.
//!
//! # Precedence
//! 1. Only the policies of the device have a say: those of its `[[device]]`, or those of `[defaults]` if it has none.
//! 2. **Names:** allow beats block, whichever of the policies allows and at whatever depth of the name. `domains`
//!    stands for the name and everything below it, `hosts` for exactly the name.
//! 3. **Addresses:** the longest listed net decides in which one of the policies names the address; in that net, allow
//!    beats block.
//! 4. **Ports:** allow beats block.
//! 5. Of several policies that block, the verdict is made by one that rejects or drops before one that observes, then by the one
//!    with the lowest number. A policy that observes still allows.

mod compile;
mod config;
mod device;
mod device_address;
mod escape;
mod events_section;
mod file;
mod find;
mod folder;
mod host;
mod judge;
mod list;
mod mistake;
mod names_section;
mod nearest;
mod numbers;
mod page_section;
mod page_token;
mod prefix;
mod raw;
mod reading;
mod resolved;
mod schedule;
mod schema;
mod standing;
mod subscribe;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
pub mod track;
mod warnings;

pub use compile::{CompileError, Compiled, Who};
pub use config::{
    Checks, Config, DEFAULT_CACHE, DEFAULT_LISTEN, DEFAULT_PIN, DEFAULT_SOCKET, DEFAULT_STATE, Examined,
};
pub use device::{Device, OTHER};
pub use device_address::{BadAddress, DeviceAddress};
pub(crate) use escape::{Escaped, Shown};
pub use events_section::{Events, EventsFile};
pub use file::{Ech, Entries, Entry, Policy, PolicyAction, Quic, Treatment};
pub use find::NoDevice;
pub(crate) use folder::toml_files;
pub use host::{BadHost, HostName};
pub use judge::Ruling;
pub use list::List;
pub use mistake::{Mistake, Mistakes, Place, Refusal, Severity, SourceFile};
pub use names_section::NameFiles;
pub(crate) use nearest::did_you_mean;
pub use numbers::{Fresh, Numbers, TooMany};
pub use page_section::{Page, PageListen};
pub use page_token::{BadToken, PageToken};
pub use prefix::{BadPort, BadPrefix, port, prefix};
pub use resolved::Resolved;
pub use schedule::Schedule;
pub use schema::{CONFIG_SCHEMA, POLICY_SCHEMA};
pub use standing::Standing;
pub use subscribe::Counts;
pub use tables::{NameTable, NameView, Names, PrefixTable, Prefixes};
pub use warnings::{Open, warnings_of_config, warnings_of_lists, warnings_of_policies};
