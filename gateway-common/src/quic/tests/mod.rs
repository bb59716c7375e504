//! Tests of the way from Initials to a name.

extern crate std;

use std::boxed::Box;
use std::string::{String, ToString};
use std::vec::Vec;

use self::flow::*;
use super::{Progress, Reader};
use crate::checks::seal::*;

mod broken;
mod cuts;
mod decoys;
mod flow;
mod samples;
mod several;
