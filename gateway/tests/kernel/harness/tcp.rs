//! The client's half of a TCP connection.

use etherparse::TcpHeader;

use super::frame::{Frame, Path};

/// A connection: each segment takes up where the one before ended.
#[derive(Clone, Debug)]
pub struct Tcp {
    path: Path,
    next: u32,
}

impl Tcp {
    /// A connection that has not begun. Its first sequence number is such that it wraps soon.
    pub fn new(path: Path) -> Self {
        Self { path, next: u32::MAX - 2 }
    }

    /// The segment that opens the connection, with the options of Linux.
    pub fn syn(&mut self) -> Frame {
        self.syn_with(&[])
    }

    /// The same with data (RFC 7413).
    pub fn syn_with(&mut self, payload: &[u8]) -> Frame {
        const OPTIONS: [u8; 20] = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];
        self.segment(payload, |header| {
            header.syn = true;
            header.set_options_raw(&OPTIONS).unwrap();
        })
    }

    /// The same connection, `bytes` further back: what is sent is what was sent already.
    pub fn back(&self, bytes: u32) -> Self {
        Self { next: self.next.wrapping_sub(bytes), ..self.clone() }
    }

    /// A segment without data.
    pub fn ack(&mut self) -> Frame {
        self.send(&[])
    }

    /// A segment with data.
    pub fn send(&mut self, payload: &[u8]) -> Frame {
        self.segment(payload, |header| {
            header.ack = true;
            header.psh = !payload.is_empty();
        })
    }

    /// The client's end of the connection.
    pub fn fin(&mut self) -> Frame {
        self.segment(&[], |header| {
            header.ack = true;
            header.fin = true;
        })
    }

    /// The connection torn down.
    pub fn rst(&mut self) -> Frame {
        self.segment(&[], |header| header.rst = true)
    }

    /// Any segment; `change` sets its flags and options.
    pub fn segment(&mut self, payload: &[u8], change: impl FnOnce(&mut TcpHeader)) -> Frame {
        let Path { source_port, destination_port, .. } = self.path;
        let mut header = TcpHeader::new(source_port, destination_port, self.next, 64240);
        header.acknowledgment_number = 0x1000;
        change(&mut header);
        let taken = payload.len() + usize::from(header.syn) + usize::from(header.fin);
        self.next = self.next.wrapping_add(u32::try_from(taken).unwrap());
        self.path.tcp(header, payload)
    }
}
