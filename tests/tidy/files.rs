//! What every file by itself has to keep.

use crate::lexer;
use crate::tree::{File, Finding};

/// A file opens with what it is.
fn without_heading(files: &[File]) -> Vec<Finding> {
    let bare = files.iter().filter(|file| file.is_rust() && !file.text.starts_with("//! "));
    bare.map(|file| file.finding(1, "begin with `//!`: what it is, what it does not know"))
        .collect()
}

/// A file has one subject.
fn too_long(files: &[File]) -> Vec<Finding> {
    let long = files.iter().filter(|file| file.is_rust());
    let long = long.map(|file| (file, file.text.lines().count())).filter(|(_, n)| *n > MOST_LINES);
    let advice = |n| format!("{n} lines; split it by noun, tests to a file of their own first");
    long.map(|(file, lines)| file.finding(0, advice(lines))).collect()
}

/// Words of code that stand for a test or a body that is not there.
fn banned_words(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let tokens = lexer::tokens(&file.split().code);
        for (at, token) in tokens.iter().enumerate() {
            let follows = |back: usize| at.checked_sub(back).map(|i| tokens[i].text.as_str());
            let next = tokens.get(at + 1).map(|token| token.text.as_str());
            let advice = match token.text.as_str() {
                "ignore" if follows(1) == Some("[") && follows(2) == Some("#") => {
                    "a test runs or is removed"
                }
                "should_panic" => "assert the error, so that another panic does not pass",
                "todo" | "unimplemented" if next == Some("!") => "write it or leave it out",
                _ => continue,
            };
            findings.push(file.finding(token.line, format!("`{}`: {advice}", token.text)));
        }
    }
    findings
}

/// A test that sleeps is slow on a quick machine and fails on a slow one.
fn sleeping_tests(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let allowed = |path: &str| MAY_SLEEP.iter().any(|start| path.starts_with(start));
    for file in files.iter().filter(|f| f.is_rust() && f.is_test() && !allowed(&f.path)) {
        let tokens = lexer::tokens(&file.split().code);
        for three in tokens.windows(3) {
            let [from, colons, sleep] = three else { continue };
            let sleeps = matches!(from.text.as_str(), "thread" | "time") && sleep.text == "sleep";
            if sleeps && colons.text == "::" {
                findings.push(file.finding(
                    sleep.line,
                    "wait for the condition with `eventually`, for its absence with `timeout`",
                ));
            }
        }
    }
    findings
}

/// What is left to do is an issue, and the mark names it.
fn marks_without_issue(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| !file.has_extension("lock")) {
        let text = if file.is_rust() { file.split().comments } else { file.text.clone() };
        for (line, text) in (1..).zip(text.lines()) {
            for mark in MARKS {
                let rest = text.split(mark).skip(1);
                let bare = rest.filter(|rest| !rest.starts_with("(#"));
                let advice = || format!("name the issue: `{mark}(#12)`, or do it now");
                findings.extend(bare.map(|_| file.finding(line, advice())));
            }
        }
    }
    findings
}

fn loose_ends(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A snapshot of a screen keeps the blanks at the end of its lines.
    for file in files.iter().filter(|file| !file.has_extension("snap")) {
        for (line, text) in (1..).zip(file.text.split('\n')) {
            if text.ends_with([' ', '\t', '\r']) {
                findings.push(file.finding(line, "remove the blanks at the end of the line"));
            }
        }
        if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
            findings.push(file.finding(0, "end with one newline"));
        }
    }
    findings
}

/// What is true of one machine only does not belong in a file for all.
fn traces_of_a_machine(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (line, text) in (1..).zip(file.text.lines()) {
            let is_source = file.has_extension("lock") && text.starts_with("source = ");
            for parts in TRACES.iter().filter(|_| !is_source) {
                let trace = parts.concat();
                if text.contains(&trace) {
                    findings.push(file.finding(line, format!("`{trace}` is of one machine only")));
                }
            }
        }
    }
    findings
}

const MOST_LINES: usize = 400;
const MARKS: [&str; 2] = ["TODO", "FIXME"];

/// Where waiting is the subject: the sandbox's late replies, the one wait loop, the harness's clock, the
/// moment of a kill,
/// the demo's pace, and the screen a person looks at.
const MAY_SLEEP: [&str; 7] = [
    "tests/src/crash/",
    "tests/src/sandbox/net/",
    "tests/src/harness/eventually",
    "tests/src/harness/clock",
    "tests/src/demo",
    "tests/src/bin/muster-demo",
    "tui/src/tests/by_hand",
];

/// In two parts each, so that this list does not find itself.
const TRACES: [[&str; 2]; 9] = [
    ["/wor", "k/"],
    ["/roo", "t/"],
    ["/hom", "e/"],
    ["../sha", "red"],
    ["index.crates", ".io"],
    ["static.crates", ".io"],
    ["pypi", ".org"],
    ["registry.npm", "js"],
    ["artifact", "ory"],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{expect_none, files};

    fn counts(check: fn(&[File]) -> Vec<Finding>, path: &str, text: &str) -> usize {
        check(&[File::new(path, text)]).len()
    }

    #[test]
    fn every_file_says_what_it_is() {
        assert_eq!(counts(without_heading, "a.rs", "use std::fmt;\n"), 1);
        assert_eq!(counts(without_heading, "a.rs", "//! A.\n"), 0);
        expect_none(&without_heading(&files()));
    }

    #[test]
    fn no_file_is_longer_than_a_person_reads() {
        assert_eq!(counts(too_long, "a.rs", &"x\n".repeat(401)), 1);
        assert_eq!(counts(too_long, "a.rs", &"x\n".repeat(400)), 0);
        expect_none(&too_long(&files()));
    }

    #[test]
    fn every_test_runs_and_every_body_is_written() {
        for bad in ["#[ignore]", "#[ignore = \"slow\"]", "#[should_panic]", "todo!()"] {
            assert_eq!(counts(banned_words, "a.rs", bad), 1, "{bad}");
        }
        assert_eq!(counts(banned_words, "a.rs", "// todo!() and \"#[ignore]\""), 0);
        expect_none(&banned_words(&files()));
    }

    #[test]
    fn no_test_sleeps() {
        let bad = "std::thread::sleep(d); tokio::time::sleep(d).await;";
        assert_eq!(counts(sleeping_tests, "tests/e2e/a.rs", bad), 2);
        assert_eq!(counts(sleeping_tests, "daemon/src/store/tests.rs", bad), 2);
        assert_eq!(counts(sleeping_tests, "tests/src/harness/eventually.rs", bad), 0);
        assert_eq!(counts(sleeping_tests, "daemon/src/clock.rs", bad), 0);
        expect_none(&sleeping_tests(&files()));
    }

    #[test]
    fn what_is_left_to_do_is_an_issue() {
        let mark = MARKS[0];
        assert_eq!(counts(marks_without_issue, "a.rs", &format!("// {mark}: x\n")), 1);
        assert_eq!(counts(marks_without_issue, "a.sh", &format!("# {mark}\n")), 1);
        assert_eq!(counts(marks_without_issue, "a.rs", &format!("// {mark}(#7): x\n")), 0);
        expect_none(&marks_without_issue(&files()));
    }

    #[test]
    fn lines_and_files_end_clean() {
        for bad in ["a \n", "a\t\n", "a\r\n", "a", "a\n\n"] {
            assert_eq!(counts(loose_ends, "a.md", bad), 1, "{bad:?}");
        }
        assert_eq!(counts(loose_ends, "a.md", "a\n\nb\n"), 0);
        expect_none(&loose_ends(&files()));
    }

    #[test]
    fn no_file_knows_the_machine_it_was_written_on() {
        for parts in TRACES {
            assert_eq!(counts(traces_of_a_machine, "a.md", &parts.concat()), 1, "{parts:?}");
        }
        let source = format!("source = \"https://{}\"\n", TRACES[4].concat());
        assert_eq!(counts(traces_of_a_machine, "Cargo.lock", &source), 0);
        expect_none(&traces_of_a_machine(&files()));
    }
}
