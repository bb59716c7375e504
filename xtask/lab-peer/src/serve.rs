//! A server that speaks HTTP/3 and tells each client which server name it saw.

use std::io::{self, Write as _};
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use quinn::crypto::rustls::{HandshakeData, QuicServerConfig};
use quinn::{Endpoint, Incoming, ServerConfig};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The name of HTTP/3 in ALPN (RFC 9114, 3.1).
pub const ALPN: &[u8] = b"h3";

/// Arguments of `lab-peer serve`.
#[derive(clap::Args)]
pub struct Args {
    /// The server's certificate
    #[arg(long)]
    certificate: PathBuf,
    /// The key of the certificate
    #[arg(long)]
    key: PathBuf,
    /// Where to listen, on every address
    #[arg(long)]
    port: u16,
    /// Where to listen and send a Retry first (RFC 9000, 8.1.2)
    #[arg(long)]
    retry_port: u16,
}

/// Serves until standard input is closed.
pub async fn run(args: &Args) -> Result<()> {
    let config = configure(args)?;
    for (port, retries) in [(args.port, false), (args.retry_port, true)] {
        // One socket for IPv6 and IPv4: a new network namespace has `bindv6only` off.
        let endpoint = Endpoint::server(config.clone(), (Ipv6Addr::UNSPECIFIED, port).into())
            .with_context(|| format!("cannot listen on port {port}"))?;
        tokio::spawn(accept(endpoint, retries));
    }
    println!("listening");
    io::stdout().flush()?;
    tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await?;
    Ok(())
}

fn configure(args: &Args) -> Result<ServerConfig> {
    let certificate =
        CertificateDer::from_pem_file(&args.certificate).context("cannot read the certificate")?;
    let key = PrivateKeyDer::from_pem_file(&args.key).context("cannot read the key")?;
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    // The one other value that QUIC knows (RFC 9001, 4.6.1).
    tls.max_early_data_size = u32::MAX;
    Ok(ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?)))
}

async fn accept(endpoint: Endpoint, retries: bool) {
    while let Some(incoming) = endpoint.accept().await {
        if retries && !incoming.remote_address_validated() {
            if let Err(error) = incoming.retry() {
                eprintln!("cannot send a Retry: {error}");
            }
            continue;
        }
        tokio::spawn(async move {
            // A client that goes away in the middle is what the lab is for.
            if let Err(error) = answer(incoming).await {
                eprintln!("{error:#}");
            }
        });
    }
}

/// Answers the requests of one client.
async fn answer(incoming: Incoming) -> Result<()> {
    let connection = incoming.await?;
    let handshake = connection.handshake_data().and_then(|data| data.downcast::<HandshakeData>().ok());
    let name = handshake.and_then(|data| data.server_name).unwrap_or_default();
    let page = Bytes::from(format!("server name: {name}\nHTTP/3\n"));
    let mut requests = h3::server::Connection::new(h3_quinn::Connection::new(connection)).await?;
    while let Some(resolver) = requests.accept().await? {
        let (_, mut stream) = resolver.resolve_request().await?;
        let head = http::Response::builder().header("content-type", "text/plain").body(())?;
        stream.send_response(head).await?;
        stream.send_data(page.clone()).await?;
        stream.finish().await?;
    }
    Ok(())
}
