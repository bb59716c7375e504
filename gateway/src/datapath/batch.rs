//! Many entries of a map by one call to the kernel. aya reads one by one, with two calls for each of a hash map: for ten
//! thousand devices that is half of the time that a scrape may take. So here is the call itself.

use std::io;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::os::fd::{AsFd as _, AsRawFd as _};

use aya::maps::{MapData, MapType};
use aya::util::nr_cpus;
use nix::libc;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::Error;
use super::maps::map as map_error;

/// What `BPF_MAP_LOOKUP_BATCH` wants to know (`union bpf_attr` in linux/bpf.h, its member `batch`).
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Batch {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    /// How many entries there is room for; how many there are, afterwards.
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

const BPF_MAP_LOOKUP_BATCH: libc::c_int = 24;

/// Bytes for the entries of one call, as far as one entry is not larger.
const ROOM: usize = 256 * 1024;

/// How often in a row the kernel may say that it is in the middle of something else.
const PATIENCE: u32 = 100;

/// The values of one entry: one, or of a per-CPU map one for each CPU that there can be.
pub struct Values<'a, V> {
    bytes: std::slice::ChunksExact<'a, u8>,
    of: PhantomData<V>,
}

impl<V: FromBytes> Iterator for Values<'_, V> {
    type Item = V;

    fn next(&mut self) -> Option<V> {
        // Behind the value of each CPU is what is missing to eight bytes.
        Some(V::read_from_prefix(self.bytes.next()?).ok()?.0)
    }
}

/// How the entries of a map lie in memory.
#[derive(Clone, Copy)]
struct Shape {
    key: usize,
    /// From one value to the next.
    stride: usize,
    /// Values of one entry.
    values: usize,
}

/// Gives every entry of an array or a hash map to `each`, until it breaks off. What is added or removed meanwhile may be
/// among them or not.
///
/// # Errors
/// [`Error::Map`] if the kernel does not say what the map is, [`Error::System`] if it holds other keys or values, or cannot be
/// read.
pub fn each<K: FromBytes, V: FromBytes>(
    name: &'static str,
    map: &MapData,
    mut each: impl FnMut(K, Values<'_, V>) -> ControlFlow<()>,
) -> Result<(), Error> {
    let shape = shape(name, map, Some((size_of::<K>(), size_of::<V>())))?;
    let entries = |keys: &[u8], values: &[u8]| {
        let values = values.chunks_exact(shape.stride * shape.values);
        for (key, value) in keys.chunks_exact(shape.key).zip(values) {
            let Ok(key) = K::read_from_bytes(key) else { return ControlFlow::Break(()) };
            each(key, Values { bytes: value.chunks_exact(shape.stride), of: PhantomData })?;
        }
        ControlFlow::Continue(())
    };
    run(map, shape, entries).map_err(failed)
}

/// How many entries a hash map has.
///
/// # Errors
/// As [`each`].
pub fn count(name: &'static str, map: &MapData) -> Result<usize, Error> {
    let shape = shape(name, map, None)?;
    let mut count = 0;
    let entries = |keys: &[u8], _: &[u8]| {
        count += keys.len() / shape.key;
        ControlFlow::Continue(())
    };
    run(map, shape, entries).map_err(failed)?;
    Ok(count)
}

const fn failed(source: io::Error) -> Error {
    Error::System { call: "reading many entries of a map", source }
}

/// The shape of a map; of one with these sizes of key and value, if they are given.
fn shape(name: &'static str, map: &MapData, sizes: Option<(usize, usize)>) -> Result<Shape, Error> {
    let read = |source| map_error("read", name, source);
    let info = map.info().map_err(read)?;
    let size = |size: u32| usize::try_from(size).unwrap_or(usize::MAX);
    let (key, value) = (size(info.key_size()), size(info.value_size()));
    if key == 0 || value == 0 || sizes.is_some_and(|sizes| sizes != (key, value)) {
        return Err(failed(io::ErrorKind::InvalidData.into()));
    }
    let is_per_cpu = match info.map_type().map_err(read)? {
        MapType::PerCpuArray | MapType::PerCpuHash => true,
        MapType::Array | MapType::Hash | MapType::LruHash => false,
        _ => return Err(failed(io::ErrorKind::Unsupported.into())),
    };
    if !is_per_cpu {
        return Ok(Shape { key, stride: value, values: 1 });
    }
    let cpus = nr_cpus().map_err(|(_, source)| Error::System { call: "counting CPUs", source })?;
    Ok(Shape { key, stride: value.next_multiple_of(8), values: cpus })
}

/// Reads the map from its beginning to its end and hands on keys and values as they come.
fn run(map: &MapData, shape: Shape, mut take: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>) -> io::Result<()> {
    let value = shape.stride * shape.values;
    let mut room = (ROOM / (shape.key + value)).max(1);
    let (mut keys, mut values) = (vec![0; room * shape.key], vec![0; room * value]);
    let (mut token, mut busy) = (None, 0);
    loop {
        let (count, end) = look_up(map, &mut token, room, &mut keys, &mut values);
        let flow = take(
            keys.get(..count * shape.key).unwrap_or_default(),
            values.get(..count * value).unwrap_or_default(),
        );
        if flow.is_break() {
            return Ok(());
        }
        match end.as_ref().map(io::Error::raw_os_error) {
            None => busy = 0,
            Some(Some(libc::ENOENT)) => return Ok(()),
            // A hash map gives whole buckets, and the next one is larger.
            Some(Some(libc::ENOSPC)) => {
                room *= 2;
                keys.resize(room * shape.key, 0);
                values.resize(room * value, 0);
            }
            Some(Some(libc::EBUSY | libc::EINTR)) if busy < PATIENCE => busy += 1,
            Some(_) => return end.map_or(Ok(()), Err),
        }
    }
}

/// One call: fills `keys` and `values`, which have `room`, from where `token` says, and moves it on. Returns how many entries
/// came, and what the kernel says if it did not fill all.
fn look_up(
    map: &MapData,
    token: &mut Option<u32>,
    room: usize,
    keys: &mut [u8],
    values: &mut [u8],
) -> (usize, Option<io::Error>) {
    let from = token.unwrap_or_default();
    let mut next = from;
    let mut attribute = Batch {
        in_batch: if token.is_some() { address(&raw const from) } else { 0 },
        out_batch: address(&raw mut next),
        keys: address(keys.as_mut_ptr()),
        values: address(values.as_mut_ptr()),
        count: u32::try_from(room).unwrap_or(u32::MAX),
        map_fd: map.fd().as_fd().as_raw_fd().unsigned_abs(),
        elem_flags: 0,
        flags: 0,
    };
    // SAFETY: the call reads the attribute and the four bytes at `in_batch`. It writes `count`; the place to go on at
    // `out_batch`, which is four bytes of arrays with such keys (all arrays) and of hash maps (the number of a bucket); and at
    // most `room` keys and values of the sizes in the map's own description, for which the caller has made room.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, BPF_MAP_LOOKUP_BATCH, &raw mut attribute, size_of::<Batch>()) };
    let end = (result < 0).then(io::Error::last_os_error);
    let code = end.as_ref().and_then(io::Error::raw_os_error);
    if !matches!(code, None | Some(libc::ENOENT | libc::ENOSPC | libc::EBUSY | libc::EINTR)) {
        // Nothing has been written.
        return (0, end);
    }
    *token = Some(next);
    (usize::try_from(attribute.count).unwrap_or(0).min(room), end)
}

fn address<T>(pointer: *const T) -> u64 {
    pointer.expose_provenance() as u64
}
