//! A writer of ClientHellos that also writes what no honest client would.

use super::*;

/// A ClientHello before it is bytes.
#[derive(Clone, Debug)]
pub(super) struct Builder {
    pub(super) session: Vec<u8>,
    pub(super) suites: Vec<u8>,
    pub(super) compressions: Vec<u8>,
    /// None: the hello ends without even a length of extensions.
    pub(super) extensions: Option<Vec<Extension>>,
}

#[derive(Clone, Debug)]
pub(super) enum Extension {
    Name(Vec<u8>),
    Other(u16, Vec<u8>),
}

/// A length in a message: of what, where, and how wide.
#[derive(Clone, Copy, Debug)]
pub(super) struct LengthField {
    pub(super) of: &'static str,
    pub(super) at: usize,
    pub(super) width: usize,
}

/// A handshake message, with the places where it can be made to lie.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    pub(super) lengths: Vec<LengthField>,
    /// Where the first name begins and ends.
    pub(super) name: Option<(usize, usize)>,
}

impl Builder {
    /// A hello that servers accept, with these extensions and what servers ask for beside them.
    pub(super) fn new(extensions: impl IntoIterator<Item = Extension>) -> Self {
        let mut all: Vec<Extension> = extensions.into_iter().collect();
        all.push(Extension::signature_algorithms());
        Self {
            session: vec![0xa5; 32],
            suites: vec![0x13, 0x01, 0x13, 0x02, 0xc0, 0x2f],
            compressions: vec![0],
            extensions: Some(all),
        }
    }

    /// A hello for the name.
    pub(super) fn named(name: &[u8]) -> Self {
        Self::new([Extension::Name(name.to_vec())])
    }

    pub(super) fn message(&self) -> Message {
        let mut message = Message::default();
        message.bytes.push(1);
        message.prefixed("hello", 3, |message| {
            message.bytes.extend([3, 3]);
            message.bytes.extend([0x77; 32]);
            message.prefixed("session id", 1, |message| message.bytes.extend(&self.session));
            message.prefixed("cipher suites", 2, |message| message.bytes.extend(&self.suites));
            message.prefixed("compression methods", 1, |message| message.bytes.extend(&self.compressions));
            if let Some(extensions) = &self.extensions {
                message.prefixed("extensions", 2, |message| {
                    for extension in extensions {
                        extension.write(message);
                    }
                });
            }
        });
        message
    }

    /// The hello in one TLS record.
    pub(super) fn stream(&self) -> Vec<u8> {
        record(&self.message().bytes)
    }
}

impl Extension {
    pub(super) fn signature_algorithms() -> Self {
        Self::Other(13, vec![0, 4, 4, 3, 8, 4])
    }

    fn write(&self, message: &mut Message) {
        match self {
            Self::Other(kind, body) => {
                message.bytes.extend(kind.to_be_bytes());
                message.prefixed("extension", 2, |message| message.bytes.extend(body));
            }
            Self::Name(name) => {
                message.bytes.extend([0, 0]);
                message.prefixed("server_name", 2, |message| {
                    message.prefixed("list of names", 2, |message| {
                        message.bytes.push(0);
                        message.prefixed("name", 2, |message| {
                            let begin = message.bytes.len();
                            message.bytes.extend(name);
                            message.name.get_or_insert((begin, begin + name.len()));
                        });
                    });
                });
            }
        }
    }
}

impl Message {
    fn prefixed(&mut self, of: &'static str, width: usize, content: impl FnOnce(&mut Self)) {
        let at = self.bytes.len();
        self.lengths.push(LengthField { of, at, width });
        self.bytes.extend(vec![0; width]);
        content(self);
        let len = self.bytes.len() - at - width;
        self.set(LengthField { of, at, width }, len);
    }

    pub(super) fn set(&mut self, field: LengthField, value: usize) {
        let bytes = value.to_be_bytes();
        assert!(
            bytes[..bytes.len() - field.width].iter().all(|byte| *byte == 0),
            "{field:?} cannot hold {value}"
        );
        self.bytes[field.at..field.at + field.width].copy_from_slice(&bytes[bytes.len() - field.width..]);
    }

    pub(super) fn get(&self, field: LengthField) -> usize {
        self.bytes[field.at..field.at + field.width]
            .iter()
            .fold(0, |value, byte| value << 8 | usize::from(*byte))
    }

    /// How many bytes of the stream it takes to complete the name, if the message is cut into records at `cuts`.
    pub(super) fn name_ends(&self, cuts: &[usize]) -> usize {
        let (_, end) = self.name.unwrap();
        let records = 1 + cuts.iter().filter(|cut| (1..end).contains(*cut)).count();
        end + records * 5
    }
}

/// A TLS record of this content type.
pub(super) fn record_of(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut record = vec![kind, 3, 1];
    record.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
    record.extend(content);
    record
}

pub(super) fn record(content: &[u8]) -> Vec<u8> {
    record_of(22, content)
}

/// The parts of `bytes` between the cuts, which must be in order; none of them is empty.
pub(super) fn parts<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for end in cuts.iter().copied().chain([bytes.len()]) {
        let end = end.min(bytes.len());
        if end > begin {
            parts.push(&bytes[begin..end]);
            begin = end;
        }
    }
    parts
}

/// The message in TLS records that begin at the cuts.
pub(super) fn records(message: &[u8], cuts: &[usize]) -> Vec<u8> {
    parts(message, cuts).into_iter().flat_map(record).collect()
}
