//! Reading many entries by one call gives what reading them one by one gives.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use aya::maps::{Array, HashMap, IterableMap as _, MapData, PerCpuArray, PerCpuHashMap, PerCpuValues};
use aya::util::nr_cpus;
use gateway::datapath::batch::{Values, count, each};

/// What a batch gives of each key, all values of it.
fn many<V: zerocopy::FromBytes>(map: &MapData) -> BTreeMap<u32, Vec<V>> {
    let mut found = BTreeMap::new();
    each("a map", map, |key: u32, values| {
        assert!(found.insert(key, values.collect()).is_none(), "{key} came twice");
        ControlFlow::Continue(())
    })
    .unwrap();
    found
}

/// Twelve bytes, so that a value on one CPU is followed by a gap.
fn value(number: u32, cpu: usize) -> [u32; 3] {
    [number, u32::try_from(cpu).unwrap(), !number]
}

fn per_cpu(number: u32) -> PerCpuValues<[u32; 3]> {
    let cpus = 0..nr_cpus().unwrap();
    PerCpuValues::try_from(cpus.map(|cpu| value(number, cpu)).collect::<Vec<_>>()).unwrap()
}

#[test]
fn arrays_are_read_as_one_by_one() {
    // Of a single entry, of several calls, and of what one call takes to the last.
    for len in [1, 20_000, 256 * 1024 / 16] {
        let mut array = Array::<MapData, [u32; 3]>::create(len, 0).unwrap();
        (0..len).for_each(|number| array.set(number, value(number, 7), 0).unwrap());
        let singly: BTreeMap<u32, Vec<[u32; 3]>> =
            (0..len).map(|number| (number, vec![array.get(&number, 0).unwrap()])).collect();
        assert_eq!(many(array.map()), singly);
    }
}

#[test]
fn arrays_of_each_cpu_are_read_as_one_by_one() {
    for len in [1, 20_000] {
        let mut array = PerCpuArray::<MapData, [u32; 3]>::create(len, 0).unwrap();
        (0..len).for_each(|number| array.set(number, per_cpu(number), 0).unwrap());
        let singly: BTreeMap<u32, Vec<[u32; 3]>> =
            (0..len).map(|number| (number, array.get(&number, 0).unwrap().to_vec())).collect();
        assert_eq!(many(array.map()), singly);
    }
}

#[test]
fn hash_maps_are_read_as_one_by_one() {
    for len in [0, 1, 20_000] {
        let mut map = HashMap::<MapData, u32, [u32; 3]>::create(30_000, 0).unwrap();
        (0..len).for_each(|number| map.insert(number, value(number, 7), 0).unwrap());
        let singly: BTreeMap<u32, Vec<[u32; 3]>> =
            map.iter().map(Result::unwrap).map(|(key, value)| (key, vec![value])).collect();
        assert_eq!(singly.len(), len as usize);
        assert_eq!(many(map.map()), singly);
        assert_eq!(count("a map", map.map()).unwrap(), singly.len());
    }
}

#[test]
fn hash_maps_of_each_cpu_are_read_as_one_by_one() {
    for len in [0, 1, 20_000] {
        let mut map = PerCpuHashMap::<MapData, u32, [u32; 3]>::create(30_000, 0).unwrap();
        (0..len).for_each(|number| map.insert(number, per_cpu(number), 0).unwrap());
        let singly: BTreeMap<u32, Vec<[u32; 3]>> =
            map.iter().map(Result::unwrap).map(|(key, values)| (key, values.to_vec())).collect();
        assert_eq!(many(map.map()), singly);
        assert_eq!(count("a map", map.map()).unwrap(), singly.len());
    }
}

#[test]
fn a_bucket_that_is_larger_than_the_room_for_one_call_is_read() {
    type Large = [u8; 100_000];
    let large = |number: u32| -> Large { [number.to_le_bytes()[0]; 100_000] };
    let mut map = HashMap::<MapData, u32, Large>::create(256, 0).unwrap();
    // As many entries as buckets: some bucket has three, and there is room for two.
    (0..256).for_each(|number| map.insert(number, large(number), 0).unwrap());
    let found = many::<Large>(map.map());
    assert_eq!(found.len(), 256);
    assert!(found.iter().all(|(key, values)| *values == [large(*key)]));
}

#[test]
fn a_map_of_other_keys_or_values_is_refused() {
    let map = HashMap::<MapData, u32, u64>::create(1, 0).unwrap();
    assert!(each("a map", map.map(), |_: u64, _: Values<'_, u64>| ControlFlow::Break(())).is_err());
    assert!(each("a map", map.map(), |_: u32, _: Values<'_, u32>| ControlFlow::Break(())).is_err());
}

#[test]
fn reading_ends_where_it_is_broken_off() {
    let array = Array::<MapData, u32>::create(10, 0).unwrap();
    let mut seen = Vec::new();
    each("a map", array.map(), |key: u32, _: Values<'_, u32>| {
        seen.push(key);
        if key < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .unwrap();
    assert_eq!(seen, [0, 1, 2, 3]);
}
