//! `muster`: the operator's terminal client of musterd.
//!
//! `app` is pure: model, messages, update. `view` draws the model. `link` speaks to the daemon.
//! `runtime` joins them on a thread of its own; `commands` are the same things for scripts.

mod app;
mod cli;
mod clipboard;
mod commands;
mod config;
pub mod figures;
mod frame;
mod glyph;
mod input;
mod last_words;
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
use commands::Exit;

/// The whole program: reads the command line, does what it says, tells how it went.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The same with the command line given, its first word the program's name.
pub fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    last_words::quiet_panics();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match cli::Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        // Help and version are no mistakes.
        Err(asked) if !asked.use_stderr() => {
            drop(asked.print());
            return ExitCode::SUCCESS;
        }
        Err(wrong) => return misused(&wrong, &arguments),
    };
    if cli.screen.print_keys || cli.screen.print_config {
        let text = if cli.screen.print_keys { commands::keys() } else { config::SAMPLE.to_owned() };
        return commands::say(&text);
    }
    let file = match config::read(&cli.screen) {
        Ok(file) => file,
        Err(unusable) => {
            return commands::fail(Exit::Usage, &unusable.to_string(), cli.json);
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
    let socket = config::socket(cli.socket, &file);
    match cli.command {
        Some(command) => runtime.block_on(commands::run(command, &socket, cli.json)),
        None => runtime.block_on(screen(Options::new(socket, &cli.screen, &file), cli.json)),
    }
}

/// A command line that makes no sense, told in the form that was asked for.
fn misused(wrong: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let ours = arguments.iter().take_while(|argument| *argument != "--");
    if ours.into_iter().any(|argument| argument == "--json") {
        let text = wrong.render().to_string();
        let said = text.split("\n\nUsage:").next().unwrap_or_default();
        let said: Vec<&str> = said.split_whitespace().collect();
        let said = said.join(" ");
        let said = said.strip_prefix("error: ").unwrap_or(&said);
        return commands::fail(Exit::Usage, said, true);
    }
    drop(wrong.print());
    ExitCode::from(Exit::Usage.code())
}

/// Exit code 2 where no screen can be shown: another command was meant.
async fn screen(options: Options, json: bool) -> ExitCode {
    let shows = std::io::IsTerminal::is_terminal(&std::io::stdout())
        && std::io::IsTerminal::is_terminal(&std::io::stdin())
        && !config::is_dumb();
    if json || !shows {
        let why = "no screen can be shown here; try: muster status";
        return commands::fail(Exit::Usage, why, json);
    }
    match run_terminal(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
