//! From the object to verified programs.

use aya::maps::{Map, ProgramArray};
use aya::programs::{ProgramError, SchedClassifier, TestRun as _, TestRunOptions, Xdp};
use aya::{Ebpf, EbpfLoader};
use gateway_common::abi::Stage;

use super::Error;
use super::maps::{PINNED, map};
use super::pins::Pins;

/// The kernel half, as `cargo xtask build` left it.
static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("GATEWAY_BPF_OBJECT"));

/// Name of the fast path in the object.
const INGRESS: &str = "ingress";

/// Name of the program on the way to the devices, and of the one behind it.
const EGRESS: &str = "egress";
const ANSWERS: &str = "inspect_answers";

/// A program that the kernel refused.
#[derive(Debug)]
pub struct Refusal {
    /// Its name.
    pub program: &'static str,
    /// What is lost for that.
    pub without: &'static str,
    /// Why.
    pub why: ProgramError,
}

/// How the kernel half is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Where maps are pinned, or taken from if they are there; nowhere if `None`: the load then ends with its handle.
    pub pins: Option<&'a Pins>,
    /// Whether the programs write a log line for each packet of a filtered device. A constant to the verifier: without
    /// it, no instruction of logging is left in the loaded program.
    pub log: bool,
    /// Whether frames come faster than they once came, as those of a capture do: no limit holds for what a device sends in a
    /// second. A constant to the verifier too.
    pub hurried: bool,
}

/// The programs, verified and tied together; attached to nothing yet.
pub struct Loaded {
    /// The object with its maps.
    pub ebpf: Ebpf,
    /// The programs behind the tail calls. The kernel empties the array when its last handle or pin goes.
    pub stages: Map,
    /// Likewise of the programs on the way to the devices.
    pub egress_stages: Map,
    /// What the kernel refused, if anything, and why.
    pub refused: Vec<Refusal>,
}

impl Loaded {
    /// Loads the object.
    ///
    /// # Errors
    /// [`Error::Load`] without the rights or a kernel for it, [`Error::Program`] if the fast path is refused.
    pub fn new(options: Options<'_>) -> Result<Self, Error> {
        let (level, hurried): (u8, u8) = (if options.log { 4 } else { 0 }, options.hurried.into());
        let mut loader = EbpfLoader::new();
        loader.override_global("AYA_LOG_LEVEL", &level, true);
        loader.override_global("HURRIED", &hurried, true);
        if let Some(pins) = options.pins {
            for name in PINNED {
                loader.map_pin_path(name, pins.map(name));
            }
        }
        let mut ebpf = loader.load(OBJECT).map_err(Error::Load)?;
        xdp(&mut ebpf, INGRESS)?.load().map_err(|source| Error::Program { program: INGRESS, source })?;
        let mut refused = Vec::new();
        let stages = load_stages(&mut ebpf, &mut refused)?;
        let egress_stages = load_egress(&mut ebpf, &mut refused)?;
        Ok(Self { ebpf, stages, egress_stages, refused })
    }

    /// The program on the way to the devices; `None` if the kernel refused it.
    ///
    /// # Errors
    /// [`Error::NoProgram`] if the object has none.
    pub fn egress(&mut self) -> Result<Option<&mut SchedClassifier>, Error> {
        if self.refused.iter().any(|refusal| refusal.program == EGRESS) {
            return Ok(None);
        }
        classifier(&mut self.ebpf, EGRESS).map(Some)
    }

    /// The fast path.
    ///
    /// # Errors
    /// [`Error::NoProgram`] if the object has none.
    pub fn ingress(&mut self) -> Result<&mut Xdp, Error> {
        xdp(&mut self.ebpf, INGRESS)
    }

    /// Runs the real program on one frame (`BPF_PROG_TEST_RUN`) and returns the XDP action. Up to `out.len()` bytes of
    /// the frame as the program left it are written to `out`.
    ///
    /// # Errors
    /// [`Error::Program`] if the kernel does not run it, as for a frame shorter than an Ethernet header.
    pub fn test_run(&mut self, frame: &[u8], out: &mut [u8]) -> Result<u32, Error> {
        let program = xdp(&mut self.ebpf, INGRESS)?;
        let options = TestRunOptions { data_in: Some(frame), data_out: Some(out), ..TestRunOptions::new() };
        let result =
            program.test_run(options).map_err(|source| Error::Program { program: INGRESS, source })?;
        Ok(result.return_value)
    }

    /// Runs the program on the way to the devices on one frame, if there is one.
    ///
    /// # Errors
    /// As [`Loaded::test_run`].
    pub fn test_run_down(&mut self, frame: &[u8]) -> Result<(), Error> {
        let Some(program) = self.egress()? else { return Ok(()) };
        let options = TestRunOptions { data_in: Some(frame), ..TestRunOptions::new() };
        program.test_run(options).map_err(|source| Error::Program { program: EGRESS, source })?;
        Ok(())
    }
}

/// Loads what stands behind the tail calls. A kernel that refuses one loses only that one.
fn load_stages(ebpf: &mut Ebpf, refused: &mut Vec<Refusal>) -> Result<Map, Error> {
    const MAP: &str = "STAGES";
    let mut stages = ebpf.take_map(MAP).ok_or(Error::NoMap { map: MAP })?;
    let mut array = ProgramArray::try_from(&mut stages).map_err(|source| map("use", MAP, source))?;
    for stage in Stage::ALL {
        let name = stage.program();
        let program = xdp(ebpf, name)?;
        match program.load() {
            Ok(()) => {
                let fd = program.fd().map_err(|source| Error::Program { program: name, source })?;
                array.set(*stage as u32, fd, 0).map_err(|source| map("fill", MAP, source))?;
            }
            Err(why) => refused.push(Refusal { program: name, without: stage.without(), why }),
        }
    }
    Ok(stages)
}

/// Loads what is on the way to the devices. Whatever a kernel refuses of that, it filters.
fn load_egress(ebpf: &mut Ebpf, refused: &mut Vec<Refusal>) -> Result<Map, Error> {
    const MAP: &str = "EGRESS_STAGES";
    let mut stages = ebpf.take_map(MAP).ok_or(Error::NoMap { map: MAP })?;
    if let Err(why) = classifier(ebpf, EGRESS)?.load() {
        let without = "nothing that goes to the devices is counted, and no answer of DNS is read";
        refused.push(Refusal { program: EGRESS, without, why });
    }
    let mut array = ProgramArray::try_from(&mut stages).map_err(|source| map("use", MAP, source))?;
    let program = classifier(ebpf, ANSWERS)?;
    match program.load() {
        Ok(()) => {
            let fd = program.fd().map_err(|source| Error::Program { program: ANSWERS, source })?;
            array.set(0, fd, 0).map_err(|source| map("fill", MAP, source))?;
        }
        Err(why) => {
            let without = "answers of DNS are not read: what devices asked for is not known";
            refused.push(Refusal { program: ANSWERS, without, why });
        }
    }
    Ok(stages)
}

fn xdp<'a>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut Xdp, Error> {
    let program = ebpf.program_mut(name).ok_or(Error::NoProgram { program: name })?;
    program.try_into().map_err(|source| Error::Program { program: name, source })
}

fn classifier<'a>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut SchedClassifier, Error> {
    let program = ebpf.program_mut(name).ok_or(Error::NoProgram { program: name })?;
    program.try_into().map_err(|source| Error::Program { program: name, source })
}
