//! A one-line text field for what is no secret. Secrets have their own store, outside the model.

use crate::app::key::Key;

/// The longest text a field takes, in characters.
const MAX: usize = 200;

/// Text with a cursor, counted in characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TextField {
    text: String,
    cursor: usize,
}

impl TextField {
    /// A field holding `text`, the cursor behind it.
    pub(crate) fn with(text: &str) -> Self {
        let mut field = Self::default();
        field.insert(text);
        field
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// True when nothing is in it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text before the cursor, and the rest.
    pub(crate) fn halves(&self) -> (&str, &str) {
        self.text.split_at_checked(self.byte(self.cursor)).unwrap_or((&self.text, ""))
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes a key; false if the key means nothing here.
    pub(crate) fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Char(c) => self.put(c),
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.delete();
            }
            Key::Delete => self.delete(),
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = self.count().min(self.cursor.saturating_add(1)),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.count(),
            Key::Ctrl('u') => self.clear(),
            Key::Backspace => {}
            _ => return false,
        }
        true
    }

    /// Puts text in at the cursor: the first line of it, without control characters.
    pub(crate) fn insert(&mut self, text: &str) {
        for c in text.trim_start().chars().take_while(|c| *c != '\n' && *c != '\r') {
            self.put(c);
        }
    }

    fn put(&mut self, c: char) {
        if !c.is_control() && self.count() < MAX {
            let at = self.byte(self.cursor);
            self.text.insert(at, c);
            self.cursor = self.cursor.saturating_add(1);
        }
    }

    fn delete(&mut self) {
        let at = self.byte(self.cursor);
        if at < self.text.len() {
            self.text.remove(at);
        }
    }

    fn count(&self) -> usize {
        self.text.chars().count()
    }

    fn byte(&self, cursor: usize) -> usize {
        self.text.char_indices().nth(cursor).map_or(self.text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_at_the_cursor_and_never_split_a_character() {
        let mut field = TextField::with("añb");
        for key in [Key::Left, Key::Backspace, Key::Char('n'), Key::End, Key::Char('!')] {
            assert!(field.key(key));
        }
        assert_eq!(field.text(), "anb!");
        assert!(!field.key(Key::Enter));
    }

    #[test]
    fn a_paste_is_one_line_without_control_characters() {
        assert_eq!(TextField::with("  ab\u{1b}c\nrm -rf").text(), "abc");
        assert_eq!(TextField::with(&"x".repeat(999)).text().len(), MAX);
    }
}
