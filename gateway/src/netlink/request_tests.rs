//! Answers, true and broken.

use std::io::ErrorKind;

use super::*;

fn message(kind: u16, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(HEADER + body.len()).unwrap();
    let mut bytes = [&len.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], body].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The rows of a datagram, and whether the table ends there.
fn read(datagram: &[u8]) -> io::Result<(Vec<Vec<u8>>, bool)> {
    let mut taken = Vec::new();
    let ends = rows(datagram, &mut |row| taken.push(row.to_vec()))?;
    Ok((taken, ends))
}

#[test]
fn an_error_is_told_and_an_answer_cut_short_is_one() {
    let error = message(NLMSG_ERROR, &[&(-19_i32).to_ne_bytes()[..], &[0; 16]].concat());
    assert_eq!(split(&error).unwrap_err().raw_os_error(), Some(19));
    let good = message(16, b"body");
    let (first, rest) = split(&good).unwrap();
    assert_eq!((first, rest), (Message { kind: 16, body: b"body" }, &[][..]));
    for len in 0..good.len() {
        assert_eq!(split(&good[..len]).unwrap_err().kind(), ErrorKind::InvalidData, "{len}");
    }
}

#[test]
fn the_rows_of_a_table_come_one_by_one_until_it_is_said_that_it_ends() {
    let done = message(NLMSG_DONE, &0_i32.to_ne_bytes());
    let two = [message(28, b"first"), message(28, b"2")].concat();
    let expected = vec![b"first".to_vec(), b"2".to_vec()];
    assert_eq!(read(&two).unwrap(), (expected.clone(), false));
    assert_eq!(read(&[two.as_slice(), &done].concat()).unwrap(), (expected, true));
    assert_eq!(read(&done).unwrap(), (Vec::new(), true));
}

#[test]
fn a_table_that_the_kernel_breaks_off_is_an_error() {
    let broken = [message(28, b"first"), message(NLMSG_DONE, &(-16_i32).to_ne_bytes())].concat();
    assert_eq!(read(&broken).unwrap_err().raw_os_error(), Some(16));
    for lie in [0_u32, 15, 1000, u32::MAX] {
        let mut bytes = message(28, b"body");
        bytes[..4].copy_from_slice(&lie.to_ne_bytes());
        assert_eq!(read(&bytes).unwrap_err().kind(), ErrorKind::InvalidData, "{lie}");
    }
}
