//! Restarts with nobody there, as docs/vault.md has them: a key is encrypted by systemd, decrypted into the
//! service's credentials directory, and opens the vault of the real binary. Without `systemd-creds` it says
//! that it was left out.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const MUSTERD: &str = env!("CARGO_BIN_EXE_musterd");
const UNIT: &str = include_str!("../systemd/musterd.service");
const PASSPHRASE: &str = "CANARY correct horse";
/// How long anything may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(120);

struct Place(tempfile::TempDir);

impl Place {
    /// A store, made by the binary.
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let config = format!(
            "store = \"{}\"\nsocket = \"{}\"\n[[egress]]\nname = \"main\"\naddress = \"192.0.2.1\"\n\
             [callback]\nenabled = false\n",
            place.path("store.redb").display(),
            place.path("musterd.sock").display(),
        );
        fs::write(place.path("musterd.toml"), config).unwrap();
        for folder in ["credstore", "credentials"] {
            fs::create_dir(place.path(folder)).unwrap();
        }
        let made = place.with_input(&["init", "--passphrase-fd", "0"], PASSPHRASE);
        assert!(made.status.success(), "{}", words(&made));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn musterd(&self, words: &[&str]) -> Command {
        let mut command = Command::new(MUSTERD);
        command.arg("--config").arg(self.path("musterd.toml")).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn with_input(&self, words: &[&str], input: &str) -> Output {
        fed(&mut self.musterd(words), input)
    }

    /// systemd's command, with a host key of the test's own instead of this machine's.
    fn systemd_creds(&self, words: &[&str]) -> Command {
        let mut command = Command::new("systemd-creds");
        command.args(words).env("SYSTEMD_CREDENTIAL_SECRET", self.path("host.secret"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn encrypt(&self, name: &str, secret: &str) -> Output {
        let (name, file) = (format!("--name={name}"), self.path("credstore").join(name));
        let mut command = self.systemd_creds(&["encrypt", "--with-key=host", &name, "-"]);
        fed(command.arg(file), secret)
    }

    /// What systemd does for the service when it starts it: every credential the unit names that is there.
    fn load(&self) {
        for name in named() {
            let file = self.path("credstore").join(name);
            if file.exists() {
                let loaded = self.decrypt(name, &file);
                assert!(loaded.status.success(), "{name}: {}", words(&loaded));
            }
        }
    }

    fn decrypt(&self, name: &str, file: &Path) -> Output {
        let word = format!("--name={name}");
        let mut command = self.systemd_creds(&["decrypt", &word]);
        fed(command.arg(file).arg(self.path("credentials").join(name)), "")
    }

    /// The daemon as the unit starts it, once it serves.
    #[expect(clippy::zombie_processes, reason = "whoever started it waits for it")]
    fn started(&self) -> Child {
        drop(fs::remove_file(self.path("notify")));
        let told = UnixDatagram::bind(self.path("notify")).unwrap();
        told.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = self.musterd(&["run"]);
        command.env("NOTIFY_SOCKET", self.path("notify"));
        command.env("CREDENTIALS_DIRECTORY", self.path("credentials"));
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let mut buffer = [0; 4096];
        loop {
            let length = told.recv(&mut buffer).unwrap();
            if String::from_utf8_lossy(&buffer[..length]).contains("READY=1") {
                return child;
            }
        }
    }

    /// Whether the daemon says that its vault is open.
    fn is_open(&self) -> bool {
        let mut socket = UnixStream::connect(self.path("musterd.sock")).unwrap();
        let hello = r#"{"protocol":1,"build":"0","client":"script"}"#;
        for (id, method, params) in [(1, "hello", hello), (2, "status", "{}")] {
            let line = format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n"
            );
            socket.write_all(line.as_bytes()).unwrap();
        }
        let status = BufReader::new(socket).lines().nth(1).unwrap().unwrap();
        assert!(status.contains(r#""vault":"#), "{status}");
        status.contains(r#""vault":"open""#)
    }
}

/// The credentials the unit names, in their order.
fn named() -> Vec<&'static str> {
    UNIT.lines().filter_map(|line| line.strip_prefix("LoadCredentialEncrypted=")).collect()
}

fn fed(command: &mut Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    // It may end without reading.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// Ends it in order; what it said.
fn stopped(child: Child) -> String {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", words(&output));
    words(&output)
}

#[test]
fn a_key_that_systemd_keeps_opens_the_vault_and_under_another_name_or_changed_it_does_not_decrypt()
{
    if !Command::new("systemd-creds").arg("--version").output().is_ok_and(|o| o.status.success()) {
        writeln!(std::io::stderr(), "left out: there is no systemd-creds here").unwrap();
        return;
    }
    let place = Place::new();
    let key = String::from_utf8(place.with_input(&["new-key"], "").stdout).unwrap();
    let key = key.trim();
    let sealed = place.encrypt("musterd.key", key);
    assert!(sealed.status.success(), "{}", words(&sealed));
    let file = place.path("credstore/musterd.key");
    let kept = fs::read(&file).unwrap();
    assert!(!holds(&kept, key) && kept.len() > key.len());

    // Before its slot is made it opens nothing, and the daemon says so and serves, sealed.
    place.load();
    assert_eq!(fs::read_to_string(place.path("credentials/musterd.key")).unwrap(), key);
    let child = place.started();
    assert!(!place.is_open());
    assert!(stopped(child).contains("started SEALED: no credential opens the vault"));

    fs::write(place.path("new"), key).unwrap();
    let add = format!(
        "exec {MUSTERD} --config {} slot add key --passphrase-fd 0 --new-fd 3 3<{}",
        place.path("musterd.toml").display(),
        place.path("new").display(),
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &add]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let added = fed(&mut shell, PASSPHRASE);
    assert!(added.status.success(), "{}", words(&added));
    let child = place.started();
    assert!(place.is_open(), "nobody was there, and it is open");
    for file in ["environ", "cmdline"] {
        let bytes = fs::read(format!("/proc/{}/{file}", child.id())).unwrap();
        assert!(bytes.len() > 10 && !holds(&bytes, key), "{file}");
    }
    let said = stopped(child);
    assert!(!said.contains(key) && !said.contains("SEALED"), "{said}");

    let other = place.decrypt("another.key", &file);
    assert!(!other.status.success(), "a name is bound into it");
    let mut changed = String::from_utf8(kept).unwrap().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    fs::write(&file, changed).unwrap();
    let refused = place.decrypt("musterd.key", &file);
    assert!(!refused.status.success(), "what was changed decrypts");
}

#[test]
fn the_unit_names_what_the_daemon_looks_for_in_the_order_it_tries_it() {
    assert_eq!(named(), musterd::cli::CREDENTIALS);
}
