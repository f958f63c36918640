//! The manifests, and the texts that have to agree with them.

use crate::tree::{File, Finding, root};

/// Every crate the workspace depends on, as code names it.
pub(crate) fn crate_names(files: &[File]) -> Vec<String> {
    let root = files.iter().find(|file| file.path == "Cargo.toml");
    let text = root.map_or("", |file| file.text.as_str());
    let table = text.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let lines = table.lines().skip(1).take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    names.map(|name| name.trim().replace('-', "_")).collect()
}

fn workspace_version(files: &[File]) -> Option<&str> {
    let root = files.iter().find(|file| file.path == "Cargo.toml")?;
    let line = root.text.lines().find(|line| line.starts_with("version = "))?;
    line.split('"').nth(1)
}

/// The version that is built has its part of the changelog.
fn silent_changelog(files: &[File]) -> Vec<Finding> {
    let version = workspace_version(files).unwrap_or("?");
    let heading = format!("## [{version}]");
    let changelog = files.iter().find(|file| file.path == CHANGELOG);
    if changelog.is_some_and(|file| file.text.lines().any(|line| line.starts_with(&heading))) {
        return Vec::new();
    }
    vec![Finding::of(CHANGELOG, format!("add `{heading}` and say what it brings to its users"))]
}

/// A target's file that is not there.
fn missing_targets(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in manifests(files) {
        for (line, path) in target_paths(file) {
            let path = beside(file, path);
            if !files.iter().any(|file| file.path == path) {
                findings.push(file.finding(line, format!("{path} does not exist")));
            }
        }
    }
    findings
}

/// A test binary or a program in `tests/` that no manifest names would never be built.
fn forgotten_targets(files: &[File]) -> Vec<Finding> {
    let named: Vec<String> = manifests(files)
        .flat_map(|file| target_paths(file).map(|(_, path)| beside(file, path)))
        .collect();
    let mains = files.iter().filter(|file| {
        let folder = file.path.strip_prefix("tests/").unwrap_or_default();
        folder.split_once('/').is_some_and(|(_, rest)| rest == "main.rs")
            || folder.strip_prefix("src/bin/").is_some_and(|rest| !rest.contains('/'))
    });
    let forgotten = mains.filter(|file| !named.contains(&file.path));
    forgotten.map(|file| file.finding(0, "name it in tests/Cargo.toml, or it never runs")).collect()
}

fn manifests(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.path.ends_with("Cargo.toml"))
}

/// The `path = ".."` lines of the targets, with their numbers.
fn target_paths(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let paths = (1..).zip(file.text.lines()).filter(|(_, line)| line.starts_with("path = "));
    paths.filter_map(|(at, line)| Some((at, line.split('"').nth(1)?)))
}

fn beside(manifest: &File, path: &str) -> String {
    let folder = manifest.path.strip_suffix("Cargo.toml").unwrap_or_default();
    format!("{folder}{path}")
}

/// The version of a dependency is written once, at the root.
fn versions_elsewhere(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Workspaces of their own.
    let excepted =
        ["Cargo.toml", "fuzz/Cargo.toml", "tests/fuzz/Cargo.toml", "tests/sdk/rust/Cargo.toml"];
    for file in manifests(files).filter(|file| !excepted.contains(&file.path.as_str())) {
        let mut in_dependencies = false;
        for (line, text) in (1..).zip(file.text.lines()) {
            if text.starts_with('[') {
                in_dependencies = text.contains("dependencies");
            } else if in_dependencies && text.contains(" = ") && !text.contains("workspace = true")
            {
                findings.push(
                    file.finding(line, "say `.workspace = true`; the version is at the root"),
                );
            }
        }
    }
    findings
}

const CHANGELOG: &str = "CHANGELOG.md";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{expect_none, files};

    #[test]
    fn the_changelog_has_the_version() {
        let manifest = File::new("Cargo.toml", "[workspace.package]\nversion = \"1.2.3\"\n");
        let old = File::new(CHANGELOG, "## [1.2.2]\n");
        assert_eq!(silent_changelog(&[manifest, old]).len(), 1);
        expect_none(&silent_changelog(&files()));
    }

    #[test]
    fn every_target_has_its_file() {
        let manifest = File::new("tests/Cargo.toml", "[[test]]\npath = \"e2e/main.rs\"\n");
        assert_eq!(missing_targets(&[manifest]).len(), 1);
        expect_none(&missing_targets(&files()));
    }

    #[test]
    fn every_test_and_program_is_named() {
        let manifest = File::new("tests/Cargo.toml", "[[test]]\npath = \"e2e/main.rs\"\n");
        let named = File::new("tests/e2e/main.rs", "");
        let forgotten = File::new("tests/crash/main.rs", "");
        let program = File::new("tests/src/bin/x.rs", "");
        assert_eq!(forgotten_targets(&[manifest, named, forgotten, program]).len(), 2);
        expect_none(&forgotten_targets(&files()));
    }

    #[test]
    fn versions_are_written_at_the_root_only() {
        let bad = "[dependencies]\nserde = \"1\"\ntokio.workspace = true\n";
        assert_eq!(versions_elsewhere(&[File::new("tui/Cargo.toml", bad)]).len(), 1);
        expect_none(&versions_elsewhere(&files()));
    }

    #[test]
    fn the_walk_sees_the_workspace() {
        let files = files();
        assert!(root().join("Cargo.toml").is_file());
        assert!(files.iter().any(|file| file.path == "tests/tidy/manifests.rs"));
        assert!(crate_names(&files).contains(&"totp_rs".to_owned()));
    }
}
