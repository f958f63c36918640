//! The pure half of the client: model, messages, update, key map. It knows no terminal, no socket
//! and no clock; time comes in with every message.

pub(crate) mod effect;
pub(crate) mod field;
pub(crate) mod form;
pub(crate) mod key;
pub(crate) mod keymap;
pub(crate) mod layout;
pub(crate) mod look;
pub(crate) mod model;
pub(crate) mod msg;
pub(crate) mod overlay;
pub(crate) mod screens;
pub(crate) mod update;
pub(crate) mod words;
pub(crate) mod world;
