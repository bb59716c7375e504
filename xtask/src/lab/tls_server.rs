//! A TLS server that tells each client which server name it saw. Its certificates are made for the run.

use std::fs;
use std::io::Write;
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::http_server::read_request;
use super::{AUTHORITY, CERTIFICATE, KEY};

/// What stands before the server name in an answer.
pub const SAW: &str = "server name: ";

/// A client that was cut off by the filter does not hold a thread for longer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Serves on port 443 of every address as long as this process runs.
pub fn serve(folder: &Path, names: &[String]) -> Result<()> {
    let config = Arc::new(configure(folder, names)?);
    // One socket for IPv6 and IPv4: a new network namespace has `bindv6only` off.
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 443)).context("cannot listen on port 443")?;
    thread::spawn(move || {
        for client in listener.incoming().filter_map(Result::ok) {
            let config = Arc::clone(&config);
            // A client that goes away in the middle is what the lab is for.
            thread::spawn(move || drop(answer(config, client)));
        }
    });
    Ok(())
}

/// Makes an authority and a certificate for the names, and writes both, for the clients and for other servers.
fn configure(folder: &Path, names: &[String]) -> Result<ServerConfig> {
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, "gateway lab");
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(names)?.signed_by(&key, &Issuer::new(ca, ca_key))?;
    let files = [(AUTHORITY, ca_certificate.pem()), (CERTIFICATE, leaf.pem()), (KEY, key.serialize_pem())];
    for (name, text) in files {
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.into()], key.into())
        .context("the certificate does not suit the server")
}

/// Answers one request of one client.
fn answer(config: Arc<ServerConfig>, client: TcpStream) -> Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(ServerConnection::new(config)?, client);
    read_request(&mut stream)?;
    let body = format!("{SAW}{}\n", stream.conn.server_name().unwrap_or_default());
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nalt-svc: h3=\":443\"\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(())
}
