//! A small home network out of network namespaces, with real clients, a real TLS server and the real gateway. Shared by
//! `cargo xtask demo` and the tests of this package.

pub mod bpffs;
pub mod curl;
pub mod gateway;
pub mod metrics;
mod netns;
pub mod network;
pub mod tls_client;
pub mod tls_server;

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::wait::wait_until;
use crate::{exec, interrupt};
use curl::Outcome;
use gateway::{Config, Gateway, METRICS};
use metrics::Metrics;
use netns::Namespace;
use network::{ANNA, BOB, Family, HOSTS, Host, Phone};

/// The environment variable that tells tests where the gateway's program lies.
pub const GATEWAY_VARIABLE: &str = "GATEWAY_BIN";

/// How long an attempt may take that should succeed: only a broken lab takes that long.
pub const PATIENT: Duration = Duration::from_secs(10);

/// How long an attempt may take that should not be answered.
pub const BRIEF: Duration = Duration::from_secs(3);

/// How long the gateway may take to load, fill and attach: the verifier is slow on small machines.
const START: Duration = Duration::from_secs(60);

/// The programs that a lab starts.
#[derive(Debug, Clone)]
pub struct Programs {
    /// This package's own program, which has the lab's server and client.
    pub xtask: PathBuf,
    /// The gateway.
    pub gateway: PathBuf,
}

impl Programs {
    /// The gateway named by [`GATEWAY_VARIABLE`], else the one beside `xtask`.
    pub fn beside(xtask: PathBuf) -> Self {
        let named = env::var_os(GATEWAY_VARIABLE).map(PathBuf::from);
        let gateway = named.unwrap_or_else(|| xtask.with_file_name("gateway"));
        Self { xtask, gateway }
    }
}

/// The home network. Dropping it removes whatever it and its gateway made.
#[derive(Debug)]
pub struct Lab {
    programs: Programs,
    folder: PathBuf,
    pin: PathBuf,
    anna: Namespace,
    bob: Namespace,
    router: Namespace,
    /// Held for its removal at the end: a wire goes with either of its ends.
    _server: Namespace,
    web: Child,
}

impl Lab {
    /// Builds the network and starts its web server.
    pub fn start(programs: Programs) -> Result<Self> {
        static LABS: AtomicU32 = AtomicU32::new(0);
        ensure!(
            exec::is_root(),
            "not root: network namespaces and eBPF programs need it: run `cargo xtask test` or `cargo xtask demo`, \
             which ask sudo for it"
        );
        interrupt::catch()?;
        interrupt::check()?;
        bpffs::mount()?;
        let id = format!("{}-{}", std::process::id(), LABS.fetch_add(1, Ordering::Relaxed));
        let namespace = |role: &str| Namespace::create(format!("gw{id}-{role}"));
        let (router, server) = (namespace("router")?, namespace("server")?);
        let (anna, bob) = (namespace(ANNA.name)?, namespace(BOB.name)?);
        network::wire_router(&router, &[(&ANNA, &anna), (&BOB, &bob)], &server)?;
        network::wire_phone(&ANNA, &anna)?;
        network::wire_phone(&BOB, &bob)?;
        network::wire_server(&server)?;

        let folder = env::temp_dir().join(format!("gateway-lab-{id}"));
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let web = start_web(&programs.xtask, &server, &folder)
            .inspect_err(|_| drop(fs::remove_dir_all(&folder)))?;
        let pin = bpffs::pin_folder(&id);
        let lab = Self { programs, pin, folder, anna, bob, router, _server: server, web };
        lab.open_for_resets(&ANNA)?;
        lab.open_for_resets(&BOB)?;
        Ok(lab)
    }

    /// A veth takes frames that an XDP program at its other end sends back, as resets are, only if it has a program
    /// itself (drivers/net/veth.c, `veth_xdp_flush`). A filter without devices passes everything and serves as one.
    pub fn open_for_resets(&self, phone: &Phone) -> Result<()> {
        let (config, pin) = (self.file(phone.name).with_extension("toml"), self.pin_of(phone));
        let empty = self.file("empty");
        fs::create_dir_all(&empty)?;
        let socket = self.file(phone.name).with_extension("sock");
        let text = format!(
            "interfaces = [\"eth0\"]\npolicies = {empty:?}\npin = {pin:?}\n\
             [metrics]\nlisten = \"127.0.0.1:0\"\n[control]\nsocket = {socket:?}\n"
        );
        fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
        let mut command = self.phone(phone, &self.programs.gateway)?;
        let mut gateway = Gateway::start(command.arg("run").arg("--config").arg(config), &self.log_file())?;
        let attached = pin.join("links/native/eth0");
        wait_until("the phone's end of the wire took a program", START, || match gateway.ended()? {
            Some(status) => bail!("the gateway on {} ended: {status}: {}", phone.name, self.log()),
            None => Ok(attached.exists()),
        })?;
        gateway.terminate()?;
        Ok(())
    }

    /// Takes that program away again.
    pub fn close_for_resets(&self, phone: &Phone) -> Result<()> {
        let pin = self.pin_of(phone);
        fs::remove_dir_all(&pin).with_context(|| format!("cannot remove {}", pin.display()))
    }

    fn pin_of(&self, phone: &Phone) -> PathBuf {
        let mut name = self.pin.clone().into_os_string();
        name.push("-");
        name.push(phone.name);
        name.into()
    }

    /// The folder of the policies that [`Self::write_policy`] writes.
    pub fn policies(&self) -> PathBuf {
        self.folder.join("policies")
    }

    /// Writes a policy file of this name.
    pub fn write_policy(&self, name: &str, text: &str) -> Result<()> {
        fs::create_dir_all(self.policies())?;
        let file = self.policies().join(format!("{name}.toml"));
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// A file in the lab's own folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A command that runs in the router's namespace.
    pub fn router(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        self.router.command(program)
    }

    /// A command that runs on a phone.
    pub fn phone(&self, phone: &Phone, program: impl AsRef<OsStr>) -> Result<Command> {
        self.namespace(phone).command(program)
    }

    fn namespace(&self, phone: &Phone) -> &Namespace {
        if phone.name == ANNA.name { &self.anna } else { &self.bob }
    }

    /// A phone visits a host by curl over TLS.
    pub fn visit(&self, phone: &Phone, host: &Host, family: Family, patience: Duration) -> Result<Outcome> {
        let (name, seconds) = (host.name, patience.as_secs().to_string());
        let address = match family {
            Family::V4 => host.address(family).to_string(),
            Family::V6 => format!("[{}]", host.address(family)),
        };
        let mut curl = curl_in(self.namespace(phone))?;
        curl.args(["--connect-timeout", &seconds, "--max-time", &seconds])
            .args(["--resolve", &format!("{name}:443:{address}")])
            .arg("--cacert")
            .arg(self.ca())
            .arg(format!("https://{name}/"));
        attempt(curl)
    }

    /// A phone visits the address of a host with a server name sent exactly as given.
    pub fn visit_as(&self, phone: &Phone, name: &str, host: &Host, patience: Duration) -> Result<Outcome> {
        let mut client = self.phone(phone, &self.programs.xtask)?;
        client
            .args(["lab-client", "--name", name, "--seconds", &patience.as_secs().to_string()])
            .args(["--to", &format!("{}:443", host.address(Family::V4))])
            .arg("--ca")
            .arg(self.ca());
        attempt(client)
    }

    /// Starts the gateway and returns when it filters.
    pub fn start_gateway(&self, config: &Config) -> Result<Gateway> {
        let program = &self.programs.gateway;
        ensure!(program.exists(), "{} is missing: run `cargo xtask build`", program.display());
        fs::write(self.config_file(), config.file(&self.folder, &self.pin))
            .context("cannot write gateway.toml")?;
        let mut gateway = Gateway::start(&mut self.gateway_command(&["run"])?, &self.log_file())?;
        let ready = wait_until("the gateway served its metrics", START, || {
            if let Some(status) = gateway.ended()? {
                bail!("the gateway ended: {status}");
            }
            Ok(self.metrics().is_ok())
        });
        ready.context("the gateway did not start")?;
        Ok(gateway)
    }

    /// `gateway COMMAND… --config FILE` in the router's namespace.
    pub fn gateway_command(&self, words: &[&str]) -> Result<Command> {
        let mut command = self.router(&self.programs.gateway)?;
        command.args(words).arg("--config").arg(self.config_file());
        Ok(command)
    }

    /// Removes the filter from the kernel.
    pub fn detach(&self) -> Result<()> {
        exec::stdout_of(&mut self.gateway_command(&["detach"])?)?;
        Ok(())
    }

    /// Looks at `/metrics` as Prometheus would.
    pub fn metrics(&self) -> Result<Metrics> {
        self.metrics_text()?.parse()
    }

    /// What `/metrics` says, word for word.
    pub fn metrics_text(&self) -> Result<String> {
        let mut curl = curl_in(&self.router)?;
        exec::stdout_of(curl.args(["--max-time", "5"]).arg(format!("http://{METRICS}/metrics")))
    }

    /// What the gateways of this lab have logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_else(|_| "(nothing)".to_owned())
    }

    fn log_file(&self) -> PathBuf {
        self.file("gateway.log")
    }

    fn ca(&self) -> PathBuf {
        self.file("ca.pem")
    }

    fn config_file(&self) -> PathBuf {
        self.file("gateway.toml")
    }

    /// Removes what a gateway of this lab may have left in the kernel.
    fn remove_filter(&self) {
        if self.pin.exists()
            && let Err(error) = self.detach()
        {
            eprintln!("gateway detach failed: {error:#}");
        }
        // Unlike `remove_dir_all` on a disk this frees what nothing else holds: programs, links, maps.
        for pin in [self.pin.clone(), self.pin_of(&ANNA), self.pin_of(&BOB)] {
            if pin.exists()
                && let Err(error) = fs::remove_dir_all(&pin)
            {
                eprintln!("cannot remove {}: {error}", pin.display());
            }
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // A test that fails is told apart by what the gateway said.
        if thread::panicking() {
            eprintln!("the gateway's log:\n{}", self.log());
        }
        self.remove_filter();
        // Both fail only where the server has ended by itself.
        drop(self.web.kill());
        drop(self.web.wait());
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// Starts the web server and returns when it listens.
fn start_web(xtask: &Path, server: &Namespace, folder: &Path) -> Result<Child> {
    let mut command = server.command(xtask)?;
    command.arg("lab-server").arg("--ca").arg(folder.join("ca.pem")).args(HOSTS.map(|host| host.name));
    let log = File::create(folder.join("web.log"))?;
    // It serves as long as its standard input is open, so it ends with this process however that ends.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).process_group(0);
    let mut child = command.spawn().context("cannot start the web server")?;
    let mut line = String::new();
    let said = child.stdout.take().context("the web server has no standard output")?;
    BufReader::new(said).read_line(&mut line).context("cannot read what the web server says")?;
    if line.trim() != tls_server::LISTENING {
        drop(child.kill());
        drop(child.wait());
        bail!("the web server did not start: {}", fs::read_to_string(folder.join("web.log"))?.trim());
    }
    Ok(child)
}

/// curl in a namespace, without anybody's ~/.curlrc and proxy.
fn curl_in(namespace: &Namespace) -> Result<Command> {
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
