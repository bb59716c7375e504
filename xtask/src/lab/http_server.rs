//! A web server in the clear that tells each client which host it asked for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

use super::tls_server::{PATIENCE, SAW};

/// Serves on port 80 of every address as long as this process runs.
pub fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 80)).context("cannot listen on port 80")?;
    thread::spawn(move || {
        for client in listener.incoming().filter_map(Result::ok) {
            thread::spawn(move || drop(answer(client)));
        }
    });
    Ok(())
}

fn answer(mut client: TcpStream) -> Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let host = read_request(&mut client)?;
    let body = format!("{SAW}{host}\n");
    write!(client, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())?;
    Ok(())
}

/// Reads up to the empty line that ends a request without a body; the host that it names.
pub fn read_request(stream: &mut impl Read) -> Result<String> {
    let mut host = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((key, value)) = line.split_once(':')
            && key.eq_ignore_ascii_case("host")
        {
            host = value.trim().to_owned();
        }
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_request_is_read() {
        let mut request = b"GET / HTTP/1.1\r\nAccept: */*\r\nHost: www.example.org\r\n\r\n".as_slice();
        assert_eq!(read_request(&mut request).expect("a request"), "www.example.org");
    }
}
