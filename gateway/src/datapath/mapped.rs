//! Tables of cells, written through a mapping of the map's own memory: a call to the kernel for each cell would take a second
//! for a million names. aya makes such maps but hands out no descriptor to map, so here is the call itself.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{FromRawFd as _, OwnedFd};

use aya::maps::MapData;
use gateway_common::table::{CELL_BYTES, Cell};
use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use zerocopy::{FromBytes as _, IntoBytes as _};

use super::Error;
use super::maps::map;

/// What `BPF_MAP_CREATE` wants to know (`union bpf_attr` in linux/bpf.h, as far as it is read here).
#[derive(zerocopy::IntoBytes, zerocopy::Immutable)]
#[repr(C)]
struct Creation {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
    numa_node: u32,
    map_name: [u8; 16],
}

const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_MAP_TYPE_ARRAY: u32 = 2;
/// `BPF_F_MMAPABLE` and `BPF_F_INNER_MAP`, as the template in the kernel half has them.
const FLAGS: u32 = 1 << 10 | 1 << 12;

/// A new table of these cells, or of one that is empty. `name` has at most 15 bytes.
///
/// # Errors
/// [`Error::System`] if the kernel does not make it or does not map it, as without memory for it; [`Error::Map`] if what it
/// made is not what was asked for.
pub fn table(name: &'static str, cells: &[Cell]) -> Result<MapData, Error> {
    let made = create(name, cells.len().max(1));
    let fd = made.map_err(|source| Error::System { call: "making a table of the policy", source })?;
    write(&fd, cells).map_err(|source| Error::System { call: "filling a table of the policy", source })?;
    MapData::from_fd(fd).map_err(|source| map("open", name, source))
}

fn create(name: &str, cells: usize) -> io::Result<OwnedFd> {
    let mut map_name = [0; 16];
    map_name.iter_mut().zip(name.bytes().take(15)).for_each(|(to, from)| *to = from);
    let creation = Creation {
        map_type: BPF_MAP_TYPE_ARRAY,
        key_size: 4,
        value_size: u32::try_from(CELL_BYTES).unwrap_or(u32::MAX),
        max_entries: u32::try_from(cells).map_err(|_| io::ErrorKind::OutOfMemory)?,
        map_flags: FLAGS,
        inner_map_fd: 0,
        numa_node: 0,
        map_name,
    };
    let attribute = creation.as_bytes();
    // SAFETY: the call reads `attribute.len()` bytes there and writes nothing.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, BPF_MAP_CREATE, attribute.as_ptr(), attribute.len()) };
    let fd = i32::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call returned a new descriptor, which nobody else knows of.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Writes the cells into the table, which has room for as many.
fn write(table: &OwnedFd, cells: &[Cell]) -> io::Result<()> {
    let bytes = cells.as_bytes();
    let Some(len) = NonZeroUsize::new(bytes.len()) else { return Ok(()) };
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping, at a place of the kernel's choice, takes nothing from anybody.
    let memory = unsafe { mmap(None, len, protection, MapFlags::MAP_SHARED, table, 0) }?;
    // SAFETY: the kernel has mapped `len` bytes there, which nobody else knows of, and `bytes` is as long.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.as_ptr().cast(), bytes.len()) };
    // SAFETY: this is the mapping made above; no reference to it is left.
    unsafe { munmap(memory, len.get()) }?;
    Ok(())
}

/// What `look` finds in the cells of a table that was made by [`table`].
///
/// # Errors
/// [`Error::System`] if the kernel does not map it, [`Error::Map`] if it does not say how large it is.
pub fn read<T>(name: &'static str, table: &MapData, look: impl FnOnce(&[Cell]) -> T) -> Result<T, Error> {
    let info = table.info().map_err(|source| map("read", name, source))?;
    let Some(len) = usize::try_from(info.max_entries())
        .ok()
        .and_then(|cells| cells.checked_mul(CELL_BYTES))
        .and_then(NonZeroUsize::new)
    else {
        return Ok(look(&[]));
    };
    let wrap =
        |errno: nix::Error| Error::System { call: "reading a table of the policy", source: errno.into() };
    // SAFETY: a new mapping, at a place of the kernel's choice, takes nothing from anybody.
    let memory = unsafe { mmap(None, len, ProtFlags::PROT_READ, MapFlags::MAP_SHARED, table.fd(), 0) };
    let memory = memory.map_err(wrap)?;
    // SAFETY: the kernel has mapped `len` bytes there, at the beginning of a page. Nobody writes to a table once it is in a slot.
    let bytes = unsafe { std::slice::from_raw_parts(memory.as_ptr().cast::<u8>().cast_const(), len.get()) };
    let found = <[Cell]>::ref_from_bytes(bytes).map(look);
    // SAFETY: this is the mapping made above; `look` has given back what it was lent.
    unsafe { munmap(memory, len.get()) }.map_err(wrap)?;
    found.map_err(|_| Error::System {
        call: "reading a table of the policy",
        source: io::ErrorKind::InvalidData.into(),
    })
}
