//! Which files hold a token.

use std::fs::Permissions;

use tempfile::TempDir;

use super::*;

const TOKEN: &str = "0123456789abcdef";

/// Writes the file with that mode and reads it as a token.
fn read(text: &[u8], mode: u32) -> Result<PageToken, BadToken> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("page.token");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    PageToken::read(&path)
}

#[test]
fn a_token_is_read_without_the_white_space_around_it() {
    for text in [TOKEN.to_owned(), format!("{TOKEN}\n"), format!("\u{20}\t{TOKEN}\r\n\n")] {
        let token = read(text.as_bytes(), 0o640).unwrap();
        assert_eq!(token.reveal(), TOKEN);
        assert!(token.is(TOKEN.as_bytes()));
    }
    let base64 = "aB0+/=~!#$%&'()*";
    assert_eq!(read(base64.as_bytes(), 0o600).unwrap().reveal(), base64);
}

#[test]
fn nothing_but_the_token_is_the_token() {
    let token = read(TOKEN.as_bytes(), 0o600).unwrap();
    for other in ["", "0", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0", "0123456789abcdef\0"] {
        assert!(!token.is(other.as_bytes()), "{other:?}");
    }
    assert_eq!(format!("{token:?}"), "PageToken(…)");
}

#[test]
fn what_is_too_short_too_long_or_not_one_word_is_refused() {
    for text in [
        "",
        "\n",
        "0123456789abcde\n",
        "0123456789abcdef 1",
        "0123456789abcdef;",
        "\"0123456789abcdef\"",
        "0123456789abcdéf",
    ] {
        let error = read(text.as_bytes(), 0o600).unwrap_err();
        assert!(matches!(error, BadToken::Unfit { .. }), "{text:?}: {error}");
        assert!(error.cure().contains("openssl rand -hex 24"), "{}", error.cure());
    }
    assert!(read("a".repeat(512).as_bytes(), 0o600).is_ok());
    assert!(matches!(read("a".repeat(513).as_bytes(), 0o600), Err(BadToken::Unfit { len: 513, .. })));
    assert!(matches!(read("a".repeat(100_000).as_bytes(), 0o600), Err(BadToken::Unfit { .. })));
    assert!(matches!(read(b"0123456789abcdef\xff", 0o600), Err(BadToken::Unreadable { .. })));
}

#[test]
fn a_file_that_everybody_may_read_change_or_that_is_none_is_refused() {
    for mode in [0o644, 0o602, 0o601, 0o666] {
        let error = read(TOKEN.as_bytes(), mode).unwrap_err();
        assert!(matches!(error, BadToken::Open { .. }), "{mode:o}: {error}");
        assert!(
            error.to_string().contains(&format!("(mode {mode:04o})"))
                && error.cure().starts_with("chmod 600 ")
        );
    }
    let folder = TempDir::new().unwrap();
    assert!(matches!(PageToken::read(folder.path()), Err(BadToken::NoFile { .. })));
    let missing = PageToken::read(&folder.path().join("none")).unwrap_err();
    assert!(
        missing.to_string().contains("No such file") && missing.cure().contains("umask 077"),
        "{missing}"
    );
    assert!(!missing.is_of_this_user());
}
