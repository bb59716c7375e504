//! ClientHellos as browsers send them, with the server name at a place of our choice (they shuffle their extensions).

/// Extensions of Chrome, by type and length of their bodies, without server_name, key_share and padding.
const EXTENSIONS: [(u16, usize); 16] = [
    (0x2a2a, 0),
    (0x0017, 0),
    (0xff01, 1),
    (0x000a, 12),
    (0x000b, 2),
    (0x0023, 0),
    (0x0010, 14),
    (0x0005, 5),
    (0x000d, 18),
    (0x0012, 0),
    (0x002d, 2),
    (0x002b, 7),
    (0x001b, 3),
    (0x44cd, 5),
    (0x3a3a, 1),
    (0x0033, 43),
];

const PADDING: u16 = 21;
const KEY_SHARE: u16 = 51;

/// A hello of `len` bytes with this many extensions before that of the name, padding among them where there are 17.
pub fn browser(name: &str, before: usize, len: usize) -> Vec<u8> {
    let mut others: Vec<(u16, usize)> = EXTENSIONS.to_vec();
    let unpadded = hello(name, before, &others).len() + 4;
    others.insert(0, (PADDING, len - unpadded));
    let stream = hello(name, before, &others);
    assert_eq!(stream.len(), len);
    stream
}

/// A hello of some 1,750 bytes with the key of X25519MLKEM768 before the name, which so stands in the second segment.
pub fn post_quantum(name: &str) -> Vec<u8> {
    let mut others: Vec<(u16, usize)> = EXTENSIONS.to_vec();
    others[15] = (KEY_SHARE, 1263);
    others.insert(0, (0xfe0d, 218));
    hello(name, 17, &others)
}

fn hello(name: &str, before: usize, others: &[(u16, usize)]) -> Vec<u8> {
    let list = [&[0][..], &prefixed(2, name.as_bytes())].concat();
    let mut bodies: Vec<(u16, Vec<u8>)> =
        others.iter().map(|(kind, len)| (*kind, vec![0x5a; *len])).collect();
    bodies.insert(before.min(bodies.len()), (0, prefixed(2, &list)));
    let extensions: Vec<u8> = bodies
        .iter()
        .flat_map(|(kind, body)| [&kind.to_be_bytes()[..], &prefixed(2, body)].concat())
        .collect();
    let mut body = vec![3, 3];
    body.extend([0x77; 32]);
    body.extend(prefixed(1, &[0xa5; 32]));
    body.extend(prefixed(2, &[0x13; 32]));
    body.extend(prefixed(1, &[0]));
    body.extend(prefixed(2, &extensions));
    let message = [&[1][..], &prefixed(3, &body)].concat();
    [&[22, 3, 1][..], &prefixed(2, &message)].concat()
}

/// `bytes` behind their length in `width` bytes.
fn prefixed(width: usize, bytes: &[u8]) -> Vec<u8> {
    let len = bytes.len().to_be_bytes();
    [&len[len.len() - width..], bytes].concat()
}
