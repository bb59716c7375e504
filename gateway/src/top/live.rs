//! Brings clock, keys, daemon and screen together, until the user has seen enough.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use jiff::{Timestamp, Zoned};
use ratatui::crossterm::event::{Event, read};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use super::feed::{Failure, Feed, Order, Poll};
use super::keys::{Wish, press};
use super::model::{Key, Model};
use super::screen::{Screen, has_colours};
use super::view;
use super::wire::Flow;

/// How the view was asked for.
#[derive(Debug)]
pub struct Options {
    /// The control socket.
    pub socket: PathBuf,
    /// How often the daemon is asked.
    pub interval: Duration,
    /// Whether to wait for a daemon that is not there.
    pub wait: bool,
}

/// What comes from the daemon.
#[derive(Debug)]
enum News {
    Poll(Result<Box<Poll>, Failure>),
    Flows(Key, Result<Vec<Flow>, Failure>),
    Answer(Result<String, Failure>),
}

/// Shows what the daemon tells until a key or a signal ends it.
///
/// # Errors
/// If there is no daemon and none is waited for, or the terminal fails.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let mut feed = Feed::new(options.socket);
    let mut model = Model::default();
    match feed.poll().await {
        Ok(poll) => model.take(poll),
        Err(failure) if options.wait && failure.is_gone() => model.lose(&failure, Timestamp::now()),
        Err(failure) => return Err(failure.into()),
    }
    let (orders, orders_to_give) = mpsc::channel(16);
    let (flows_of, flows_wanted) = watch::channel(None);
    let (tell, mut news) = mpsc::channel(16);
    tokio::spawn(attend(feed, options.interval, orders_to_give, flows_wanted, tell));

    let mut screen = Screen::take().context("cannot take the terminal")?;
    let mut keys = listen();
    let mut ends = Ends::new()?;
    let mut clock = interval(Duration::from_secs(1));
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let colour = has_colours(|name| std::env::var(name).ok());
    loop {
        model.width = screen.width()?;
        flows_of.send_if_modified(|wanted| {
            let now = model.flows_wanted();
            let changed = *wanted != now;
            *wanted = now;
            changed
        });
        screen.draw(|frame| view::draw(frame, &model, &Zoned::now(), colour))?;
        tokio::select! {
            event = keys.recv() => match event {
                // The terminal is gone.
                None => return Ok(()),
                Some(Event::Key(key)) => match press(&mut model, key) {
                    Some(Wish::Quit) => return Ok(()),
                    Some(Wish::Suspend) => screen.suspend()?,
                    Some(Wish::Redraw) => screen.clear()?,
                    Some(Wish::Order(order)) => give(&orders, order, &mut model),
                    None => {}
                },
                // Of another size: drawn anew.
                Some(_) => {}
            },
            news = news.recv() => take(&mut model, news.context("nobody asks the daemon any more")?),
            () = ends.any() => return Ok(()),
            _ = clock.tick() => {}
        }
    }
}

fn take(model: &mut Model, news: News) {
    match news {
        News::Poll(Ok(poll)) => model.take(*poll),
        News::Poll(Err(failure)) => model.lose(&failure, Timestamp::now()),
        News::Flows(of, flows) => model.take_flows(of, flows),
        News::Answer(answer) => model.take_answer(answer),
    }
}

fn give(orders: &mpsc::Sender<Order>, order: Order, model: &mut Model) {
    if orders.try_send(order).is_err() {
        model.take_answer(Err(Failure::Slow));
    }
}

/// Asks the daemon when it is time to, and gives it orders as they come; after each of them it looks at what became of it.
async fn attend(
    mut feed: Feed,
    every: Duration,
    mut orders: mpsc::Receiver<Order>,
    mut flows_of: watch::Receiver<Option<Key>>,
    tell: mpsc::Sender<News>,
) {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut news = Vec::new();
        tokio::select! {
            _ = ticks.tick() => news.push(News::Poll(feed.poll().await.map(Box::new))),
            Some(order) = orders.recv() => {
                news.push(News::Answer(feed.order(order).await));
                news.push(News::Poll(feed.poll().await.map(Box::new)));
            }
            Ok(()) = flows_of.changed() => {}
            // Whoever gives orders is gone.
            else => return,
        }
        let wanted = flows_of.borrow_and_update().clone();
        let lost = matches!(news.last(), Some(News::Poll(Err(_))));
        if let Some(key) = wanted.filter(|_| !lost) {
            let flows = feed.flows(key.word()).await;
            news.push(News::Flows(key, flows));
        }
        for piece in news {
            if tell.send(piece).await.is_err() {
                return;
            }
        }
    }
}

/// What comes from the terminal. The thread ends with the process: nothing wakes it from its reading.
fn listen() -> mpsc::Receiver<Event> {
    let (sender, receiver) = mpsc::channel(64);
    thread::spawn(move || {
        while let Ok(event) = read() {
            if sender.blocking_send(event).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The signals that end it.
struct Ends([tokio::signal::unix::Signal; 3]);

impl Ends {
    fn new() -> anyhow::Result<Self> {
        let [term, hangup, interrupt] =
            [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()].map(signal);
        Ok(Self([term?, hangup?, interrupt?]))
    }

    async fn any(&mut self) {
        let [term, hangup, interrupt] = &mut self.0;
        tokio::select! {
            _ = term.recv() => {}
            _ = hangup.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
