//! A manifests file of any bytes: it becomes objects and faults, and the translation takes them.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use translate::{Memory, Settings, translate};

fuzz_target!(|data: &[u8]| {
    let world = watch::parse_documents(data);
    for fault in &world.faults {
        assert!(!fault.message.is_empty());
        let origin = fault.origin.as_ref().expect("a fault of a file says where");
        assert!(origin.line >= 1);
    }
    translate(&world, &Settings::default(), &Memory::default(), Timestamp::UNIX_EPOCH);
});
