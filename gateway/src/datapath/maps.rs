//! Typed handles on the maps.

use aya::Ebpf;
use aya::maps::of_maps::ArrayOfMaps;
use aya::maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray, PerCpuHashMap, RingBuf};
use gateway_common::abi::{
    Asked, AskedKey, BlockedCounters, BlockedKey, Device, DeviceCounters, DeviceKey, Flow, FlowKey,
    Generation, Label, Masks, PortKey, Seen, SeenKey,
};

use super::Error;
use super::pins::Pins;
use super::plain::Plain;

/// Inner map: devices by MAC address or its beginning.
pub type Devices = HashMap<MapData, Plain<DeviceKey>, Plain<Device>>;
/// Inner map: host names, or nets, in cells.
pub type Table = MapData;
/// Inner map: destination ports.
pub type Ports = HashMap<MapData, Plain<PortKey>, Plain<Masks>>;

/// The maps that live as long as the filter, whoever made them.
pub const PINNED: &[&str] = &[
    "ACTIVE",
    "GENERATIONS",
    "DEVICES",
    "NAMES",
    "PREFIXES",
    "PORTS",
    "FLOWS",
    "PARTIAL",
    "COUNTERS",
    "BLOCKED",
    "EVENTS",
    "EVENTS_LOST",
    "EVENTS_LIMITED",
    "SEEN",
    "ASKED",
    "DEVICE_LABELS",
    "POLICY_LABELS",
    "ANSWERS",
    "MUTE",
];

/// The maps of the kernel half, by their names there; see `gateway-ebpf/src/maps.rs` for what each holds.
#[expect(missing_docs, reason = "each field is the map of that name")]
pub struct Maps {
    pub active: Array<MapData, u32>,
    pub generations: Array<MapData, Plain<Generation>>,
    pub devices: ArrayOfMaps<MapData, Devices>,
    pub names: ArrayOfMaps<MapData, Table>,
    pub prefixes: ArrayOfMaps<MapData, Table>,
    pub ports: ArrayOfMaps<MapData, Ports>,
    pub flows: HashMap<MapData, Plain<FlowKey>, Plain<Flow>>,
    pub partial: MapData,
    pub counters: PerCpuArray<MapData, Plain<DeviceCounters>>,
    pub blocked: PerCpuHashMap<MapData, Plain<BlockedKey>, Plain<BlockedCounters>>,
    pub events: RingBuf<MapData>,
    pub events_lost: PerCpuArray<MapData, u64>,
    pub events_limited: PerCpuArray<MapData, u64>,
    pub seen: HashMap<MapData, Plain<SeenKey>, Plain<Seen>>,
    pub asked: HashMap<MapData, Plain<AskedKey>, Plain<Asked>>,
    pub device_labels: Array<MapData, Plain<Label>>,
    pub policy_labels: Array<MapData, Plain<Label>>,
    pub answers: PerCpuArray<MapData, u64>,
    pub mute: HashMap<MapData, u32, u32>,
}

impl Maps {
    /// The maps of a fresh load.
    ///
    /// # Errors
    /// [`Error::NoMap`] if the object has not all of them, [`Error::Map`] if one has another shape.
    pub fn take(ebpf: &mut Ebpf) -> Result<Self, Error> {
        Self::open(|name| ebpf.take_map(name).ok_or(Error::NoMap { map: name }))
    }

    /// The pinned maps.
    ///
    /// # Errors
    /// [`Error::NothingPinned`] if there is no filter, [`Error::Map`] if a map cannot be opened.
    pub fn pinned(pins: &Pins) -> Result<Self, Error> {
        if !pins.exist() {
            return Err(Error::NothingPinned { path: pins.root().to_owned() });
        }
        Self::open(|name| {
            MapData::from_pin(pins.map(name))
                .and_then(Map::from_map_data)
                .map_err(|source| map("open", name, source))
        })
    }

    fn open(mut find: impl FnMut(&'static str) -> Result<Map, Error>) -> Result<Self, Error> {
        fn typed<T: TryFrom<Map, Error = MapError>>(
            find: &mut impl FnMut(&'static str) -> Result<Map, Error>,
            name: &'static str,
        ) -> Result<T, Error> {
            find(name)?.try_into().map_err(|source| map("use", name, source))
        }
        /// One of which user space reads no entry.
        fn lru(
            find: &mut impl FnMut(&'static str) -> Result<Map, Error>,
            name: &'static str,
        ) -> Result<MapData, Error> {
            match find(name)? {
                Map::LruHashMap(data) => Ok(data),
                _ => Err(Error::NoMap { map: name }),
            }
        }
        let find = &mut find;
        Ok(Self {
            active: typed(find, "ACTIVE")?,
            generations: typed(find, "GENERATIONS")?,
            devices: typed(find, "DEVICES")?,
            names: typed(find, "NAMES")?,
            prefixes: typed(find, "PREFIXES")?,
            ports: typed(find, "PORTS")?,
            flows: typed(find, "FLOWS")?,
            partial: lru(find, "PARTIAL")?,
            counters: typed(find, "COUNTERS")?,
            blocked: typed(find, "BLOCKED")?,
            events: typed(find, "EVENTS")?,
            events_lost: typed(find, "EVENTS_LOST")?,
            events_limited: typed(find, "EVENTS_LIMITED")?,
            seen: typed(find, "SEEN")?,
            asked: typed(find, "ASKED")?,
            device_labels: typed(find, "DEVICE_LABELS")?,
            policy_labels: typed(find, "POLICY_LABELS")?,
            answers: typed(find, "ANSWERS")?,
            mute: typed(find, "MUTE")?,
        })
    }
}

/// The error of an operation on a map.
pub(super) const fn map(op: &'static str, name: &'static str, source: MapError) -> Error {
    Error::Map { op, map: name, source }
}
