//! `/metrics`: what the filter counts, read when it is asked for.
//!
//! * [`catalogue`]: every metric.
//! * `kernel`, `daemon`: where the samples come from; they can only be of the catalogue (`family`).
//! * [`exposition`]: both formats.
//! * [`answer`]: the page over HTTP, in the form that a client wishes.

pub mod answer;
pub mod catalogue;
mod daemon;
pub mod exposition;
mod family;
mod kernel;
mod wishes;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use prometheus::Registry;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use crate::daemon::Health;
use crate::datapath::maps::Maps;
use crate::observe::unwritten::Unwritten;
use crate::subscriptions::keeper::Keeper;

/// All metrics, gathered on demand.
pub struct Metrics {
    registry: Registry,
    /// What kept the collector from gathering: its trait has no word for that.
    failure: Arc<Mutex<Option<anyhow::Error>>>,
}

impl Metrics {
    /// Of what is in `maps`, in `health`, of `lists` and of events that got lost on their way out. The maps are handles of its own, so that a scrape and a reload do not
    /// wait for each other.
    ///
    /// # Errors
    /// If the catalogue is not consistent.
    pub fn new(
        maps: Maps,
        health: Arc<Health>,
        lists: Arc<Keeper>,
        unwritten: Arc<Unwritten>,
    ) -> anyhow::Result<Self> {
        let describe = |about: &&catalogue::Description| {
            let labels = about.labels.iter().map(|label| (*label).to_owned()).collect();
            Desc::new(about.name.to_owned(), about.help.to_owned(), labels, Default::default())
        };
        let descriptions = catalogue::ALL.iter().map(describe).collect::<Result<_, _>>();
        let failure = Arc::default();
        let sources = Sources {
            maps: Mutex::new(maps),
            health,
            lists,
            unwritten,
            failure: Arc::clone(&failure),
            descriptions: descriptions.context("a metric is described wrongly")?,
        };
        let registry = Registry::new();
        registry.register(Box::new(sources))?;
        Ok(Self { registry, failure })
    }

    /// Everything at this moment: families by name, their samples by labels.
    ///
    /// # Errors
    /// If something could not be read; a part of it would look as if the rest were gone.
    pub fn gather(&self) -> anyhow::Result<Vec<MetricFamily>> {
        let families = self.registry.gather();
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(failure) => Err(failure),
            None => Ok(families),
        }
    }
}

/// Where samples come from.
struct Sources {
    maps: Mutex<Maps>,
    health: Arc<Health>,
    lists: Arc<Keeper>,
    unwritten: Arc<Unwritten>,
    failure: Arc<Mutex<Option<anyhow::Error>>>,
    descriptions: Vec<Desc>,
}

impl Collector for Sources {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut families = Vec::with_capacity(catalogue::ALL.len());
        let maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = kernel::gather(&maps, &mut families) {
            let failure = anyhow::Error::from(error).context("cannot read the counters");
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        }
        daemon::gather(&self.health.read(), &mut families);
        daemon::lists(&self.lists, &mut families);
        daemon::unwritten(&self.unwritten, &mut families);
        families
    }
}
