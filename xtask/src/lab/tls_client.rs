//! A TLS client that leaves the case of the server name alone.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, Result};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Asks the server for its page and returns what it says.
pub fn get(ca: &Path, name: &str, to: SocketAddr, patience: Duration) -> Result<String> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(ca).context("cannot read the authority's certificate")?;
    roots.add(certificate)?;
    let server = TcpStream::connect_timeout(&to, patience).context("cannot connect")?;
    server.set_read_timeout(Some(patience))?;
    server.set_write_timeout(Some(patience))?;
    let mut stream = StreamOwned::new(connection(roots, name)?, server);
    write!(stream, "GET / HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n").context("cannot ask")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("cannot read the answer")?;
    Ok(answer.split_once("\r\n\r\n").context("the answer is no HTTP")?.1.to_owned())
}

/// Whether nobody answered in time.
pub fn is_timeout(error: &Error) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    // What a blocking socket's time limit is called, and what a connection's.
    matches!(kind, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

fn connection(roots: RootCertStore, name: &str) -> Result<ClientConnection> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).context("no server name")?;
    Ok(ClientConnection::new(Arc::new(config), name)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_goes_out_as_it_was_written() {
        let name = "API.Account.Xiaomi.com";
        let mut client = connection(RootCertStore::empty(), name).expect("a client");
        let mut hello = Vec::new();
        client.write_tls(&mut hello).expect("a vector takes every byte");
        assert!(hello.windows(name.len()).any(|window| window == name.as_bytes()));
    }
}
