//! What the kernel half and the user half of gateway both mean.
//!
//! Compiled for the `bpf` target and for the host, where it is tested. Nothing here touches a kernel, a file or a
//! socket; nothing here is `unsafe`, so a parser can be wrong but never reads outside its bytes.
//!
//! * [`abi`]: the maps' keys and values, the reasons and actions, the event record.
//! * [`wire`]: from a frame to addresses, ports and the place of the payload.
//! * [`name`]: host names as the filter compares them, and their hash.
//! * [`table`]: the big tables of a policy, as they lie in memory.
//! * [`reply`]: the packets that refuse.
//! * [`tls`], [`quic`], [`http`], [`dns`]: from bytes to a server name, host or question.
//! * `checks`: what must hold of them whatever bytes they are given; for fuzz targets and tests alone.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "checks"))]
extern crate std;

pub mod abi;
#[cfg(any(test, feature = "checks"))]
pub mod checks;
pub mod dns;
pub mod http;
pub mod name;
pub mod quic;
pub mod reason;
pub mod reply;
pub mod table;
pub mod tls;
pub mod wire;
