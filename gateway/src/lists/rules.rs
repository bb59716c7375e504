//! From what a line says to the sink, with what every format has in common.

use ipnet::IpNet;

use super::name::{Host, Writer};
use super::net::is_sinkhole;
use super::{Kind, Rule, Scope, Sink, Skipped};

/// How a host stands in a line, which says what it can be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Alone: a name of several labels, or an address. A single label would be a whole top-level domain by accident.
    Bare,
    /// With a sign that it is the end of a name, such as `||x^`: a name, of one label too, or an address.
    Anchored,
    /// With a sign that names below it are meant: a name, of one label too.
    Above,
}

/// Takes what lines say.
pub(super) struct Rules<'s> {
    sink: &'s mut dyn Sink,
    writer: Writer,
    /// The number of the line, from 1.
    line: u64,
    /// What a bare name means.
    pub bare: Scope,
    pub rules: u64,
    pub redirects: u64,
    pub skipped: Skipped,
}

impl<'s> Rules<'s> {
    pub(super) fn new(bare: Scope, sink: &'s mut dyn Sink) -> Self {
        let (writer, skipped) = (Writer::new(), Skipped::default());
        Self { sink, writer, line: 0, bare, rules: 0, redirects: 0, skipped }
    }

    /// Begins the next line.
    pub(super) fn next_line(&mut self) {
        self.line += 1;
    }

    /// How many lines were begun.
    pub(super) fn lines(&self) -> u64 {
        self.line
    }

    /// Counts the line as skipped.
    pub(super) fn skip(&mut self, kind: Kind, text: &[u8]) {
        self.skipped.add(self.line, kind, text);
    }

    /// Gives the rule of a host to the sink.
    ///
    /// # Errors
    /// Why the word is none.
    pub(super) fn host(&mut self, word: &[u8], form: Form, scope: Scope, allow: bool) -> Result<(), Kind> {
        let host = self.writer.read(word)?;
        Output { sink: &mut *self.sink, line: self.line, rules: &mut self.rules }
            .host(host, form, scope, allow)
    }

    /// Gives the rule of a text that is nothing but a bare name in its most frequent form; `None` if it is anything else.
    pub(super) fn bare_name(&mut self, text: &[u8]) -> Option<Result<(), Kind>> {
        let host = self.writer.read_short(text)?;
        let mut output = Output { sink: &mut *self.sink, line: self.line, rules: &mut self.rules };
        Some(host.and_then(|host| output.host(host, Form::Bare, self.bare, false)))
    }

    /// Gives the rule of a net to the sink.
    ///
    /// # Errors
    /// If the net is all addresses.
    pub(super) fn net(&mut self, net: IpNet, allow: bool) -> Result<(), Kind> {
        Output { sink: &mut *self.sink, line: self.line, rules: &mut self.rules }.net(net, allow)
    }
}

/// The way to the sink, apart from where names are written.
struct Output<'a> {
    sink: &'a mut dyn Sink,
    line: u64,
    rules: &'a mut u64,
}

impl Output<'_> {
    fn host(&mut self, host: Host<'_>, form: Form, scope: Scope, allow: bool) -> Result<(), Kind> {
        match host {
            Host::Net(_) if form == Form::Above => Err(Kind::Address),
            // Hosts files have lines about themselves, such as `0.0.0.0 0.0.0.0`.
            Host::Net(net) if net.prefix_len() == net.max_prefix_len() && is_sinkhole(net.addr()) => Ok(()),
            Host::Net(net) => self.net(net, allow),
            Host::Name(name) if form == Form::Bare && is_of_this_machine(name) => Ok(()),
            Host::Name(name) if form == Form::Bare && !name.contains(&b'.') => Err(Kind::TopLevel),
            Host::Name(name) => {
                *self.rules += 1;
                self.sink.rule(self.line, Rule::Name { name, scope, allow });
                Ok(())
            }
        }
    }

    fn net(&mut self, net: IpNet, allow: bool) -> Result<(), Kind> {
        if net.prefix_len() == 0 {
            return Err(Kind::Everything);
        }
        *self.rules += 1;
        self.sink.rule(self.line, Rule::Net { net, allow });
        Ok(())
    }
}

/// Whether the name is one of those that stand at the top of every hosts file, and never leave the machine.
fn is_of_this_machine(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 15] = [
        b"localhost",
        b"localhost.localdomain",
        b"localhost4",
        b"localhost4.localdomain4",
        b"localhost6",
        b"localhost6.localdomain6",
        b"local",
        b"broadcasthost",
        b"ip6-localhost",
        b"ip6-loopback",
        b"ip6-localnet",
        b"ip6-mcastprefix",
        b"ip6-allnodes",
        b"ip6-allrouters",
        b"ip6-allhosts",
    ];
    matches!(name.first(), Some(b'l' | b'b' | b'i')) && NAMES.contains(&name)
}

/// The text without white space at both ends. NUL is none, so that it is told and not overlooked.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// Whether words are told apart by it.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

/// The first word, and what follows it.
pub(super) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| is_space(*byte)).unwrap_or(text.len()))
}

/// The first of the errors, if there is one.
pub(super) fn first_error(results: impl Iterator<Item = Result<(), Kind>>) -> Result<(), Kind> {
    // Every one is taken: a broken name does not stop those behind it.
    results.fold(Ok(()), Result::and)
}
