//! Zones of response policies: `ads.example.org CNAME .`, `*.ads.example.org CNAME .`.
//!
//! The name that a record is about is its owner less the name of the zone; what is done is coded in the record. A zone
//! is a file of RFC 1035 (5.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::net::{address, is_sinkhole};
use super::rules::{Form, Rules, split_word, trim};
use super::{Kind, Scope};

/// What is known of the zone so far.
#[derive(Default)]
pub(super) struct Zone {
    /// Its name, without a trailing dot, if it was said.
    name: Option<Vec<u8>>,
    /// What names without a trailing dot are completed with, if it was said; empty for the root.
    origin: Option<Vec<u8>>,
    /// The owner of the last record, as written.
    owner: Vec<u8>,
    /// Where an owner is completed.
    full: Vec<u8>,
    /// In how many further lines the SOA record may go on: its numbers stand in parentheses, on lines of their own.
    open: usize,
}

/// In how many further lines a SOA record may go on, so that a parenthesis that is never closed does not hide the zone.
const SOA_LINES: usize = 16;

/// What a record does.
enum Action {
    Block,
    Allow,
    /// Another answer, in which the name leads elsewhere.
    Redirect,
}

impl Zone {
    /// Reads a line.
    ///
    /// # Errors
    /// Why it is skipped.
    pub(super) fn line(&mut self, rules: &mut Rules<'_>, line: &[u8]) -> Result<(), Kind> {
        let text = without_comment(line);
        if self.open > 0 {
            self.open = if text.contains(&b')') { 0 } else { self.open - 1 };
            return Ok(());
        }
        if trim(text).is_empty() || text.starts_with(b"#") {
            return Ok(());
        }
        if text.starts_with(b"$") {
            return self.directive(text);
        }
        let (owner, rest) = split_word(text);
        if !owner.is_empty() {
            self.owner.clear();
            self.owner.extend_from_slice(owner);
        }
        let (kind, data) = kind_and_data(rest);
        let is = |known: &[u8]| kind.eq_ignore_ascii_case(known);
        if is(b"SOA") {
            self.begin();
            self.open = if data.contains(&b'(') && !data.contains(&b')') { SOA_LINES } else { 0 };
            return Ok(());
        }
        let trigger = self.trigger()?;
        if trigger.is_empty() {
            // Of the zone itself.
            return Ok(());
        }
        let action = if is(b"CNAME") {
            cname(split_word(data).0, trigger)?
        } else if is(b"A") || is(b"AAAA") {
            let address = address(split_word(data).0).ok_or(Kind::Address)?;
            if is_sinkhole(address) { Action::Block } else { Action::Redirect }
        } else {
            return Err(Kind::Record);
        };
        rule(rules, trigger, &action)
    }

    fn directive(&mut self, text: &[u8]) -> Result<(), Kind> {
        let (key, rest) = split_word(text);
        if key.eq_ignore_ascii_case(b"$ORIGIN") {
            let (name, _) = split_word(trim(rest));
            let origin = name.strip_suffix(b".").unwrap_or(name).to_vec();
            // Until the zone begins, only this can be its name.
            if self.name.is_none() && !origin.is_empty() {
                self.name = Some(origin.clone());
            }
            self.origin = Some(origin);
            return Ok(());
        }
        if key.eq_ignore_ascii_case(b"$TTL") { Ok(()) } else { Err(Kind::Directive) }
    }

    /// Takes the zone's name from the owner of its SOA record.
    fn begin(&mut self) {
        if self.owner.ends_with(b".") || self.origin.is_some() {
            self.complete();
            self.name = Some(self.full.clone());
        }
    }

    /// Writes the last owner in full.
    fn complete(&mut self) {
        self.full.clear();
        let origin = self.origin.as_deref().unwrap_or_default();
        if self.owner == b"@" {
            self.full.extend_from_slice(origin);
        } else if let Some(absolute) = self.owner.strip_suffix(b".") {
            self.full.extend_from_slice(absolute);
        } else {
            self.full.extend_from_slice(&self.owner);
            if !origin.is_empty() {
                self.full.push(b'.');
                self.full.extend_from_slice(origin);
            }
        }
    }

    /// What the last owner is about: its name less that of the zone; empty for the zone itself.
    fn trigger(&mut self) -> Result<&[u8], Kind> {
        self.complete();
        let is_absolute = self.owner.ends_with(b".") || self.origin.is_some();
        let Some(zone) = self.name.as_deref().filter(|zone| is_absolute && !zone.is_empty()) else {
            return Ok(if self.owner == b"@" { &[] } else { &self.full });
        };
        let at = self.full.len().checked_sub(zone.len()).ok_or(Kind::OutOfZone)?;
        let (before, end) = self.full.split_at(at);
        match before {
            _ if !end.eq_ignore_ascii_case(zone) => Err(Kind::OutOfZone),
            [] => Ok(before),
            [name @ .., b'.'] => Ok(name),
            _ => Err(Kind::OutOfZone),
        }
    }
}

/// Cuts off a comment. Between quotes, none begins.
fn without_comment(line: &[u8]) -> &[u8] {
    let mut quoted = false;
    let comment = line.iter().position(|byte| {
        quoted ^= *byte == b'"';
        *byte == b';' && !quoted
    });
    line.get(..comment.unwrap_or(line.len())).unwrap_or(line)
}

/// The type of a record and its data: what follows the TTL and the class, each of which may be absent.
fn kind_and_data(rest: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = trim(rest);
    loop {
        let (word, behind) = split_word(rest);
        let is_class = [b"IN", b"CH", b"HS"].iter().any(|class| word.eq_ignore_ascii_case(*class));
        let is_ttl = word.first().is_some_and(u8::is_ascii_digit);
        if !is_class && !is_ttl {
            return (word, trim(behind));
        }
        rest = trim(behind);
    }
}

/// What a CNAME record with this target does.
fn cname(target: &[u8], trigger: &[u8]) -> Result<Action, Kind> {
    let name = target.strip_suffix(b".").unwrap_or(target);
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    if target.is_empty() {
        Err(Kind::Record)
    } else if name.is_empty() || is(b"*") || is(b"rpz-drop") {
        Ok(Action::Block)
    } else if is(b"rpz-passthru") || is(trigger) {
        // The name itself is how the first version of response policies wrote it.
        Ok(Action::Allow)
    } else {
        Err(Kind::Record)
    }
}

fn rule(rules: &mut Rules<'_>, trigger: &[u8], action: &Action) -> Result<(), Kind> {
    let allow = matches!(action, Action::Allow);
    let before = rules.rules;
    let last = trigger.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is = |known: &[u8]| last.eq_ignore_ascii_case(known);
    if is(b"rpz-ip") {
        rules.net(net(trigger).ok_or(Kind::Address)?, allow)?;
    } else if is(b"rpz-client-ip") || is(b"rpz-nsip") || is(b"rpz-nsdname") {
        return Err(Kind::Trigger);
    } else {
        match trigger {
            b"*" => return Err(Kind::Everything),
            [b'*', b'.', name @ ..] => rules.host(name, Form::Above, Scope::Under, allow)?,
            name => rules.host(name, Form::Anchored, Scope::Exact, allow)?,
        }
    }
    if matches!(action, Action::Redirect) {
        rules.redirects += rules.rules - before;
    }
    Ok(())
}

/// Reads `bits.d.c.b.a.rpz-ip`, and `bits.h.g.f.e.d.c.b.a.rpz-ip` of IPv6 with one `zz` for a run of zeros.
fn net(trigger: &[u8]) -> Option<IpNet> {
    let text = std::str::from_utf8(trigger).ok()?.to_ascii_lowercase();
    let (bits, reversed) = text.strip_suffix(".rpz-ip")?.split_once('.')?;
    let mut parts: Vec<&str> = reversed.rsplit('.').collect();
    let zeros = parts.iter().position(|part| *part == "zz");
    let address: IpAddr = if parts.len() == 4 && zeros.is_none() {
        parts.join(".").parse::<Ipv4Addr>().ok()?.into()
    } else {
        if let Some(at) = zeros {
            let absent = 9_usize.checked_sub(parts.len())?;
            parts.splice(at..=at, std::iter::repeat_n("0", absent));
        }
        parts.join(":").parse::<Ipv6Addr>().ok()?.into()
    };
    IpNet::new(address, bits.parse().ok()?).ok().map(|net| net.trunc())
}

#[cfg(test)]
#[path = "rpz_tests.rs"]
mod tests;
