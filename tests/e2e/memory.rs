//! A process's memory searched for keys. The keys are derived here anew, as docs/vault-format.md has it,
//! with nothing of the vault's own code.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use anyhow::Context;
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use musterd::store::Store;
use sha2::{Digest, Sha256};

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

/// What is looked for, by name.
#[derive(Default)]
pub(crate) struct Needles(Vec<(String, Vec<u8>)>);

impl Needles {
    /// One more, as it is.
    pub(crate) fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.push((name.to_owned(), bytes.to_vec()));
    }

    /// Which of them stand in the process's memory, and how often. Needs root, as the daemon is not dumpable.
    pub(crate) fn found_in(&self, pid: u32) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut by_first: Vec<Vec<usize>> = vec![Vec::new(); 256];
        for (at, (_, bytes)) in self.0.iter().enumerate() {
            by_first[usize::from(bytes[0])].push(at);
        }
        let mut found = BTreeMap::new();
        memory(pid, |bytes| {
            for (at, byte) in bytes.iter().enumerate() {
                for needle in &by_first[usize::from(*byte)] {
                    let (name, needle) = &self.0[*needle];
                    if bytes[at..].starts_with(needle) {
                        *found.entry(name.clone()).or_default() += 1;
                    }
                }
            }
        })?;
        Ok(found)
    }
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

/// How often the bytes stand in the process's memory.
pub(crate) fn occurrences(pid: u32, bytes: &[u8]) -> anyhow::Result<usize> {
    let mut needles = Needles::default();
    needles.add("it", bytes);
    Ok(needles.found_in(pid)?.values().sum())
}
