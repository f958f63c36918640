//! One command that shows the product at work: both brokers simulated, a real daemon, and the terminal
//! client two minutes before the run; or the same day as text, faster, with `--headless`.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use muster_protocol::event::{Delta, Feed, JournalEntry};
use muster_protocol::request::Subscribe;
use muster_tests::day::{Count, Day};

/// A trading day from 15:08, with both brokers simulated on this machine. No money moves, nothing
/// leaves the machine, and nothing of it stays.
#[derive(Debug, Parser)]
#[command(name = "muster-demo", version)]
struct Arguments {
    /// Print the day as text and count it, without a screen; so too when standard output is no terminal.
    #[arg(long)]
    headless: bool,
    /// Exchange seconds a real second; 1 with a screen and 20 without one, unless given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=60))]
    speed: Option<u16>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match show(&arguments) {
        Ok(count) if count.adds_up() => ExitCode::SUCCESS,
        // Whoever left before the run has seen what they wanted; there is nothing to count.
        Ok(count) if count.planned == 0 && !without_screen(&arguments) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "muster-demo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn without_screen(arguments: &Arguments) -> bool {
    arguments.headless || !std::io::stdout().is_terminal()
}

fn show(arguments: &Arguments) -> anyhow::Result<Count> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let headless = without_screen(arguments);
    say("starting both simulated brokers and the daemon; connecting nine people …")?;
    let day = runtime.block_on(Day::begin())?;
    let speed = f64::from(arguments.speed.unwrap_or(if headless { 20 } else { 1 }));
    runtime.block_on(day.afternoon(speed))?;
    day.arm_faults();
    let count = if headless {
        runtime.block_on(text(&day))?
    } else {
        let socket = day.world.socket().into_os_string();
        let client = [OsString::from("muster"), OsString::from("--socket"), socket];
        muster_tui::main_with(client);
        runtime.block_on(day.count())?
    };
    runtime.block_on(day.end())?;
    say(&serde_json::to_string(&count)?)?;
    Ok(count)
}

/// Prints the day as it happens.
async fn text(day: &Day) -> anyhow::Result<Count> {
    let (client, mut feed) = day.world.client().await?;
    let start = client.call(Subscribe { journal_tail: 0 }).await?.snapshot;
    for account in &start.accounts {
        say(&format!("  {:10} {:8} {}", account.user, account.broker, fitness(account)))?;
    }
    let printing = async {
        while let Some(item) = feed.recv().await {
            if let Feed::Delta { delta, .. } = item
                && let Delta::Journal(entry) = *delta
            {
                print_entry(&entry)?;
            }
        }
        anyhow::Ok(())
    };
    let details = tokio::select! {
        details = day.run() => details?,
        printed = printing => {
            printed?;
            anyhow::bail!("the daemon went away");
        }
    };
    let took = details.run.closed_at.zip(details.run.fired_at);
    let took = took.map(|(closed, fired)| closed.since(fired)).context("the run did not close")?;
    say(&format!("run {} took {took} ms of exchange time", details.run.id))?;
    day.count().await
}

fn fitness(account: &muster_protocol::account::AccountView) -> String {
    use muster_protocol::account::{Fitness, Unfit};
    match &account.fitness {
        Fitness::Fit => "fit".to_owned(),
        Fitness::Off => "off".to_owned(),
        Fitness::Unfit { reasons } => {
            let words: Vec<String> = reasons.iter().map(Unfit::words).collect();
            format!("NOT FIT: {}", words.join("; "))
        }
    }
}

fn print_entry(entry: &JournalEntry) -> anyhow::Result<()> {
    let who = entry.user.as_ref().map(ToString::to_string).unwrap_or_default();
    let (level, area) = (entry.level.words(), entry.area.words());
    say(&format!("{} {level:5} {who:10} {area:8} {}", entry.at.clock_millis(), entry.text))
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output is closed")
}
