//! `[page]`: where the page is served, who may see it, and by which names browsers ask for it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use toml::Spanned;

use super::config::{Checks, MAX_SOCKET, absolute};
use super::escape::Shown;
use super::host::HostName;
use super::page_token::PageToken;
use super::raw::{RawConfig, RawPage, Text};
use super::reading::{Checker, Reading, Table};

/// Where the page is served if `[page] listen` does not say otherwise.
const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9470);

/// The word for no page.
const OFF: &str = "off";

/// The page's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it listens.
    pub listen: PageListen,
    /// The file with the token that every request must know; there is one if other machines can reach the page.
    pub token_file: Option<PathBuf>,
    /// Names by which browsers may ask for it, beside the address and `localhost`.
    pub hosts: Vec<HostName>,
}

/// Where the page is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageListen {
    /// Nowhere.
    Off,
    /// At an address and port.
    Tcp(SocketAddr),
    /// On a UNIX socket; absolute.
    Unix(PathBuf),
}

impl Default for Page {
    fn default() -> Self {
        Self { listen: PageListen::Tcp(DEFAULT), token_file: None, hosts: Vec::new() }
    }
}

/// Checks the section, if there is one.
pub(super) fn check_page(
    checker: &mut Checker<'_>,
    reading: &Reading<RawConfig>,
    checks: &Checks,
) -> Option<Page> {
    let Some(section) = &reading.raw.page else { return Some(Page::default()) };
    let raw = &section.get_ref().0;
    let listen =
        raw.listen.as_ref().map_or(Some(PageListen::Tcp(DEFAULT)), |text| check_listen(checker, text));
    let token_file = check_token_file(checker, raw, checks);
    let hosts = check_hosts(checker, &raw.hosts);
    let listen = listen?;
    if raw.token_file.is_none() && is_open(&listen) {
        refuse_without_token(checker, reading, section);
        return None;
    }
    Some(Page { listen, token_file: token_file?, hosts })
}

/// Whether other machines can get there.
fn is_open(listen: &PageListen) -> bool {
    matches!(listen, PageListen::Tcp(address) if !address.ip().to_canonical().is_loopback())
}

fn refuse_without_token(
    checker: &mut Checker<'_>,
    reading: &Reading<RawConfig>,
    section: &Spanned<Table<RawPage>>,
) {
    let Some(listen) = &section.get_ref().0.listen else { return };
    if reading.was_struck(Some(section.span().start), "token_file") {
        return;
    }
    let title =
        format!("other machines can open the page at {}, so it needs a token", Shown(listen.get_ref()));
    let cure = "write token_file = \"/etc/gateway/page.token\" below [page], and make the file: (umask 077; \
                openssl rand -hex 24 > /etc/gateway/page.token)";
    checker.refuse(listen.span(), title, cure);
}

fn check_listen(checker: &mut Checker<'_>, text: &Text) -> Option<PageListen> {
    let word = text.get_ref();
    if word == OFF {
        return Some(PageListen::Off);
    }
    if word.starts_with('/') {
        let path = absolute(checker, "listen", text)?;
        if word.len() > MAX_SOCKET {
            let title =
                format!("the path has {} bytes; that of a socket has at most {MAX_SOCKET}", word.len());
            checker.refuse(text.span(), title, "write a shorter one, such as \"/run/gateway/page.sock\"");
            return None;
        }
        return Some(PageListen::Unix(path));
    }
    let address = word.parse().ok();
    if address.is_none() {
        let title = format!("{} is neither an address with a port nor the path of a socket", Shown(word));
        let cure =
            format!("write listen = \"{DEFAULT}\", or \"/run/gateway/page.sock\", or \"{OFF}\" for no page");
        checker.refuse(text.span(), title, cure);
    }
    address.map(PageListen::Tcp)
}

/// The file, if one is named; outer `None` if there is a mistake about it. On the machine that it is for, it is looked at.
fn check_token_file(checker: &mut Checker<'_>, raw: &RawPage, checks: &Checks) -> Option<Option<PathBuf>> {
    let Some(text) = &raw.token_file else { return Some(None) };
    let path = absolute(checker, "token_file", text)?;
    if checks.interfaces.is_some()
        && let Err(error) = PageToken::read(&path)
        && !error.is_of_this_user()
    {
        checker.parse(text, |_| Err::<(), _>(error));
        return None;
    }
    Some(Some(path))
}

fn check_hosts(checker: &mut Checker<'_>, texts: &[Text]) -> Vec<HostName> {
    let mut hosts = Vec::new();
    for text in texts {
        match text.get_ref().parse() {
            Ok(host) => hosts.push(host),
            Err(error) => {
                let cure = "write names without scheme and port, such as \"gateway.lan\"; the address on which the page \
                            listens and localhost are known without";
                checker.refuse(text.span(), super::BadHost::to_string(&error), cure);
            }
        }
    }
    hosts
}

#[cfg(test)]
#[path = "page_section_tests.rs"]
mod tests;
