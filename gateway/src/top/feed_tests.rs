//! A daemon that is made up, on a real socket: what it is asked and told, and what it does wrong.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes as Body;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use super::*;
use crate::top::model::{Link, Model};
use crate::top::testing::{devices_json, events_json, hosts_json, now, status_json};

/// What was asked, and with which body.
type Asked = Arc<Mutex<Vec<String>>>;

struct Fake {
    folder: TempDir,
    asked: Asked,
    task: Option<JoinHandle<()>>,
}

impl Fake {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), asked: Asked::default(), task: None }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }

    /// Answers by `answer` until it is stopped.
    fn start(&mut self, answer: fn(&str) -> Response) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        let asked = Arc::clone(&self.asked);
        let router = Router::new().fallback(move |uri: Uri, body: Body| {
            let text = format!("{uri} {}", String::from_utf8_lossy(&body));
            asked.lock().unwrap().push(text.trim_end().to_owned());
            let response = answer(&uri.to_string());
            async move { response }
        });
        self.task = Some(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));
    }

    /// Ends it as a daemon ends that is killed: its socket stays, and nobody listens.
    async fn stop(&mut self) {
        let task = self.task.take().unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn household(path: &str) -> Response {
    let lines = || events_json().iter().map(|event| format!("{event}\n")).collect::<String>();
    match path.split('?').next().unwrap() {
        "/v1/devices" => devices_json([[0; 6]; 4]).to_string().into_response(),
        "/v1/status" => status_json().to_string().into_response(),
        "/v1/hosts" => hosts_json().to_string().into_response(),
        "/v1/events" => lines().into_response(),
        "/v1/flows" => "[]".into_response(),
        "/v1/pause" => "anna-phone is paused until 18:41".into_response(),
        "/v1/resume" => (StatusCode::UNPROCESSABLE_ENTITY, "no device is called \"x\"\n").into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test]
async fn everything_is_asked_for_and_read() {
    let mut fake = Fake::new();
    fake.start(household);
    let mut feed = Feed::new(fake.socket());
    let poll = feed.poll().await.unwrap();
    assert_eq!(fake.asked(), ["/v1/devices", "/v1/status", "/v1/hosts?limit=200", "/v1/events?limit=200"]);
    assert_eq!((poll.devices.len(), poll.hosts.hosts.len(), poll.events.len()), (5, 2, 3));
    assert_eq!(poll.status.interfaces[1].interface, "wlan0");
    assert_eq!(feed.flows("anna's phone&x=1").await.unwrap(), []);
    assert_eq!(fake.asked(), ["/v1/flows?device=anna%27s%20phone%26x%3D1&limit=200"]);
}

#[tokio::test]
async fn an_order_reaches_the_daemon_and_its_words_come_back() {
    let mut fake = Fake::new();
    fake.start(household);
    let mut feed = Feed::new(fake.socket());
    let device = String::from("anna-phone");
    let answer = feed.order(Order::Pause { device, seconds: 600 }).await.unwrap();
    assert_eq!(answer, "anna-phone is paused until 18:41");
    let refusal = feed.order(Order::Resume { device: String::from("x") }).await.unwrap_err();
    assert_eq!(refusal.to_string(), "no device is called \"x\"");
    let orders = [r#"/v1/pause {"device":"anna-phone","seconds":600}"#, r#"/v1/resume {"device":"x"}"#];
    assert_eq!(fake.asked(), orders);
    assert!(!refusal.is_gone());
}

#[tokio::test]
async fn a_daemon_that_goes_away_is_missed_and_found_again_when_it_is_back() {
    let mut fake = Fake::new();
    let mut feed = Feed::new(fake.socket());
    let mut model = Model::default();
    let never = feed.poll().await.unwrap_err();
    assert!(matches!(never, Failure::NotThere(_)) && never.to_string().contains("gateway run"), "{never}");
    fake.start(household);
    model.take(feed.poll().await.unwrap());
    fake.stop().await;
    // The connection that is kept may still be there for a moment, since its own task serves it.
    let gone = loop {
        feed.kept = None;
        match feed.poll().await {
            Ok(_) => tokio::task::yield_now().await,
            Err(failure) => break failure,
        }
    };
    assert!(gone.is_gone(), "{gone}");
    model.lose(&gone, now().timestamp());
    assert!(matches!(model.link, Link::Lost { gone: true, .. }));
    std::fs::remove_file(fake.socket()).unwrap();
    fake.start(household);
    model.take(feed.poll().await.unwrap());
    assert_eq!(model.link, Link::Up);
}

#[tokio::test]
async fn a_daemon_of_another_version_is_told_from_one_that_is_gone() {
    let mut fake = Fake::new();
    fake.start(|path| match path {
        "/v1/devices" => r#"{"no": "list"}"#.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    });
    let mut feed = Feed::new(fake.socket());
    let unreadable = feed.poll().await.unwrap_err();
    assert!(unreadable.to_string().contains("/v1/devices") && !unreadable.is_gone(), "{unreadable}");
    let unknown = feed.flows("x").await.unwrap_err();
    assert!(unknown.to_string().contains("another version") && !unknown.is_gone(), "{unknown}");
}

/// What listens takes the question and says this, or nothing more if it is empty.
async fn broken(says: &'static [u8]) -> Failure {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 1024];
        let _ = stream.read(&mut question).await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, says).await.unwrap();
    });
    let failure = Feed::new(socket).poll().await.unwrap_err();
    task.await.unwrap();
    failure
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_no_http_is_a_failure_and_no_panic() {
    for says in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[",
        b"\x1b[2J\x00\xff\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        assert!(broken(says).await.is_gone(), "{says:?}");
    }
    assert!(!broken(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n[").await.is_gone());
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_says_nothing_is_not_waited_for_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let failure = Feed::new(socket).poll().await.unwrap_err();
    assert!(matches!(failure, Failure::Slow) && failure.is_gone(), "{failure}");
}

#[test]
fn a_socket_that_is_not_ours_to_use_says_who_may() {
    let denied = Failure::Denied(PathBuf::from("/run/gateway/control.sock"));
    assert_eq!(denied.to_string(), "only root may use /run/gateway/control.sock; run `sudo gateway top`");
    assert!(!denied.is_gone());
}
