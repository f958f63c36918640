//! What a picture of letters does not show: colours and attributes, cell by cell, in every theme.

use muster_protocol::status::VaultState;
use muster_protocol::time::Timestamp;
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::screens::{at, screen, with};
use super::world;
use crate::app::key::Key;
use crate::app::look::{Look, Theme};
use crate::app::model::Model;
use crate::app::msg::{LinkNews, Lost, Msg};
use crate::app::update::update;

/// The cells of the first place that holds the words.
fn cells(model: &Model, words: &str) -> Vec<Cell> {
    let terminal = screen(model);
    let buffer = terminal.backend().buffer();
    let wanted: Vec<String> = words.chars().map(String::from).collect();
    let width = usize::from(buffer.area.width);
    let rows = buffer.content.chunks(width);
    for row in rows {
        let at = row.windows(wanted.len()).position(|cells| {
            cells.iter().zip(&wanted).all(|(cell, letter)| cell.symbol() == letter)
        });
        if let Some(at) = at {
            return row[at..at + wanted.len()].to_vec();
        }
    }
    panic!("{words:?} is not on the screen:\n{}", terminal.backend());
}

fn in_theme(model: &Model, theme: Theme) -> Model {
    let mut model = model.clone();
    model.look = Look { theme, ..Look::default() };
    model
}

fn all_have(cells: &[Cell], modifier: Modifier) -> bool {
    cells.iter().all(|cell| cell.modifier.contains(modifier))
}

#[test]
fn good_warning_and_bad_differ_in_every_theme_and_mono_has_no_colour() {
    let model = at(world::model(), 80, 24, &[Key::Down]);
    for theme in Theme::ALL {
        let model = in_theme(&model, theme);
        let colour = |words| cells(&model, words)[0].fg;
        let (good, warn) = (colour("connected"), colour("◐ log in"));
        let bad = cells(&at(model.clone(), 80, 24, &[Key::Up]), "✗ TOTP wrong")[0].fg;
        if theme == Theme::Mono {
            assert_eq!([good, warn, bad], [Color::Reset; 3]);
        } else {
            assert!(good != warn && warn != bad && good != bad, "{theme}");
        }
    }
}

/// Red and green are the same to one man in twelve.
#[test]
fn the_safe_theme_has_neither_red_nor_green() {
    for page in "12345".chars() {
        let model = in_theme(&at(world::model(), 80, 24, &[Key::Char(page)]), Theme::Safe);
        for cell in &screen(&model).backend().buffer().content {
            let named =
                matches!(cell.fg, Color::Red | Color::Green | Color::LightRed | Color::LightGreen);
            assert!(!named, "{:?}", cell.symbol());
        }
    }
}

/// White on white cannot be read: only the QR code has a ground of its own.
#[test]
fn no_theme_paints_a_ground() {
    for theme in Theme::ALL {
        for page in "12345?".chars() {
            let model = in_theme(&at(world::model(), 80, 24, &[Key::Char(page)]), theme);
            for cell in &screen(&model).backend().buffer().content {
                assert_eq!(cell.bg, Color::Reset, "{theme} {page}");
            }
        }
    }
}

#[test]
fn what_must_be_found_stands_out_without_colours() {
    let mono = |model: &Model| in_theme(model, Theme::Mono);
    let list = mono(&at(world::model(), 80, 24, &[]));
    assert!(all_have(&cells(&list, "> asha.k"), Modifier::REVERSED), "the selected row");
    assert!(all_have(&cells(&list, "1 Accounts"), Modifier::REVERSED), "the page one is on");
    let form = mono(&at(world::model(), 80, 24, &[Key::Char('2'), Key::Enter]));
    let box_line = cells(&form, "      98.88.173.81 ");
    assert!(all_have(&box_line[5..], Modifier::REVERSED), "the address to register");
    let (run, intents) = world::firing();
    let firing = with(|snapshot| {
        snapshot.status.vault = VaultState::Sealed;
        (snapshot.runs, snapshot.intents) = (vec![run], intents);
    });
    let firing = mono(&at(firing, 80, 24, &[Key::Char('3')]));
    for words in ["1 IN DOUBT", "VAULT SEALED", "IN DOUBT · chitra.r"] {
        assert!(all_have(&cells(&firing, words), Modifier::REVERSED), "{words}");
    }
    let words: Vec<Key> = "4#TOTP".chars().map(Key::Char).chain([Key::Enter]).collect();
    let journal = mono(&at(world::model(), 80, 24, &words));
    assert!(all_have(&cells(&journal, "TOTP"), Modifier::UNDERLINED), "a match");
}

/// Old data stay, but look old.
#[test]
fn what_may_be_out_of_date_is_dim_and_said_to_be_old() {
    let mut model = world::model();
    let lost = Lost { attempt: 1, retry_in_ms: 900, stopped: false, reason: "cut".to_owned() };
    update(&mut model, Timestamp::from_millis(2_000), Msg::Link(LinkNews::Lost(lost)));
    assert!(all_have(&cells(&model, "chitra.r"), Modifier::DIM));
    cells(&model, "data 2s old");
    cells(&model, "reconnecting");
}

#[test]
fn the_sorted_column_is_bold_and_the_others_are_not() {
    let model = at(world::model(), 80, 24, &[Key::Char('s'), Key::Char('s')]);
    assert!(all_have(&cells(&model, "BROKER"), Modifier::BOLD));
    assert!(!all_have(&cells(&model, "LAST RUN"), Modifier::BOLD));
}
