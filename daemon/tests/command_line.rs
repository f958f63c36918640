//! The real binary: its command line, its files, what it tells systemd, how it stops.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use std::fs;
use std::io::{BufRead, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const MUSTERD: &str = env!("CARGO_BIN_EXE_musterd");
const PASSPHRASE: &str = "CANARY correct horse";
/// How long anything may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(60);

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self(folder);
        let config = format!(
            "store = \"{}\"\nsocket = \"{}\"\n[[egress]]\nname = \"main\"\naddress = \"192.0.2.1\"\n\
             [callback]\nenabled = false\n",
            place.path("store.redb").display(),
            place.path("musterd.sock").display(),
        );
        fs::write(place.path("musterd.toml"), config).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(MUSTERD);
        command.arg("--config").arg(self.path("musterd.toml")).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str], passphrase: &str) -> Output {
        let mut child = self.command(words).spawn().unwrap();
        write_passphrase(&mut child, passphrase);
        child.wait_with_output().unwrap()
    }
}

/// The passphrase on standard input, as descriptor 0; the child may end without reading it.
fn write_passphrase(child: &mut Child, passphrase: &str) {
    let mut stdin = child.stdin.take().unwrap();
    drop(writeln!(stdin, "{passphrase}"));
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_example_configuration_can_be_used() {
    let place = Place::new();
    fs::write(place.path("musterd.toml"), include_str!("../systemd/musterd.toml")).unwrap();
    let checked = place.run(&["check-config"], "");
    assert!(checked.status.success(), "{}", words(&checked));
}

#[test]
fn a_mistake_in_the_configuration_is_named_with_its_line() {
    let place = Place::new();
    fs::write(place.path("musterd.toml"), "egres = 1\n").unwrap();
    let checked = place.run(&["check-config"], "");
    assert!(!checked.status.success());
    let words = words(&checked);
    assert!(words.contains("egres") && words.contains("line 1"), "{words}");
}

#[test]
fn a_store_is_made_once_for_us_alone_and_the_wrong_passphrase_opens_nothing() {
    let place = Place::new();
    let unmade = place.run(&["run", "--passphrase-fd", "0"], PASSPHRASE);
    assert!(words(&unmade).contains("musterd init"), "{}", words(&unmade));
    let made = place.run(&["init", "--passphrase-fd", "0"], PASSPHRASE);
    assert!(made.status.success(), "{}", words(&made));
    assert_eq!(mode(&place.path("store.redb")), 0o600);
    let again = place.run(&["init", "--passphrase-fd", "0"], PASSPHRASE);
    assert!(!again.status.success(), "a second init would lose every sealed secret");
    let wrong = place.run(&["run", "--passphrase-fd", "0"], "CANARY wrong");
    assert!(words(&wrong).contains("passphrase does not open"), "{}", words(&wrong));
    for output in [unmade, made, again, wrong] {
        assert!(!words(&output).contains("CANARY"));
    }
}

#[test]
fn slots_audit_and_purge_work_without_a_daemon() {
    let place = Place::new();
    assert!(place.run(&["init", "--passphrase-fd", "0"], PASSPHRASE).status.success());
    let made = place.run(&["new-key"], "");
    let key = String::from_utf8(made.stdout).unwrap();
    fs::write(place.path("key"), &key).unwrap();
    // The second secret comes in by a descriptor of its own.
    let add = format!(
        "exec {MUSTERD} --config {} slot add key --passphrase-fd 0 --new-fd 3 3<{}",
        place.path("musterd.toml").display(),
        place.path("key").display(),
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &add]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = shell.spawn().unwrap();
    write_passphrase(&mut child, PASSPHRASE);
    let added = child.wait_with_output().unwrap();
    assert!(added.status.success(), "{}", words(&added));
    let key = key.trim();
    let removed = place.run(&["slot", "remove", "0", "--passphrase-fd", "0"], key);
    assert!(removed.status.success(), "{}", words(&removed));
    let listed = String::from_utf8(place.run(&["slot", "list"], "").stdout).unwrap();
    assert!(listed.starts_with("1  key file") && listed.lines().count() == 1, "{listed}");
    let gone = place.run(&["slot", "rotate", "--passphrase-fd", "0"], PASSPHRASE);
    assert!(words(&gone).contains("passphrase does not open"), "{}", words(&gone));
    let purged = place.run(&["purge"], "");
    assert!(words(&purged).contains("the old file was overwritten"), "{}", words(&purged));

    let rows = String::from_utf8(place.run(&["audit", "list"], "").stdout).unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(rows[0].contains("slot added: key file") && rows[2].contains(r#""done":false"#));
    let hash = rows[1].split(r#""hash":""#).nth(1).and_then(|rest| rest.get(..64)).unwrap();
    let held = place.run(&["audit", "verify", "--head", hash], "");
    assert!(held.status.success() && words(&held).contains("entry 2's"), "{}", words(&held));
    let lost = place.run(&["audit", "verify", "--head", &"0".repeat(64)], "");
    assert!(!lost.status.success() && words(&lost).contains("no entry has this hash"));
    let recovery = place.run(&["slot", "add", "recovery", "--new-fd", "0"], "");
    assert!(words(&recovery).contains("typed back"), "{}", words(&recovery));
    for output in [added, removed, gone, purged, held, lost] {
        assert!(!words(&output).contains("CANARY") && !words(&output).contains(key));
    }
}

#[test]
fn a_credential_that_opens_nothing_leaves_a_sealed_daemon_that_says_so() {
    let place = Place::new();
    assert!(place.run(&["init", "--passphrase-fd", "0"], PASSPHRASE).status.success());
    fs::create_dir(place.path("credentials")).unwrap();
    fs::write(place.path("credentials/musterd.passphrase"), "CANARY wrong").unwrap();
    let mut child = place
        .command(&["run"])
        .env("CREDENTIALS_DIRECTORY", place.path("credentials"))
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut heard = String::new();
    while !heard.contains("started SEALED") {
        assert!(said.read_line(&mut heard).unwrap() > 0, "it ended: {heard}");
    }
    assert!(heard.contains("the credential musterd.passphrase: ") && !heard.contains("CANARY"));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    // The rest of what it says is let go, so that it does not wait for a reader.
    std::io::copy(&mut said, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn systemd_is_told_and_sigterm_stops_it_in_order() {
    let place = Place::new();
    assert!(place.run(&["init", "--passphrase-fd", "0"], PASSPHRASE).status.success());
    let told = UnixDatagram::bind(place.path("notify")).unwrap();
    told.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = place.command(&["run", "--passphrase-fd", "0"]);
    command.env("NOTIFY_SOCKET", place.path("notify")).env("WATCHDOG_USEC", "2000000");
    let mut child = command.spawn().unwrap();
    write_passphrase(&mut child, PASSPHRASE);
    let mut heard = Vec::new();
    let mut hear = |wanted: &str| {
        while !heard.iter().any(|line: &String| line.contains(wanted)) {
            let mut buffer = [0; 4096];
            let length =
                told.recv(&mut buffer).unwrap_or_else(|_| panic!("no {wanted}: {heard:?}"));
            heard.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
    };
    hear("READY=1");
    hear("STATUS=");
    hear("WATCHDOG=1");
    assert_eq!(mode(&place.path("musterd.sock")), 0o660);
    assert!(UnixStream::connect(place.path("musterd.sock")).is_ok());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    hear("STOPPING=1");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    assert!(!words(&output).contains("CANARY"));
}

#[test]
fn help_names_every_command() {
    let place = Place::new();
    let help = place.run(&["--help"], "");
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    for command in ["init", "run", "check-config", "man"] {
        assert!(text.contains(command), "{text}");
    }
}
