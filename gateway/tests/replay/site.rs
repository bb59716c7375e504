//! A configuration, and the built program run beside it.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// What a run of the program left.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A folder with a configuration, in which the device `phone` has the policy `p`.
pub struct Site(TempDir);

impl Site {
    /// `policy` is the file of the policy without its name. The interface is one that is not there.
    pub fn new(policy: &str) -> Self {
        Self::with(policy, "")
    }

    /// The same, with `p` for unlisted devices too.
    pub fn with_defaults(policy: &str) -> Self {
        Self::with(policy, "[defaults]\npolicies = [\"p\"]\n")
    }

    fn with(policy: &str, defaults: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let device = "[[device]]\nname = \"phone\"\nmac = \"8c:be:be:12:34:56\"\npolicies = [\"p\"]\n";
        let config = format!("interfaces = [\"nope0\"]\npolicies = \"policies\"\n{defaults}{device}");
        fs::write(folder.path().join("gateway.toml"), config).unwrap();
        fs::create_dir(folder.path().join("policies")).unwrap();
        fs::write(folder.path().join("policies/p.toml"), format!("name = \"p\"\n{policy}")).unwrap();
        Self(folder)
    }

    /// Runs the program in the folder.
    pub fn gateway(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let [out, err] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        Ran { code: status.code(), out, err }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// Replays a capture.
    #[track_caller]
    pub fn replay(&self, capture: &[u8], arguments: &[&str]) -> Ran {
        fs::write(self.0.path().join("capture"), capture).unwrap();
        let ran = self.gateway(&[&["replay", "--config", "gateway.toml", "capture"], arguments].concat());
        assert!(
            !ran.err.contains("cannot load the eBPF object"),
            "this test loads eBPF programs: run it as root (CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON) on Linux 6.1 or \
             newer, as `cargo xtask test` does\n{}",
            ran.err
        );
        ran
    }

    #[track_caller]
    pub fn replay_json(&self, capture: &[u8]) -> Ran {
        self.replay(capture, &["--json"])
    }

    /// The records of a replay that goes well.
    #[track_caller]
    pub fn records(&self, capture: &[u8]) -> Vec<serde_json::Value> {
        let ran = self.replay_json(capture);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Replays to a reader that takes one byte and goes; returns what stands on standard error.
    pub fn replay_to_a_reader_that_goes(&self, capture: &[u8]) -> String {
        fs::write(self.0.path().join("capture"), capture).unwrap();
        let mut command = self.command(&["replay", "--config", "gateway.toml", "capture"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0]).unwrap();
        drop(stdout);
        String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap()
    }
}
