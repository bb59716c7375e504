//! A small home network out of network namespaces, with real clients, a real TLS server and the real gateway. Shared by
//! `cargo xtask demo` and the tests of this package.

pub mod bpffs;
pub mod capture;
pub mod chromium;
pub mod curl;
pub mod devtools;
pub mod dns_server;
pub mod gateway;
pub mod http_server;
pub mod metrics;
mod netns;
pub mod network;
pub mod prometheus;
mod server;
pub mod tls_server;
pub mod visit;

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::wait::wait_until;
use crate::{exec, interrupt};
use gateway::{Config, Gateway, METRICS};
use metrics::Metrics;
use netns::Namespace;
use network::{ANNA, BOB, HOSTS, Phone};
use server::Server;
use visit::curl_in;

/// The environment variable that tells tests where the gateway's program lies.
pub const GATEWAY_VARIABLE: &str = "GATEWAY_BIN";

/// How long an attempt may take that should succeed: only a broken lab takes that long.
pub const PATIENT: Duration = Duration::from_secs(10);

/// How long an attempt may take that should not be answered.
pub const BRIEF: Duration = Duration::from_secs(3);

/// How long the gateway may take to load, fill and attach: the verifier is slow on small machines.
const START: Duration = Duration::from_secs(60);

/// The line by which a server of the lab says that clients may come.
pub const LISTENING: &str = "listening";

/// Files in the lab's folder: the certificate of the authority that clients believe, the servers' own, and its key.
pub const AUTHORITY: &str = "ca.pem";
/// See [`AUTHORITY`].
pub const CERTIFICATE: &str = "server.pem";
/// See [`AUTHORITY`].
pub const KEY: &str = "server.key";

/// Where [`Lab::start_quic`] listens.
pub const QUIC_PORT: u16 = 443;

/// Likewise, for a server that answers a first Initial with a Retry.
pub const RETRY_PORT: u16 = 4433;

/// The programs that a lab starts.
#[derive(Debug, Clone)]
pub struct Programs {
    /// This package's own program, which has the lab's servers.
    pub xtask: PathBuf,
    /// The client and server of the package `lab-peer`; only tests need it.
    pub peer: PathBuf,
    /// The gateway.
    pub gateway: PathBuf,
}

impl Programs {
    /// The gateway named by [`GATEWAY_VARIABLE`], else the one beside `xtask`.
    pub fn beside(xtask: PathBuf) -> Self {
        let named = env::var_os(GATEWAY_VARIABLE).map(PathBuf::from);
        let gateway = named.unwrap_or_else(|| xtask.with_file_name("gateway"));
        Self { peer: xtask.with_file_name("lab-peer"), xtask, gateway }
    }
}

impl Programs {
    fn peer(&self) -> Result<&Path> {
        ensure!(
            self.peer.exists(),
            "{} is missing: run `cargo xtask test`, which builds it",
            self.peer.display()
        );
        Ok(&self.peer)
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
    server: Namespace,
    /// Held for its end, which is before that of the namespaces.
    web: Option<Server>,
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
        let pin = bpffs::pin_folder(&id);
        let mut lab = Self { programs, pin, folder, anna, bob, router, server, web: None };
        lab.web = Some(lab.start_web()?);
        lab.open_for_resets(&ANNA)?;
        lab.open_for_resets(&BOB)?;
        Ok(lab)
    }

    fn start_web(&self) -> Result<Server> {
        let mut command = self.server.command(&self.programs.xtask)?;
        command.arg("lab-server").arg("--folder").arg(&self.folder).args(HOSTS.map(|host| host.name));
        Server::start(&mut command, &self.file("web.log")).context("no web server")
    }

    /// Starts a server of HTTP/3 for every host, which goes on until it is dropped.
    pub fn start_quic(&self) -> Result<Server> {
        let mut command = self.server.command(self.programs.peer()?)?;
        let ports = [QUIC_PORT, RETRY_PORT].map(|port| port.to_string());
        command.args(["serve", "--port", &ports[0], "--retry-port", &ports[1], "--certificate"]);
        command.arg(self.file(CERTIFICATE)).arg("--key").arg(self.file(KEY));
        Server::start(&mut command, &self.file("quic.log")).context("no server of HTTP/3")
    }

    /// A veth takes frames that an XDP program at its other end sends back, as resets are, only if it has a program
    /// itself (drivers/net/veth.c, `veth_xdp_flush`). A filter without devices passes everything and serves as one.
    pub fn open_for_resets(&self, phone: &Phone) -> Result<()> {
        let (config, pin) = (self.file(phone.name).with_extension("toml"), self.pin_of(phone));
        let empty = self.file("empty");
        fs::create_dir_all(&empty)?;
        let socket = self.file(phone.name).with_extension("sock");
        let text = format!(
            "interfaces = [\"eth0\"]\npolicies = {empty:?}\npin = {pin:?}\nstate = {empty:?}\n\
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

    /// Where the gateway of this lab pins its filter.
    pub fn pin(&self) -> &Path {
        &self.pin
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

    /// Starts the gateway and returns when it filters.
    pub fn start_gateway(&self, config: &Config) -> Result<Gateway> {
        fs::write(self.config_file(), config.file(&self.folder, &self.pin))
            .context("cannot write gateway.toml")?;
        self.start_configured()
    }

    /// Starts the gateway with the configuration that is there, and returns when it filters.
    pub fn start_configured(&self) -> Result<Gateway> {
        let program = &self.programs.gateway;
        ensure!(program.exists(), "{} is missing: run `cargo xtask build`", program.display());
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
        self.file(AUTHORITY)
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
        self.web = None;
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove {}: {error}", self.folder.display());
        }
    }
}
