//! A server on the loopback, made by hand so that it can do what no good server does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A connection, in the clear or not.
pub trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

type Answer = dyn Fn(&str, &mut dyn Wire) + Send + Sync;

/// Answers for as long as the tests run, each connection on a thread of its own.
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    requests: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Arc<Answer>>>,
}

impl Server {
    /// In the clear. `answer` gets the head of the request and the connection.
    pub fn new(answer: impl Fn(&str, &mut dyn Wire) + Send + Sync + 'static) -> Self {
        Self::start("http", answer, |stream| Box::new(stream))
    }

    /// With TLS, and the certificate by which it is known.
    pub fn with_tls(
        answer: impl Fn(&str, &mut dyn Wire) + Send + Sync + 'static,
    ) -> (Self, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let wrap = move |stream| -> Box<dyn Wire> {
            Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream))
        };
        (Self::start("https", answer, wrap), certificate)
    }

    /// Answers with this text, whatever is asked.
    pub fn with_text(text: &str) -> Self {
        let response = ok("", text.as_bytes());
        Self::new(move |_, wire| send(wire, &response))
    }

    fn start(
        scheme: &'static str,
        answer: impl Fn(&str, &mut dyn Wire) + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Box<dyn Wire> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let answer: Arc<Mutex<Arc<Answer>>> = Arc::new(Mutex::new(Arc::new(answer)));
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let server = Self {
            address: listener.local_addr().unwrap(),
            scheme,
            requests: requests.clone(),
            answer: answer.clone(),
        };
        let wrap = Arc::new(wrap);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (requests, answer, wrap) = (requests.clone(), answer.clone(), wrap.clone());
                thread::spawn(move || {
                    let mut wire = wrap(stream.unwrap());
                    let Some(head) = head(&mut wire) else { return };
                    requests.lock().unwrap().push(head.clone());
                    let answer = answer.lock().unwrap().clone();
                    answer(&head, &mut wire);
                });
            }
        });
        server
    }

    /// From now on it answers so.
    pub fn turn(&self, answer: impl Fn(&str, &mut dyn Wire) + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    /// From now on it answers with this text.
    pub fn turn_to(&self, text: &str) {
        let response = ok("", text.as_bytes());
        self.turn(move |_, wire| send(wire, &response));
    }

    pub fn url(&self) -> String {
        format!("{}://{}/list.txt", self.scheme, self.address)
    }

    /// The heads of the requests that have come.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads up to the empty line; `None` if the client goes before.
fn head(wire: &mut dyn Wire) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if wire.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.extend(byte);
    }
    Some(String::from_utf8(head).unwrap())
}

/// A response with these header lines, each with its line end, and a body of known length.
pub fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Sends bytes; a client that does not want them has gone.
pub fn send(wire: &mut dyn Wire, bytes: &[u8]) {
    let _ = wire.write_all(bytes).and_then(|()| wire.flush());
}

/// Sends the head, and then pieces for as long as somebody takes them.
pub fn send_for_ever(wire: &mut dyn Wire, head: &[u8], piece: &[u8]) {
    send(wire, head);
    while wire.write_all(piece).and_then(|()| wire.flush()).is_ok() {}
}

/// Says nothing until the client goes.
pub fn wait_for_the_end(wire: &mut dyn Wire) {
    let _ = wire.read(&mut [0]);
}
