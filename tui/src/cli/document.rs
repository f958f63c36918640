//! docs/commands.md, written from the definitions: every command with its JSON, and the exit codes.

use clap::{Command, CommandFactory};

use super::Cli;
use crate::commands::Exit;

/// The whole document.
pub(crate) fn document() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| code | `kind` | it means |\n|---|---|---|\n");
    for exit in Exit::ALL {
        line(&mut text, format_args!("| {} | `{}` | {} |", exit.code(), exit.word(), exit.words()));
    }
    text.push_str(JSON);
    text.push_str("| command | key | what it holds |\n|---|---|---|\n");
    for (command, key, what) in OUTPUTS {
        line(&mut text, format_args!("| `muster {command}` | `{key}` | {what} |"));
    }
    text.push_str("\n## Commands\n");
    let mut root = Cli::command();
    root.build();
    each_leaf(&root, &mut |path, command| describe(&mut text, path, command));
    text
}

/// Calls for every command that does something, with the words that lead to it.
pub(super) fn each_leaf(root: &Command, then: &mut dyn FnMut(&str, &Command)) {
    fn walk(path: &str, command: &Command, then: &mut dyn FnMut(&str, &Command)) {
        let mut below = command.get_subcommands().filter(|sub| sub.get_name() != "help").peekable();
        if below.peek().is_none() {
            then(path, command);
        }
        for sub in below {
            let path = format!("{path} {}", sub.get_name());
            walk(path.trim_start(), sub, then);
        }
    }
    walk("", root, then);
}

fn describe(text: &mut String, path: &str, command: &Command) {
    line(text, format_args!("\n### muster {path}\n"));
    let about = command.get_long_about().or_else(|| command.get_about());
    line(text, format_args!("{}\n", about.map(ToString::to_string).unwrap_or_default()));
    let arguments = command.get_arguments().filter(|argument| {
        !argument.is_hide_set() && !SHARED.contains(&argument.get_id().as_str())
    });
    let mut listed = false;
    for argument in arguments {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .map(|value| value.get_name().to_owned())
            .collect();
        let takes = argument.get_action().takes_values();
        let values = if takes && !values.is_empty() {
            format!(" One of {}.", values.join(", "))
        } else {
            String::new()
        };
        line(text, format_args!("- `{argument}` {help}{values}"));
        listed = true;
    }
    if listed {
        text.push('\n');
    }
    text.push_str("```\n");
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for example in examples.lines().filter_map(|line| line.strip_prefix("  ")) {
        line(text, format_args!("{example}"));
    }
    text.push_str("```\n");
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.push_str(&words.to_string());
    text.push('\n');
}

/// Options every command has.
const SHARED: [&str; 3] = ["socket", "json", "help"];

/// What each command writes with `--json`: the key beside `schema_version`, and what is under it.
pub(super) const OUTPUTS: &[(&str, &str, &str)] = &[
    ("status", "status", "the daemon at a glance"),
    ("house", "house", "the store's size, the vault's slots, the last backup"),
    (
        "muster",
        "muster",
        "the board: `run`, `counts`, and under `rows` each account with its `gates`",
    ),
    ("egress", "egress", "the ways out, each with its `state`"),
    ("test", "accounts", "the tested accounts, each with its `last_check`"),
    ("journal", "entry", "one entry an object, oldest first"),
    ("account list", "accounts", "every account"),
    ("account show", "account", "one account"),
    ("account connect", "check", "the check: once with the login link at Zerodha, once at the end"),
    ("account test", "accounts", "the tested accounts, each with its `last_check`"),
    ("account auto", "done", "what was done, in words"),
    ("account label", "labels", "the account's labels"),
    ("account activate", "done", "what was done, in words"),
    ("account deactivate", "done", "what was done, in words"),
    (
        "account login",
        "check",
        "the check: once with the login link, once at the end; with `--all` the links, under `logins`",
    ),
    ("account egress", "done", "what was done, in words"),
    ("account redirect", "done", "what was done, in words"),
    ("account abandon", "done", "what was done, in words"),
    ("account remove", "done", "what was done, in words"),
    ("plan list", "plans", "every plan"),
    ("plan show", "plan", "the plan"),
    ("plan get", "plan", "what was written down"),
    ("plan check", "check", "`good`, `findings`, and whether a `daemon` took part"),
    ("plan diff", "diff", "the lines that go and come"),
    ("plan put", "plan", "the plan"),
    ("plan arm", "plan", "the plan"),
    ("plan disarm", "plan", "the plan"),
    ("plan remove", "done", "what was done, in words"),
    ("calendar show", "calendar", "the calendar"),
    ("calendar add", "calendar", "the calendar"),
    ("calendar remove", "calendar", "the calendar"),
    ("calendar freeze", "calendar", "the calendar"),
    ("calendar until", "calendar", "the calendar"),
    ("run list", "runs", "the runs of the last days, without their orders"),
    ("run show", "run", "`run`, and its orders under `intents`"),
    (
        "run now",
        "run",
        "the run it will be, how it is armed, for how many accounts, and until when",
    ),
    ("run resolve", "resolved", "the order's name"),
    ("halt", "halted", "what is halted"),
    ("resume", "resumed", "what goes on"),
    ("instrument search", "instrument", "one line an instrument, the nearest first"),
    ("report", "report", "the day: its runs with their tallies, halts, and the audit's head"),
    ("wait daemon", "status", "the daemon at a glance"),
    ("wait unsealed", "status", "the daemon at a glance"),
    ("wait fit", "accounts", "the accounts waited for"),
    ("wait closed", "run", "the run"),
    (
        "doctor",
        "doctor",
        "`verdict`, and `findings`, each with `verdict`, `about`, `says` and `do`",
    ),
    ("backup", "backup", "`file` and `bytes`"),
    ("release", "done", "what was done, in words"),
    ("vault slots", "slots", "the ways to open it"),
    ("vault unseal", "done", "what was done, in words"),
    ("vault seal", "done", "what was done, in words"),
    ("vault add", "done", "what was done, in words"),
    ("vault remove", "done", "what was done, in words"),
    ("vault change", "done", "what was done, in words"),
    ("vault upgrade", "done", "what was done, in words"),
    ("vault rotate", "done", "what was done, in words"),
    ("vault reencrypt", "done", "what was done, in words"),
    ("vault purge", "purge", "`before` and `after` in bytes, whether the old file was overwritten"),
    ("audit verify", "audit", "`head`, and `kept`: the number of the entry whose hash was given"),
    ("audit list", "entry", "one line an entry, with its `number` and `hash`"),
];

/// Commands that write a text of their own, with and without `--json`.
#[cfg(test)]
pub(super) const TEXTS: [&str; 3] = ["completions", "man", "document"];

const HEAD: &str = "\
# Commands

Written by `muster document` from the definitions of the command line; a test compares it. The same definitions
are `muster COMMAND --help`, the manual pages (`muster man FOLDER`) and the completions (`muster completions SHELL`).

Every command takes `--socket PATH` and `--json`. The socket is the one given, else the variable `MUSTER_SOCKET`,
else the configuration file's, else `/run/musterd/musterd.sock` if it is there, else `muster/musterd.sock` in
`XDG_RUNTIME_DIR`. Secrets are read from standard input or typed without echo, never from arguments or the environment.

An account is named by its number, by its user, or by user/broker. Times are those of the exchange.

## Exit codes

";

const JSON: &str = "
A reader that has seen enough and closes the pipe, such as `head`, ends a command with 0.

## JSON

With `--json` standard output holds one object a line: `schema_version`, which is 1, and the answer under its key.
Instants are RFC 3339 with milliseconds and the exchange's offset, dates are `2026-11-23`, prices are paise, lists are
never null. Names do not change within a schema version; new ones may be added. An error is one object on standard
error, and nothing else is written there:

```json
{\"schema_version\":1,\"error\":{\"kind\":\"refused\",\"exit\":4,\"code\":\"forbidden\",\"message\":\"uid 1001 may not use halt\"}}
```

`kind` and `exit` are those above. `code` is there when the daemon refused: `invalid_request`, `unknown_method`,
`invalid_params`, `internal`, `forbidden`, `not_found`, `conflict`, `busy` or `sealed`.

What is under a key is what crosses the socket; `tests/golden` has a line of each.

";
