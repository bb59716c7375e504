//! "Did you mean …?": the known word that is nearest to a mistyped one.

/// The candidate that needs the fewest changes to become `word`, if those are few enough for a slip of the hand.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The words in a row, each between backticks: "`a`, `b`"; "none" if there is none.
fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    if words.is_empty() { String::from("none") } else { words.join(", ") }
}

/// The cure for a word that is not among the known ones, `what` they are.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let all = listed(known.clone());
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`? The {what} are {all}"),
        None => format!("the {what} are {all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognized_and_another_word_is_not() {
        assert_eq!(nearest("domians", ["hosts", "domains"]), Some("domains"));
        assert_eq!(nearest("xiaomi-telemetri", ["doh-bypass", "xiaomi-telemetry"]), Some("xiaomi-telemetry"));
        assert_eq!(nearest("colour", ["hosts", "domains"]), None);
        assert_eq!(nearest("", ["hosts"]), None);
    }

    #[test]
    fn words_are_listed_between_backticks() {
        assert_eq!(listed(["a", "b"]), "`a`, `b`");
        assert_eq!(listed([]), "none");
    }

    #[test]
    fn the_cure_names_the_nearest_and_all() {
        let known = ["hosts", "domains"];
        assert_eq!(
            did_you_mean("host", "keys", known.into_iter()),
            "did you mean `hosts`? The keys are `hosts`, `domains`"
        );
        assert_eq!(did_you_mean("x", "keys", known.into_iter()), "the keys are `hosts`, `domains`");
    }
}
