//! `muster backup`, `muster completions`, `muster man`.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::shells;
use muster_protocol::request::Backup;

use super::{CommandError, Daemon, print, print::Printer};
use crate::cli::{Cli, Shell};

/// A copy of the store, made by the daemon.
pub(super) async fn backup(
    daemon: &Daemon,
    file: &Path,
    printer: Printer,
) -> Result<(), CommandError> {
    let file = std::path::absolute(file).map_err(|error| CommandError::io("the path", error))?;
    let file = file.to_string_lossy().into_owned();
    let made = daemon.client.call(Backup { file }).await?;
    if printer.is_json() {
        return print::json("backup", &made);
    }
    print::line(format!("{}: {} bytes", made.file, made.bytes))
}

/// The manual pages, one for each command.
pub(super) fn man(folder: &Path) -> Result<(), CommandError> {
    clap_mangen::generate_to(Cli::command(), folder)
        .map_err(|source| CommandError::io(folder.display().to_string(), source))
}

/// A shell's completions.
pub(super) fn completions(shell: Shell) -> Result<(), CommandError> {
    print::text(&completion_script(shell))
}

pub(super) fn completion_script(shell: Shell) -> String {
    let (mut cli, mut script) = (Cli::command(), Vec::new());
    match shell {
        Shell::Bash => clap_complete::generate(shells::Bash, &mut cli, "muster", &mut script),
        Shell::Zsh => clap_complete::generate(shells::Zsh, &mut cli, "muster", &mut script),
        Shell::Fish => clap_complete::generate(shells::Fish, &mut cli, "muster", &mut script),
    }
    String::from_utf8_lossy(&script).into_owned()
}
