//! What the documents say is tested has a test of that name, and every invariant of the vault has one.

use std::collections::BTreeSet;

use crate::tree::{File, Finding};

/// Names of tests that begin with the number of an invariant.
fn tests(files: &[File]) -> BTreeSet<String> {
    let rust = files.iter().filter(|file| file.is_rust());
    let lines = rust.flat_map(|file| file.text.lines());
    let names = lines.filter_map(|line| line.split_once("fn i")?.1.split_once('('));
    names.map(|(name, _)| format!("i{name}")).filter(|name| is_invariants(name)).collect()
}

fn is_invariants(name: &str) -> bool {
    let number = name.strip_prefix('i').and_then(|rest| rest.split_once('_'));
    number
        .is_some_and(|(number, _)| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

/// A document names a test that is not there.
fn missing(files: &[File]) -> Vec<Finding> {
    let tests = tests(files);
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.has_extension("md")) {
        for (line, text) in (1..).zip(file.text.lines()) {
            // A prefix in backticks stands for all that begin with it.
            let named = text.split('`').filter(|word| is_invariants(word));
            let gone = named.filter(|name| {
                !(tests.contains(*name)
                    || name.ends_with('_') && tests.iter().any(|test| test.starts_with(*name)))
            });
            findings.extend(gone.map(|name| file.finding(line, format!("no test `{name}`"))));
        }
    }
    findings
}

/// An invariant of the store and its secrets that no test is named after, or that the document leaves out.
fn untested(files: &[File]) -> Vec<Finding> {
    let tests = tests(files);
    let document = files.iter().find(|file| file.path == DOCUMENT);
    let text = document.map_or("", |file| file.text.as_str());
    let mut findings = Vec::new();
    for number in 11..=20 {
        let prefix = format!("i{number}_");
        if !tests.iter().any(|test| test.starts_with(&prefix)) {
            findings.push(Finding::of("daemon", format!("no test of I{number}")));
        }
        if !text.contains(&format!("`{prefix}")) {
            findings.push(Finding::of(DOCUMENT, format!("say what holds I{number}")));
        }
    }
    findings
}

const DOCUMENT: &str = "docs/security.md";

#[cfg(test)]
mod checks {
    use super::*;
    use crate::tree::{expect_none, files};

    #[test]
    fn a_test_that_a_document_names_is_there() {
        let test = File::new("a.rs", "    fn i15_no_bit() {\n");
        let good = File::new("a.md", "`i15_no_bit` and `i15_`, `ignored_x`\n");
        assert_eq!(missing(&[test, good]).len(), 0);
        let test = File::new("a.rs", "    fn i15_no_bit() {\n");
        let bad = File::new("a.md", "`i15_no_bits` and `i16_`\n");
        assert_eq!(missing(&[test, bad]).len(), 2);
        expect_none(&missing(&files()));
    }

    #[test]
    fn every_invariant_of_the_vault_has_a_test_and_is_in_the_document() {
        assert_eq!(untested(&[]).len(), 20);
        expect_none(&untested(&files()));
    }
}
