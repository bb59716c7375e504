//! Tests of the way from Initials to a name.

extern crate std;

use std::string::{String, ToString};
use std::sync::Arc;
use std::vec::Vec;
use std::{boxed::Box, vec};

use self::client::*;
use super::{Progress, Reader};

mod client;
mod samples;
