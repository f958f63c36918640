//! What is built in: licences, and how often the same crate.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::tree::{Finding, root};

/// One crate of the lock file that this machine would build.
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
}

/// As the lock file has it, without asking anybody. `cargo tree` and not `cargo metadata`, whose graph
/// holds optional crates that nobody turned on.
fn packages() -> Vec<Package> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--offline", "--locked", "--edges", "normal,build,dev"])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let complaint = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "commit the lock file with its manifests: {complaint}");
    read(&String::from_utf8_lossy(&tree.stdout))
}

/// Lines of `name v1.2.3 (where)|licence (*)`.
fn read(tree: &str) -> Vec<Package> {
    let package = |line: &str| {
        let (package, licence) = line.split_once('|')?;
        let mut words = package.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        let licence = licence.strip_suffix(" (*)").unwrap_or(licence);
        let licence = Some(licence.to_owned()).filter(|licence| !licence.is_empty());
        Some(Package { name: name.to_owned(), version: version.to_owned(), licence })
    };
    tree.lines().filter_map(package).collect()
}

fn strange_licences(packages: &[Package]) -> Vec<Finding> {
    let strange = packages.iter().filter(|package| {
        !package.licence.as_deref().is_some_and(|licence| is_allowed(&licence.replace('/', " OR ")))
    });
    let advice = |package: &Package| {
        let licence = package.licence.as_deref().unwrap_or("no licence");
        format!("{licence}: read it, then allow it in tests/tidy/dependencies.rs and deny.toml")
    };
    strange.map(|package| Finding::of(&package.name, advice(package))).collect()
}

/// An SPDX expression, as far as crates write one: `OR` binds weaker than `AND`.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.trim();
    if let Some((one, other)) = outside_parentheses(expression, " OR ") {
        return is_allowed(one) || is_allowed(other);
    }
    if let Some((one, other)) = outside_parentheses(expression, " AND ") {
        return is_allowed(one) && is_allowed(other);
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_allowed(inner),
        None => LICENCES.contains(&expression),
    }
}

fn outside_parentheses<'e>(expression: &'e str, word: &str) -> Option<(&'e str, &'e str)> {
    let level = |part: &str| part.matches('(').count() == part.matches(')').count();
    let mut places = expression.match_indices(word);
    let (at, _) = places.find(|(at, _)| expression.get(..*at).is_some_and(level))?;
    Some((expression.get(..at)?, expression.get(at + word.len()..)?))
}

/// The same crate in two lines of versions is built twice, and its types do not fit together.
fn doubles(packages: &[Package]) -> Vec<Finding> {
    let mut lines: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in packages {
        lines.entry(&package.name).or_default().insert(line_of(&package.version));
    }
    let double = lines.into_iter().filter(|(name, lines)| lines.len() > 1 && !is_known(name));
    let advice = |lines: BTreeSet<String>| {
        let lines: Vec<_> = lines.into_iter().collect();
        format!("built in versions {}; update whoever holds the old one", lines.join(" and "))
    };
    double.map(|(name, lines)| Finding::of(name, advice(lines))).collect()
}

/// Versions of one line are compatible: the first number that is not zero.
fn line_of(version: &str) -> String {
    let mut numbers = version.split('.');
    match (numbers.next(), numbers.next()) {
        (Some("0"), Some(minor)) => format!("0.{minor}"),
        (major, _) => major.unwrap_or_default().to_owned(),
    }
}

fn is_known(name: &str) -> bool {
    DOUBLES.iter().any(|(known, _)| *known == name)
}

/// Licences that ask for no more than a notice, or, as MPL-2.0, for changes to their own files.
const LICENCES: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that come twice, and because of whom.
const DOUBLES: [(&str, &str); 2] = [
    ("getrandom", "ring holds the old one; both ask the kernel"),
    ("syn", "in programs that write code; nothing of it is in ours"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::expect_none;

    fn package(name: &str, version: &str, licence: Option<&str>) -> Package {
        let licence = licence.map(str::to_owned);
        Package { name: name.to_owned(), version: version.to_owned(), licence }
    }

    #[test]
    fn a_strange_licence_is_found() {
        for bad in [None, Some("GPL-3.0"), Some("MIT AND GPL-3.0"), Some("(MIT OR ISC) AND X")] {
            assert_eq!(strange_licences(&[package("a", "1.0.0", bad)]).len(), 1, "{bad:?}");
        }
        for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR X) AND ISC"] {
            assert_eq!(strange_licences(&[package("a", "1.0.0", Some(good))]), [], "{good}");
        }
    }

    #[test]
    fn a_crate_in_two_lines_is_found() {
        let two = |one, other| doubles(&[package("a", one, None), package("a", other, None)]).len();
        assert_eq!((two("1.2.0", "2.0.0"), two("0.1.0", "0.2.0")), (1, 1));
        assert_eq!((two("1.2.0", "1.9.0"), two("0.1.0", "0.1.5")), (0, 0));
    }

    #[test]
    fn the_tree_is_read_line_by_line() {
        let found = read("a v1.2.3 (proc-macro)|MIT (*)\nb v0.1.0|\n\n");
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].version.as_str(), found[0].licence.as_deref()),
            ("1.2.3", Some("MIT"))
        );
        assert_eq!((found[1].name.as_str(), found[1].licence.as_deref()), ("b", None));
    }

    #[test]
    fn every_licence_is_allowed() {
        expect_none(&strange_licences(&packages()));
    }

    #[test]
    fn no_crate_is_built_twice() {
        expect_none(&doubles(&packages()));
    }
}
