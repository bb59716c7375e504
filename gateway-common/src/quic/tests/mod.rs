//! Tests of the way from Initials to a name.

extern crate std;

use std::boxed::Box;
use std::string::{String, ToString};
use std::vec::Vec;

use self::flow::*;
use self::seal::*;
use super::{Progress, Reader};

mod broken;
mod cuts;
mod decoys;
mod flow;
mod samples;
mod seal;
mod several;
