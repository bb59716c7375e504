//! Keeps the subscribed lists fresh: which there are, what is known of each, and the fetching of those that are due.
//!
//! Nothing here waits for a server while it holds a lock that others need: the copies serve meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;
use tracing::{info, warn};

use super::row::{Outcome, Row};
use crate::lists::fetch::{Answer, FetchError, Fetcher, Limits, Trust};
use crate::lists::sanity::{self, Doubt};
use crate::lists::state::{Note, now};
use crate::lists::store::{Store, is_same};
use crate::lists::{Format, Report, Scope, Source};
use crate::policy::{Config, Escaped, List};

/// How many servers are asked at once.
const AT_ONCE: usize = 4;

/// A list as it is read; two policies may read the same one.
pub type Key = (Source, Option<Format>, Scope);

/// What is read how.
fn key(list: &List) -> Key {
    (list.source.clone(), list.format, list.bare)
}

/// Which lists are looked after in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those whose time has come.
    Due,
    /// All, now.
    All {
        /// Whether one that has become much shorter is taken.
        force: bool,
    },
}

/// What came of a round.
#[derive(Debug, Default)]
pub struct Round {
    /// One for each list that was looked after.
    pub outcomes: Vec<Outcome>,
}

impl Round {
    /// Whether policies are to be compiled anew.
    pub fn has_changed(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.changed)
    }
}

/// A list in a policy.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    pub policy: String,
    pub list: List,
}

/// What was in a copy, and which copy that was.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// Time and length of the file; `None` if there is none.
    stamp: Option<(SystemTime, u64)>,
    /// What was in it, `None` without a file, or why it cannot be read.
    pub report: Result<Option<Report>, String>,
}

/// What the lock is for.
#[derive(Default)]
struct State {
    store: Option<Store>,
    followed: Vec<Followed>,
    notes: BTreeMap<String, Note>,
    counted: BTreeMap<Key, Counted>,
    /// When a file of this machine was last looked at.
    looked: BTreeMap<Source, Instant>,
}

/// Looks after the lists.
pub struct Keeper {
    limits: Limits,
    trust: Trust,
    /// So that not every gateway asks at the same second.
    seed: RandomState,
    state: Mutex<State>,
    /// One round at a time.
    round: Mutex<()>,
    /// Told when other lists are followed.
    pub news: Notify,
}

/// A URL or path with what is needed to look after it.
#[derive(Clone)]
struct Job {
    source: Source,
    format: Option<Format>,
    bare: Scope,
    refresh: Duration,
    label: String,
}

impl Keeper {
    /// Follows nothing yet.
    pub fn new(limits: Limits, trust: Trust) -> Self {
        Self {
            limits,
            trust,
            seed: RandomState::new(),
            state: Mutex::default(),
            round: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// Follows the lists of this configuration from now on. Reads notes, and no list.
    pub fn follow(&self, config: &Config) {
        let of_policy = |policy: &crate::policy::Policy| {
            let name = policy.name.clone();
            let follow = move |list: &List| Followed { policy: name.clone(), list: list.clone() };
            policy.lists.iter().map(follow).collect::<Vec<_>>()
        };
        let followed: Vec<Followed> = config.policies.iter().flat_map(of_policy).collect();
        let store = Store::new(&config.cache);
        let urls: BTreeSet<&str> =
            followed.iter().filter_map(|followed| url(&followed.list.source)).collect();
        let mut state = self.state();
        let is_other = state.store.as_ref() != Some(&store);
        if is_other {
            state.notes.clear();
            state.counted.clear();
            if let Err(error) = store.sweep(urls.iter().copied()) {
                warn!("cannot tidy {}: {error}", config.cache.display());
            }
        }
        state.notes.retain(|url, _| urls.contains(url.as_str()));
        for url in urls {
            if !state.notes.contains_key(url) {
                let note = store.note(url);
                if note.fetched_at.is_none() {
                    info!("the list {} was never fetched; it is empty until it comes", Escaped(url));
                }
                state.notes.insert(url.to_owned(), note);
            }
        }
        let keys: BTreeSet<Key> = followed.iter().map(|followed| key(&followed.list)).collect();
        state.counted.retain(|key, _| keys.contains(key));
        state.looked.retain(|source, _| keys.iter().any(|(known, ..)| known == source));
        state.store = Some(store);
        state.followed = followed;
        drop(state);
        self.news.notify_one();
    }

    /// Counts what is in the copies that were not yet counted.
    pub fn count(&self) {
        let (store, keys) = {
            let state = self.state();
            let keys: BTreeSet<Key> = state.followed.iter().map(|followed| key(&followed.list)).collect();
            (state.store.clone(), keys)
        };
        let Some(store) = store else { return };
        for key in keys {
            let stamp = stamp(&store, &key.0);
            let before = self.state().counted.get(&key).map(|counted| counted.stamp);
            if before == Some(stamp) {
                continue;
            }
            let report = read(&store, &key).map_err(|error| error.to_string());
            self.state().counted.insert(key, Counted { stamp, report });
        }
    }

    /// Looks after lists, one round after the other; waits for servers.
    pub fn round(&self, which: Which) -> Round {
        let _one = self.round.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = self.jobs(which);
        if jobs.is_empty() {
            return Round::default();
        }
        let fetcher = Fetcher::new(self.limits.clone(), &self.trust);
        let next = AtomicUsize::new(0);
        let outcomes = Mutex::new(Vec::new());
        let work = || {
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let outcome = self.look_after(&fetcher, job, which);
                outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
            }
        };
        thread::scope(|scope| {
            for _ in 1..AT_ONCE.min(jobs.len()) {
                scope.spawn(work);
            }
            work();
        });
        let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcomes.sort_by(|a, b| a.list.cmp(&b.list));
        Round { outcomes }
    }

    /// How long until a list is due; at most `longest`, after which the clock may have been set.
    pub fn pause(&self, longest: Duration) -> Duration {
        let (state, now) = (self.state(), now());
        let due = distinct(&state.followed).into_iter().filter_map(|job| match &job.source {
            Source::Url(url) => {
                let note = state.notes.get(url)?;
                Some(Duration::from_secs(note.due(job.refresh, self.late(note)).saturating_sub(now)))
            }
            Source::Path(_) => Some(
                state
                    .looked
                    .get(&job.source)
                    .map_or(Duration::ZERO, |at| job.refresh.saturating_sub(at.elapsed())),
            ),
        });
        due.min().unwrap_or(longest).clamp(Duration::from_secs(1), longest)
    }

    /// What there is to show of each list of each policy.
    pub fn rows(&self) -> Vec<Row> {
        let (state, now) = (self.state(), now());
        let row = |followed: &Followed| {
            let note = url(&followed.list.source).and_then(|url| state.notes.get(url));
            let late = note.map_or(0.0, |note| self.late(note));
            let refresh = distinct_refresh(&state.followed, &followed.list.source);
            Row::new(followed, state.counted.get(&key(&followed.list)), note, refresh, late, now)
        };
        state.followed.iter().map(row).collect()
    }

    /// From 0 to 1, the same for one list until it is asked for again.
    fn late(&self, note: &Note) -> f64 {
        let hash = self.seed.hash_one((&note.url, note.tried_at));
        f64::from(u32::try_from(hash >> 32).unwrap_or_default()) / f64::from(u32::MAX)
    }

    fn jobs(&self, which: Which) -> Vec<Job> {
        let (mut state, now) = (self.state(), now());
        let mut jobs = distinct(&state.followed);
        if which == Which::Due {
            jobs.retain(|job| match &job.source {
                Source::Url(url) => {
                    state.notes.get(url).is_some_and(|note| note.is_due(job.refresh, self.late(note), now))
                }
                source @ Source::Path(_) => {
                    state.looked.get(source).is_none_or(|looked| looked.elapsed() >= job.refresh)
                }
            });
        }
        for job in jobs.iter().filter(|job| url(&job.source).is_none()) {
            state.looked.insert(job.source.clone(), Instant::now());
        }
        jobs
    }

    fn look_after(&self, fetcher: &Fetcher, job: &Job, which: Which) -> Outcome {
        let (store, note) = {
            let state = self.state();
            let note =
                url(&job.source).map(|url| state.notes.get(url).cloned().unwrap_or_else(|| Note::new(url)));
            (state.store.clone(), note)
        };
        match (store, note) {
            (Some(store), Some(note)) => self.look_after_url(fetcher, job, &store, note, which),
            (Some(store), None) => self.look_after_path(job, &store),
            (None, _) => Outcome::new(&job.label, false, Ok(None)),
        }
    }

    fn look_after_url(
        &self,
        fetcher: &Fetcher,
        job: &Job,
        store: &Store,
        mut note: Note,
        which: Which,
    ) -> Outcome {
        let force = which == Which::All { force: true };
        let result = renew(fetcher, store, job, &mut note, force);
        let list = Escaped(&job.label).to_string();
        let (changed, result) = match result {
            Ok(changed) => {
                note.confirm(now());
                if changed {
                    info!("the list {list} is new: {} rules", note.entries);
                }
                (changed, Ok(Some(note.entries)))
            }
            Err(error) => {
                let error = Escaped(&error.to_string()).to_string();
                let stays =
                    if note.fetched_at.is_some() { "the last good copy stays" } else { "it stays empty" };
                warn!("cannot fetch the list {list}, {stays}: {error}");
                note.fail(now(), error.clone());
                (false, Err(error))
            }
        };
        if let Err(error) = store.keep_note(&note) {
            warn!("cannot keep what is known of the list {list}: {error}");
        }
        let mut state = self.state();
        // Unless nobody follows it any more.
        if let Some(known) = state.notes.get_mut(&note.url) {
            *known = note;
        }
        Outcome::new(&job.label, changed, result)
    }

    /// A file of this machine has changed if it is not the one that was counted.
    fn look_after_path(&self, job: &Job, store: &Store) -> Outcome {
        let key = (job.source.clone(), job.format, job.bare);
        let stamp = stamp(store, &job.source);
        let known = self.state().counted.get(&key).cloned();
        let changed = known.is_some_and(|known| known.stamp != stamp);
        let result = read(store, &key).map(|report| report.map(|report| report.rules));
        Outcome::new(&job.label, changed, result.map_err(|error| error.to_string()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a copy stays as it is.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Doubt(#[from] Doubt),
    #[error("cannot keep the copy: {0}")]
    Disk(#[from] io::Error),
}

/// Fetches one list and, if it is good and another, makes it the copy. Returns whether it is another.
fn renew(fetcher: &Fetcher, store: &Store, job: &Job, note: &mut Note, force: bool) -> Result<bool, Failure> {
    let mut draft = store.draft(&note.url)?;
    let answer = fetcher.fetch(&note.url, &note.validators, &mut draft)?;
    let Answer::New(validators) = answer else { return Ok(false) };
    let mut last = store.open(&job.source)?;
    let mut new = draft.reader()?;
    let report = sanity::check(&mut new, last.as_mut(), job.format, job.bare, force)?;
    let is_other = match last {
        Some(mut last) => {
            io::Seek::rewind(&mut new)?;
            io::Seek::rewind(&mut last)?;
            !is_same(&mut new, &mut last)?
        }
        None => true,
    };
    if is_other {
        store.keep(&note.url, &draft)?;
    }
    note.fetched_at = Some(now());
    note.validators = validators;
    note.entries = report.rules;
    Ok(is_other)
}

fn read(store: &Store, (source, format, bare): &Key) -> io::Result<Option<Report>> {
    let file = store.open(source)?;
    file.map(|mut file| sanity::count(&mut file, *format, *bare)).transpose()
}

fn stamp(store: &Store, source: &Source) -> Option<(SystemTime, u64)> {
    let data = store.open(source).ok()??.metadata().ok()?;
    Some((data.modified().ok()?, data.len()))
}

fn url(source: &Source) -> Option<&str> {
    match source {
        Source::Url(url) => Some(url),
        Source::Path(_) => None,
    }
}

/// Each source once, as the first policy reads it, and as often as the most eager one asks.
fn distinct(followed: &[Followed]) -> Vec<Job> {
    let mut jobs: BTreeMap<&Source, Job> = BTreeMap::new();
    for Followed { list, .. } in followed {
        let job = jobs.entry(&list.source).or_insert_with(|| Job {
            source: list.source.clone(),
            format: list.format,
            bare: list.bare,
            refresh: list.refresh,
            label: list.label().to_owned(),
        });
        job.refresh = job.refresh.min(list.refresh);
    }
    jobs.into_values().collect()
}

fn distinct_refresh(followed: &[Followed], source: &Source) -> Duration {
    let of_source = followed.iter().filter(|followed| followed.list.source == *source);
    of_source.map(|followed| followed.list.refresh).min().unwrap_or_default()
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
