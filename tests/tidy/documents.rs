//! The sandbox's document names everything the sandbox can be told.

use crate::lexer::{self, Token};
use crate::tree::{File, Finding};

/// Words of the source that the document lacks.
fn undocumented(files: &[File]) -> Vec<Finding> {
    let text = |path: &str| files.iter().find(|file| file.path == path);
    let document = text(DOCUMENT).map_or("", |file| file.text.as_str());
    let mut findings = Vec::new();
    for (path, item) in SOURCES {
        let Some(file) = text(path) else { continue };
        let words = if *item == "Arguments" { options(file) } else { members(file, item) };
        if words.is_empty() {
            findings.push(file.finding(0, format!("`{item}` was not found; mend this check")));
        }
        let missing = words.iter().filter(|word| !document.contains(&format!("`{word}")));
        findings
            .extend(missing.map(|word| file.finding(0, format!("tell of `{word}` in {DOCUMENT}"))));
    }
    findings
}

/// Variants in snake case, or fields, of one enum or struct without generics.
fn members(file: &File, item: &str) -> Vec<String> {
    let tokens = lexer::tokens(&file.split().code);
    let is_item =
        |two: &[Token]| matches!(two[0].text.as_str(), "enum" | "struct") && two[1].text == item;
    let Some(at) = tokens.windows(2).position(is_item) else { return Vec::new() };
    let body = tokens[at + 3..].iter().take_while(|token| token.text != "}");
    let body: Vec<&str> = body.map(|token| token.text.as_str()).collect();
    let names = body.windows(2).filter(|two| matches!(two[1], "," | ":") && !is_type(two[0]));
    names.map(|two| snake_case(two[0])).collect()
}

/// The long options of a command line.
fn options(file: &File) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter(|two| two[0].starts_with("#[arg(long"));
    let option = |two: &[&str]| match two[0].strip_prefix("#[arg(long = \"") {
        Some(rest) => format!("--{}", rest.split('"').next().unwrap_or_default()),
        None => format!("--{}", two[1].split(':').next().unwrap_or_default().replace('_', "-")),
    };
    pairs.map(option).collect()
}

/// The word after a colon, which is no member.
fn is_type(word: &str) -> bool {
    TYPES.contains(&word) || !word.chars().all(lexer::is_word)
}

fn snake_case(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.extend(c.to_lowercase());
    }
    words
}

const DOCUMENT: &str = "docs/sandbox.md";
const SOURCES: &[(&str, &str)] = &[
    ("tests/src/bin/muster-sandbox.rs", "Arguments"),
    ("tests/src/sandbox/fault/mod.rs", "FaultKind"),
    ("tests/src/sandbox/fault/mod.rs", "Fault"),
    ("tests/src/sandbox/net/route.rs", "Operation"),
    ("tests/src/sandbox/rules.rs", "Rules"),
    ("tests/src/sandbox/rules.rs", "LimitFills"),
    ("tests/src/sandbox/rules.rs", "RateLimits"),
    ("tests/src/sandbox/rules.rs", "CancelChecks"),
    ("tests/src/sandbox/rules.rs", "ExpiredToken"),
    ("tests/src/sandbox/rules.rs", "MarketHours"),
    ("tests/src/sandbox/rules.rs", "BookOrder"),
    ("tests/src/sandbox/rules.rs", "AngelMarket"),
    ("tests/src/sandbox/rules.rs", "ConsentPage"),
    ("tests/src/sandbox/people/account.rs", "Plan"),
    ("tests/src/sandbox/people/account.rs", "AccountFields"),
];
/// Types of the fields above; a name that is none of them is a member.
const TYPES: [&str; 13] = [
    "u32",
    "u64",
    "bool",
    "Broker",
    "FaultKind",
    "LimitFills",
    "RateLimits",
    "CancelChecks",
    "ExpiredToken",
    "MarketHours",
    "BookOrder",
    "AngelMarket",
    "ConsentPage",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{expect_none, files};

    #[test]
    fn members_and_options_are_read() {
        let text = "/// A.\npub enum A { /// B.\n OneWord, Two, }\nstruct C { d_e: u32, pub f: Option<u8>, }";
        assert_eq!(members(&File::new("a.rs", text), "A"), ["one_word", "two"]);
        assert_eq!(members(&File::new("a.rs", text), "C"), ["d_e", "f"]);
        let text = "#[arg(long, default_value_t = 2)]\n    some_count: u8,\n#[arg(long = \"ip\")]\nips: X,";
        assert_eq!(options(&File::new("a.rs", text)), ["--some-count", "--ip"]);
    }

    #[test]
    fn everything_the_sandbox_can_be_told_is_documented() {
        let (path, item) = SOURCES[1];
        let source = File::new(path, &format!("enum {item} {{ Drop, Hang, }}"));
        let document = File::new(DOCUMENT, "| `drop` | closes |\n");
        assert_eq!(undocumented(&[source, document]).len(), 2, "one kind, and one struct gone");
        expect_none(&undocumented(&files()));
    }
}
