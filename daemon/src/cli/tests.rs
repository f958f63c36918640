//! What holds for every command of musterd: it says what it does, and its examples can be typed.

use clap::{Command as Definition, CommandFactory, Parser};

use super::examples::{Shell, completions};
use super::*;

fn built() -> Definition {
    let mut root = Cli::command();
    root.build();
    root
}

/// Calls for every command that does something, with the words that lead to it.
fn each_leaf(path: &str, command: &Definition, then: &mut dyn FnMut(&str, &Definition)) {
    if !command.has_subcommands() {
        then(path, command);
    }
    for sub in command.get_subcommands() {
        each_leaf(format!("{path} {}", sub.get_name()).trim_start(), sub, then);
    }
}

#[test]
fn the_definitions_hold_together() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_does_and_shows_how() {
    each_leaf("", &built(), &mut |path, command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(about.len() > 5, "{path} says what it does");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{path}: {} is explained", argument.get_id());
        }
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<&str> =
            after.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        assert!(after.starts_with("Examples:\n") && !examples.is_empty(), "{path} has an example");
        for example in examples {
            assert!(
                example.starts_with("musterd ") && example.contains(path),
                "{example:?}: {path}"
            );
            let ends = |word: &&str| !matches!(*word, "<" | ">" | "3<");
            let words: Vec<&str> = example.split_whitespace().take_while(ends).collect();
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{example:?} cannot be typed: {error}");
            }
        }
    });
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let scripts =
        [Shell::Bash, Shell::Zsh, Shell::Fish].map(|shell| completions(shell, &mut Cli::command()));
    let folder = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(Cli::command(), folder.path()).unwrap();
    each_leaf("", &built(), &mut |path, command| {
        for script in &scripts {
            assert!(script.contains(command.get_name()), "{path} in {script}");
        }
        let page = folder.path().join(format!("musterd-{}.1", path.replace(' ', "-")));
        let page = std::fs::read_to_string(&page).unwrap_or_default();
        assert!(page.contains("Examples:"), "a page for {path}: {page}");
    });
}
