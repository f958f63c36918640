//! Plan files: read with the line of each mistake, written back, compared.

use std::path::Path;

use muster_protocol::plan::{Finding, PlanSpec};
use serde::Deserialize;
use toml::Spanned;

use super::super::CommandError;

/// The longest plan file, in bytes.
const MOST: u64 = 256 * 1024;

/// A plan file that could be read.
pub(super) struct PlanFile {
    name: String,
    pub(super) spec: PlanSpec,
    /// The line each leg begins at.
    legs: Vec<usize>,
}

/// What is needed of a file to know where its legs are.
#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    legs: Vec<Spanned<toml::Table>>,
}

impl PlanFile {
    /// Reads a file; a mistake is named with its line.
    pub(super) fn read(file: &Path) -> Result<Self, CommandError> {
        let name = file.display().to_string();
        let size = std::fs::metadata(file).map_err(|error| CommandError::io(&name, error))?.len();
        if size > MOST {
            return Err(CommandError::Usage(format!("{name} is too long to be a plan")));
        }
        let text = std::fs::read_to_string(file).map_err(|error| CommandError::io(&name, error))?;
        Self::parse(name, &text)
    }

    pub(super) fn parse(name: String, text: &str) -> Result<Self, CommandError> {
        let spec = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(1, |span| line(text, span.start));
            CommandError::Usage(format!("{name}:{at}: {}", error.message().trim_end()))
        })?;
        let places = toml::from_str::<Places>(text).map(|places| places.legs).unwrap_or_default();
        let legs = places.iter().map(|leg| line(text, leg.span().start)).collect();
        Ok(Self { name, spec, legs })
    }

    /// A finding with the place in the file it is about.
    pub(super) fn located(&self, finding: &Finding) -> String {
        let leg = finding.leg.and_then(|leg| self.legs.get(usize::from(leg).checked_sub(1)?));
        match leg {
            Some(line) => format!("{}:{line}: {}", self.name, finding.words()),
            None => format!("{}: {}", self.name, finding.words()),
        }
    }
}

fn line(text: &str, at: usize) -> usize {
    text.get(..at).map_or(1, |before| before.matches('\n').count() + 1)
}

/// A plan as a file.
pub(super) fn written(spec: &PlanSpec) -> Result<String, CommandError> {
    toml::to_string(spec)
        .map_err(|error| CommandError::Failed(format!("the plan cannot be written: {error}")))
}

/// What differs, a line each: `-` goes, `+` comes.
pub(super) fn differences(old: &str, new: &str) -> Vec<String> {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let common = common(&old, &new);
    let mut lines = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let length = |i: usize, j: usize| common.get(i).and_then(|row| row.get(j)).copied();
        match (old.get(i), new.get(j)) {
            (Some(one), Some(other)) if one == other => (i, j) = (i + 1, j + 1),
            (Some(gone), other) if other.is_none() || length(i + 1, j) >= length(i, j + 1) => {
                lines.push(format!("- {gone}"));
                i += 1;
            }
            (_, Some(came)) => {
                lines.push(format!("+ {came}"));
                j += 1;
            }
            (Some(_) | None, None) => break,
        }
    }
    lines
}

/// How many lines the rests from each place on have in common, in order.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut below = vec![0; new.len() + 1];
    let mut rows = vec![below.clone()];
    for one in old.iter().rev() {
        let mut row = vec![0; new.len() + 1];
        for (j, other) in new.iter().enumerate().rev() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(0);
            let best = if one == other {
                at(&below, j + 1) + 1
            } else {
                at(&below, j).max(at(&row, j + 1))
            };
            if let Some(slot) = row.get_mut(j) {
                *slot = best;
            }
        }
        below.clone_from(&row);
        rows.push(row);
    }
    rows.reverse();
    rows
}

#[cfg(test)]
mod tests {
    use muster_protocol::plan::Weight;

    use super::*;

    const GOOD: &str = r#"# a comment
name = "btst"
at = ["09:20", "15:10"]
accounts = { labels = ["family"] }

[[shares]]
accounts = { ids = [3] }
multiplier = 2

[[legs]]
exchange = "NSE"
symbol = "INFY"
side = "SELL"
quantity = 10
product = "delivery"
price = { rule = "market" }

[[legs]]
exchange = "NSE"
symbol = "SBIN"
side = "BUY"
quantity = 20
product = "delivery"
price = { rule = "limit", price = 84215 }
"#;

    fn parse(text: &str) -> Result<PlanFile, String> {
        PlanFile::parse("p.toml".to_owned(), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        assert_eq!(parse(GOOD).unwrap().spec.legs.len(), 2);
        for (wrong, says) in [
            (
                GOOD.replace("quantity = 20", "quantity = 0"),
                "p.toml:22: a quantity must be at least 1",
            ),
            (GOOD.replace("multiplier = 2", "multiplier = \"x\""), "p.toml:8: "),
            (GOOD.replace("15:10", "25:10"), "p.toml:3: \"25:10\" is not a time of day"),
            (GOOD.replace("[[legs]]", "[[leg]]"), "p.toml:"),
            (GOOD.replace("name = ", "nam = "), "p.toml:2: unknown field `nam`"),
            ("name = ".to_owned(), "p.toml:1: "),
        ] {
            let error = parse(&wrong).err().unwrap();
            assert!(error.starts_with(says), "{error} should begin with {says}");
        }
    }

    #[test]
    fn the_example_in_the_documentation_is_a_good_plan() {
        let page = include_str!("../../../../docs/plans.md");
        let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
        let spec = parse(example.unwrap()).unwrap().spec;
        assert_eq!(muster_protocol::valid::validate(&spec), Ok(()));
        // It shows everything there is to say.
        let shown: toml::Table = toml::from_str(example.unwrap()).unwrap();
        let all: toml::Table = toml::from_str(&written(&spec).unwrap()).unwrap();
        let missing: Vec<_> = all.keys().filter(|key| !shown.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_finding_about_a_leg_has_its_line() {
        let file = parse(GOOD).unwrap();
        let mut finding =
            Finding { weight: Weight::Error, leg: Some(2), broker: None, text: "wrong".to_owned() };
        assert_eq!(file.located(&finding), "p.toml:18: leg 2: wrong");
        finding.leg = None;
        assert_eq!(file.located(&finding), "p.toml: wrong");
    }

    #[test]
    fn what_is_written_reads_back() {
        let spec = parse(GOOD).unwrap().spec;
        let text = written(&spec).unwrap();
        assert_eq!(parse(&text).unwrap().spec, spec);
        assert!(differences(&text, &text).is_empty());
    }

    #[test]
    fn differences_are_the_lines_that_go_and_come() {
        let lines = |text: &str| text.replace(' ', "\n");
        let cases = [("a b c", "a c", "- b"), ("a c", "a b c", "+ b"), ("a b", "a x", "- b|+ x")];
        for (old, new, expected) in cases {
            assert_eq!(differences(&lines(old), &lines(new)).join("|"), expected);
        }
        assert_eq!(differences("", "a\nb"), ["+ a", "+ b"]);
    }
}
