//! The demo, as a newcomer starts it where there is no screen.

use std::process::Command;

use anyhow::Context;
use serde_json::Value;

#[test]
fn the_day_is_told_as_text_and_its_counts_add_up() -> anyhow::Result<()> {
    let demo = Command::new(env!("CARGO_BIN_EXE_muster-demo")).arg("--headless").output()?;
    let text = String::from_utf8(demo.stdout)?;
    assert!(demo.status.success(), "{text}");
    // The daemon's own log would be written across the screen of the demo that has one.
    assert!(!text.contains("musterd::"), "{text}");
    assert!(demo.stderr.is_empty(), "{}", String::from_utf8_lossy(&demo.stderr));
    let last: Value = serde_json::from_str(text.lines().last().context("no line")?)?;
    let count = |name: &str| last[name].as_u64().with_context(|| format!("no {name} in {last}"));
    assert_eq!((count("accounts")?, count("fit")?, count("unfit")?), (9, 6, 3));
    assert_eq!(count("planned")?, 18);
    assert_eq!(count("accepted")? + count("refused")? + count("in_doubt")? + count("missed")?, 18);
    assert_eq!((count("duplicates")?, count("lost")?), (0, 0));
    Ok(())
}
