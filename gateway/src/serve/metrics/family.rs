//! Samples of a metric, in the form of the `prometheus` crate. Built directly: its own vectors hash the labels of every sample.

use prometheus::proto::{Counter, Gauge, LabelPair, Metric as Sample, MetricFamily, MetricType};

use super::catalogue::{Description, Kind, Metric};

/// What is known of one metric at a scrape.
pub(super) struct Family<const LABELS: usize> {
    about: &'static Description,
    samples: Vec<Sample>,
}

/// What can be the value of a sample.
pub(super) trait Number {
    fn value(self) -> f64;
}

impl Number for f64 {
    fn value(self) -> f64 {
        self
    }
}

impl Number for bool {
    fn value(self) -> f64 {
        if self { 1.0 } else { 0.0 }
    }
}

impl Number for u64 {
    /// Exact up to 2⁵³; so are the numbers of Prometheus.
    fn value(self) -> f64 {
        self as f64
    }
}

impl Number for usize {
    fn value(self) -> f64 {
        self as f64
    }
}

impl<const LABELS: usize> Family<LABELS> {
    /// Without samples.
    pub(super) const fn new(metric: &'static Metric<LABELS>) -> Self {
        Self { about: metric.description(), samples: Vec::new() }
    }

    /// Without samples, with room for so many.
    pub(super) fn with_room(metric: &'static Metric<LABELS>, samples: usize) -> Self {
        Self { about: metric.description(), samples: Vec::with_capacity(samples) }
    }

    /// One more sample. The values of the labels are in the order of the catalogue, and no two samples have the same.
    pub(super) fn add(&mut self, labels: [&str; LABELS], number: impl Number) {
        let pair = |(name, value): (&&str, &str)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value(value.to_owned());
            pair
        };
        let mut sample = Sample::from_label(self.about.labels.iter().zip(labels).map(pair).collect());
        match self.about.kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(number.value());
                sample.set_counter(counter);
            }
            Kind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(number.value());
                sample.set_gauge(gauge);
            }
        }
        self.samples.push(sample);
    }

    /// Of one sample.
    pub(super) fn single(
        metric: &'static Metric<LABELS>,
        labels: [&str; LABELS],
        number: impl Number,
    ) -> MetricFamily {
        let mut family = Self::new(metric);
        family.add(labels, number);
        family.into()
    }
}

impl<const LABELS: usize> From<Family<LABELS>> for MetricFamily {
    fn from(Family { about, samples }: Family<LABELS>) -> Self {
        let mut family = Self::default();
        family.set_name(about.name.to_owned());
        family.set_help(about.help.to_owned());
        family.set_field_type(match about.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
        });
        family.set_metric(samples);
        family
    }
}
