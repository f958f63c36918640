//! A daemon that is killed, at a named place or at any moment, and started again until its runs are
//! over; and the checker that compares what it says then with what the brokers have.

mod cancels;
mod check;
mod evening;
mod faults;
mod ground;
mod halted;
mod person;
mod plot;
mod points;
mod random;
mod victim;

pub use self::check::Count;
pub use self::ground::Ground;
pub use self::points::{PointCase, Struck, at_points, point_cases};
pub use self::random::{Kills, at_random};
