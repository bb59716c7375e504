//! The daemon and the addresses of hosts: questions are asked when they are due, names that traffic shows are taken down, and
//! what comes of both is put in force. What that is, is for [`crate::resolve`] to say; here is only the waiting.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tracing::{debug, error, info, warn};

use super::{Daemon, Running};
use crate::observe::event::Record;
use crate::policy::Config;
use crate::resolve::ask::Asker;
use crate::resolve::book::{Book, Finding, State, blocked};
use crate::resolve::plan::{Answer, Question};

/// The shortest time between two changes of what is in force: each makes every flow be judged again.
const BATCH: Duration = Duration::from_secs(2);

/// How often it is looked whether something is out of date, and where the servers are.
const LOOK: Duration = Duration::from_secs(60);

/// What is known of the addresses of hosts.
#[derive(Default)]
pub(super) struct Resolving {
    book: Mutex<Book>,
    /// What is in force.
    findings: Mutex<Vec<Finding>>,
    /// Told when other policies have come into force.
    policies_have_changed: Notify,
}

impl Resolving {
    /// From now on these policies count.
    pub(super) fn follow(&self, config: &Config) {
        self.book().follow(config, Instant::now());
        self.policies_have_changed.notify_one();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn findings(&self) -> MutexGuard<'_, Vec<Finding>> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes down what an event shows; returns whether that may change what is to be blocked.
    fn saw(&self, record: &Record) -> bool {
        let Record { name: Some(name), kind: Some(kind), verdict, dst, .. } = record else { return false };
        match (verdict.as_str(), kind.as_str()) {
            ("pass" | "observe", "dns_qname") => self.book().saw_question(name, Instant::now()),
            ("pass" | "observe", _) => return self.book().saw(name, *dst, Instant::now()),
            _ => {}
        }
        false
    }
}

/// An address of a host of a policy, for people and programs.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResolvedRow {
    /// Name of the policy.
    pub policy: String,
    /// The host.
    pub host: String,
    /// The address.
    pub address: IpAddr,
    /// When the answer's TTL ends, and it is asked again.
    pub until: Timestamp,
    /// `blocked`; or why not: `shared`, `allowed`, `special` or `own`.
    pub state: String,
    /// With which name it is shared, or which net is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
}

impl ResolvedRow {
    fn new(finding: &Finding, now: Instant) -> Self {
        let Finding { policy, host, address, until, state } = finding;
        let left = SignedDuration::from_secs(
            until.saturating_duration_since(now).as_secs().try_into().unwrap_or(i64::MAX),
        );
        let this_second = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let until = this_second.checked_add(left).unwrap_or(Timestamp::MAX);
        let (state, with) = match state {
            State::Blocked => ("blocked", None),
            State::Shared(name) => ("shared", Some(name.to_string())),
            State::Allowed(net) => ("allowed", Some(net.to_string())),
            State::Special => ("special", None),
            State::Own => ("own", None),
        };
        Self {
            policy: policy.clone(),
            host: host.to_string(),
            address: *address,
            until,
            state: state.to_owned(),
            with,
        }
    }
}

impl Daemon {
    /// The addresses of hosts of the policies in force.
    pub fn resolved(&self) -> Vec<ResolvedRow> {
        let now = Instant::now();
        self.resolving.findings().iter().map(|finding| ResolvedRow::new(finding, now)).collect()
    }

    /// Weighs what is known, and puts in force what comes of it.
    fn weigh(&self, servers: &BTreeSet<IpAddr>) -> anyhow::Result<()> {
        let mut running = self.lock();
        let Running { engine, config, .. } = &mut *running;
        let mut own = own_addresses()?;
        own.extend(servers);
        let numbers = engine.maps.read_policies()?;
        let numbers = numbers.into_iter().map(|(number, name)| (name, number)).collect();
        let judge = |names: &[&str]| engine.maps.look_up_names(names);
        let findings = self.resolving.book().weigh(Instant::now(), &numbers, &own, judge)?;
        if let Some(generation) = engine.apply_resolved(config, blocked(&findings))? {
            let count = findings.iter().filter(|finding| finding.state == State::Blocked).count();
            info!("generation {generation} in force: {count} addresses of hosts are blocked");
        }
        let mut in_force = self.resolving.findings();
        tell_spared(&in_force, &findings);
        self.health.lock().resolved = counts(config, &findings);
        *in_force = findings;
        Ok(())
    }
}

/// Tells which addresses are not blocked, each once.
fn tell_spared(before: &[Finding], now: &[Finding]) {
    let told: BTreeSet<(&str, IpAddr)> = before
        .iter()
        .filter(|finding| matches!(finding.state, State::Shared(_)))
        .map(|finding| (finding.policy.as_str(), finding.address))
        .collect();
    for Finding { policy, host, address, state, .. } in now {
        if let State::Shared(name) = state
            && !told.contains(&(policy.as_str(), *address))
        {
            info!("{policy} does not block {address}, an address of {host}: it also serves {name}");
        }
    }
}

/// Of each policy that resolves its hosts, how many addresses are blocked and how many are not because they are shared.
fn counts(config: &Config, findings: &[Finding]) -> Vec<(String, usize, usize)> {
    let resolving = config.policies.iter().filter(|policy| policy.resolve);
    let of = |policy: &str, counts: fn(&State) -> bool| {
        let of_policy = findings.iter().filter(|finding| finding.policy == policy && counts(&finding.state));
        of_policy.map(|finding| finding.address).collect::<BTreeSet<_>>().len()
    };
    let row = |name: &String| {
        let shared = of(name, |state| matches!(state, State::Shared(_)));
        (name.clone(), of(name, |state| *state == State::Blocked), shared)
    };
    resolving.map(|policy| row(&policy.name)).collect()
}

/// The addresses of this machine's interfaces.
fn own_addresses() -> anyhow::Result<BTreeSet<IpAddr>> {
    let interfaces = nix::ifaddrs::getifaddrs().context("cannot list the addresses of this machine")?;
    let address = |interface: nix::ifaddrs::InterfaceAddress| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    };
    Ok(interfaces.filter_map(address).collect())
}

/// Asks, learns and weighs until the process ends.
pub(super) async fn watch(daemon: &Arc<Daemon>) -> anyhow::Result<()> {
    let mut work = Work::default();
    loop {
        if daemon.resolving.book().is_idle() && daemon.resolving.findings().is_empty() {
            work = Work::default();
            daemon.resolving.policies_have_changed.notified().await;
        }
        work.is_due = true;
        work.run_until_idle(daemon).await?;
    }
}

/// What is under way.
#[derive(Default)]
struct Work {
    asker: Option<Asker>,
    /// Who was asked last.
    servers: BTreeSet<IpAddr>,
    answers: JoinSet<(Question, Answer)>,
    /// Whether what is known may differ from what is in force.
    is_due: bool,
    last: Option<Instant>,
    /// Whether it has been told that questions get no answer.
    told_failing: bool,
}

impl Work {
    /// Works until no policy wants addresses.
    async fn run_until_idle(&mut self, daemon: &Arc<Daemon>) -> anyhow::Result<()> {
        let (kept, mut events) = daemon.hub.listen();
        for record in kept {
            self.is_due |= daemon.resolving.saw(&record);
        }
        let mut look = tokio::time::interval(LOOK);
        loop {
            let now = Instant::now();
            if self.is_due && self.last.is_none_or(|last| last + BATCH <= now) {
                self.weigh(daemon).await?;
            }
            if daemon.resolving.book().is_idle() && !self.is_due {
                return Ok(());
            }
            self.ask(daemon, now);
            let weighing = self.last.filter(|_| self.is_due).map(|last| last + BATCH);
            let next = daemon.resolving.book().next(now).into_iter().chain(weighing).min();
            tokio::select! {
                () = sleep_until(next) => {}
                Some(answer) = self.answers.join_next() => {
                    let (question, answer) = answer.context("asking for an address failed")?;
                    self.answered(daemon, &question, answer);
                }
                event = events.recv() => match event {
                    Ok(record) => {
                        self.is_due |= daemon.resolving.saw(&record);
                        while let Ok(record) = events.try_recv() {
                            self.is_due |= daemon.resolving.saw(&record);
                        }
                    }
                    // Some were missed; those to come count all the same.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
                () = daemon.resolving.policies_have_changed.notified() => {
                    self.asker = None;
                    self.is_due = true;
                }
                _ = look.tick() => {
                    // The servers of this machine change with its connection.
                    self.asker = None;
                    self.is_due = true;
                }
            }
        }
    }

    /// Asks what is due.
    fn ask(&mut self, daemon: &Arc<Daemon>, now: Instant) {
        let due = daemon.resolving.book().due(now);
        if due.is_empty() {
            return;
        }
        let asker = match self.asker.take() {
            Some(asker) => Ok(asker),
            None => Asker::new(&daemon.lock().config.servers),
        };
        if let Ok(asker) = &asker {
            self.servers.clone_from(asker.servers());
            self.asker = Some(asker.clone());
        }
        for question in due {
            match &asker {
                Ok(asker) => {
                    let asker = asker.clone();
                    self.answers.spawn(async move {
                        let answer = asker.ask(&question).await;
                        (question, answer)
                    });
                }
                Err(error) => {
                    let why = format!("the servers of this machine are not known: {error}");
                    self.answered(daemon, &question, Answer::Failed(why));
                }
            }
        }
    }

    fn answered(&mut self, daemon: &Daemon, question: &Question, answer: Answer) {
        debug!("{question:?}: {answer:?}");
        let why = if let Answer::Failed(why) = &answer { Some(why.clone()) } else { None };
        let mut book = daemon.resolving.book();
        self.is_due |= book.answered(question, answer, Instant::now());
        match (book.failing(), why) {
            (0, _) if self.told_failing => {
                info!("all addresses of hosts are known again");
                self.told_failing = false;
            }
            (1.., Some(why)) if !self.told_failing => {
                let host = &question.host;
                warn!("cannot find out the addresses of {host}, and tries again; what is known stays: {why}");
                self.told_failing = true;
            }
            _ => {}
        }
    }

    async fn weigh(&mut self, daemon: &Arc<Daemon>) -> anyhow::Result<()> {
        self.last = Some(Instant::now());
        let (weighing, servers) = (Arc::clone(daemon), self.servers.clone());
        let result = tokio::task::spawn_blocking(move || weighing.weigh(&servers)).await;
        match result.context("weighing the addresses of hosts failed")? {
            Ok(()) => self.is_due = false,
            Err(error) => error!("the addresses of hosts are not in force, and are tried again: {error:#}"),
        }
        Ok(())
    }
}

/// Sleeps until then, or for ever.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
