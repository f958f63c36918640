//! The files of the workspace, and what a check says about one.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use crate::lexer::{self, Split};

/// A text file by its path from the root.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A broken rule: where, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
    advice: String,
}

impl File {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        has_extension(&self.path, extension)
    }

    /// Whether only tests see it.
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }

    /// Code and comments apart.
    pub(crate) fn split(&self) -> Split {
        lexer::split(&self.text)
    }

    pub(crate) fn finding(&self, line: usize, advice: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, advice: advice.into() }
    }
}

impl Finding {
    pub(crate) fn of(path: &str, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: 0, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.advice),
            line => write!(f, "{}:{line}: {}", self.path, self.advice),
        }
    }
}

/// Fails with one line a finding.
pub(crate) fn expect_none(findings: &[Finding]) {
    let mut text = String::new();
    for finding in findings {
        writeln!(text, "{finding}").expect("a string takes everything");
    }
    assert!(findings.is_empty(), "{} to mend:\n{text}", findings.len());
}

/// Where the workspace begins. Asked when the test runs: two work trees may share what is built.
pub(crate) fn root() -> PathBuf {
    let tests = std::env::var_os("CARGO_MANIFEST_DIR");
    let tests = tests.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    tests.parent().expect("the tests are a member of a workspace").to_owned()
}

/// Every text file, in the order of their paths; what is built or fetched is not looked at.
pub(crate) fn files() -> Vec<File> {
    let mut files = Vec::new();
    let root = root();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap_or_else(|error| panic!("{folder:?}: {error}")) {
            let path = entry.expect("a folder that can be listed").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !BUILT.contains(&name) {
                folders.push(path);
            } else if path.is_file() && name != GIT {
                files.extend(read(&root, &path));
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// `None` for what is not UTF-8.
fn read(root: &Path, path: &Path) -> Option<File> {
    let text = std::fs::read_to_string(path).ok()?;
    let below = path.strip_prefix(root).expect("the walk began at the root");
    Some(File { path: below.to_str()?.to_owned(), text })
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

const GIT: &str = ".git";
const BUILT: [&str; 4] = [GIT, "target", "__pycache__", ".venv"];
