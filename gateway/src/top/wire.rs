//! What the daemon tells over its control socket.
//!
//! Nothing here is trusted to be harmless for a terminal, though the daemon escapes it: [`view`](super::view) does so again.

pub use crate::observe::devices::DeviceView as Device;
pub use crate::observe::event::Record;
pub use crate::observe::flows::FlowView as Flow;
pub use crate::observe::hosts::{HostView as Host, HostsView as Hosts};
pub use crate::observe::status::{InterfaceView as Interface, Status};
