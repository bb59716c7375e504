//! The page in a real browser: what it shows of real traffic, and that nothing which a device says becomes markup.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use xtask::lab::Lab;
use xtask::lab::devtools::Browser;
use xtask::lab::gateway::Config;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, ORDINARY};
use xtask::wait::wait_until;

use super::{SOON, config, in_lab, reached, rejecting_policy, saw, start_with};

/// Where the page is unless the configuration says otherwise.
const PAGE: &str = "http://127.0.0.1:9470/";

/// A name as a device may ask for it, to have a script run where it is shown.
const HOSTILE: &str = "<img src=x onerror=document.title='hit'>\"&amp;<script>.example.org";

/// The token of a page that others can reach.
const TOKEN: &str = "f00dfeed-f00dfeed+/=";

/// Whether the text of an element holds a text.
fn shows(selector: &str, text: &str) -> String {
    let (selector, text) = (quoted(selector), quoted(text));
    format!("document.querySelector({selector})?.innerText.includes({text}) ?? false")
}

fn quoted(text: &str) -> serde_json::Value {
    text.into()
}

/// What the tests have the phones do: a visit that passes, one that is blocked, and a question with markup in it.
fn make_traffic(lab: &Lab) -> Result<()> {
    let visit = |host| lab.visit(&ANNA, host, Family::V4, xtask::lab::PATIENT);
    saw(&visit(&ORDINARY)?, &reached(&ORDINARY), "the ordinary host")?;
    let blocked = visit(&ACCOUNT)?;
    ensure!(!blocked.reached(), "the account host was reached");
    let answer = lab.dig(&ANNA, HOSTILE, Family::V4, &[])?;
    ensure!(answer.contains("status: NOERROR"), "{answer}");
    Ok(())
}

/// That the page shows the traffic, at this size and in these colours.
fn shows_the_traffic(browser: &mut Browser, width: u32, colours: &str) -> Result<()> {
    browser.look(width, 800, colours)?;
    browser.go(PAGE)?;
    for (selector, text) in [
        ("#state", "Filtering on lan1, lan2"),
        ("#devices", ANNA.name),
        ("#devices", ANNA.mac),
        ("#hosts", ACCOUNT.name),
        ("#flows", "203.0.113.10:443"),
        ("#events", ACCOUNT.name),
        ("#events", "reject"),
        ("#events", HOSTILE),
        ("#interfaces", "native"),
    ] {
        browser.wait_for(&format!("{selector} shows {text}"), &shows(selector, text))?;
    }
    browser.wait_for(
        "something was blocked",
        "document.querySelector('#tiles [data-cell=hour]').innerText > 0",
    )?;
    browser.wait_for("it is drawn", "document.querySelectorAll('#chart .column').length > 0")?;
    for (what, expression) in [
        ("the title stays", "document.title === 'gateway'"),
        ("names make no elements", "document.querySelector('main img, main script') === null"),
        ("it is as wide as the window", "document.documentElement.scrollWidth <= innerWidth"),
        ("the chart has a name", "document.querySelector('#chart svg > title').textContent !== ''"),
    ] {
        ensure!(browser.evaluate(expression)? == true, "not so at {width}: {what}");
    }
    Ok(())
}

#[test]
fn the_page_shows_what_devices_do_and_hostile_names_as_text() {
    in_lab(|lab| {
        let gateway = start_with(lab, &rejecting_policy())?;
        make_traffic(lab)?;
        let mut browser = lab.browser_on_router()?;
        shows_the_traffic(&mut browser, 1280, "light")?;
        shows_the_traffic(&mut browser, 360, "dark")?;

        search_for(&mut browser, ACCOUNT.name)?;
        shows_rates(lab, &mut browser)?;
        writes_numbers_for_people(&mut browser)?;
        let complaints = browser.complaints()?;
        ensure!(complaints.is_empty(), "{complaints:?}");

        gateway.kill()?;
        browser.wait_for("it says that nobody answers", &shows("#notice", "does not answer"))?;
        ensure!(browser.evaluate(&shows("#devices", ANNA.name))? == true, "the devices are gone");
        let _gateway = lab.start_gateway(&config(lab))?;
        browser.wait_for("it goes on by itself", "document.querySelector('#notice').innerText === ''")
    });
}

/// That a search leaves the events whose name holds the word.
fn search_for(browser: &mut Browser, word: &str) -> Result<()> {
    let typed = format!(
        "document.querySelector('#search [name=name]').value = {}; \
         document.querySelector('#search').dispatchEvent(new Event('input'))",
        quoted(word)
    );
    browser.evaluate(&typed)?;
    let found = format!(
        "[...document.querySelectorAll('#events tbody tr')].every(row => row.innerText.includes({})) \
         && document.querySelector('#events tbody tr') !== null",
        quoted(word)
    );
    browser.wait_for("only what was looked for is left", &found)
}

/// That what is sent while it looks becomes a rate, and that pressing a device's name shows its connections.
fn shows_rates(lab: &Lab, browser: &mut Browser) -> Result<()> {
    let row = format!(
        "[...document.querySelectorAll('#devices tbody tr')].find(row => row.innerText.includes({}))",
        quoted(ANNA.name)
    );
    for way in ["up", "down"] {
        let rate = format!("{row}.querySelector('[data-cell={way}]').innerText");
        wait_until(&format!("there is a rate {way}"), SOON, || {
            make_traffic(lab)?;
            let shown = browser.evaluate(&rate)?;
            Ok(shown.as_str().is_some_and(|shown| shown.ends_with("B/s") && shown != "0 B/s"))
        })?;
    }
    browser.evaluate(&format!("{row}.querySelector('button').click()"))?;
    ensure!(browser.evaluate("document.querySelector('#whose').value")? == ANNA.name);
    browser.wait_for("its connections are shown", &shows("#flows", "203.0.113.10:443"))
}

/// That numbers and times read well, by the page's own module.
fn writes_numbers_for_people(browser: &mut Browser) -> Result<()> {
    for (call, expected) in [
        ("size(0)", "0 B"),
        ("size(999)", "999 B"),
        ("size(1000)", "1.0 kB"),
        ("size(99_940)", "99.9 kB"),
        ("size(123_456_789)", "123 MB"),
        ("size(999_600)", "1.0 MB"),
        ("size(1e18)", "1000 PB"),
        ("rate(null)", "–"),
        ("count(1234567)", "1\u{202f}234\u{202f}567"),
        ("span(59.9)", "59 s"),
        ("span(3600)", "1 h"),
        ("span(-5)", "0 s"),
        ("ago(null)", "never"),
        ("endpoint('2001:db8::1', 53, 'udp')", "udp [2001:db8::1]:53"),
        ("endpoint('192.0.2.1', 0, '1')", "1 192.0.2.1"),
    ] {
        let shown = browser.evaluate(&format!("import('/words.js').then((words) => words.{call})"))?;
        ensure!(shown == expected, "{call}: {shown}");
    }
    Ok(())
}

#[test]
fn from_another_machine_the_page_opens_by_its_token_alone() {
    in_lab(|lab| {
        let file = lab.file("page.token");
        fs::write(&file, TOKEN)?;
        fs::set_permissions(&file, Permissions::from_mode(0o600))?;
        lab.write_policy("account", &rejecting_policy())?;
        let more = format!("[page]\nlisten = \"0.0.0.0:9470\"\ntoken_file = {file:?}\n");
        let _gateway = lab.start_gateway(&Config { more, ..config(lab) })?;
        let url = "http://192.168.1.1:9470/";
        let mut browser = lab.browser_on(&BOB)?;

        browser.go(url)?;
        ensure!(browser.evaluate(&shows("main", "needs its token"))? == true, "it opened without the token");
        enter(&mut browser, "f00dfeed-f00dfeed")?;
        ensure!(browser.evaluate(&shows("main", "needs its token"))? == true, "a wrong token opened it");
        enter(&mut browser, TOKEN)?;
        browser.wait_for("the page opens", &shows("#devices", ANNA.name))?;
        ensure!(browser.evaluate("location.href")? == url && browser.evaluate("document.cookie")? == "");
        browser.go(url)?;
        browser.wait_for("the browser keeps the token", &shows("#devices", ANNA.name))?;

        let mut other = lab.browser_on(&ANNA)?;
        other.go(&format!("{url}?token={}", TOKEN.replace('+', "%2B")))?;
        other.wait_for("the address opens the page", &shows("#devices", ANNA.name))?;
        let address = other.evaluate("location.href")?;
        ensure!(address == url, "the token stays in the address: {address}");
        Ok(())
    });
}

/// Types a token into the form, sends it, and waits for what comes of it.
fn enter(browser: &mut Browser, token: &str) -> Result<()> {
    let sent = format!(
        "document.querySelector('[name=token]').value = {}; document.documentElement.id = 'old'; \
         document.querySelector('form').requestSubmit()",
        quoted(token)
    );
    browser.evaluate(&sent).context("no form")?;
    browser.wait_for(
        "another page comes",
        "document.documentElement?.id === '' && document.readyState === 'complete'",
    )
}
