//! The words of `muster doctor`, `muster backup` and `muster completions`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const DOCTOR_EXAMPLES: &str = "Examples:\n  muster doctor\n  muster doctor --json\n  muster doctor --config /etc/musterd/musterd.toml";
pub(super) const BACKUP_EXAMPLES: &str =
    "Examples:\n  muster backup /var/lib/musterd/backup-monday.redb";
pub(super) const COMPLETIONS_EXAMPLES: &str = "Examples:\n  \
    muster completions bash > /etc/bash_completion.d/muster\n  \
    muster completions zsh > /usr/local/share/zsh/site-functions/_muster\n  \
    muster completions fish > ~/.config/fish/completions/muster.fish";

/// What the doctor cannot see through the socket.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The daemon's configuration, which says where the store lies.
    #[arg(long, value_name = "FILE", default_value = "/etc/musterd/musterd.toml")]
    pub(crate) config: PathBuf,
    /// How many days old the newest backup may be.
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=3_650))]
    pub(crate) backup_days: u16,
}

/// A shell with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// Bash.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}
