//! Who may know whom, read from the sources themselves.

use std::path::{Path, PathBuf};

fn sources(under: &str) -> Vec<(PathBuf, String)> {
    fn walk(path: &Path, into: &mut Vec<(PathBuf, String)>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), into);
            }
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            into.push((path.to_owned(), std::fs::read_to_string(path).unwrap()));
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root.join(under), &mut found);
    let file = root.join(format!("{under}.rs"));
    if file.is_file() {
        walk(&file, &mut found);
    }
    assert!(!found.is_empty(), "{under}");
    found
}

fn refuse(under: &str, words: &[&str]) {
    for (path, text) in sources(under) {
        for word in words {
            assert!(!text.contains(word), "{} knows {word}", path.display());
        }
    }
}

#[test]
fn the_pure_half_knows_no_terminal_no_socket_and_no_clock() {
    let outside = [
        "crossterm",
        "ratatui",
        "tokio",
        "std::fs",
        "std::env",
        "Instant",
        "crate::view",
        "crate::link",
        "crate::runtime",
        "crate::secrets",
    ];
    refuse("app", &outside);
}

#[test]
fn the_view_sends_nothing_and_names_no_colour() {
    refuse(
        "view",
        &["crate::link", "crate::runtime", "crate::secrets", "tokio", "Color::", "RgbColor"],
    );
}

#[test]
fn the_link_knows_no_screen() {
    refuse("link", &["ratatui", "crossterm", "crate::view", "crate::runtime"]);
}

#[test]
fn no_file_is_longer_than_400_lines() {
    for (path, text) in sources("") {
        assert!(text.lines().count() <= 400, "{}", path.display());
        assert!(text.starts_with("//!"), "{}", path.display());
    }
}
