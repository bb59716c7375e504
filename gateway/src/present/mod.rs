//! What holds at this moment: policies by their schedules, devices by their pauses. Pure but for the file in which
//! pauses outlive the daemon; every function is told the time.
//!
//! * [`standing`]: which policies of which devices have a say, and when that changes next.
//! * [`pauses`]: who is paused until when.
//! * [`length`]: how long a pause may be, from `10m` to days.

pub mod length;
pub mod pauses;
pub mod standing;
