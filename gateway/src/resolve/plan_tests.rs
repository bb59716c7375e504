//! What is asked when, by a clock that the tests set.

use super::*;

fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

fn question(name: &str, family: Family) -> Question {
    Question { host: host(name), family }
}

fn answer(addresses: &[&str], ttl: u64) -> Answer {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Answer::Addresses(addresses, Duration::from_secs(ttl))
}

fn failed() -> Answer {
    Answer::Failed(String::from("nobody answers"))
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A plan for one host of which the question for IPv6 is answered with "nothing" for as long as may be.
fn of_one(now: Instant) -> Plan {
    let mut plan = Plan::default();
    plan.want(&[host("a.example")].into(), now);
    assert_eq!(plan.due(now), [question("a.example", Family::V4), question("a.example", Family::V6)]);
    plan.answered(&question("a.example", Family::V6), Answer::Nothing(Some(MAX_TTL * 2)), now);
    plan
}

fn known(plan: &Plan) -> Vec<String> {
    plan.addresses(&host("a.example")).map(|(address, _)| address.to_string()).collect()
}

#[test]
fn a_host_is_asked_for_both_families_at_once_and_again_when_the_ttl_has_run_out() {
    let start = Instant::now();
    let mut plan = of_one(start);
    let v4 = question("a.example", Family::V4);
    assert_eq!(plan.next(start), Some(start + MAX_TTL));
    assert!(plan.answered(&v4, answer(&["203.0.113.7"], 120), start));
    assert_eq!(plan.next(start), Some(start + seconds(120)));
    assert_eq!(plan.due(start + seconds(119)), []);
    let then = start + seconds(120);
    assert_eq!(plan.due(then), std::slice::from_ref(&v4));
    assert_eq!(plan.due(then), [], "it is under way");
    assert_eq!(known(&plan), ["203.0.113.7"], "no gap while it is asked");
    assert!(!plan.answered(&v4, answer(&["203.0.113.7"], 120), then), "the same is no news");
    assert_eq!(plan.addresses(&host("a.example")).next().unwrap().1, then + seconds(120));
}

#[test]
fn an_answer_takes_the_place_of_the_one_before_and_no_address_ends_it() {
    let start = Instant::now();
    let mut plan = of_one(start);
    let v4 = question("a.example", Family::V4);
    plan.answered(&v4, answer(&["203.0.113.7", "203.0.113.8"], 60), start);
    assert!(plan.answered(&v4, answer(&["203.0.113.8"], 60), start));
    assert_eq!(known(&plan), ["203.0.113.8"]);
    assert!(plan.answered(&v4, Answer::Nothing(None), start));
    assert_eq!(known(&plan), Vec::<String>::new());
    assert_eq!(plan.next(start), Some(start + NEGATIVE_TTL));
}

#[test]
fn a_ttl_has_bounds() {
    let start = Instant::now();
    for (ttl, held) in [(0, MIN_TTL), (29, MIN_TTL), (31, seconds(31)), (604_800, MAX_TTL)] {
        let mut plan = of_one(start);
        plan.answered(&question("a.example", Family::V4), answer(&["203.0.113.7"], ttl), start);
        assert_eq!(plan.next(start), Some(start + held), "{ttl}");
    }
}

#[test]
fn without_an_answer_the_last_one_stays_for_a_day_beyond_its_ttl_and_the_question_is_asked_ever_more_seldom()
{
    let start = Instant::now();
    let mut plan = of_one(start);
    let v4 = question("a.example", Family::V4);
    plan.answered(&v4, answer(&["203.0.113.7"], 60), start);
    let mut now = start + seconds(60);
    let mut waits = Vec::new();
    for _ in 0..9 {
        assert_eq!(plan.due(now), std::slice::from_ref(&v4));
        assert!(!plan.answered(&v4, failed(), now));
        let next = plan.next(now).unwrap();
        waits.push((next - now).as_secs());
        now = next;
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    assert_eq!(plan.failing(), 1);
    assert!(!plan.expire(start + seconds(60) + STALE - seconds(1)));
    assert_eq!(known(&plan), ["203.0.113.7"]);
    assert!(plan.expire(start + seconds(60) + STALE));
    assert_eq!(known(&plan), Vec::<String>::new());
    assert!(plan.answered(&v4, answer(&["203.0.113.7"], 60), now));
    assert_eq!(plan.failing(), 0);
    plan.answered(&v4, failed(), now);
    assert_eq!(plan.next(now), Some(now + FIRST_RETRY), "it begins anew");
}

#[test]
fn a_failure_of_one_family_leaves_the_other_alone() {
    let start = Instant::now();
    let mut plan = of_one(start);
    plan.answered(&question("a.example", Family::V6), answer(&["2001:db8::7"], 60), start);
    plan.answered(&question("a.example", Family::V4), failed(), start);
    assert_eq!(known(&plan), ["2001:db8::7"]);
}

#[test]
fn hosts_that_are_not_wanted_any_more_are_forgotten_and_those_that_stay_are_not() {
    let start = Instant::now();
    let mut plan = of_one(start);
    let v4 = question("a.example", Family::V4);
    plan.answered(&v4, answer(&["203.0.113.7"], 60), start);
    plan.want(&[host("a.example"), host("b.example")].into(), start);
    assert_eq!(known(&plan), ["203.0.113.7"]);
    assert_eq!(plan.due(start), [question("b.example", Family::V4), question("b.example", Family::V6)]);
    plan.want(&[host("b.example")].into(), start);
    assert_eq!(known(&plan), Vec::<String>::new());
    assert!(!plan.answered(&v4, answer(&["203.0.113.7"], 60), start), "a late answer");
    assert_eq!(known(&plan), Vec::<String>::new());
}

#[test]
fn few_questions_are_under_way_at_a_time_and_whoever_has_waited_longest_comes_first() {
    let start = Instant::now();
    let mut plan = Plan::default();
    let hosts: BTreeSet<HostName> = (0..20).map(|n| host(&format!("h{n:02}.example"))).collect();
    plan.want(&hosts, start);
    let mut asked = BTreeSet::new();
    let mut now = start;
    while asked.len() < 40 {
        let due = plan.due(now);
        assert!(!due.is_empty() && due.len() <= UNDER_WAY);
        assert_eq!(plan.due(now), []);
        assert!(due.len() < UNDER_WAY || plan.next(now).is_none());
        for question in due {
            plan.answered(&question, Answer::Nothing(Some(MIN_TTL)), now);
            assert!(asked.insert(question), "none is asked twice before all are asked once");
        }
        // So slow that the first are due again long before the last have been asked.
        now += MIN_TTL;
    }
}

#[test]
fn a_name_for_the_guard_is_looked_up_once_in_a_while_and_only_so_many_wait() {
    let start = Instant::now();
    let mut plan = of_one(start);
    plan.answered(&question("a.example", Family::V4), answer(&["203.0.113.7"], 3600), start);
    plan.look_aside(host("a.example"), start);
    assert_ne!(plan.next(start), Some(start), "it is asked anyway");
    plan.look_aside(host("b.example"), start);
    plan.look_aside(host("b.example"), start);
    assert_eq!(plan.next(start), Some(start));
    let both = [question("b.example", Family::V4), question("b.example", Family::V6)];
    assert_eq!(plan.due(start), both);
    both.iter().for_each(|question| _ = plan.answered(question, failed(), start));
    plan.look_aside(host("b.example"), start + ASIDE_AGAIN - seconds(1));
    assert_eq!(plan.due(start), []);
    plan.look_aside(host("b.example"), start + ASIDE_AGAIN);
    assert_eq!(plan.due(start + ASIDE_AGAIN), both);
    for n in 0..200 {
        plan.look_aside(host(&format!("n{n}.example")), start);
    }
    assert_eq!(plan.aside.len(), MOST_ASIDE);
}
