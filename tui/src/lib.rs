//! `muster`: the operator's terminal client of musterd.
//!
//! `app` is pure: model, messages, update. `view` draws the model. `link` speaks to the daemon.
//! `runtime` joins them on a thread of its own; `commands` are the same things for scripts.

mod app;
mod clipboard;
mod frame;
mod glyph;
mod input;
mod link;
mod runtime;
mod secrets;
mod session;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod view;

pub use app::model::Look;
pub use runtime::Options;
pub use session::run_terminal;
