//! `gateway top`: what every device does, live in a terminal.
//!
//! * [`wire`]: what the daemon tells, as it tells it.
//! * [`feed`]: asks the daemon over its control socket, and takes orders to it.
//! * [`rates`]: how much a second, from totals of two moments.
//! * [`model`]: all that is shown, and what was chosen to be shown. Pure; every function is told the time.
//! * [`columns`]: the columns of the table of devices: their text, and how they sort.
//! * [`keys`]: what a key changes, and what it asks of the daemon.
//! * [`view`]: the model, drawn. Whatever it draws is made harmless for the terminal there.
//! * [`screen`]: the terminal, taken and given back.
//! * [`live`]: brings clock, keys, daemon and screen together.

pub mod columns;
pub mod feed;
pub mod keys;
pub mod live;
pub mod model;
pub mod rates;
pub mod screen;
pub mod view;
pub mod wire;

#[cfg(test)]
mod testing;
