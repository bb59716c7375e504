//! Every input that was worth keeping, of this target and of the parsers, given again.

use std::fs;
use std::path::Path;

use super::{Twins, datagrams, question, raw, stream};

/// What is kept for a target, in the fuzz folder of this package: the file's name and what is in it.
fn kept(fuzz: &str, target: &str) -> Vec<(String, Vec<u8>)> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join(fuzz);
    let files = |folder: &str| {
        let entries = fs::read_dir(fuzz.join(folder).join(target)).into_iter().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    };
    let corpus = files("corpus");
    assert!(!corpus.is_empty(), "nothing is kept for {target}");
    let files = [corpus, files("crashes")].concat();
    files.iter().map(|file| (file.display().to_string(), fs::read(file).unwrap())).collect()
}

/// Gives the program and the parsers what was made of each kept input.
fn replay(fuzz: &str, target: &str, made: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let mut twins = Twins::new();
    for (file, bytes) in kept(fuzz, target) {
        println!("{file}");
        for input in made(&bytes) {
            twins.check(&input);
        }
    }
}

#[test]
fn of_every_kept_input_the_program_makes_what_the_parsers_make() {
    replay("fuzz", "twins", |bytes| vec![bytes.to_vec()]);
}

#[test]
fn of_every_stream_kept_for_the_parser_of_hellos_the_program_makes_the_same() {
    replay("../gateway-common/fuzz", "tls", |bytes| vec![stream(443, bytes), stream(80, bytes)]);
}

#[test]
fn of_every_stream_kept_for_the_parser_of_requests_the_program_makes_the_same() {
    replay("../gateway-common/fuzz", "http", |bytes| vec![stream(80, bytes), stream(8123, bytes)]);
}

#[test]
fn of_every_message_kept_for_the_parser_of_dns_the_program_makes_the_same() {
    replay("../gateway-common/fuzz", "dns", |bytes| vec![stream(53, bytes), question(bytes)]);
}

#[test]
fn of_all_datagrams_kept_for_the_reader_of_quic_the_program_makes_the_same() {
    replay("../gateway-common/fuzz", "quic", |bytes| {
        // Also for another name, which passes if the first is blocked.
        let mut renamed = bytes.to_vec();
        if let Some(name) = renamed.get_mut(1) {
            *name ^= 1;
        }
        vec![datagrams(bytes), datagrams(&renamed)]
    });
}

#[test]
fn of_every_frame_kept_for_the_walk_the_program_makes_the_same() {
    replay("../gateway-common/fuzz", "wire", |bytes| vec![raw(bytes)]);
}
