//! What holds for every command: words, examples that can be typed, and the document.

use clap::{Command as Definition, CommandFactory};

use super::document::{OUTPUTS, TEXTS, each_leaf};
use super::journal::{When, span};
use super::*;

#[test]
fn the_definitions_hold_together() {
    Cli::command().debug_assert();
}

#[test]
fn filters_and_flags_are_read() {
    let cli = Cli::try_parse_from(["muster", "journal", "-f", "broker:angel", "--json"]).unwrap();
    assert!(cli.json && matches!(cli.command, Some(Command::Journal(args)) if args.follow));
    assert!(Cli::try_parse_from(["muster", "test"]).is_err());
    assert!(Cli::try_parse_from(["muster", "test", "asha.k", "--all"]).is_err());
    let cli = Cli::try_parse_from(["muster", "wait", "fit", "--timeout", "90s"]).unwrap();
    let Some(Command::Wait(wait)) = cli.command else { panic!("{:?}", cli.command) };
    assert_eq!(wait.timeout.map(|timeout| timeout.as_secs()), Some(90));
    assert!(Cli::try_parse_from(["muster", "wait"]).is_err());
}

/// A definition with all that is built into it.
fn built() -> Definition {
    let mut root = Cli::command();
    root.build();
    root
}

/// The arguments of an example, as a shell hands them over.
fn arguments(example: &str) -> Vec<String> {
    let words =
        example.split_whitespace().take_while(|word| !matches!(*word, "<" | ">" | "|" | "||"));
    words.map(|word| word.trim_matches('\'').to_owned()).collect()
}

#[test]
fn every_command_says_what_it_does_and_shows_how() {
    each_leaf(&built(), &mut |path, command| {
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
            let words = arguments(example);
            assert!(example.starts_with(&format!("muster {path}")), "{example:?} shows {path}");
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{example:?} cannot be typed: {error}");
            }
        }
    });
}

#[test]
fn every_command_says_what_its_json_is() {
    let mut leaves = Vec::new();
    each_leaf(&built(), &mut |path, _| leaves.push(path.to_owned()));
    for path in &leaves {
        let times = OUTPUTS.iter().filter(|(command, ..)| command == path).count();
        let expected = usize::from(!TEXTS.contains(&path.as_str()));
        assert_eq!(times, expected, "{path} in OUTPUTS of tui/src/cli/document.rs");
    }
    for (command, ..) in OUTPUTS {
        assert!(leaves.iter().any(|path| path == command), "there is no {command}");
    }
}

#[test]
fn the_document_is_that_of_these_definitions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == document(),
        "docs/commands.md is not that of these commands; write it anew:\n  \
         cargo run -q --bin muster -- document > docs/commands.md"
    );
}

#[test]
fn a_moment_is_written_as_people_write_it() {
    let now: muster_protocol::time::Timestamp = "2026-11-23T15:10:00+05:30".parse().unwrap();
    for (text, expected) in [
        ("15:05", "2026-11-23T15:05:00.000+05:30"),
        ("2h", "2026-11-23T13:10:00.000+05:30"),
        ("today", "2026-11-23T00:00:00.000+05:30"),
        ("yesterday", "2026-11-22T00:00:00.000+05:30"),
        ("2026-11-20", "2026-11-20T00:00:00.000+05:30"),
        ("2026-11-20T09:40:00Z", "2026-11-20T15:10:00.000+05:30"),
    ] {
        let when: When = text.parse().unwrap();
        assert_eq!(when.instant(now).to_string(), expected, "{text}");
    }
    for bad in ["", "h", "-2h", "2 h", "15:99", "tomorrow", "999999999999999999d"] {
        assert!(bad.parse::<When>().is_err(), "{bad:?}");
    }
    assert_eq!((span("90s"), span("1d"), span("1")), (Some(90_000), Some(86_400_000), None));
}
