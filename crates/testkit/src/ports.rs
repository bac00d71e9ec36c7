//! Free ports, for programs that cannot be told to choose one and say which.

use std::net::TcpListener;

/// `N` different ports of 127.0.0.1 that nobody listens on. Somebody else may take one before it
/// is used; who uses them says so when that happens.
pub(crate) fn free<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("loopback has free ports"));
    held.map(|listener| listener.local_addr().expect("a bound socket has an address").port())
}
