//! The loop of the terminal client: one thread owns model, secrets and terminal. Messages come in,
//! effects go out, and a frame is drawn when something that is visible may have changed.

mod clockwork;
mod perform;
mod route;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};

use muster_protocol::time::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::app::key::Key;
use crate::app::look::Look;
use crate::app::model::Model;
use crate::app::msg::{Msg, Notice};
use crate::app::update::update;
use crate::clipboard::Clipboard;
use crate::input::Input;
use crate::link::{Command, LinkEvent};
use crate::secrets::SecretStore;
use crate::terminal::Screen;
use clockwork::{Clockwork, Urgency};
pub(crate) use route::route;

/// What the terminal client needs to know.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "facts about a terminal, each on its own")]
pub struct Options {
    /// The daemon's socket.
    pub socket: PathBuf,
    /// Leaves out every key that changes something.
    pub read_only: bool,
    /// What the terminal can show.
    pub look: Look,
    /// True inside tmux, which has a clipboard and drawing habits of its own.
    pub tmux: bool,
    /// Whether large frames are bracketed for the terminal.
    pub sync: bool,
    /// For drills alone: the key that makes the screen fail, so that a test sees what it leaves. In a paste
    /// it fails over the text, and quotes it.
    pub fails_on: Option<char>,
}

/// Everything that reaches the loop.
pub(crate) enum Event {
    Input(Input),
    Link(LinkEvent),
    /// TERM, HUP or INT.
    Terminate,
    /// Continued after a stop from outside.
    Continued,
    /// Something outside the daemon was done, or another thread failed.
    Notice(Notice),
}

/// The loop's belongings.
pub(crate) struct Runtime {
    model: Model,
    secrets: SecretStore,
    screen: Screen,
    inbox: Receiver<Event>,
    back: Sender<Event>,
    link: UnboundedSender<Command>,
    clipboard: Clipboard,
    started: Instant,
    leaving: bool,
    fails_on: Option<char>,
    /// For the panic hook.
    ours: Arc<AtomicBool>,
}

impl Runtime {
    /// Takes the terminal over.
    pub(crate) fn new(
        options: &Options,
        inbox: Receiver<Event>,
        back: Sender<Event>,
        link: UnboundedSender<Command>,
    ) -> std::io::Result<Self> {
        let screen = Screen::enter(options.sync)?;
        let ours = screen.handle();
        Ok(Self {
            model: Model::new(Screen::size(), options.look, options.read_only),
            secrets: SecretStore::default(),
            screen,
            inbox,
            back,
            link,
            clipboard: if options.tmux { Clipboard::Tmux } else { Clipboard::Escape },
            started: Instant::now(),
            leaving: false,
            fails_on: options.fails_on,
            ours,
        })
    }

    /// A handle by which the panic hook gives the terminal back.
    pub(crate) fn terminal(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ours)
    }

    /// Runs until the person leaves or the terminal is gone. Draws before the daemon answers.
    pub(crate) fn run(mut self) -> std::io::Result<()> {
        let mut clockwork = Clockwork::new(Instant::now());
        while !self.leaving {
            if clockwork.is_due(Instant::now()) {
                if Screen::is_ready() {
                    self.screen.draw(&self.model)?;
                    clockwork.drawn(Instant::now());
                } else {
                    clockwork.postpone(Instant::now());
                }
            }
            match self.inbox.recv_timeout(clockwork.wait(Instant::now())) {
                Ok(event) => clockwork.mark(self.on(event)?, Instant::now()),
                Err(RecvTimeoutError::Timeout) => {
                    if clockwork.ticked(Instant::now(), self.to_next_second()) {
                        self.update(Msg::Tick)?;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            while let Ok(event) = self.inbox.try_recv() {
                clockwork.mark(self.on(event)?, Instant::now());
            }
        }
        Ok(())
    }

    fn on(&mut self, event: Event) -> std::io::Result<Urgency> {
        match event {
            Event::Input(Input::Closed) | Event::Terminate => self.leaving = true,
            Event::Input(input) => {
                if let Some(fatal) = self.fails_on {
                    fail(fatal, &input);
                }
                for msg in route(&self.model, &mut self.secrets, input) {
                    self.update(msg)?;
                }
                return Ok(Urgency::Now);
            }
            Event::Link(LinkEvent::News(news, permit)) => {
                self.update(Msg::Link(news))?;
                drop(permit);
            }
            Event::Link(LinkEvent::Reply { id, answer }) => {
                self.update(Msg::Reply { id, answer })?;
            }
            Event::Continued => {
                self.screen.resume()?;
                return Ok(Urgency::Now);
            }
            Event::Notice(notice) => self.update(Msg::Notice(notice))?,
        }
        Ok(Urgency::Soon)
    }

    fn update(&mut self, msg: Msg) -> std::io::Result<()> {
        let millis = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let effects = update(&mut self.model, Timestamp::from_millis(millis), msg);
        effects.into_iter().try_for_each(|effect| self.perform(effect))
    }

    /// Milliseconds until the exchange clock's next second.
    fn to_next_second(&self) -> u64 {
        let now = self.model.now().unwrap_or(self.model.local);
        let past = u64::try_from(now.millis().rem_euclid(1_000)).unwrap_or(0);
        1_000_u64.saturating_sub(past)
    }
}

/// Fails as a drill wants it.
fn fail(fatal: char, input: &Input) {
    match input {
        Input::Key(Key::Char(c)) => assert!(*c != fatal, "the screen fails on purpose"),
        Input::Paste(text) => assert!(!text.contains(fatal), "it cannot be {:?}", text.as_str()),
        Input::Key(_) | Input::Resize(_) | Input::Closed => {}
    }
}
