//! A client that speaks HTTP/3 over QUIC.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Buf as _;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connecting, Endpoint, EndpointConfig, TokioRuntime};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::timeout;

use crate::serve::ALPN;
use crate::watched::Watched;
use crate::{Visit, tls};

/// Asks the server for its page, with `again` twice, and returns what it says the last time.
pub async fn get(visit: &Visit, again: bool) -> Result<String> {
    let mut tls = tls::config(visit)?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.enable_early_data = again;
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    let page = one(visit, &config, false).await?;
    if !again {
        return Ok(page);
    }
    print!("{page}");
    io::stdout().flush()?;
    BufReader::new(tokio::io::stdin()).read_line(&mut String::new()).await?;
    one(visit, &config, true).await
}

/// One connection with one request.
async fn one(visit: &Visit, config: &ClientConfig, early: bool) -> Result<String> {
    let socket = Watched::connect(visit.to).context("cannot open a socket")?;
    let abstract_socket = Arc::clone(&socket);
    let endpoint = Endpoint::new_with_abstract_socket(
        EndpointConfig::default(),
        None,
        abstract_socket,
        Arc::new(TokioRuntime),
    )?;
    let connecting = endpoint.connect_with(config.clone(), visit.to, &visit.name)?;
    tokio::select! {
        // What the network says is more than what quinn makes of it.
        biased;
        error = socket.error() => Err(error).context("the network refused"),
        page = timeout(visit.patience(), ask(connecting, &visit.name, early)) => page?,
    }
}

async fn ask(connecting: Connecting, name: &str, early: bool) -> Result<String> {
    let (connection, accepted) = if early {
        let (connection, accepted) =
            connecting.into_0rtt().map_err(|_| anyhow!("no ticket for early data"))?;
        (connection, Some(accepted))
    } else {
        (connecting.await.context("no connection")?, None)
    };
    let (mut driver, mut requests) =
        h3::client::new(h3_quinn::Connection::new(connection.clone())).await.context("no HTTP/3")?;
    let driver = tokio::spawn(async move { driver.wait_idle().await });
    let mut stream = requests.send_request(http::Request::get(format!("https://{name}/")).body(())?).await?;
    stream.finish().await?;
    stream.recv_response().await.context("no response")?;
    let mut page = Vec::new();
    while let Some(part) = stream.recv_data().await? {
        part.reader().read_to_end(&mut page)?;
    }
    if let Some(accepted) = accepted {
        ensure!(accepted.await, "the server did not take the early data");
    }
    driver.abort();
    connection.close(0_u8.into(), b"");
    String::from_utf8(page).context("the page is no text")
}
