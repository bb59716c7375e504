//! A browser that is asked what it shows and what it complains of: Chromium without a window, steered over a pipe by the DevTools
//! protocol (<https://chromedevtools.github.io/devtools-protocol/>).

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::chromium::{OPTIONS, browser};
use super::network::Phone;
use super::{Lab, PATIENT};
use crate::wait::wait_until;
use crate::{exec, interrupt};

/// How long the browser may take to start, or to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// After so many seconds it is ended whatever the test does.
const LONGEST: &str = "600";

/// Chromium reads orders from descriptor 3 and writes answers to 4; what it prints is of no interest.
const PIPES: &str = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// What the end of a message is.
const END: u8 = 0;

/// A page in a browser; dropping it ends the browser.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    orders: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// The one page.
    session: Option<String>,
    last: u64,
    complaints: Vec<String>,
    profile: PathBuf,
}

impl Lab {
    /// Opens a browser on the router itself.
    pub fn browser_on_router(&self) -> Result<Browser> {
        Browser::start(self.router(exec::tool("timeout")?.get_program())?, self.file("browser-router"))
    }

    /// Opens a browser on a phone.
    pub fn browser_on(&self, phone: &Phone) -> Result<Browser> {
        let profile = self.file(&format!("browser-{}", phone.name));
        Browser::start(self.phone(phone, exec::tool("timeout")?.get_program())?, profile)
    }
}

impl Browser {
    /// Starts it by a command that runs `timeout` where the browser is to be.
    fn start(mut command: Command, profile: PathBuf) -> Result<Self> {
        interrupt::check()?;
        command.args(["--kill-after=5", LONGEST]);
        command.arg(exec::tool("sh")?.get_program()).args(["-c", PIPES, "sh"]).arg(browser()?).args(OPTIONS);
        command
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut child =
            command.spawn().with_context(|| format!("cannot start `{}`", exec::shown(&command)))?;
        let orders = child.stdin.take();
        let answers = child.stdout.take().context("the browser has no standard output")?;
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            let parts = BufReader::new(answers).split(END).map_while(Result::ok);
            for message in parts.filter_map(|part| serde_json::from_slice(&part).ok()) {
                // It fails when the browser is dropped, which ends it.
                drop(sender.send(message));
            }
        });
        let mut browser =
            Self { child, orders, messages, session: None, last: 0, complaints: Vec::new(), profile };
        browser.open_page()?;
        Ok(browser)
    }

    fn open_page(&mut self) -> Result<()> {
        let target = self.order("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target.get("targetId"), "flatten": true });
        let attached = self.order("Target.attachToTarget", &attach)?;
        self.session = attached.get("sessionId").and_then(Value::as_str).map(str::to_owned);
        ensure!(self.session.is_some(), "the browser opened no page: {attached}");
        for domain in ["Page", "Runtime", "Log"] {
            self.order(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(())
    }

    /// Gives the page so much room, in CSS pixels, and the colours that its reader prefers.
    pub fn look(&mut self, width: u32, height: u32, colours: &str) -> Result<()> {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.order("Emulation.setDeviceMetricsOverride", &metrics)?;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] });
        self.order("Emulation.setEmulatedMedia", &features)?;
        Ok(())
    }

    /// Goes to an address and waits until its document is there.
    pub fn go(&mut self, url: &str) -> Result<()> {
        let went = self.order("Page.navigate", &json!({ "url": url }))?;
        ensure!(went.get("errorText").is_none(), "{url}: {went}");
        self.wait_for(
            "the page is loaded",
            "document.readyState === \"complete\" && location.protocol !== \"about:\"",
        )
    }

    /// What an expression of JavaScript gives in the page.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let order = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let said = self.order("Runtime.evaluate", &order)?;
        ensure!(said.get("exceptionDetails").is_none(), "`{expression}`: {said}");
        Ok(said.pointer("/result/value").cloned().unwrap_or_default())
    }

    /// Waits until an expression is true in the page.
    pub fn wait_for(&mut self, what: &str, expression: &str) -> Result<()> {
        let waited = wait_until(what, PATIENCE, || Ok(self.evaluate(expression)? == Value::Bool(true)));
        waited.with_context(|| {
            let text = self.evaluate("document.body?.innerText").unwrap_or_default();
            format!("the page says: {text}; the browser: {:?}", self.complaints)
        })
    }

    /// What the browser has complained of since it was started: errors in scripts, and what it refused to load or do.
    pub fn complaints(&mut self) -> Result<&[String]> {
        // An answer comes behind what happened before.
        self.evaluate("0")?;
        Ok(&self.complaints)
    }

    fn order(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.last += 1;
        let mut order = json!({ "id": self.last, "method": method, "params": parameters });
        if let (Some(session), Some(order)) = (&self.session, order.as_object_mut()) {
            order.insert("sessionId".to_owned(), session.as_str().into());
        }
        let mut bytes = order.to_string().into_bytes();
        bytes.push(END);
        self.orders
            .as_mut()
            .context("the browser has ended")?
            .write_all(&bytes)
            .context("the browser is gone")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            interrupt::check()?;
            let left = deadline.saturating_duration_since(Instant::now());
            let message = match self.messages.recv_timeout(left) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => bail!("the browser did not answer {method}"),
                Err(RecvTimeoutError::Disconnected) => bail!("the browser ended before it answered {method}"),
            };
            if message.get("id").and_then(Value::as_u64) != Some(self.last) {
                self.complaints.extend(complaint(&message));
                continue;
            }
            if let Some(error) = message.get("error") {
                bail!("{method}: {error}");
            }
            return Ok(message.get("result").cloned().unwrap_or_default());
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without its pipe it ends by itself.
        drop(self.orders.take());
        let ended = wait_until("the browser ended", PATIENT, || Ok(self.child.try_wait()?.is_some()));
        if ended.is_err() {
            // All of its group: `timeout` alone would leave the browser behind.
            if let Ok(group) = i32::try_from(self.child.id())
                && let Err(error) = killpg(Pid::from_raw(group), Signal::SIGKILL)
            {
                eprintln!("cannot kill the browser: {error}");
            }
            drop(self.child.wait());
        }
        if let Err(error) = fs::remove_dir_all(&self.profile) {
            eprintln!("cannot remove {}: {error}", self.profile.display());
        }
    }
}

/// What a message complains of, if it does.
fn complaint(message: &Value) -> Option<String> {
    let is_one = match message.get("method")?.as_str()? {
        "Runtime.exceptionThrown" => true,
        "Runtime.consoleAPICalled" => message.pointer("/params/type")? != "log",
        "Log.entryAdded" => matches!(message.pointer("/params/entry/level")?.as_str()?, "error" | "warning"),
        _ => false,
    };
    is_one.then(|| message.get("params").cloned().unwrap_or_default().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_warnings_are_complaints_and_the_rest_is_not() {
        let entry = |level: &str| json!({ "method": "Log.entryAdded", "params": { "entry": { "level": level, "text": "x" } } });
        assert!(complaint(&entry("error")).is_some_and(|said| said.contains("\"x\"")));
        assert!(complaint(&entry("warning")).is_some());
        assert_eq!(complaint(&entry("verbose")), None);
        assert!(complaint(&json!({ "method": "Runtime.exceptionThrown", "params": {} })).is_some());
        assert_eq!(complaint(&json!({ "method": "Page.loadEventFired", "params": {} })), None);
        assert_eq!(complaint(&json!({ "id": 3, "result": {} })), None);
    }
}
