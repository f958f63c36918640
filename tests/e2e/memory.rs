//! A process's memory searched for keys. The keys are derived here anew, as docs/vault-format.md has it,
//! with nothing of the vault's own code.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use anyhow::Context;
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::{BASE64, BASE64URL};
use hkdf::Hkdf;
use musterd::store::Store;
use sha2::{Digest, Sha256};

use crate::hunt::forms;

/// The keys of a store.
pub(crate) struct Keys {
    pub(crate) master: [u8; 32],
    pub(crate) users: Vec<Vec<u8>>,
    /// All others on the way from the passphrase, by name.
    pub(crate) derived: Vec<(&'static str, Vec<u8>)>,
}

/// Reads them with the passphrase of its first slot.
pub(crate) fn keys_of(store: &Path, passphrase: &[u8]) -> anyhow::Result<Keys> {
    let store = Store::open(store)?;
    let header = store.header()?.context("no header")?;
    let id = &header[10..26];
    let slot = &header[87..87 + 124];
    let number =
        |at: usize| -> anyhow::Result<u32> { Ok(u32::from_be_bytes(slot[at..at + 4].try_into()?)) };
    let params = Params::new(number(4)?, number(8)?, number(12)?, Some(32));
    let params = params.map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut stretched = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, &slot[16..32], &mut stretched)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let slot_key = derive(&stretched, id, b"muster/v1/slot/key")?;
    let aad = [b"slot v1".as_slice(), &header[8..10], id, &slot[..64]].concat();
    let master: [u8; 32] = open(&slot_key, &aad, &slot[64..])?.as_slice().try_into()?;
    let wrap = derive(&master, id, b"muster/v1/wrap")?;
    let users = store.user_keys()?.into_iter().map(|(user, wrapped)| {
        let half = &Sha256::digest(user.as_str().as_bytes())[..16];
        let aad = [b"v1".as_slice(), id, &[0, 1], half, &[0; 14]].concat();
        open(&wrap, &aad, &wrapped)
    });
    let users = users.collect::<Result<_, _>>()?;
    store.close()?;
    let root = open(&wrap, &[b"root v1".as_slice(), &header[8..26]].concat(), &header[26..86])?;
    let root: [u8; 32] = root.as_slice().try_into()?;
    let derived = vec![
        ("stretched", stretched.to_vec()),
        ("slot key", slot_key.to_vec()),
        ("wrap key", wrap.to_vec()),
        ("header key", derive(&master, id, b"muster/v1/header")?.to_vec()),
        ("backup key", derive(&master, id, b"muster/v1/backup")?.to_vec()),
        ("root", root.to_vec()),
        ("order tag", derive(&root, id, b"muster/v1/purpose/order tag")?.to_vec()),
        ("login state", derive(&root, id, b"muster/v1/purpose/login state")?.to_vec()),
    ];
    Ok(Keys { master, users, derived })
}

fn derive(from: &[u8; 32], salt: &[u8], label: &[u8]) -> anyhow::Result<[u8; 32]> {
    let mut key = [0; 32];
    let hkdf = Hkdf::<Sha256>::new(Some(salt), from);
    hkdf.expand(label, &mut key).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(key)
}

fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (nonce, body) = sealed.split_first_chunk::<12>().context("too short")?;
    let cipher = Aes256Gcm::new(key.into());
    let opened = cipher.decrypt(&Nonce::from(*nonce), Payload { msg: body, aad });
    opened.map_err(|error| anyhow::anyhow!("{error}"))
}

/// What is looked for, in every form, by name.
#[derive(Default)]
pub(crate) struct Needles(Vec<(String, Vec<u8>)>);

impl Needles {
    /// One more, in every form a copy of it may have.
    pub(crate) fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.extend(forms(bytes).into_iter().map(|form| (name.to_owned(), form)));
    }

    /// Which of them stand in the process's memory, and how often. Needs root, as the daemon is not dumpable.
    pub(crate) fn found_in(&self, pid: u32) -> anyhow::Result<BTreeMap<String, usize>> {
        // By their first two bytes: most of a memory is passed over after one look.
        let mut by_two: Vec<Vec<usize>> = vec![Vec::new(); 1 << 16];
        for (at, (_, form)) in self.0.iter().enumerate() {
            by_two[two(form)].push(at);
        }
        let mut found = BTreeMap::new();
        memory(pid, |bytes| {
            for (at, pair) in bytes.windows(2).enumerate() {
                for needle in &by_two[two(pair)] {
                    let (name, form) = &self.0[*needle];
                    if bytes[at..].starts_with(form) {
                        *found.entry(name.clone()).or_default() += 1;
                    }
                }
            }
        })?;
        Ok(found)
    }
}

fn two(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

/// Calls with each stretch of writable memory that holds anything.
fn memory(pid: u32, mut look: impl FnMut(&[u8])) -> anyhow::Result<()> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let mut memory = File::open(format!("/proc/{pid}/mem"))?;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').context("a mapping without a range")?;
        let (from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        memory.seek(SeekFrom::Start(from))?;
        let mut bytes = vec![0; usize::try_from(to - from)?];
        // Unmapped meanwhile: what was in it is gone.
        if memory.read_exact(&mut bytes).is_err() {
            continue;
        }
        // Most of it was never written to, or was wiped. What is used is looked at in one piece with what
        // follows, so that nothing is missed that lies across two pages.
        let used = |page: &&[u8]| **page != ZEROS[..page.len()];
        let mut pages = bytes.chunks(ZEROS.len()).enumerate().peekable();
        while let Some((first, page)) = pages.next() {
            if !used(&page) {
                continue;
            }
            let mut last = first;
            while let Some((at, _)) = pages.next_if(|(_, page)| used(page)) {
                last = at;
            }
            let end = bytes.len().min((last + 1) * ZEROS.len());
            look(&bytes[first * ZEROS.len()..end]);
        }
    }
    Ok(())
}

static ZEROS: [u8; 4096] = [0; 4096];

/// How often the bytes stand in the process's memory, in any form.
pub(crate) fn occurrences(pid: u32, bytes: &[u8]) -> anyhow::Result<usize> {
    let mut needles = Needles::default();
    needles.add("it", bytes);
    Ok(needles.found_in(pid)?.values().sum())
}

/// A process that does nothing, with this in its memory.
struct Planted(Child);

impl Planted {
    fn with(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut sleep = Command::new("sleep");
        let sleep = sleep.arg("600").env_clear().env("PLANTED", OsStr::from_bytes(bytes));
        Ok(Self(sleep.spawn()?))
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn i20_whatever_form_a_secret_has_in_a_process_it_is_found() -> anyhow::Result<()> {
    if !may_read_memory() {
        return Ok(());
    }
    let secret = b"CANARY/planted+Secret \"1\"";
    let mut needles = Needles::default();
    needles.add("it", secret);
    let mut planted = forms(secret);
    assert!(planted.len() >= 12, "{}", planted.len());
    // With other bytes around it, base64 has another form at each place.
    for before in ["", "x", "xy"] {
        let text = [before.as_bytes(), secret, b"and more"].concat();
        planted.extend([BASE64.encode(&text).into_bytes(), BASE64URL.encode(&text).into_bytes()]);
    }
    for form in planted {
        let process = Planted::with(&form)?;
        let found = needles.found_in(process.0.id())?;
        assert!(found.contains_key("it"), "not found: {}", String::from_utf8_lossy(&form));
    }
    let other = Planted::with(b"CANARY/planted+Secret \"2\"")?;
    assert_eq!(needles.found_in(other.0.id())?, BTreeMap::new());
    Ok(())
}

/// Nobody but root may read the memory of a process that is not dumpable; says so where it cannot.
pub(crate) fn may_read_memory() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        let words = "left out: reading another process's memory takes root";
        drop(writeln!(std::io::stderr(), "{words}"));
    }
    root
}
