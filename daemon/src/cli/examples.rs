//! What is typed, for each command of musterd: shown by `--help` and on the manual pages. A test reads
//! every line. And the shells' completions.

use clap_complete::shells;

pub(super) const ALL: &str = "Examples:\n  musterd init\n  musterd check-config\n  musterd run\n\n\
    Once it runs, everything else is asked for with `muster`.";
pub(super) const INIT: &str = "Examples:\n  \
    musterd init\n  \
    musterd --config /etc/musterd/musterd.toml init --passphrase-fd 3 3< passphrase.txt";
pub(super) const RUN: &str = "Examples:\n  \
    musterd run\n  \
    musterd run --sealed\n  \
    musterd run --passphrase-fd 3 3< passphrase.txt";
pub(super) const NEW_KEY: &str = "Examples:\n  musterd new-key\n  musterd new-key > key.txt";
pub(super) const VERIFY: &str =
    "Examples:\n  musterd verify\n  musterd verify /var/lib/musterd/backup-monday.redb";
pub(super) const RESTORE: &str = "Examples:\n  musterd restore /var/lib/musterd/backup-monday.redb";
pub(super) const EXPORT: &str = "Examples:\n  \
    musterd export-sealed --out sealed.json\n  \
    musterd export-sealed --store backup-monday.redb --out sealed.json";
pub(super) const PURGE: &str = "Examples:\n  musterd purge";
pub(super) const CHECK: &str =
    "Examples:\n  musterd check-config\n  musterd --config new.toml check-config";
pub(super) const MAN: &str = "Examples:\n  musterd man /usr/local/share/man/man1";
pub(super) const COMPLETIONS: &str = "Examples:\n  \
    musterd completions bash > /etc/bash_completion.d/musterd\n  \
    musterd completions zsh > /usr/local/share/zsh/site-functions/_musterd\n  \
    musterd completions fish > ~/.config/fish/completions/musterd.fish";
pub(super) const AUDIT_VERIFY: &str = "Examples:\n  \
    musterd audit verify\n  \
    musterd audit verify --head 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
pub(super) const AUDIT_LIST: &str = "Examples:\n  musterd audit list";
pub(super) const SLOT_LIST: &str = "Examples:\n  musterd slot list";
pub(super) const SLOT_ADD: &str =
    "Examples:\n  musterd slot add recovery\n  musterd slot add key --new-fd 3 3< key.txt";
pub(super) const SLOT_REMOVE: &str = "Examples:\n  musterd slot remove 1";
pub(super) const SLOT_CHANGE: &str =
    "Examples:\n  musterd slot change\n  musterd slot change --new-fd 3 3< new.txt";
pub(super) const SLOT_UPGRADE: &str = "Examples:\n  musterd slot upgrade";
pub(super) const SLOT_ROTATE: &str = "Examples:\n  musterd slot rotate";

/// A shell with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Shell {
    /// Bash.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

/// A shell's completions of these definitions.
pub(super) fn completions(shell: Shell, definitions: &mut clap::Command) -> String {
    let mut script = Vec::new();
    let name = "musterd";
    match shell {
        Shell::Bash => clap_complete::generate(shells::Bash, definitions, name, &mut script),
        Shell::Zsh => clap_complete::generate(shells::Zsh, definitions, name, &mut script),
        Shell::Fish => clap_complete::generate(shells::Fish, definitions, name, &mut script),
    }
    String::from_utf8_lossy(&script).into_owned()
}
