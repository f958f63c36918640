//! The list of places for a crash: what is in it is in the code, and no release build can be killed there.
//! And the bench's switch for the journal: nothing but the bench touches it.

use crate::tree::{File, Finding};

/// The names in the list.
fn listed(files: &[File]) -> Vec<String> {
    let list = files.iter().find(|file| file.path == LIST);
    let text = list.map_or("", |file| file.text.as_str());
    let body = text.split("\npoints! {").nth(1).unwrap_or_default();
    let lines = body.lines().take_while(|line| *line != "}").map(str::trim);
    let points = lines.filter(|line| !line.starts_with("///") && !line.is_empty());
    points.filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect()
}

/// A point that the code does not pass would never kill anything.
fn never_passed(files: &[File]) -> Vec<Finding> {
    let code = files.iter().filter(|file| file.path.starts_with("daemon/src/") && file.is_rust());
    let code = code.filter(|file| file.path != LIST && !file.is_test());
    let code: String = code.map(|file| file.split().code).collect();
    let passed = |point: &String| {
        let named = format!("Point::{point}");
        let mut after = code.split(&named).skip(1);
        after.any(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric()))
    };
    let lost = listed(files).into_iter().filter(|point| !passed(point));
    lost.map(|point| Finding::of(LIST, format!("pass `Point::{point}` somewhere, or strike it")))
        .collect()
}

/// What kills is compiled only where both the feature and debug assertions are on.
fn in_release(files: &[File]) -> Vec<Finding> {
    let killing = files.iter().filter(|file| {
        file.path.starts_with("daemon/src/") && file.split().code.contains("kill_process(")
    });
    let open = killing.filter(|file| !file.text.contains(GUARD));
    open.map(|file| file.finding(0, format!("a call that kills belongs under `{GUARD}`"))).collect()
}

/// An order that leaves without a record may leave twice: only the bench's own daemon does without.
fn without_journal(files: &[File]) -> Vec<Finding> {
    let may = |file: &&File| file.path == SWITCHED_BY || file.path == THIS;
    let switching = files.iter().filter(|file| file.is_rust() && !may(file));
    let switching = switching.filter(|file| file.split().code.contains("unjournalled::begin"));
    let code = switching.map(|file| file.finding(0, format!("only {SWITCHED_BY} may do that")));
    let features = files.iter().filter(|file| file.path.ends_with("Cargo.toml"));
    let features = features.filter(|file| file.path != "tests/Cargo.toml");
    let on = features.filter(|file| file.text.contains("\"unjournalled\""));
    code.chain(on.map(|file| file.finding(0, "only the tests' crate turns this feature on")))
        .collect()
}

const SWITCHED_BY: &str = "tests/src/bench/life.rs";
const THIS: &str = "tests/tidy/failpoints.rs";
const LIST: &str = "daemon/src/failpoint.rs";
const GUARD: &str = "#[cfg(all(feature = \"failpoints\", debug_assertions))]";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{expect_none, files};

    #[test]
    fn every_point_of_the_list_is_passed_somewhere() {
        let list = "points! {\n    /// One.\n    One \"one\",\n    OneMore \"one-more\",\n}\n";
        let list = File::new(LIST, &format!("\n{list}"));
        let code = File::new("daemon/src/engine/a.rs", "hit(Point::OneMore);");
        assert_eq!(listed(&[File::new(LIST, &list.text)]), ["One", "OneMore"]);
        assert_eq!(never_passed(&[list, code]).len(), 1);
        assert!(listed(&files()).len() > 20);
        expect_none(&never_passed(&files()));
    }

    #[test]
    fn no_daemon_but_the_bench_s_goes_without_its_journal() {
        let code = File::new("daemon/src/cli/mod.rs", "crate::store::unjournalled::begin();");
        let default = File::new("daemon/Cargo.toml", "default = [\"unjournalled\"]");
        assert_eq!(without_journal(&[code, default]).len(), 2);
        let all = files();
        assert!(all.iter().any(|file| file.path == SWITCHED_BY));
        expect_none(&without_journal(&all));
    }

    #[test]
    fn no_release_build_kills_itself() {
        let bad = File::new("daemon/src/a.rs", "fn a() { kill_process(getpid(), Signal::KILL) }");
        assert_eq!(in_release(&[bad]).len(), 1);
        expect_none(&in_release(&files()));
    }
}
