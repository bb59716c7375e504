//! What counters say of the frame that just ran: their difference to what they were before.

use std::collections::HashMap;

use gateway_common::abi::{
    Action, BlockedKey, Device, Event, Flow, FlowKey, FlowState, MAX_POLICIES, NO_POLICY, REASON_SLOTS,
};
use gateway_common::reason::Reason;

use crate::datapath::Error;
use crate::datapath::maps::Maps;

/// The counters as they were after the frames before.
#[derive(Default)]
pub struct Meter {
    /// Of each device, frames by reason.
    reasons: HashMap<u32, [u64; REASON_SLOTS]>,
    /// What was blocked, in frames.
    blocked: HashMap<BlockedKey, u64>,
}

/// A frame that ran.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Its device.
    pub device: Device,
    /// The reason under which it was counted.
    pub reason: Option<Reason>,
    /// Its flow, if that can be read.
    pub flow: Option<FlowKey>,
    /// Whether it went on.
    pub passed: bool,
}

impl Meter {
    /// The reason under which a frame of the device was counted since the last call.
    pub fn reason(&mut self, maps: &Maps, device: u32) -> Result<Option<Reason>, Error> {
        let now = maps.look_up_reasons(device)?;
        let before = self.reasons.insert(device, now).unwrap_or([0; REASON_SLOTS]);
        let moved = (0..).zip(now.iter().zip(before)).find(|(_, (now, before))| *now != before);
        Ok(moved.and_then(|(index, _)| Reason::from_index(index)))
    }

    /// The counter under which a policy blocked the frame, or would have.
    pub fn blocked(&mut self, maps: &Maps, frame: &Frame) -> Result<Option<BlockedKey>, Error> {
        let moved = match frame.reason {
            Some(Reason::KnownFlow) => self.moved(maps, of_flow(maps, frame)?)?,
            Some(reason) => self.moved(maps, by_reason(frame, reason))?,
            None => None,
        };
        if moved.is_some() || frame.passed {
            return Ok(moved);
        }
        // It was blocked, and not by a policy or by one in a way that is not foreseen here.
        let all: Vec<BlockedKey> = maps.read_blocked()?.into_keys().collect();
        self.moved(maps, all)
    }

    /// The last of the counters that has moved since it was read. All of them are read, or the next difference would be
    /// that of several frames.
    pub fn moved(
        &mut self,
        maps: &Maps,
        keys: impl IntoIterator<Item = BlockedKey>,
    ) -> Result<Option<BlockedKey>, Error> {
        let mut moved = None;
        for key in keys {
            let now = maps.look_up_blocked(key)?;
            if self.blocked.insert(key, now).unwrap_or(0) != now {
                moved = Some(key);
            }
        }
        Ok(moved)
    }
}

/// The counter under which the frame that an event tells about was counted.
pub fn key_of(event: &Event) -> BlockedKey {
    let Event { device, policy, reason, action, .. } = *event;
    BlockedKey { device, policy, reason, action, reserved: 0 }
}

/// The counter of the verdict on the frame's flow.
fn of_flow(maps: &Maps, frame: &Frame) -> Result<Option<BlockedKey>, Error> {
    let Some(flow) = frame.flow else { return Ok(None) };
    let verdict = maps.look_up_flow(flow)?;
    let verdict = verdict.filter(|flow| flow.state == FlowState::Decided as u8 && flow.policy != NO_POLICY);
    Ok(verdict.map(|Flow { policy, reason, action, .. }| BlockedKey {
        device: frame.device.number,
        policy,
        reason,
        action,
        reserved: 0,
    }))
}

/// The counters of the device's policies under `reason`.
fn by_reason(frame: &Frame, reason: Reason) -> impl Iterator<Item = BlockedKey> {
    let Device { policies, number: device, .. } = frame.device;
    let actions: &[Action] = if frame.passed { &[Action::Observe] } else { &[Action::Drop, Action::Reject] };
    let numbers = (0..).take(MAX_POLICIES).filter(move |number| policies >> number & 1 == 1);
    numbers.flat_map(move |policy| {
        let key = move |action: &Action| BlockedKey {
            device,
            policy,
            reason: reason as u8,
            action: *action as u8,
            reserved: 0,
        };
        actions.iter().map(key)
    })
}
