//! Whoever makes certificates. One module each; the rest of the house knows only the trait
//! [`issue::Issuer`].

pub mod ca;
