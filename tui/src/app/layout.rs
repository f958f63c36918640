//! Where things stand on the screen, from its size alone. Update and view use the same figures.

/// The terminal's size in columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// The least size the client works in.
pub(crate) const LEAST: Size = Size { width: 40, height: 10 };

/// How a page's body is shared between its list and its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    /// One pane.
    One,
    /// Details below, with so many rows.
    Below(u16),
    /// Details beside, with so many columns.
    Beside(u16),
}

impl Size {
    /// False when the client can only ask for more room.
    pub(crate) const fn is_enough(self) -> bool {
        self.width >= LEAST.width && self.height >= LEAST.height
    }

    /// Rows between the tabs and the footer, the rule with the page's title not counted.
    pub(crate) const fn body(self) -> u16 {
        self.height.saturating_sub(4)
    }

    /// Where the account's details go.
    pub(crate) fn split(self) -> Split {
        if self.width < 60 || self.height < 15 {
            Split::One
        } else if self.width >= 130 {
            Split::Beside(self.width.saturating_div(3).clamp(52, 72))
        } else if self.height >= 30 {
            Split::Below(14)
        } else {
            Split::Below(self.body().saturating_div(2).saturating_sub(1))
        }
    }

    /// Where the gates of one account go on the muster board; one pane means a page of their own.
    pub(crate) fn gates(self) -> Split {
        if self.width >= 130 && self.height >= 20 {
            Split::Beside((self.width.saturating_mul(2) / 5).clamp(56, 84))
        } else if self.width >= 60 && self.height >= 38 {
            Split::Below(18)
        } else {
            Split::One
        }
    }

    /// How many accounts the list shows: the body without the head row and without details.
    pub(crate) fn account_rows(self) -> u16 {
        let rows = match self.split() {
            Split::One | Split::Beside(_) => self.body(),
            Split::Below(details) => self.body().saturating_sub(details).saturating_sub(1),
        };
        rows.saturating_sub(1)
    }
}

/// The first row to show so that row `at` of `count` is inside a window of `rows`, moving the window
/// from `offset` no further than needed.
pub(crate) fn follow(offset: usize, at: usize, count: usize, rows: usize) -> usize {
    let rows = rows.max(1);
    let latest = at.min(count.saturating_sub(1));
    let earliest = latest.saturating_add(1).saturating_sub(rows);
    offset.clamp(earliest, latest).min(count.saturating_sub(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_the_row() {
        assert_eq!(follow(0, 9, 20, 5), 5);
        assert_eq!(follow(5, 6, 20, 5), 5);
        assert_eq!(follow(5, 2, 20, 5), 2);
        assert_eq!(follow(18, 19, 20, 5), 15);
        assert_eq!(follow(7, 0, 0, 5), 0);
        assert_eq!(follow(7, 3, 4, 0), 3);
    }
}
