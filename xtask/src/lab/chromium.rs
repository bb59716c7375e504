//! A browser on a phone: Chromium without a window, which prints the page that it got.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::network::{Family, Host, Phone};
use super::{CERTIFICATE, Lab};
use crate::{exec, interrupt};

/// What the browser is called, by Debian and by its makers.
pub const BROWSERS: [&str; 2] = ["chromium", "google-chrome"];

/// What keeps Chromium from looking for anything beside the page. Tests run as root, where its sandbox cannot be.
pub(super) const OPTIONS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--enable-quic",
];

/// The hash of a certificate's key, as Chromium wants it.
const KEY_HASH: &str = "openssl x509 -noout -pubkey -in \"$0\" | openssl pkey -pubin -outform der \
                        | openssl dgst -sha256 -binary | openssl base64";

/// How a browser goes to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browse {
    /// By TLS over TCP, as on a first visit.
    Tls,
    /// By QUIC and nothing else.
    Quic,
    /// Twice: the first visit, by TLS, tells it that the host has HTTP/3 (RFC 7838), so that it tries that, then or the
    /// second time.
    Again,
}

impl Lab {
    /// The page that a new Chromium on a phone shows of a host, as HTML; nothing where it reached nobody.
    pub fn browse(
        &self,
        phone: &Phone,
        host: &Host,
        family: Family,
        patience: Duration,
        how: Browse,
    ) -> Result<String> {
        interrupt::check()?;
        let name = host.name;
        let address = match family {
            Family::V4 => host.address(family).to_string(),
            Family::V6 => format!("[{}]", host.address(family)),
        };
        let profile = self.file(&format!("chromium-{name}-{family}-{how:?}"));
        let mut chromium = self.phone(phone, exec::tool("timeout")?.get_program())?;
        chromium
            .arg(patience.as_secs().to_string())
            .arg(browser()?)
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--ignore-certificate-errors-spki-list={}", self.key_hash()?))
            .arg(format!("--host-resolver-rules=MAP {name} {address}"));
        if how == Browse::Quic {
            chromium.arg(format!("--origin-to-force-quic-on={name}:443"));
        }
        chromium.args(["--dump-dom", &format!("https://{name}/")]);
        let mut page = shown_by(&mut chromium);
        if how == Browse::Again {
            page = page.and_then(|_| shown_by(&mut chromium));
        }
        // The next one is to know nothing of this one.
        fs::remove_dir_all(&profile).with_context(|| format!("cannot remove {}", profile.display()))?;
        page
    }

    fn key_hash(&self) -> Result<String> {
        let mut sh = exec::tool("sh")?;
        Ok(exec::stdout_of(sh.args(["-c", KEY_HASH]).arg(self.file(CERTIFICATE)))?.trim().to_owned())
    }
}

pub(super) fn browser() -> Result<PathBuf> {
    let found = BROWSERS.iter().find_map(|name| exec::find_program(name));
    found.context("no Chromium: run `cargo xtask setup`")
}

fn shown_by(chromium: &mut Command) -> Result<String> {
    chromium.stdin(Stdio::null()).process_group(0);
    let output = chromium.output().with_context(|| format!("cannot start `{}`", exec::shown(chromium)))?;
    let (page, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}: {}: {said}", exec::shown(chromium), output.status);
    Ok(page.into_owned())
}
