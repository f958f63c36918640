//! Figures: what is promised in numbers, measured. One module for each sub-command of `muster-bench`.

pub mod terminal;
