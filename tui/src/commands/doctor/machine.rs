//! What the doctor sees of the machine: room on the disk, the units of systemd, whether the clock is
//! kept right. What cannot be seen from here is skipped, and said to be.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::Finding;

/// A disk with less room than this is in the way of the store; with less than the second, soon.
const FULL: u64 = 200 * MIB;
const FILLING: u64 = 2 * 1024 * MIB;
const MIB: u64 = 1024 * 1024;
/// How long a program of the system may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// There where systemd runs the machine.
const SYSTEMD: &str = "/run/systemd/system";
const STORE: &str = "/var/lib/musterd/store.redb";
const UNITS: [&str; 2] = ["musterd.socket", "musterd.service"];

/// All of it.
pub(super) async fn examine(config: &Path) -> Vec<Finding> {
    let mut findings = vec![disk(&store(config))];
    if !Path::new(SYSTEMD).exists() {
        findings.push(Finding::skipped("units", "systemd does not run this machine"));
        return findings;
    }
    let properties = "--property=Id,LoadState,ActiveState,UnitFileState,NRestarts";
    let units = ask("systemctl", &["show", properties, UNITS[0], UNITS[1]]).await;
    findings.extend(units.as_deref().map_or_else(unseen_units, units_of));
    let kept = ask("timedatectl", &["show", "--property=NTPSynchronized", "--value"]).await;
    findings.extend(kept.as_deref().map(synchronised));
    findings
}

/// Where the store lies, as the configuration says, if it may be read.
fn store(config: &Path) -> PathBuf {
    let text = std::fs::read_to_string(config).unwrap_or_default();
    let table: toml::Table = toml::from_str(&text).unwrap_or_default();
    let named = table.get("store").and_then(toml::Value::as_str);
    PathBuf::from(named.unwrap_or(STORE))
}

fn disk(store: &Path) -> Finding {
    // The store's own folder may be closed to whoever asks; the one above it is on the same disk, or
    // nearly always.
    let folders = store.ancestors().skip(1);
    let free = folders.filter_map(|folder| {
        let disk = rustix::fs::statvfs(folder).ok()?;
        Some((folder, disk.f_bavail.saturating_mul(disk.f_frsize)))
    });
    let Some((folder, free)) = free.into_iter().next() else {
        return Finding::skipped("disk", format!("{} cannot be looked at", store.display()));
    };
    room(folder, free)
}

fn room(folder: &Path, free: u64) -> Finding {
    let says = format!("{} MiB free where {} is", free / MIB, folder.display());
    let remedy = "make room: when the disk is full nothing can be recorded, so nothing is sent";
    match free {
        ..FULL => Finding::fail("disk", says, remedy),
        _ if free < FILLING => Finding::warn("disk", says, remedy),
        _ => Finding::ok("disk", says),
    }
}

/// What `systemctl show` says of the units, a block each.
fn units_of(text: &str) -> Vec<Finding> {
    let blocks = text.split("\n\n").filter(|block| !block.trim().is_empty());
    blocks.map(unit).collect()
}

fn unit(block: &str) -> Finding {
    let of = |name: &str| {
        let mut lines = block.lines().filter_map(|line| line.split_once('='));
        lines.find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    };
    let name = of("Id");
    if of("LoadState") == "not-found" {
        return Finding::skipped("units", format!("{name} is not installed"));
    }
    let (active, enabled) = (of("ActiveState"), of("UnitFileState"));
    let restarts = of("NRestarts").parse::<u32>().unwrap_or(0);
    let says = format!("{name} is {active}, {enabled}, restarted {restarts} times");
    if active != "active" {
        return Finding::fail(
            "units",
            says,
            format!("systemctl start {name}; journalctl -u {name}"),
        );
    }
    if enabled == "disabled" {
        let remedy = format!("systemctl enable {name}, or it is gone after a reboot");
        return Finding::warn("units", says, remedy);
    }
    if restarts > 0 {
        return Finding::warn("units", says, "journalctl -u musterd says why".to_owned());
    }
    Finding::ok("units", says)
}

fn unseen_units() -> Vec<Finding> {
    vec![Finding::skipped("units", "systemctl does not answer")]
}

fn synchronised(text: &str) -> Finding {
    if text.trim() == "yes" {
        return Finding::ok("time", "the machine's clock is synchronised");
    }
    let says = "the machine's clock is not synchronised";
    Finding::warn("time", says, "timedatectl set-ntp true; a run goes by this clock")
}

/// What a program of the system says, if it is there and answers in time.
async fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_disk_is_judged_by_its_room() {
        let verdict = |free| room(Path::new("/x"), free).verdict;
        assert_eq!(
            [FULL - 1, FULL, FILLING].map(verdict),
            [Verdict::Fail, Verdict::Warn, Verdict::Ok]
        );
        assert_ne!(disk(Path::new("/no/such/folder/store.redb")).verdict, Verdict::Skipped);
    }

    #[test]
    fn the_store_is_where_the_configuration_says() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("musterd.toml");
        assert_eq!(store(&config), Path::new(STORE));
        std::fs::write(&config, "store = \"/data/store.redb\"\n[[egress]]\n").unwrap();
        assert_eq!(store(&config), Path::new("/data/store.redb"));
    }

    #[test]
    fn units_are_read_as_systemd_shows_them() {
        let text = "Id=musterd.socket\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\n\
                    NRestarts=3\nId=musterd.service\nLoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n";
        let found = units_of(text);
        assert_eq!(
            found.iter().map(|f| f.verdict).collect::<Vec<_>>(),
            [Verdict::Ok, Verdict::Fail]
        );
        assert!(found[1].says.contains("failed") && found[1].remedy.is_some());
        let gone = units_of("Id=musterd.service\nLoadState=not-found\nActiveState=inactive\n");
        assert_eq!(gone[0].verdict, Verdict::Skipped);
        assert_eq!(synchronised("no\n").verdict, Verdict::Warn);
    }
}
