//! Questions by dig, of which each is judged by itself.

use anyhow::{Result, ensure};
use xtask::lab::Lab;
use xtask::lab::network::{ACCOUNT, ANNA, BOB, Family, Host, ORDINARY, Phone};

use super::{ACCOUNT_POLICY, Learned, in_lab, learned, rejecting_policy, start_with};

/// How dig asks: bare, with EDNS and what it brings, and over TCP.
const WAYS: [&[&str]; 5] = [
    &["+noedns"],
    &["+edns=0", "+cookie=0123456789abcdef", "+dnssec"],
    &["+edns=0", "+subnet=192.168.1.0/24", "+padding=128"],
    &["+noedns", "+tcp"],
    &["+edns=0", "+tcp"],
];

/// What dig says of an answer of the server.
fn is_answered(lab: &Lab, phone: &Phone, host: &Host, family: Family, words: &[&str]) -> Result<()> {
    for (kind, of) in [("A", Family::V4), ("AAAA", Family::V6)] {
        let said = lab.dig(phone, host.name, family, &[words, &[kind]].concat())?;
        let address = host.address(of).to_string();
        let line = said.lines().find(|line| line.starts_with(&format!("{}.", host.name)));
        ensure!(
            said.contains("status: NOERROR") && line.is_some_and(|line| line.ends_with(&address)),
            "{} asked for {} {kind} over {family} with {words:?}: {said}",
            phone.name,
            host.name
        );
    }
    Ok(())
}

/// What dig says of the gateway's answer to a blocked question: no such domain over UDP, a reset over TCP.
fn is_refused(lab: &Lab, host: &Host, family: Family, words: &[&str]) -> Result<()> {
    for kind in ["A", "AAAA", "HTTPS"] {
        let said = lab.dig(&ANNA, host.name, family, &[words, &[kind]].concat())?;
        let refused =
            if words.contains(&"+tcp") { said.contains("reset") } else { said.contains("status: NXDOMAIN") };
        let clean = !said.to_lowercase().contains("warning") && !said.contains("malformed");
        ensure!(refused && clean, "{kind} over {family} with {words:?}: {said}");
    }
    Ok(())
}

#[test]
fn a_blocked_question_is_answered_with_no_such_domain_and_every_other_by_the_server() {
    in_lab(|lab| {
        let gateway = start_with(lab, &rejecting_policy())?;
        for family in Family::BOTH {
            for words in WAYS {
                is_refused(lab, &ACCOUNT, family, words)?;
                is_answered(lab, &ANNA, &ORDINARY, family, words)?;
            }
            is_answered(lab, &BOB, &ACCOUNT, family, WAYS[0])?;
        }
        let names = learned(lab)?;
        let expected = [
            Learned::of(&ANNA, "dns_qname", ACCOUNT.name, "reject"),
            Learned::of(&ANNA, "dns_qname", ORDINARY.name, "pass"),
        ];
        ensure!(names == expected, "{names:?}");

        gateway.kill()?;
        for words in WAYS {
            is_refused(lab, &ACCOUNT, Family::V6, words)?;
            is_answered(lab, &ANNA, &ORDINARY, Family::V4, words)?;
        }
        Ok(())
    });
}

#[test]
fn of_several_questions_over_one_connection_only_those_in_front_of_a_blocked_one_are_answered() {
    in_lab(|lab| {
        let _gateway = start_with(lab, ACCOUNT_POLICY)?;
        let questions = |first: &str, second: &str| {
            lab.dig(&ANNA, first, Family::V4, &["A", "+tcp", "+keepopen", second, "A", "+tcp", "+keepopen"])
        };
        let said = questions(ORDINARY.name, ORDINARY.name)?;
        ensure!(said.matches("status: NOERROR").count() == 2, "{said}");
        let said = questions(ORDINARY.name, ACCOUNT.name)?;
        ensure!(said.matches("status: NOERROR").count() == 1, "{said}");
        ensure!(said.contains("timed out") || said.contains("no servers could be reached"), "{said}");
        Ok(())
    });
}
