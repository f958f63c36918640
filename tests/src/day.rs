//! The demo's day.
