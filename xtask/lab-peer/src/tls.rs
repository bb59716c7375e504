//! A TLS client that leaves the case of the server name alone, and what every client of this program offers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, NamedGroup, RootCertStore, StreamOwned};

use crate::Visit;

/// Asks the server for its page and returns what it says.
pub fn get(visit: &Visit) -> Result<String> {
    let config = config(visit)?;
    let server = TcpStream::connect_timeout(&visit.to, visit.patience()).context("cannot connect")?;
    server.set_read_timeout(Some(visit.patience()))?;
    server.set_write_timeout(Some(visit.patience()))?;
    let name = ServerName::try_from(visit.name.clone()).context("no server name")?;
    let client = ClientConnection::new(Arc::new(config), name)?;
    let mut stream = StreamOwned::new(client, server);
    write!(stream, "GET / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", visit.name)
        .context("cannot ask")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("cannot read the answer")?;
    Ok(answer.split_once("\r\n\r\n").context("the answer is no HTTP")?.1.to_owned())
}

/// What a client offers and whom it believes.
pub fn config(visit: &Visit) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&visit.ca).context("cannot read the authority's certificate")?)?;
    Ok(ClientConfig::builder_with_provider(Arc::new(provider(visit.classic)))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn provider(classic: bool) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    if classic {
        provider.kx_groups.retain(|group| group.name() != NamedGroup::X25519MLKEM768);
    }
    provider
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(classic: bool, name: &str) -> Vec<u8> {
        let config = ClientConfig::builder_with_provider(Arc::new(provider(classic)))
            .with_safe_default_protocol_versions()
            .expect("versions that the provider has")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut hello = Vec::new();
        ClientConnection::new(Arc::new(config), name)
            .expect("a client")
            .write_tls(&mut hello)
            .expect("a vector takes every byte");
        hello
    }

    #[test]
    fn the_name_goes_out_as_it_was_written() {
        let name = "API.Account.Xiaomi.com";
        assert!(hello(true, name).windows(name.len()).any(|window| window == name.as_bytes()));
    }

    #[test]
    fn a_post_quantum_hello_does_not_fit_into_one_initial_and_a_classic_one_does() {
        // What an Initial of 1,200 bytes leaves for frames.
        assert!(hello(false, "www.example.org").len() > 1162);
        assert!(hello(true, "www.example.org").len() < 600);
    }
}
