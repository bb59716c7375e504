//! What came of a client's attempt to reach a host.

use std::fmt;
use std::process::Output;

use anyhow::{Context, Result};

use super::tls_server::SAW;

/// curl's exit code when the time given to it is over.
pub const TIMED_OUT: u8 = 28;

/// What openssl says instead: the number of ECONNRESET.
const OPENSSL_RESET: &str = "errno=104";

/// What clients say of a connection that was reset before or after it was open.
const RESET: [&str; 4] = ["Connection reset by peer", "Connection refused", "ConnectionReset", OPENSSL_RESET];

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered, and saw this server name.
    Reached {
        /// As the server read it from the ClientHello, in lower case.
        server_name: String,
    },
    /// Nobody answered: what a device sees of a filter that drops.
    NoAnswer,
    /// The connection was reset: what a device sees of a filter that rejects.
    Refused,
    /// Something else went wrong.
    Failed {
        /// The exit code.
        code: Option<i32>,
        /// What the client said.
        why: String,
    },
}

impl Outcome {
    /// The outcome that a finished client tells of.
    pub fn of(output: &Output) -> Result<Self> {
        if output.status.success() {
            let body = String::from_utf8_lossy(&output.stdout);
            let name = body.lines().next().and_then(|line| line.strip_prefix(SAW));
            let name =
                name.with_context(|| format!("somebody else than the lab's server answered: {body}"))?;
            return Ok(Self::Reached { server_name: name.to_owned() });
        }
        let code = output.status.code();
        if code == Some(TIMED_OUT.into()) {
            return Ok(Self::NoAnswer);
        }
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if RESET.iter().any(|words| why.contains(words)) {
            return Ok(Self::Refused);
        }
        Ok(Self::Failed { code, why })
    }

    /// Whether the server answered.
    pub fn reached(&self) -> bool {
        matches!(self, Self::Reached { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reached { .. } => f.write_str("reached"),
            Self::NoAnswer => f.write_str("no answer"),
            Self::Refused => f.write_str("refused"),
            Self::Failed { code: Some(code), why } => write!(f, "failed ({code}): {why}"),
            Self::Failed { code: None, why } => write!(f, "killed: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn output(code: i32, stdout: &str, stderr: &str) -> Output {
        let status = ExitStatus::from_raw(code << 8);
        Output { status, stdout: stdout.into(), stderr: stderr.into() }
    }

    #[test]
    fn an_answer_names_what_the_server_saw() {
        let outcome = Outcome::of(&output(0, "server name: www.example.org\n", "")).expect("an outcome");
        assert_eq!(outcome, Outcome::Reached { server_name: "www.example.org".into() });
    }

    #[test]
    fn silence_is_told_apart_from_other_failures() {
        let silence = Outcome::of(&output(28, "", "curl: (28) timed out")).expect("an outcome");
        assert_eq!(silence, Outcome::NoAnswer);
        let refused = Outcome::of(&output(6, "", "curl: (6) no such host\n")).expect("an outcome");
        assert_eq!(refused.to_string(), "failed (6): curl: (6) no such host");
    }

    #[test]
    fn an_answer_of_a_stranger_is_an_error() {
        assert!(Outcome::of(&output(0, "<html>", "")).is_err());
    }
}
