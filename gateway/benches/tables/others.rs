//! dnsmasq and unbound with the same million names: from the start to the first right answer, and their memory then.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::dns::denies;
use super::lab::{Lab, Server};
use super::made::{NAMES, list, listed};
use super::report::Report;

const STARTS: usize = 5;

const PORT: u16 = 5335;

/// A server and what it is told.
struct Other {
    name: &'static str,
    package: &'static str,
    /// Its configuration; `names` is the file of the names.
    config: fn(names: &Path) -> String,
    line: fn(String) -> String,
    arguments: &'static [&'static str],
}

const OTHERS: [Other; 2] = [
    Other {
        name: "dnsmasq",
        package: "dnsmasq-base",
        config: |names| {
            format!(
                "port={PORT}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nuser=root\nconf-file={}\n",
                names.display()
            )
        },
        line: |name| format!("address=/{name}/"),
        arguments: &["--keep-in-foreground", "--log-facility=-", "--pid-file=", "-C"],
    },
    Other {
        name: "unbound",
        package: "unbound",
        config: |names| {
            format!(
                "server:\n interface: 127.0.0.1@{PORT}\n username: \"\"\n chroot: \"\"\n directory: \"\"\n pidfile: \"\"\n \
                 use-syslog: no\n num-threads: 1\n module-config: iterator\ninclude: {}\nremote-control:\n control-enable: no\n",
                names.display()
            )
        },
        line: |name| format!(" local-zone: \"{name}\" always_nxdomain"),
        arguments: &["-d", "-c"],
    },
];

/// Milliseconds and megabytes.
pub fn measure(report: &mut Report) {
    for other in &OTHERS {
        let cases = ["start to the first answer", "resident"]
            .map(|case| format!("{case}: {} with a million names", other.name));
        if !report.wants_any(&cases.each_ref().map(String::as_str)) {
            continue;
        }
        let Some(program) = find(other.name) else {
            let Other { name, package, .. } = other;
            report
                .note(format!("{name} is not installed, so it was not measured: apt-get install {package}"));
            continue;
        };
        let (times, memory) = starts(other, &program);
        report.take(&cases[0], "ms", &times, None);
        report.take(&cases[1], "MB", &memory, None);
    }
}

fn starts(other: &Other, program: &Path) -> (Vec<f64>, Vec<f64>) {
    let lab = Lab::new();
    let server = if other.name == "unbound" { "server:\n" } else { "" };
    let names = lab.write("names", &format!("{server}{}", list(|n| (other.line)(listed(n)))));
    let config = lab.write("config", &(other.config)(&names));
    let log = lab.folder.path().join("log");
    let start = || {
        let start = Instant::now();
        let mut server = Server::start(Command::new(program).args(other.arguments).arg(&config), &log);
        server.wait_until(&log, || denies(PORT, &listed(NAMES - 1)));
        (start.elapsed().as_secs_f64() * 1e3, server.megabytes("VmRSS"))
    };
    (0..STARTS).map(|_| start()).unzip()
}

/// Where a program lies.
fn find(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.iter().map(|folder| Path::new(folder).join(name)).find(|file| file.is_file())
}
