//! `muster --print-keys`: what the screen's keys do, as the document `docs/terminal.md`. Made from the
//! table that dispatches them, so that it cannot be wrong.

use std::fmt::Write;

use crate::app::keymap::{BINDINGS, Context, Need};
use crate::config::SAMPLE;

/// The document.
pub(crate) fn document() -> String {
    let mut text = HEAD.to_owned();
    for context in Context::ALL {
        let rows: Vec<_> = BINDINGS.iter().filter(|b| b.context == *context).collect();
        if rows.is_empty() {
            continue;
        }
        // Writing to a text does not fail.
        let _ = write!(text, "\n### {}\n\n| key | what it does |\n|---|---|\n", context.title());
        for binding in rows {
            let keys: Vec<_> =
                binding.keys.iter().map(|key| format!("`{}`", escaped(&key.to_string()))).collect();
            let who = match binding.need {
                Need::Look => "",
                Need::Own => " †",
                Need::Operate => " ‡",
            };
            let _ = writeln!(text, "| {} | {}{who} |", keys.join(" "), escaped(binding.help));
        }
    }
    let _ = write!(text, "{TAIL}```toml\n{SAMPLE}```\n");
    text
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

const HEAD: &str = "\
# The terminal client

`muster` without a command shows the screen. It draws before the daemon answers, keeps what it has when the
daemon goes, and connects again by itself; leaving it stops nothing. The first line says how it stands with
the daemon, which address the world sees, exchange time, the market and the next run; what needs a person
(HALTED, IN DOUBT, MISSED, VAULT SEALED, RUNS HELD) stands there on every page. The last line has the most
useful keys of the moment; `?` has all of them, and `:` finds one by its words and does it.

This document is made by `muster --print-keys`; a test holds it to the keys as they are.

## Keys

Lower-case letters never destroy. A dialogue starts on Cancel, and what cannot be undone asks for a name.
Nothing needs the mouse, which stays the terminal's: select and copy as usual. † is there for operators and
for people with an account of their own, ‡ for operators only; neither is there when the client is read-only.
";

const TAIL: &str = "
## The muster board

On Runs, before a run: who is not fit for the chosen plan stands first, then who is, then who is off. Enter shows
what the selected account must pass, gate by gate: `ok`; `warn`, good enough and worth a look; `??`, cannot be
told and leaves nobody out; `NO`, leaves the account out. Beside each stand what was found and how old that is.
From 130 columns on the gates stand beside the list, from 38 rows on below it; where not all of them fit, the
worst come first. They are asked for while they are looked at, and anew when an account changes. What each gate
looks at is in docs/muster.md; `muster muster --gates` writes the same.

## Waiting

A row that is asked about is marked until the answer is there. What is not answered in half a minute is given up,
and said to be; `esc` stops waiting sooner. Either way it may be done all the same. A key that does nothing says
why: not here, read-only, or not by your role.

## Pasting

A paste is one event: its first line goes into the field that has the focus, and nowhere else. On the connect
form a block of `name=value` or `name: value` lines (user, client id, api key, mpin, totp secret, api secret)
fills the fields it names. Secrets are masked at one width, never shown again, and wiped when the page is left.

## Copying

`y` hands text to the terminal's clipboard: within tmux by `tmux load-buffer -w`, elsewhere by OSC 52. Terminals
give no receipt, so the text also stands on the screen, alone on its line.

## Looks

`--theme auto|dark|light|safe|mono`; `safe` has blue and orange in the place of green and red. `NO_COLOR` means
mono. `--ascii` writes every glyph as letters, and so does a locale that is not UTF-8. No meaning is in a colour
or a glyph alone. The design size is 80x24; 40x10 is the least.

## Configuration

`~/.config/muster/config.toml`, or the file named by `--config`. A key it does not know is an error. Flags win over
`NO_COLOR`, and that over the file. `muster --print-config` prints this:

";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_what_the_keys_are() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/terminal.md");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == document(), "docs/terminal.md is to be what `muster --print-keys` prints");
    }

    #[test]
    fn every_key_is_in_the_document() {
        let text = document();
        for binding in BINDINGS {
            assert!(text.contains(binding.help), "{binding:?}");
        }
    }
}
