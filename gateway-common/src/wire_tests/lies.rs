//! Every length in every header says every number that it can say.

use super::*;
use crate::checks::wire::check;

/// A length: where it stands, how wide it is, and which of its bits count.
type Length = (usize, usize, usize);

/// Frames, and the lengths in each.
fn victims() -> Vec<(Vec<u8>, Vec<Length>)> {
    let chain = ipv6::chain(&[0, 43, 51, 60], TCP, &tcp_segment(&[1; 8], PAYLOAD));
    let behind = IP + 40;
    // The second byte of each extension header; they are laid out one after another.
    let first = behind + 1;
    let second = first + (usize::from(chain[1]) + 1) * 8;
    let third = second + (usize::from(chain[second - behind]) + 1) * 8;
    let fourth = third + (usize::from(chain[third - behind]) + 2) * 4;
    let in_chain = [first, second, third, fourth].map(|at| (at, 1, 0xff));
    let transport = behind + chain.len() - tcp_segment(&[1; 8], PAYLOAD).len();
    let offset = |at: usize| (at + 12, 1, 0xf0);
    let v6 = [(IP + 4, 2, 0xffff), offset(transport)].into_iter().chain(in_chain);
    vec![
        (
            ethernet(0x0800, &ipv4_packet(TCP, &[1; 8], &tcp_segment(&[1; 8], PAYLOAD))),
            vec![(IP, 1, 0x0f), (IP + 2, 2, 0xffff), offset(IP + 28)],
        ),
        (
            ethernet(0x0800, &ipv4_packet(UDP, &[], &udp_datagram(PAYLOAD))),
            vec![(IP, 1, 0x0f), (IP + 2, 2, 0xffff), (IP + 24, 2, 0xffff)],
        ),
        (
            ethernet(0x86dd, &ipv6_packet(UDP, &udp_datagram(PAYLOAD))),
            vec![(IP + 4, 2, 0xffff), (behind + 4, 2, 0xffff)],
        ),
        (ethernet(0x86dd, &ipv6_packet(0, &chain)), v6.collect()),
    ]
}

#[test]
fn whatever_number_a_length_says_the_walk_stays_in_the_frame_or_has_a_reason() {
    for (honest, lengths) in victims() {
        walk(&honest).unwrap();
        for (at, width, mask) in lengths {
            let read = honest[at..at + width].iter().fold(0, |value, byte| value << 8 | usize::from(*byte));
            for lie in (0..=mask).filter(|lie| lie & !mask == 0 && *lie != read & mask) {
                let mut frame = honest.clone();
                let bytes = (read & !mask | lie).to_be_bytes();
                frame[at..at + width].copy_from_slice(&bytes[bytes.len() - width..]);
                // What is found lies in the frame: that `walk` asserts itself.
                if let Err(reason) = walk(&frame) {
                    let stated = [Reason::Truncated, Reason::BadHeader, Reason::TooLong];
                    assert!(stated.contains(&reason), "{reason:?}: {lie} at {at}");
                }
                if lie < 300 {
                    check(&frame);
                }
            }
        }
    }
}
