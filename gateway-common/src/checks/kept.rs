//! Every input that was worth keeping, given to the checks again: those that lead through the parsers on different ways
//! (`fuzz/corpus`) and those that once broke a promise (`fuzz/crashes`).

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::string::String;
use std::vec::Vec;
use std::{format, println};

/// The files kept for a target. Of a target that never failed there are no crashes.
fn kept(target: &str) -> Vec<PathBuf> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let files = |folder: &str| {
        let entries = fs::read_dir(fuzz.join(folder).join(target)).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    };
    let corpus = files("corpus");
    assert!(!corpus.is_empty(), "nothing is kept for {target}");
    [corpus, files("crashes")].concat()
}

fn replay(target: &str, check: fn(&[u8])) {
    let files = kept(target);
    let broken: Vec<String> = files
        .iter()
        .filter(|file| {
            let bytes = fs::read(file).unwrap();
            catch_unwind(|| check(&bytes)).is_err()
        })
        .map(|file| format!("{}", file.display()))
        .collect();
    println!("{} inputs", files.len());
    assert!(broken.is_empty(), "{} of {} inputs break a promise: {broken:#?}", broken.len(), files.len());
}

#[test]
fn of_every_kept_stream_the_hello_is_read_as_it_must_be() {
    replay("tls", super::tls::check);
}

#[test]
fn of_every_kept_stream_the_request_is_read_as_it_must_be() {
    replay("http", super::http::check);
}

#[test]
fn every_kept_dns_message_is_read_as_it_must_be() {
    replay("dns", super::dns::check);
}

#[test]
fn every_kept_dns_answer_is_read_as_it_must_be() {
    replay("answers", super::answers::check);
}

#[test]
fn every_kept_frame_is_walked_as_it_must_be() {
    replay("wire", super::wire::check);
}

#[test]
fn of_every_kept_flow_of_datagrams_the_hello_is_read_as_it_must_be() {
    replay("quic", super::quic::check);
}
