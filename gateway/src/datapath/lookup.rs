//! Single values out of the counters and the flow table, for whoever runs frames one by one.

use aya::maps::MapError;
use gateway_common::abi::{BlockedKey, Flow, FlowKey, REASON_SLOTS};

use super::Error;
use super::maps::{Maps, map};
use super::plain::Plain;

impl Maps {
    /// Frames of a device by reason, summed over the CPUs.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn look_up_reasons(&self, device: u32) -> Result<[u64; REASON_SLOTS], Error> {
        let values = self.counters.get(&device, 0).map_err(|source| map("read", "COUNTERS", source))?;
        let mut total = [0; REASON_SLOTS];
        for Plain(counters) in values.iter() {
            total.iter_mut().zip(counters.reasons).for_each(|(total, value)| *total += value);
        }
        Ok(total)
    }

    /// Frames that are counted under `key`, summed over the CPUs.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn look_up_blocked(&self, key: BlockedKey) -> Result<u64, Error> {
        match self.blocked.get(&Plain(key), 0) {
            Ok(values) => Ok(values.iter().map(|Plain(counters)| counters.packets).sum()),
            Err(MapError::KeyNotFound) => Ok(0),
            Err(source) => Err(map("read", "BLOCKED", source)),
        }
    }

    /// What is remembered of a flow.
    ///
    /// # Errors
    /// [`Error::Map`] if the map cannot be read.
    pub fn look_up_flow(&self, key: FlowKey) -> Result<Option<Flow>, Error> {
        match self.flows.get(&Plain(key), 0) {
            Ok(Plain(flow)) => Ok(Some(flow)),
            Err(MapError::KeyNotFound) => Ok(None),
            Err(source) => Err(map("read", "FLOWS", source)),
        }
    }
}
