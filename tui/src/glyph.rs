//! Glyphs and their ASCII twins.

/// How something stands, at a glance; always beside a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Good,
    Busy,
    Off,
    Bad,
    Out,
}

impl Mark {
    /// The glyph.
    pub(crate) const fn sign(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Good, false) => "●",
            (Self::Busy, false) => "◐",
            (Self::Off, false) => "○",
            (Self::Bad, false) => "✗",
            (Self::Out, false) => "–",
            (Self::Good, true) => "[ok]",
            (Self::Busy, true) => "[..]",
            (Self::Off, true) => "[--]",
            (Self::Bad, true) => "[!!]",
            (Self::Out, true) => "-",
        }
    }
}

/// The ASCII character that stands for `c`; for what has none, a question mark.
pub(crate) const fn twin(c: char) -> char {
    match c {
        ' '..='~' => c,
        '─' | '═' | '–' | '—' | '·' => '-',
        '│' | '║' => '|',
        '…' => '~',
        '•' | '●' => '*',
        '→' | '▸' | '≥' => '>',
        '█' | '▇' => '#',
        '▁' | '▂' => '.',
        '▃' | '▄' => ':',
        '┌' | '┐' | '└' | '┘' | '╔' | '╗' | '╚' | '╝' | '▅' | '▆' => '+',
        '₹' => 'R',
        _ => '?',
    }
}

/// True when the first locale variable that is set says UTF-8.
pub(crate) fn is_utf8_locale<'a>(variables: impl IntoIterator<Item = &'a str>) -> bool {
    variables.into_iter().find(|value| !value.is_empty()).is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        assert!(is_utf8_locale(["", "en_IN.UTF-8", "C"]));
        assert!(!is_utf8_locale(["C", "en_IN.UTF-8"]));
        assert!(!is_utf8_locale(["", ""]));
    }
}
