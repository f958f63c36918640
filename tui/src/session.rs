//! One session at the terminal: starts the loop's thread, the reader, the link and the signals, and
//! ends them all.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use crate::app::msg::Notice;
use crate::link::{self, LinkEvent};
use crate::runtime::{Event, Options, Runtime};
use crate::{input, last_words, terminal};

/// Shows the terminal client until the person leaves. Needs a tokio runtime, which may also run the
/// daemon: the screen has a thread of its own and blocks nobody.
pub async fn run_terminal(options: Options) -> anyhow::Result<()> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        bail!("this is no terminal; for scripts there is: muster status --json");
    }
    let (events, inbox) = std::sync::mpsc::channel();
    let (commands, command_queue) = mpsc::unbounded_channel();
    let to_loop = events.clone();
    let deliver: link::Deliver =
        Arc::new(move |event: LinkEvent| drop(to_loop.send(Event::Link(event))));
    let _link = AbortOnDropHandle::new(tokio::spawn(link::run(
        options.socket.clone(),
        command_queue,
        deliver,
    )));
    let _signals = AbortOnDropHandle::new(tokio::spawn(watch_signals(events.clone())?));
    let (done, ended) = oneshot::channel();
    std::thread::Builder::new()
        .name("muster-screen".to_owned())
        .spawn(move || {
            let outcome = Runtime::new(&options, inbox, events.clone(), commands)
                .and_then(|runtime| with_reader(runtime, &events));
            drop(done.send(outcome));
        })
        .context("the screen's thread cannot be started")?;
    match ended.await {
        Ok(outcome) => outcome.context("the terminal failed"),
        Err(_) => Err(anyhow!("the terminal client failed; the message above says where")),
    }
}

fn with_reader(runtime: Runtime, events: &Sender<Event>) -> std::io::Result<()> {
    let _hook = PanicHook::set(runtime.terminal(), events.clone());
    let stop = Stop(Arc::new(AtomicBool::new(false)));
    let (stopping, to_loop) = (Arc::clone(&stop.0), events.clone());
    let reader = std::thread::Builder::new().name("muster-keys".to_owned()).spawn(move || {
        input::read(&stopping, |input| to_loop.send(Event::Input(input)).is_ok());
    })?;
    let outcome = runtime.run();
    drop(stop);
    // The reader looks at the flag a few times a second. One that spins on a terminal that hung up
    // never does: it is left behind, and ends with the process.
    for _ in 0..LAST_LOOKS {
        if reader.is_finished() {
            break;
        }
        std::thread::sleep(LAST_LOOK);
    }
    outcome
}

/// How long the reader is waited for, and in which steps.
const LAST_LOOKS: u32 = 50;
const LAST_LOOK: Duration = Duration::from_millis(10);

/// Ends the reader, even when the loop panics: the keys are then the shell's.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Signals become events.
fn watch_signals(events: Sender<Event>) -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut term = signal(SignalKind::terminate())?;
    let mut hup = signal(SignalKind::hangup())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut cont = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    Ok(async move {
        loop {
            let event = tokio::select! {
                _ = term.recv() => Event::Terminate,
                _ = hup.recv() => Event::Terminate,
                _ = int.recv() => Event::Terminate,
                _ = cont.recv() => Event::Continued,
            };
            if events.send(event).is_err() {
                return;
            }
        }
    })
}

type Hook = Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// While the screen is ours, a panic must not print into it.
struct PanicHook {
    before: Hook,
}

impl PanicHook {
    /// Gives the terminal back before the screen's own panic is printed; another thread's panic
    /// becomes a notice.
    fn set(ours: Arc<AtomicBool>, events: Sender<Event>) -> Self {
        let before: Hook = Arc::from(std::panic::take_hook());
        let screen = std::thread::current().id();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == screen {
                terminal::restore(&ours);
                last_words::say(info);
            } else {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                let words = format!("a part of this program failed at {place}");
                drop(events.send(Event::Notice(Notice::bad(words))));
            }
        }));
        Self { before }
    }
}

impl Drop for PanicHook {
    fn drop(&mut self) {
        // Hooks cannot be changed by a thread that panics; then the process is ending anyway.
        if !std::thread::panicking() {
            let before = Arc::clone(&self.before);
            std::panic::set_hook(Box::new(move |info| before(info)));
        }
    }
}
