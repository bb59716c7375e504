//! What a phone does to reach a host: one method for each client.

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::curl::Outcome;
use super::netns::Namespace;
use super::network::{Family, Host, ORDINARY, Phone};
use super::{Lab, QUIC_PORT};
use crate::{exec, interrupt};

/// What `timeout` ends with when the time is over.
const TIME_IS_OVER: i32 = 124;

/// How a client of `lab-peer` goes about QUIC.
#[derive(Debug, Clone, Copy)]
pub struct Quic {
    /// The server's port.
    pub port: u16,
    /// Whether the hello fits into one Initial, without a post-quantum key share.
    pub classic: bool,
}

impl Quic {
    /// A hello in two Initials to the usual port.
    pub const USUAL: Self = Self { port: QUIC_PORT, classic: false };
}

impl Lab {
    /// A phone visits a host by curl over TLS.
    pub fn visit(&self, phone: &Phone, host: &Host, family: Family, patience: Duration) -> Result<Outcome> {
        self.visit_by_curl(phone, "https", host, family, patience, &[])
    }

    /// A phone visits a host by curl over `http` or `https`, with more options of curl.
    pub fn visit_by_curl(
        &self,
        phone: &Phone,
        scheme: &str,
        host: &Host,
        family: Family,
        patience: Duration,
        options: &[&str],
    ) -> Result<Outcome> {
        let (name, seconds) = (host.name, patience.as_secs().to_string());
        let address = match family {
            Family::V4 => host.address(family).to_string(),
            Family::V6 => format!("[{}]", host.address(family)),
        };
        let mut curl = curl_in(self.namespace(phone))?;
        curl.args(["--connect-timeout", &seconds, "--max-time", &seconds])
            .args(["--resolve", &format!("{name}:443:{address}")])
            .args(["--resolve", &format!("{name}:80:{address}")])
            .args(options)
            .arg("--cacert")
            .arg(self.ca())
            .arg(format!("{scheme}://{name}/"));
        attempt(curl)
    }

    /// A phone visits the address of a host by rustls with a server name sent exactly as given. The key share is a
    /// post-quantum one, so that the hello takes two segments.
    pub fn visit_as(
        &self,
        phone: &Phone,
        name: &str,
        host: &Host,
        family: Family,
        patience: Duration,
    ) -> Result<Outcome> {
        let to = SocketAddr::new(host.address(family), 443);
        attempt(self.peer(phone, "tls", name, to, patience)?)
    }

    /// A phone visits a host by quinn, over HTTP/3.
    pub fn visit_over_quic(
        &self,
        phone: &Phone,
        host: &Host,
        family: Family,
        patience: Duration,
        how: Quic,
    ) -> Result<Outcome> {
        attempt(self.quic(phone, host, family, patience, how)?)
    }

    /// A phone that visits a host over HTTP/3, says the page, waits for a line, and then visits it again with its request
    /// in early data (0-RTT).
    pub fn visit_over_quic_twice(&self, phone: &Phone, host: &Host, patience: Duration) -> Result<Child> {
        let mut client = self.quic(phone, host, Family::V4, patience, Quic::USUAL)?;
        client.arg("--again").process_group(0);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        client.spawn().with_context(|| format!("cannot start `{}`", exec::shown(&client)))
    }

    /// A phone visits a host by `openssl s_client` with more options of it.
    pub fn visit_by_openssl(
        &self,
        phone: &Phone,
        host: &Host,
        family: Family,
        patience: Duration,
        options: &[&str],
    ) -> Result<Outcome> {
        let (name, to) = (host.name, SocketAddr::new(host.address(family), 443).to_string());
        let mut client = self.phone(phone, exec::tool("timeout")?.get_program())?;
        client
            .arg(patience.as_secs().to_string())
            .arg(exec::tool("openssl")?.get_program())
            .args(["s_client", "-quiet", "-ign_eof", "-verify_return_error"])
            .args(["-connect", &to, "-servername", name, "-CAfile"])
            .arg(self.ca())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = client.spawn().with_context(|| format!("cannot start `{}`", exec::shown(&client)))?;
        let request = format!("GET / HTTP/1.1\r\nhost: {name}\r\n\r\n");
        // It fails where the client has given up already, which it tells below.
        drop(child.stdin.take().context("openssl has no standard input")?.write_all(request.as_bytes()));
        let mut output = child.wait_with_output().context("cannot wait for openssl")?;
        if output.status.code() == Some(TIME_IS_OVER) {
            return Ok(Outcome::NoAnswer);
        }
        let head = output.stdout.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        drop(output.stdout.drain(..head.map_or(0, |head| head + 4)));
        Outcome::of(&output)
    }

    /// What dig prints of a phone's question to the name server of the lab, with more words of dig; one attempt.
    pub fn dig(&self, phone: &Phone, name: &str, family: Family, words: &[&str]) -> Result<String> {
        interrupt::check()?;
        let mut dig = self.phone(phone, exec::tool("dig")?.get_program())?;
        // `-r`: nobody's ~/.digrc.
        dig.args(["-r", &format!("@{}", ORDINARY.address(family)), name, "+tries=1", "+time=3"]).args(words);
        dig.stdin(Stdio::null()).process_group(0);
        let output = dig.output().with_context(|| format!("cannot start `{}`", exec::shown(&dig)))?;
        Ok(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }

    fn quic(
        &self,
        phone: &Phone,
        host: &Host,
        family: Family,
        patience: Duration,
        how: Quic,
    ) -> Result<Command> {
        let to = SocketAddr::new(host.address(family), how.port);
        let mut client = self.peer(phone, "quic", host.name, to, patience)?;
        if how.classic {
            client.arg("--classic");
        }
        Ok(client)
    }

    fn peer(
        &self,
        phone: &Phone,
        over: &str,
        name: &str,
        to: SocketAddr,
        patience: Duration,
    ) -> Result<Command> {
        let mut client = self.phone(phone, self.programs.peer()?)?;
        client
            .args([over, "--name", name, "--to", &to.to_string()])
            .args(["--seconds", &patience.as_secs().to_string(), "--ca"])
            .arg(self.ca());
        Ok(client)
    }
}

/// curl in a namespace, without anybody's ~/.curlrc and proxy.
pub(super) fn curl_in(namespace: &Namespace) -> Result<Command> {
    let mut curl = namespace.command(exec::tool("curl")?.get_program())?;
    curl.args(["-q", "--silent", "--show-error", "--fail", "--noproxy", "*"]);
    Ok(curl)
}

fn attempt(mut client: Command) -> Result<Outcome> {
    interrupt::check()?;
    client.stdin(Stdio::null()).process_group(0);
    let output = client.output().with_context(|| format!("cannot start `{}`", exec::shown(&client)))?;
    Outcome::of(&output)
}
