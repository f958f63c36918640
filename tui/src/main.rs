//! The terminal client's program; everything is in the library.

fn main() {}
