//! Takes Rust apart as far as the checks need it: code, comments and texts, then paths.

/// One file twice, line for line: the code with its texts and comments blanked, and the comments.
pub(crate) struct Split {
    pub(crate) code: String,
    pub(crate) comments: String,
}

/// What one character belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    Code,
    Line,
    Block(u32),
    Text { hashes: Option<usize> },
}

pub(crate) fn split(text: &str) -> Split {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), String::new());
    let (mut state, mut at) = (In::Code, 0);
    while at < chars.len() {
        let (next, length) =
            step(&chars[at..], state, at.checked_sub(1).map(|before| chars[before]));
        let comment = matches!(state, In::Line | In::Block(_))
            || matches!((state, next), (In::Code, In::Line | In::Block(_)));
        let plain = state == In::Code && next == In::Code && length == 1;
        for &c in &chars[at..at + length] {
            let newline = c == '\n';
            code.push(if newline || plain { c } else { ' ' });
            comments.push(if newline || comment { c } else { ' ' });
        }
        (state, at) = (next, at + length);
    }
    Split { code, comments }
}

/// The state after the next characters, and how many they are.
fn step(rest: &[char], state: In, before: Option<char>) -> (In, usize) {
    let starts = |word: &str| word.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c));
    match state {
        In::Code if starts("//") => (In::Line, 2),
        In::Code if starts("/*") => (In::Block(1), 2),
        In::Code if rest[0] == '"' => (In::Text { hashes: None }, 1),
        In::Code if starts("r") && !before.is_some_and(is_word) => raw_text(rest),
        In::Code if rest[0] == '\'' => (In::Code, char_literal(rest)),
        In::Code => (In::Code, 1),
        In::Line => (if rest[0] == '\n' { In::Code } else { In::Line }, 1),
        In::Block(1) if starts("*/") => (In::Code, 2),
        In::Block(depth) if starts("*/") => (In::Block(depth - 1), 2),
        In::Block(depth) if starts("/*") => (In::Block(depth + 1), 2),
        In::Block(_) => (state, 1),
        In::Text { hashes: None } if rest[0] == '\\' => (state, rest.len().min(2)),
        In::Text { hashes: None } => (if rest[0] == '"' { In::Code } else { state }, 1),
        In::Text { hashes: Some(hashes) } => {
            let ends = starts(&format!("\"{}", "#".repeat(hashes)));
            if ends { (In::Code, 1 + hashes) } else { (state, 1) }
        }
    }
}

/// `r"`, `r#"` and so on; anything else is one letter of code.
fn raw_text(rest: &[char]) -> (In, usize) {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) == Some(&'"') {
        return (In::Text { hashes: Some(hashes) }, 2 + hashes);
    }
    (In::Code, 1)
}

/// How long the literal is; a lifetime is its tick alone.
fn char_literal(rest: &[char]) -> usize {
    if rest.get(1) == Some(&'\\') {
        let end = rest.iter().skip(3).position(|c| *c == '\'');
        return end.map_or(1, |end| end + 4);
    }
    if rest.get(2) == Some(&'\'') { 3 } else { 1 }
}

/// One word or sign of code, and its line from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// Words, `::`, and every other sign by itself. `code` is what [`split`] left of a file.
pub(crate) fn tokens(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut fresh = true;
    for (line, text) in (1..).zip(code.lines()) {
        for c in text.chars().chain(['\n']) {
            let last = tokens.last_mut().filter(|_| !fresh);
            fresh = c.is_whitespace();
            match last {
                _ if fresh => {}
                Some(last) if is_word(c) && last.text.chars().all(is_word) => last.text.push(c),
                Some(last) if c == ':' && last.text == ":" => last.text.push(c),
                _ => tokens.push(Token { text: c.to_string(), line }),
            }
        }
    }
    tokens
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_told_from_code() {
        let text =
            "a // b \"x\n/* c /* d */ e */ f(\"g\\\" // h\", r#\"i\" j\"#, 'k', '\\'', &'l m)";
        let parts = split(text);
        let words: String = parts.code.chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(words, "af(,,,,&'lm)");
        assert!(parts.comments.contains("// b \"x") && parts.comments.contains("e */"));
        assert!(!parts.comments.contains('h') && !parts.comments.contains('a'));
    }

    #[test]
    fn tokens_know_their_lines() {
        let found: Vec<_> =
            tokens("use a::{b,\n c};").into_iter().map(|t| (t.text, t.line)).collect();
        let wanted = ["use", "a", "::", "{", "b", ","].map(|word| (word.to_owned(), 1));
        assert_eq!(found[..6], wanted);
        assert_eq!(found[6..], ["c", "}", ";"].map(|word| (word.to_owned(), 2)));
    }
}
