//! What holds at this moment: policies by their schedules, devices by their pauses. Pure but for the file in which
//! pauses outlive the daemon; every function is told the time.
//!
//! * [`moment`]: which policies are off and which devices paused, and when that changes next.
//! * [`pauses`]: who is paused until when.
//! * [`length`]: how long a pause may be, from `10m` to days.

pub mod length;
pub mod moment;
pub mod pauses;
