//! Every metric: its name, its type, its unit, its labels and what it counts. Nothing else can be served; the table in README.md
//! is this one.

/// What a metric does over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

impl Kind {
    /// The word for it in both formats.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// It is a number of things, or says yes or no.
    Number,
    /// Bytes.
    Bytes,
    /// Seconds, of a length or since 1970-01-01 UTC.
    Seconds,
}

impl Unit {
    /// The word for it, with which the name ends (of a counter, before `_total`); none for a plain number.
    pub const fn label(self) -> Option<&'static str> {
        match self {
            Self::Number => None,
            Self::Bytes => Some("bytes"),
            Self::Seconds => Some("seconds"),
        }
    }
}

/// What is said of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name, as samples of the text format have it.
    pub name: &'static str,
    /// What it does over time.
    pub kind: Kind,
    /// What it is measured in.
    pub unit: Unit,
    /// Its labels, in the order of the alphabet.
    pub labels: &'static [&'static str],
    /// What it counts, as a sentence.
    pub help: &'static str,
}

/// A metric with so many labels. Only this file makes them.
#[derive(Debug)]
pub struct Metric<const LABELS: usize>(Description);

impl<const LABELS: usize> Metric<LABELS> {
    /// What is said of it.
    pub const fn description(&self) -> &Description {
        &self.0
    }
}

macro_rules! catalogue {
    ($($constant:ident = $kind:ident of $unit:ident, $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $constant: Metric<{ <[&str]>::len(&[$($label),*]) }> = Metric(Description {
                name: $name,
                kind: Kind::$kind,
                unit: Unit::$unit,
                labels: &[$($label),*],
                help: $help,
            });
        )*

        /// All of them.
        pub static ALL: &[&Description] = &[$(&$constant.0),*];
    };
}

catalogue! {
    DEVICE_PACKETS = Counter of Number, "gateway_device_packets_total" ["device", "direction", "mac"]
        "Frames from a device (up) and towards it (down).";
    DEVICE_BYTES = Counter of Bytes, "gateway_device_bytes_total" ["device", "direction", "mac"]
        "Bytes of the frames from a device (up) and towards it (down), Ethernet header included.";
    DEVICE_FLOWS = Counter of Number, "gateway_device_flows_total" ["device", "mac"]
        "Flows that a device with policies began; flows of one without are not told apart. Each DNS question over UDP is one.";
    DEVICE_BLOCKED_PACKETS = Counter of Number, "gateway_device_blocked_packets_total"
        ["action", "device", "mac", "policy", "reason"]
        "Frames that a policy blocked or, with action=observe, would have blocked.";
    DEVICE_BLOCKED_FLOWS = Counter of Number, "gateway_device_blocked_flows_total"
        ["action", "device", "mac", "policy", "reason"]
        "Flows that a policy blocked or, with action=observe, would have blocked.";
    DEVICE_PAUSED = Gauge of Number, "gateway_device_paused" ["device", "mac"]
        "1 if the device is paused, so that no policy applies to it; else 0.";
    NAMES = Counter of Number, "gateway_names_total" ["kind"]
        "Names that were read from traffic and judged.";
    GAVE_UP = Counter of Number, "gateway_gave_up_total" ["reason"]
        "Flows, or frames that belong to none, whose name could not be learned, by why.";
    ANSWERS = Counter of Number, "gateway_answers_total" ["result"]
        "Frames that policies rejected: an answer was sent (handed to the interface), there is none to such a frame, the device had its share (limited), or the interface cannot send (mute).";
    POLICY_ENTRIES = Gauge of Number, "gateway_policy_entries" ["kind", "policy"]
        "Entries of a policy, of what it blocks and what it allows.";
    POLICY_ACTIVE = Gauge of Number, "gateway_policy_active" ["policy"]
        "1 if the policy is in its schedule, or has none; 0 if it does not apply now.";
    POLICY_RELOADS = Counter of Number, "gateway_policy_reloads_total" ["result"]
        "Times that policies were loaded.";
    POLICY_LOADED = Gauge of Seconds, "gateway_policy_loaded_timestamp_seconds" []
        "When the policies in force were loaded, in seconds since 1970.";
    POLICY_LAST_RELOAD = Gauge of Number, "gateway_policy_last_reload_successful" []
        "0 if the last attempt to load configuration, policies or lists was refused, and what was in force stays; else 1.";
    RESOLVED_ADDRESSES = Gauge of Number, "gateway_resolved_addresses" ["policy"]
        "Addresses that the policy blocks because hosts that it blocks resolve to them.";
    RESOLVED_SHARED = Gauge of Number, "gateway_resolved_shared" ["policy"]
        "Addresses of such hosts that are not blocked, because they also serve a name that the policy does not block.";
    LIST_AGE = Gauge of Seconds, "gateway_list_age_seconds" ["list", "policy"]
        "Seconds since the server last said that the copy of a list is the newest, or since the file was written.";
    LIST_REFRESH = Gauge of Seconds, "gateway_list_refresh_seconds" ["list", "policy"]
        "Seconds after which a list is fetched, or a file looked at, again.";
    LIST_ENTRIES = Gauge of Number, "gateway_list_entries" ["list", "policy"]
        "Rules in the copy of a list.";
    LIST_SKIPPED = Gauge of Number, "gateway_list_skipped_lines" ["list", "policy"]
        "Lines of the copy of a list that say nothing a network filter can do.";
    LIST_ERRORS = Counter of Number, "gateway_list_errors_total" ["list", "policy"]
        "Times that a list could not be fetched, or what came was not taken.";
    EVENTS_LOST = Counter of Number, "gateway_events_lost_total" []
        "Events that found no room in the ring buffer.";
    EVENTS_LIMITED = Counter of Number, "gateway_events_limited_total" []
        "Events that were not told, because their device had told more than its share in that second.";
    EVENTS_UNWRITTEN = Counter of Number, "gateway_events_unwritten_total" ["sink"]
        "Events that could not be written to the journal (journald) or to the file, or that somebody who follows them was too slow for (follow).";
    MAP_ENTRIES = Gauge of Number, "gateway_map_entries" ["map"]
        "Entries of a table in the kernel. Of flows, partial, seen and asked the least recently used make room when it is full; of the others, what comes next is not counted on its own.";
    MAP_CAPACITY = Gauge of Number, "gateway_map_capacity" ["map"]
        "Entries for which a table in the kernel has room.";
    INTERFACE_ATTACHED = Gauge of Number, "gateway_interface_attached" ["interface", "mode"]
        "1 if the filter is on the interface, 0 if it should be and is not.";
    INTERFACE_ANSWERS = Gauge of Number, "gateway_interface_answers" ["interface"]
        "1 if what policies reject on the interface is answered, 0 if the interface cannot send and it is dropped.";
    INTERFACE_DOWNLINK = Gauge of Number, "gateway_interface_downlink" ["how", "interface"]
        "1 if what goes to the devices on the interface is counted, 0 if it is not; how (tcx, clsact, none) says by which way of the kernel.";
    BUILD_INFO = Gauge of Number, "gateway_build_info" ["abi", "version"]
        "Always 1; the labels say what is running.";
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
