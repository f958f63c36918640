//! I13 on the real binary: what other processes, core dumps and files can see of a running daemon.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use data_encoding::{BASE64, HEXLOWER};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

const MUSTERD: &str = env!("CARGO_BIN_EXE_musterd");
const PASSPHRASE: &str = "CANARY correct horse";

fn command(folder: &Path, words: &[&str]) -> Command {
    let config = folder.join("musterd.toml");
    let mut command = Command::new(MUSTERD);
    command.arg("--config").arg(config).args(["--passphrase-fd", "0"]).args(words);
    command.current_dir(folder).env("TMPDIR", folder.join("tmp"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn spawn(folder: &Path, words: &[&str]) -> Child {
    let mut child = command(folder, words).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSPHRASE}").unwrap();
    child
}

/// A folder with a store, made by the binary.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir(folder.path().join("tmp")).unwrap();
    let config = format!(
        "store = \"{}\"\nsocket = \"{}\"\n[[egress]]\nname = \"main\"\naddress = \"192.0.2.1\"\n\
         [callback]\nenabled = false\n",
        path("store.redb"),
        path("musterd.sock"),
    );
    fs::write(folder.path().join("musterd.toml"), config).unwrap();
    let made = spawn(folder.path(), &["init"]).wait_with_output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
}

/// Waits until the daemon listens, which is after it opened the vault.
#[expect(clippy::zombie_processes, reason = "whoever started it waits for it")]
fn started(folder: &Path) -> Child {
    let told = std::os::unix::net::UnixDatagram::bind(folder.join("notify")).unwrap();
    told.set_read_timeout(Some(std::time::Duration::from_secs(120))).unwrap();
    let mut command = command(folder, &["run"]);
    let mut child = command.env("NOTIFY_SOCKET", folder.join("notify")).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSPHRASE}").unwrap();
    let mut buffer = [0; 4096];
    loop {
        let length = told.recv(&mut buffer).unwrap();
        if String::from_utf8_lossy(&buffer[..length]).contains("READY=1") {
            return child;
        }
    }
}

/// The forms in which a text may stand somewhere.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = HEXLOWER.encode(secret.as_bytes());
    let mut forms = vec![secret.as_bytes().to_vec(), hex.clone().into_bytes()];
    forms.push(hex.to_uppercase().into_bytes());
    forms.push(secret.replace(' ', "%20").into_bytes());
    forms.push(secret.replace(' ', "+").into_bytes());
    let percent = hex.as_bytes().chunks(2).flat_map(|two| [b"%", two].concat());
    forms.push(percent.collect());
    for shift in 0..3 {
        let padded = [vec![0; shift], secret.as_bytes().to_vec()].concat();
        let (from, to) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
        forms.push(BASE64.encode(&padded).as_bytes()[from..to].to_vec());
    }
    forms
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    forms(secret).iter().any(|form| bytes.windows(form.len()).any(|part| part == form))
}

#[test]
fn i13_no_passphrase_is_in_the_environment_the_arguments_a_file_or_the_log() {
    let folder = folder();
    let mut child = started(folder.path());
    for file in ["environ", "cmdline"] {
        let bytes = fs::read(format!("/proc/{}/{file}", child.id())).unwrap();
        assert!(bytes.len() > 10 && !holds(&bytes, PASSPHRASE), "{file}");
        assert!(!bytes.windows(6).any(|part| part == b"CANARY"), "{file}");
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    child.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    for words in [output.stdout, output.stderr] {
        assert!(!holds(&words, PASSPHRASE) && !words.windows(6).any(|part| part == b"CANARY"));
    }
    let mut looked_at = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            looked_at += 1;
            assert!(!holds(&fs::read(&path).unwrap(), PASSPHRASE), "{}", path.display());
        }
    }
    assert!(looked_at >= 3, "the store, its epoch and the configuration");
    assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0, "a temporary file");
    assert!(holds(b"x Q0FOQVJZIGNvcnJlY3QgaG9yc2U= y", PASSPHRASE), "it would be found");
}

fn core_limit(child: &Child) -> String {
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    line.split_whitespace().skip(4).collect::<Vec<_>>().join(" ")
}

/// Lifts the limit on cores, as only root can, and ends the process as a crash would. Whether the kernel
/// wrote a core; `None` if the limit could not be lifted.
fn dumps_core(mut child: Child) -> Option<bool> {
    let pid = Pid::from_child(&child);
    let lifted = prlimit(Some(pid), Resource::Core, Rlimit { current: None, maximum: None });
    kill_process(pid, Signal::ABORT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()));
    lifted.ok().map(|_| status.core_dumped())
}

#[test]
fn i13_a_crash_leaves_no_core_and_the_process_is_not_dumpable() {
    let folder = folder();
    let child = started(folder.path());
    assert_eq!(core_limit(&child), "0 0 bytes");
    let dumped = dumps_core(child);
    // Without root, the limit that was just seen is all there is to see.
    assert!(dumped.is_none_or(|dumped| !dumped), "a core was written");
    let cores = fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("core"));
    assert_eq!(cores.count(), 0);
}
