//! Made-up names and nets, the same in every run.

use std::fmt::Write as _;
use std::net::IpAddr;

use gateway_common::name;
use ipnet::IpNet;

/// Names of a large list.
pub const NAMES: u64 = 1_000_000;

/// Nets of a large list.
pub const NETS: u64 = 100_000;

const TOPS: [&str; 5] = ["com", "net", "org", "info", "co.uk"];

/// Four to thirteen letters.
fn word(n: u64) -> String {
    let mut mixed = name::finish(n.wrapping_add(0x9e37_79b9_7f4a_7c15));
    let len = usize::try_from(4 + mixed % 10).unwrap();
    let letters = std::iter::repeat_with(|| {
        mixed = name::finish(mixed);
        char::from(b'a' + u8::try_from(mixed % 26).unwrap())
    });
    letters.take(len).collect()
}

/// Names as lists have them: two to four labels, 20 bytes on average. None is below another.
pub fn listed(n: u64) -> String {
    let top = TOPS[usize::try_from(n % 5).unwrap()];
    match n % 3 {
        0 => format!("{}{n}.{top}", word(n)),
        1 => format!("{}.{}{n}.{top}", word(n), word(n + NAMES)),
        _ => format!("{}-{n}.{}.{top}", word(n), word(n + NAMES)),
    }
}

/// The same, but every twentieth is below the one before it.
pub fn listed_with_redundant(n: u64) -> String {
    if n % 20 == 19 { format!("{}.{}", word(n), listed(n - 1)) } else { listed(n) }
}

/// Names of four labels, of which only the last one is that of others too.
pub fn four_labels(n: u64) -> String {
    format!(
        "{}.{}.{}{n}.{}",
        word(n),
        word(n + NAMES),
        word(n + 2 * NAMES),
        TOPS[usize::try_from(n % 4).unwrap()]
    )
}

/// A list of a million lines.
pub fn list(line: impl Fn(u64) -> String) -> String {
    let mut text = String::new();
    for n in 0..NAMES {
        writeln!(text, "{}", line(n)).unwrap();
    }
    text
}

/// Nets of /24 to /32 all over IPv4.
pub fn net_v4(n: u64) -> IpNet {
    let mixed = name::finish(n + 1);
    let address = u32::try_from(mixed >> 32).unwrap();
    IpNet::new(IpAddr::V4(address.into()), 24 + u8::try_from(mixed % 9).unwrap()).unwrap().trunc()
}

/// Nets of /32 to /64 in the part of IPv6 that is given out.
pub fn net_v6(n: u64) -> IpNet {
    let mixed = name::finish(n + 1);
    let address = u128::from(mixed >> 3 | 1 << 61) << 64;
    IpNet::new(IpAddr::V6(address.into()), 32 + u8::try_from(mixed % 33).unwrap()).unwrap().trunc()
}
