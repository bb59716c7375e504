//! What reading came to.

/// What a step or a datagram came to. The numbers are what the kernel functions around the steps return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Progress {
    /// Step again.
    Going,
    /// The hello, or an Initial with the start of it, is in another datagram.
    Hungry,
    /// The name is complete.
    Named,
    /// The hello ended without a server name.
    Nameless,
    /// Nothing to keep back: a short header, a Handshake packet, what only servers send.
    NotInitial,
    /// 0-RTT data without an Initial.
    EarlyData,
    /// Lengths contradict each other, a value is none that the protocol has, or one byte has two values.
    Malformed,
    /// The datagram takes more work, the hello more room than it may.
    TooLong,
}

impl Progress {
    /// The progress with this number, as a kernel function returned it.
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        // Compared one by one: an index into a table would bring a bounds check.
        match number {
            0 => Self::Going,
            1 => Self::Hungry,
            2 => Self::Named,
            3 => Self::Nameless,
            4 => Self::NotInitial,
            5 => Self::EarlyData,
            6 => Self::Malformed,
            _ => Self::TooLong,
        }
    }
}
