//! The real client on a real terminal, against a real daemon and the sandbox: what a person would see
//! is read from the screen, and what they would press is typed.

mod canary;
mod connect;
mod keys;
mod leave;
mod life;
mod login;
mod looks;
mod operator;
mod pages;
mod runs;
mod screen;
mod script;
mod scripted;
mod tmux;
mod vault;
