//! A question, and what is answered.

use std::net::UdpSocket;
use std::time::Duration;

/// A query with one question of type A.
pub fn query(name: &str) -> Vec<u8> {
    let mut message = [0x1234_u16, 0x0100, 1, 0, 0, 0].map(u16::to_be_bytes).concat();
    for label in name.split('.') {
        message.push(label.len().try_into().unwrap());
        message.extend(label.bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

/// Whether the server at this port of this machine says that there is no such name; false if it does not answer yet.
pub fn denies(port: u16, name: &str) -> bool {
    const NXDOMAIN: u8 = 3;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    // Refused while nobody listens.
    if socket.connect(("127.0.0.1", port)).and_then(|()| socket.send(&query(name))).is_err() {
        return false;
    }
    let mut answer = [0; 512];
    socket.recv(&mut answer).is_ok_and(|len| len > 4 && answer[3] & 0x0f == NXDOMAIN)
}
