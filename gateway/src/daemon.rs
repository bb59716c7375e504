//! The running daemon: what it loads, fills and attaches, and how that changes.

mod clock;
mod history;
pub mod lists;
mod memory;
mod resolve;
mod run;
mod track;
mod views;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use anyhow::Context as _;
use nix::net::if_::if_nametoindex;
use tokio::sync::Notify;
use tracing::{error, info, warn};

use crate::datapath::attach::Attached;
use crate::datapath::engine::Engine;
use crate::datapath::load::Refusal;
use crate::datapath::mute::Voice;
use crate::datapath::pins::Pins;
use crate::lists::fetch::{Limits, Trust};
use crate::observe::history::History;
use crate::observe::hub::Hub;
use crate::policy::{Checks, Compiled, Config, Counts, warnings_of_config, warnings_of_policies};
use crate::subscriptions::keeper::Keeper;
use clock::Clock;
pub use resolve::ResolvedRow;
use resolve::Resolving;
pub use run::run;
use views::Views;

/// What the daemon knows of itself, for the metrics.
#[derive(Default)]
pub struct Health(Mutex<State>);

/// The content of [`Health`].
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Loads of policies that came into force, the first included.
    pub reloads_ok: u64,
    /// Loads that were refused.
    pub reloads_failed: u64,
    /// Whether the last attempt to read the configuration and its policies again was refused.
    pub files_refused: bool,
    /// Whether the last attempt to put changed lists in force was refused.
    pub lists_refused: bool,
    /// When the policies in force were loaded, in seconds since 1970.
    pub loaded_at: f64,
    /// Policy, kind of entry, how many.
    pub entries: Vec<(String, &'static str, usize)>,
    /// The interfaces with the filter on them.
    pub interfaces: Vec<Interface>,
    /// Each policy, and whether it is in its schedule.
    pub policies: Vec<(String, bool)>,
    /// Name and address of each device, and whether it is paused.
    pub devices: Vec<(String, String, bool)>,
    /// Each policy that resolves its hosts, how many addresses it blocks for that, and how many it spares as shared.
    pub resolved: Vec<(String, usize, usize)>,
}

/// An interface, for the metrics.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// The mode in which the program is attached.
    pub mode: &'static str,
    /// Whether the filter is on it.
    pub filtered: bool,
    /// Whether what is rejected there is answered.
    pub answers: bool,
    /// How what goes to the devices is counted there, if it is: `tcx` or `clsact`.
    pub downlink: Option<&'static str>,
}

impl Health {
    /// A copy of the state.
    pub fn read(&self) -> State {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a reload changes.
struct Running {
    engine: Engine,
    config: Config,
    attached: Vec<Attached>,
    clock: Clock,
}

/// The running daemon.
pub struct Daemon {
    file: PathBuf,
    running: Mutex<Running>,
    /// Told when the next look at the clock may be due earlier than was thought.
    clock_has_changed: Notify,
    resolving: Resolving,
    views: Views,
    /// What it knows of itself.
    pub health: Arc<Health>,
    /// Events.
    pub hub: Hub,
    /// What was counted when.
    pub history: History,
    /// Looks after the lists.
    pub lists: Arc<Keeper>,
}

impl Daemon {
    /// Loads, fills and attaches.
    ///
    /// # Errors
    /// If the kernel refuses something. What filtered before still does.
    pub fn start(config: Config, log: bool) -> anyhow::Result<Self> {
        let mut engine = Engine::start(Pins::new(&config.pin), log)?;
        for Refusal { program, without, why } in &engine.loaded.refused {
            warn!("this kernel refused the program `{program}`: {without}: {why}");
        }
        let clock = Clock::start(&config);
        let (compiled, generation) = engine.apply(&config, &clock.standing)?;
        let attached = attach(&mut engine, &config.interfaces)?;
        let views = Views::new(&config)?;
        let daemon = Self {
            file: config.file.clone(),
            running: Mutex::new(Running { engine, config, attached, clock }),
            clock_has_changed: Notify::new(),
            resolving: Resolving::default(),
            views,
            health: Arc::default(),
            hub: Hub::default(),
            history: History::default(),
            lists: Arc::new(Keeper::new(Limits::default(), Trust::System)),
        };
        daemon.note_loaded(&daemon.lock(), &compiled, generation);
        Ok(daemon)
    }

    /// Reads the configuration again and puts it in force as a whole; returns what to tell.
    ///
    /// # Errors
    /// If the configuration has mistakes or the kernel refuses it: the policy in force then stays.
    pub fn reload(&self) -> anyhow::Result<String> {
        let result = self.try_reload();
        memory::give_back();
        self.health.lock().files_refused = result.is_err();
        match &result {
            Ok(report) => info!("{report}"),
            Err(error) => {
                self.health.lock().reloads_failed += 1;
                error!("reload refused, the policy in force stays: {error:#}");
            }
        }
        result
    }

    fn try_reload(&self) -> anyhow::Result<String> {
        let config = read(&self.file)?;
        let mut running = self.lock();
        tell_what_needs_a_restart(&running.config, &config);
        let standing = Self::wanted(&running, &config);
        let (compiled, generation) = running.engine.apply(&config, &standing)?;
        if config.interfaces != running.config.interfaces {
            running.attached = attach(&mut running.engine, &config.interfaces)?;
        }
        check_answers(&mut running);
        let old = std::mem::replace(&mut running.config, config);
        running.clock.standing = standing;
        self.keep_pauses_of(&mut running, &old);
        Ok(self.note_loaded(&running, &compiled, generation))
    }

    /// Puts the configuration in force once more, with the lists as they are now. Files that are being edited are left alone.
    ///
    /// # Errors
    /// If the kernel refuses it: what was in force then stays.
    pub fn apply_again(&self) -> anyhow::Result<()> {
        let mut running = self.lock();
        let Running { engine, config, clock, .. } = &mut *running;
        match engine.apply(config, &clock.standing) {
            Ok((compiled, generation)) => info!("{}", self.note_loaded(&running, &compiled, generation)),
            Err(error) => {
                let mut state = self.health.lock();
                state.reloads_failed += 1;
                state.lists_refused = true;
                return Err(error).context("cannot load the new lists, the ones in force stay");
            }
        }
        memory::give_back();
        Ok(())
    }

    fn note_loaded(&self, running: &Running, compiled: &Compiled, generation: u64) -> String {
        self.note_standing(running);
        let config = &running.config;
        self.resolving.follow(config);
        self.lists.follow(config);
        self.hub.write_to(&config.events);
        self.views.follow(&config.names);
        let mut state = self.health.lock();
        state.reloads_ok += 1;
        state.lists_refused = false;
        state.loaded_at =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        state.entries = entries(config, &compiled.subscribed);
        state.interfaces = interfaces(&running.attached);
        let count = state.entries.iter().map(|(_, _, count)| count).sum::<usize>();
        let folded = match compiled.names.folded {
            0 => String::new(),
            folded => format!(" ({folded} names say nothing that names above them do not say)"),
        };
        format!(
            "generation {generation} in force: {} devices, {} policies, {count} entries{folded}",
            config.devices.len(),
            config.policies.len()
        )
    }

    fn note_standing(&self, running: &Running) {
        let Running { config, clock, .. } = running;
        let policies = config.policies.iter().map(|policy| &policy.name);
        let devices = config.devices.iter().map(|device| {
            let is_paused = clock.standing.paused.contains(&device.address);
            (device.name.clone(), device.address.to_string(), is_paused)
        });
        let mut state = self.health.lock();
        state.policies = policies.map(|policy| (policy.clone(), clock.standing.is_on(policy))).collect();
        state.devices = devices.collect();
    }

    /// Puts the filter back on an interface that went and came again, and looks whether each can send answers.
    fn look_at_interfaces(&self) {
        let mut running = self.lock();
        let filtered = |name: &String| {
            let mut attached = running.attached.iter();
            attached.any(|attached| attached.interface == *name && attached.is_there())
        };
        let is_new = |name: &String| index(name).is_some() && !filtered(name);
        if running.config.interfaces.iter().any(is_new) {
            let names = running.config.interfaces.clone();
            match attach(&mut running.engine, &names) {
                Ok(attached) => {
                    // Of the others, those that are still gone are still missed.
                    let is_back =
                        |gone: &Attached| attached.iter().any(|back| back.interface == gone.interface);
                    running.attached.retain(|gone| !is_back(gone));
                    running.attached.extend(attached);
                }
                Err(error) => warn!("cannot filter again: {error:#}"),
            }
        }
        check_answers(&mut running);
        self.health.lock().interfaces = interfaces(&running.attached);
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the configuration with all checks of this machine.
///
/// # Errors
/// [`Mistakes`], or if the interfaces of this machine cannot be listed.
pub fn read(file: &std::path::Path) -> anyhow::Result<Config> {
    let checks = Checks::of_this_machine().context("cannot list the interfaces of this machine")?;
    let config = Config::load(file, &checks)?;
    let warnings = warnings_of_policies(&config.policies).len() + warnings_of_config(&config).len();
    if warnings > 0 {
        warn!("warnings about the policies: {warnings}; `gateway check` shows them");
    }
    Ok(config)
}

fn attach(engine: &mut Engine, names: &[String]) -> anyhow::Result<Vec<Attached>> {
    let there: Vec<String> = names.iter().filter(|name| index(name).is_some()).cloned().collect();
    let attached = engine.attach(&there)?;
    for Attached { interface, mode, adopted, why_generic, voice, downlink, .. } in &attached {
        let how = if *adopted { "took over the link on" } else { "attached to" };
        info!("{how} {interface}, {} mode", mode.label());
        if let Some(why) = why_generic {
            warn!(
                "{interface} takes no program in its driver ({why}): in generic mode the kernel builds a socket buffer \
                 for every frame before it is judged, which costs more CPU, most of all for frames that are dropped"
            );
        }
        if *voice != Voice::Answers {
            tell_voice(interface, voice);
        }
        if let Err(why) = downlink {
            warn!(
                "what goes to the devices on {interface} is not counted, and answers of DNS are not read ({why}); that takes \
                 Linux 6.6, or traffic control with clsact and BPF (modules sch_ingress and cls_bpf)"
            );
        }
    }
    Ok(attached)
}

/// Looks again whether each interface can send answers, and tells what has changed.
fn check_answers(running: &mut Running) {
    let Running { engine, attached, .. } = running;
    match engine.check_answers(attached) {
        Ok(changed) => changed.iter().for_each(|attached| tell_voice(&attached.interface, &attached.voice)),
        Err(error) => warn!("cannot keep which interfaces can send answers: {error:#}"),
    }
}

fn tell_voice(interface: &str, voice: &Voice) {
    match voice {
        Voice::Answers => info!("{interface} can send answers: what policies reject there is answered"),
        Voice::Mute(mute) => warn!(
            "{interface} cannot send answers, because {}: what policies reject there is dropped without one ({})",
            mute.describe(),
            mute.cure()
        ),
        Voice::Unknown(why) => warn!(
            "cannot find out whether {interface} can send answers ({why}): what policies reject there is answered, \
             perhaps in vain"
        ),
    }
}

fn index(interface: &str) -> Option<u32> {
    if_nametoindex(interface).ok()
}

fn interfaces(attached: &[Attached]) -> Vec<Interface> {
    let state = |attached: &Attached| Interface {
        name: attached.interface.clone(),
        mode: attached.mode.label(),
        filtered: attached.is_there(),
        answers: !matches!(attached.voice, Voice::Mute(_)),
        downlink: attached.downlink.as_ref().ok().map(|how| how.label()),
    };
    attached.iter().map(state).collect()
}

fn entries(config: &Config, subscribed: &BTreeMap<String, Counts>) -> Vec<(String, &'static str, usize)> {
    let mut entries = Vec::new();
    for policy in &config.policies {
        let lists = subscribed.get(&policy.name).copied().unwrap_or_default();
        let of = |count: fn(&crate::policy::Entries) -> usize| count(&policy.block) + count(&policy.allow);
        entries.push((policy.name.clone(), "host", lists.hosts + of(|entries| entries.hosts.len())));
        entries.push((policy.name.clone(), "domain", lists.domains + of(|entries| entries.domains.len())));
        entries.push((
            policy.name.clone(),
            "address",
            lists.addresses + of(|entries| entries.addresses.len()),
        ));
        entries.push((policy.name.clone(), "port", of(|entries| entries.ports.len())));
    }
    entries
}

fn tell_what_needs_a_restart(old: &Config, new: &Config) {
    let changed = [
        ("pin", old.pin != new.pin),
        ("metrics.listen", old.listen != new.listen),
        ("control.socket", old.socket != new.socket),
        ("page", old.page != new.page),
    ];
    for (key, _) in changed.into_iter().filter(|(_, changed)| *changed) {
        warn!("`{key}` has changed; that takes effect when the daemon is started again");
    }
}
