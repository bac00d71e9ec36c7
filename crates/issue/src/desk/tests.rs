//! The desk, stepped by hand: a simulated CA, a Model that shows what was stored, a book, and a
//! time that passes when nothing is left to do.

mod foresee;
mod kills;
mod order;
mod scene;
mod year;
