//! The table says of every name what a plain search through the list says.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const A: Masks = Masks { block: 0b01, allow: 0 };
const B: Masks = Masks { block: 0, allow: 0b10 };

/// A name and all below it.
const fn domain(masks: Masks) -> NameMasks {
    NameMasks { below: masks, exact: masks }
}

/// A name alone.
const fn host(masks: Masks) -> NameMasks {
    NameMasks { below: Masks { block: 0, allow: 0 }, exact: masks }
}

/// What is below a name.
const fn under(masks: Masks) -> NameMasks {
    NameMasks { below: masks, exact: Masks { block: 0, allow: 0 } }
}

fn table(seed: u64, listed: &[(&str, NameMasks)]) -> NameTable {
    let mut names = Names::new(seed);
    for (name, masks) in listed {
        let number = names.number(*masks);
        names.add(name.as_bytes(), number);
    }
    names.build()
}

/// What the list says, entry by entry.
fn naive(listed: &[(&str, NameMasks)], name: &str) -> Masks {
    let below = |above: &str| name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'));
    listed.iter().fold(Masks::default(), |all, (listed, masks)| {
        if *listed == name {
            either(all, masks.exact)
        } else if below(listed) {
            either(all, masks.below)
        } else {
            all
        }
    })
}

#[test]
fn a_host_a_domain_and_what_is_below_a_name_are_told_apart() {
    let table = table(
        7,
        &[("a.example", domain(A)), ("b.example", host(A)), ("c.example", under(A)), ("d", host(B))],
    );
    for (name, expected) in [
        ("a.example", A),
        ("x.a.example", A),
        ("xa.example", Masks::default()),
        ("b.example", A),
        ("x.b.example", Masks::default()),
        ("c.example", Masks::default()),
        ("x.y.c.example", A),
        ("example", Masks::default()),
        ("d", B),
    ] {
        assert_eq!(table.look_up(name.as_bytes()), expected, "{name}");
    }
    assert_eq!((table.names, table.folded), (4, 0));
}

#[test]
fn a_table_without_names_says_nothing() {
    let table = table(7, &[]);
    assert!(table.cells.is_empty());
    assert_eq!(table.look_up(b"example.org"), Masks::default());
}

#[test]
fn what_is_listed_twice_is_one_name_with_all_that_is_said() {
    let table = table(1, &[("x.example", domain(A)), ("x.example", host(B)), ("x.example", domain(A))]);
    assert_eq!(table.names, 1);
    assert_eq!(table.look_up(b"x.example"), Masks { block: 1, allow: 2 });
    assert_eq!(table.look_up(b"y.x.example"), A);
}

#[test]
fn a_name_is_folded_away_only_if_names_above_it_say_all_that_it_says() {
    let listed = [
        ("example", domain(A)),
        ("a.example", domain(A)),
        ("b.example", host(A)),
        ("c.example", host(B)),
        ("x.c.example", domain(B)),
        ("y.x.c.example", under(either(A, B))),
        ("other", under(A)),
        ("z.other", host(A)),
    ];
    let table = table(3, &listed);
    assert_eq!((table.names, table.folded), (4, 4));
    for name in
        ["a.example", "q.a.example", "b.example", "q.y.x.c.example", "y.x.c.example", "z.other", "other"]
    {
        assert_eq!(table.look_up(name.as_bytes()), naive(&listed, name), "{name}");
    }
}

#[test]
fn names_that_all_differ_in_what_they_say_keep_it() {
    let names: Vec<String> = (0..5000).map(|number| format!("n{number}.example")).collect();
    let listed: Vec<(&str, NameMasks)> = (0..)
        .zip(&names)
        .map(|(number, name)| (name.as_str(), host(Masks { block: number + 1, allow: number << 32 })))
        .collect();
    let table = table(11, &listed);
    assert_eq!(table.names, 5000);
    for (name, masks) in &listed {
        assert_eq!(table.look_up(name.as_bytes()), masks.exact);
    }
}

#[test]
fn a_hundred_thousand_names_are_all_found_and_others_are_not() {
    let mut names = Names::new(0x1234_5678_9abc_def0);
    let number = names.number(host(A));
    for at in 0..100_000 {
        names.add(format!("host{at}.tracker.example").as_bytes(), number);
    }
    let table = names.build();
    assert_eq!(table.names, 100_000);
    assert!((0..100_000).all(|at| table.look_up(format!("host{at}.tracker.example").as_bytes()) == A));
    let strangers = (100_000..200_000).map(|at| format!("host{at}.tracker.example"));
    assert!(strangers.map(|name| table.look_up(name.as_bytes())).all(|masks| masks == Masks::default()));
    // Of each kilobyte of the table, at most a quarter is air.
    assert!(table.cells.len() * 64 <= 100_000 * 17, "{} cells", table.cells.len());
}

#[test]
fn a_table_that_is_too_full_is_made_larger() {
    // One cell for six names cannot be, and with two cells all may have the same one in mind.
    for count in 1..=40 {
        let names: Vec<String> = (0..count).map(|at| format!("{at}.example")).collect();
        let listed: Vec<(&str, NameMasks)> = names.iter().map(|name| (name.as_str(), host(A))).collect();
        for seed in 0..50 {
            let table = table(seed, &listed);
            assert!(
                names.iter().all(|name| table.look_up(name.as_bytes()) == A),
                "{count} names, seed {seed}"
            );
        }
    }
}

proptest! {
    #[test]
    fn the_table_says_what_the_list_says(
        listed in prop::collection::vec(("([ab]\\.){0,4}[ab]", 0_u64..4, 0_u64..4, 0_usize..3), 0..40),
        asked in prop::collection::vec("([abc]\\.){0,5}[abc]", 40),
        seed: u64,
    ) {
        let kinds = [domain as fn(Masks) -> NameMasks, host, under];
        let listed: Vec<(&str, NameMasks)> = listed
            .iter()
            .map(|(name, block, allow, kind)| (name.as_str(), kinds[*kind](Masks { block: *block, allow: *allow })))
            .collect();
        let table = table(seed, &listed);
        for name in asked.iter().map(String::as_str).chain(listed.iter().map(|(name, _)| *name)) {
            prop_assert_eq!(table.look_up(name.as_bytes()), naive(&listed, name), "{}", name);
        }
        let distinct: HashMap<&str, ()> = listed.iter()
            .filter(|(_, masks)| *masks != NameMasks::default())
            .map(|(name, _)| (*name, ()))
            .collect();
        prop_assert!(table.names + table.folded <= distinct.len().max(table.folded));
        prop_assert!(table.names <= distinct.len());
    }
}
