//! `muster`: the operator's terminal client of musterd.
//!
//! `app` is pure: model, messages, update. `view` draws the model. `link` speaks to the daemon.
//! `runtime` joins them on a thread of its own; `commands` are the same things for scripts.

mod app;
mod cli;
mod clipboard;
mod commands;
mod config;
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

pub use app::look::{Look, Theme};
pub use runtime::Options;
pub use session::run_terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// The whole program: reads the command line, does what it says, tells how it went.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The same with the command line given, its first word the program's name.
pub fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes.
            let code = if error.use_stderr() { 2 } else { 0 };
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    if cli.screen.print_keys || cli.screen.print_config {
        let text = if cli.screen.print_keys { commands::keys() } else { config::SAMPLE.to_owned() };
        return commands::say(&text);
    }
    let file = match config::read(&cli.screen) {
        Ok(file) => file,
        Err(unusable) => {
            commands::complain(&unusable);
            return ExitCode::from(2);
        }
    };
    let mut builder = match cli.command {
        Some(_) => tokio::runtime::Builder::new_current_thread(),
        None => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match builder.worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            commands::complain(&error);
            return ExitCode::FAILURE;
        }
    };
    let socket = config::socket(cli.socket.or_else(|| file.socket.clone()));
    match cli.command {
        Some(command) => runtime.block_on(commands::run(command, &socket, cli.json)),
        None => runtime.block_on(screen(Options::new(socket, &cli.screen, &file))),
    }
}

/// Exit code 2 where no screen can be shown: another command was meant.
async fn screen(options: Options) -> ExitCode {
    let shows = std::io::IsTerminal::is_terminal(&std::io::stdout())
        && std::io::IsTerminal::is_terminal(&std::io::stdin())
        && !config::is_dumb();
    if !shows {
        commands::complain(&"no screen can be shown here; try: muster status");
        return ExitCode::from(2);
    }
    match run_terminal(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
