//! Every operation on keys and secrets, with the power going at each write and sync of its commit, and
//! again while the store opens after that. What is there afterwards is exactly the state before or the
//! state after, in all tables at once, and everything in it opens with every secret it should open with.

use muster_protocol::secret::Secret;
use muster_protocol::vault::{KeyTask, SlotKind};

use super::super::keys::{KeySecrets, derive};
use super::*;
use crate::store::tests::disk::{Disk, Random, seeds};
use crate::vault::{self, KdfParams, NewSlot, new_key_text};

/// What opens the vault: three slots from the start, and two secrets for new ones.
struct Secrets {
    file: String,
    paper: String,
    new: String,
}

const PASSPHRASE: &str = "CANARY correct horse";
const OTHER: &str = "CANARY battery staple";

impl Secrets {
    fn all(&self) -> [&str; 5] {
        [&self.file, &self.paper, &self.new, PASSPHRASE, OTHER]
    }

    /// Those that cost nothing to try.
    fn random(&self) -> [&str; 3] {
        [&self.file, &self.paper, &self.new]
    }
}

const PEOPLE: [(u32, &str); 2] = [(1, "asha"), (2, "ravi")];

/// A store with a slot of each kind, and two people's credentials and sessions.
fn start() -> (Vec<u8>, Secrets) {
    let (vault, header, file) = Vault::with_key();
    let text = || new_key_text().unwrap().to_string();
    let secrets = Secrets { file: file.to_string(), paper: text(), new: text() };
    let kinds = [
        (vault::SlotKind::Recovery, secrets.paper.as_str()),
        (vault::SlotKind::Passphrase, PASSPHRASE),
    ];
    let header = kinds.into_iter().fold(header, |header, (kind, secret)| {
        let new = NewSlot { kind, secret: secret.as_bytes(), cost: KdfParams::FLOOR };
        vault.add_slot(&header, &new).unwrap()
    });
    let disk = Disk::default();
    let store = Store::open_backend(disk.clone()).unwrap();
    store.put_header(&header.to_bytes()).unwrap();
    let mut custody = Custody::new(header, Some(vault), Vec::new(), Vec::new());
    for (account, user) in PEOPLE {
        custody.hold_draft(TICKET, credential(&format!("CANARY-{user}")));
        custody.hold_draft_session(TICKET, session("CANARY-token"));
        let batch = custody.adopt_draft(TICKET, &user.parse().unwrap(), AccountId(account));
        store.commit([batch.unwrap()].iter_mut()).unwrap();
    }
    store.close().unwrap();
    (disk.image(), secrets)
}

fn custody_of(store: &Store, secret: &str) -> Option<Custody> {
    let header = Header::from_bytes(&store.header().unwrap().unwrap()).unwrap();
    let vault = Vault::open(&header, secret.as_bytes()).ok()?;
    let (rows, keys) = (store.sealed().unwrap(), store.user_keys().unwrap());
    Some(Custody::new(header, Some(vault), rows, keys))
}

/// Every row opens for its owner, and for nobody else.
fn everything_opens(custody: &Custody, case: &str) {
    for (account, kind) in custody.rows.keys() {
        for (of, user) in PEOPLE {
            let kind = if *kind == 1 { Kind::Credential } else { Kind::Session };
            let opened = custody.open(&user.parse().unwrap(), *account, kind);
            assert_eq!(opened.is_ok(), of == account.0, "{case}: {account:?} {kind:?} of {user}");
        }
    }
}

/// All an operation may change, across the tables.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    header: Option<Vec<u8>>,
    user_keys: Vec<(UserId, Vec<u8>)>,
    sealed: Vec<SealedRow>,
    audited: u64,
}

fn seen(store: &Store) -> Seen {
    let audited = store.audit().unwrap().len() as u64;
    assert_eq!(store.audit_head().unwrap().entries, audited);
    Seen {
        header: store.header().unwrap(),
        user_keys: store.user_keys().unwrap(),
        sealed: store.sealed().unwrap(),
        audited,
    }
}

type Operation = fn(&mut Custody, &Secrets) -> Batch;

fn task(custody: &mut Custody, task: &KeyTask, old: &str, new: &str) -> Batch {
    let secret = |text: &str| Secret::new(text.to_owned());
    let secrets = KeySecrets { secret: secret(old), new: Some(secret(new)) };
    let derived = derive(custody.header(), task, &secrets).unwrap();
    custody.take_over(derived).unwrap()
}

/// Each with the secrets that open the vault afterwards.
const OPERATIONS: [(&str, &[usize], Operation); 12] = [
    ("add a recovery key", &[0, 1, 2, 3], |custody, with| {
        task(custody, &KeyTask::AddSlot(SlotKind::Recovery), &with.file, &with.new)
    }),
    ("add a passphrase", &[0, 1, 3, 4], |custody, with| {
        task(custody, &KeyTask::AddSlot(SlotKind::Passphrase), &with.file, OTHER)
    }),
    ("remove a slot", &[0, 3], |custody, with| {
        task(custody, &KeyTask::RemoveSlot(1), &with.file, "")
    }),
    ("change a key file", &[1, 2, 3], |custody, with| {
        task(custody, &KeyTask::ChangeSecret, &with.file, &with.new)
    }),
    ("change a passphrase", &[0, 1, 4], |custody, _| {
        task(custody, &KeyTask::ChangeSecret, PASSPHRASE, OTHER)
    }),
    ("upgrade a passphrase's cost", &[0, 1, 3], |custody, _| {
        task(custody, &KeyTask::UpgradeKdf, PASSPHRASE, "")
    }),
    ("rotate", &[0], |custody, with| task(custody, &KeyTask::Rotate, &with.file, "")),
    ("seal a user's again", &[0, 1, 3], |custody, _| {
        custody.reencrypt(&asha(), &[AccountId(1)]).unwrap()
    }),
    ("replace a credential", &[0, 1, 3], |custody, _| {
        custody.hold_draft(TICKET, credential("CANARY-other"));
        custody.adopt_draft(TICKET, &asha(), AccountId(1)).unwrap()
    }),
    ("a session of the day", &[0, 1, 3], |custody, _| {
        custody.seal_session(&asha(), AccountId(1), &session("CANARY-2")).unwrap()
    }),
    ("remove an account", &[0, 1, 3], |custody, _| custody.forget(AccountId(1))),
    ("remove a user", &[0, 1, 3], |custody, _| {
        let mut batch = custody.forget(AccountId(1));
        batch.add(custody.forget_user(&asha()));
        batch
    }),
];

/// A batch with an entry of the audit in it and nothing else.
fn audited(what: &str) -> Batch {
    let entry = serde_json::json!({
        "at": "2026-11-23T15:10:00+05:30", "by": "uid 1000", "role": "operator",
        "what": what, "done": true,
    });
    Batch { audit: vec![serde_json::from_value(entry).unwrap()], ..Batch::default() }
}

/// What one operation writes, the states around it, and how many calls the disk sees.
struct Rehearsed {
    name: &'static str,
    batch: Batch,
    before: Seen,
    after: Seen,
    calls: u64,
}

/// Without a crash: each secret opens or does not, as it should, and in memory it is as on the disk.
fn rehearse(image: &[u8], with: &Secrets, which: usize) -> Rehearsed {
    let (name, opens, operation) = OPERATIONS[which];
    let disk = Disk::with(image.to_vec());
    let store = Store::open_backend(disk.clone()).unwrap();
    let before = seen(&store);
    let mut custody = custody_of(&store, &with.file).unwrap();
    let mut batch = operation(&mut custody, with);
    batch.add(audited(name));
    everything_opens(&custody, name);
    let opened = disk.calls();
    store.commit([batch.clone()].iter_mut()).unwrap();
    let after = seen(&store);
    // A passphrase takes its time to try: only where one is at stake.
    let tried = match name {
        "change a passphrase" | "add a passphrase" => 5,
        "upgrade a passphrase's cost" => 4,
        _ => 3,
    };
    for (number, secret) in with.all().into_iter().enumerate().take(tried) {
        let opened = custody_of(&store, secret);
        assert_eq!(opened.is_some(), opens.contains(&number), "{name}: secret {number}");
        if let Some(custody) = opened {
            everything_opens(&custody, name);
        }
    }
    store.close().unwrap();
    assert_ne!(before, after);
    Rehearsed { name, batch, before, after, calls: disk.calls() - opened }
}

/// The power goes at one call, and then at another while the store is opened; what is there is checked
/// after each.
fn crash(image: &[u8], with: &Secrets, of: &Rehearsed, (call, seed): (u64, u64)) {
    let case = format!("{}, MUSTER_SEED={seed}, crash at call {call}", of.name);
    let mut random = Random(seed.wrapping_add(call));
    let disk = Disk::with(image.to_vec());
    let store = Store::open_backend(disk.clone()).unwrap();
    disk.crash_at_call(disk.calls() + call);
    let committed = store.commit([of.batch.clone()].iter_mut()).is_ok();
    drop(store);
    let once = disk.after_crash(&mut random);
    let again = once.reopened();
    again.crash_at_call(1 + random.below(12) as u64);
    drop(Store::open_backend(again.clone()));
    let twice = again.after_crash(&mut random);
    for (disk, times) in [(once, "once"), (twice, "twice")] {
        let store = Store::open_backend(disk.clone()).unwrap_or_else(|e| panic!("{case}: {e}"));
        let found = seen(&store);
        let is_new = found == of.after;
        assert!(is_new || found == of.before, "{case}, {times}: neither the old nor the new");
        assert!(is_new || !committed, "{case}, {times}: it was acknowledged");
        let opened = with.random().map(|secret| custody_of(&store, secret));
        let opened: Vec<_> = opened.iter().flatten().collect();
        assert!(!opened.is_empty(), "{case}");
        for custody in opened {
            everything_opens(custody, &case);
        }
    }
}

#[test]
fn i11_each_operation_on_keys_that_loses_power_at_any_write_leaves_the_old_state_or_the_new() {
    let (image, with) = start();
    let rehearsed: Vec<_> = (0..OPERATIONS.len()).map(|at| rehearse(&image, &with, at)).collect();
    let (mut crashes, seeds) = (0, seeds(SEEDS));
    for seed in &seeds {
        for of in &rehearsed {
            for call in 1..=of.calls {
                crash(&image, &with, of, (call, *seed));
                crashes += 2;
            }
        }
    }
    // Two for each of some twenty-five calls of each operation.
    assert!(crashes > seeds.len() * OPERATIONS.len() * 2 * 20, "{crashes} crashes");
}

#[test]
fn i11_a_vault_that_is_made_when_the_power_goes_is_there_or_can_be_made_again() {
    let disk = Disk::default();
    Store::open_backend(disk.clone()).unwrap().close().unwrap();
    let image = disk.image();
    let (_, header, _) = Vault::with_key();
    let header = header.to_bytes();
    for seed in seeds(10) {
        let mut random = Random(seed);
        for call in 1.. {
            let case = format!("MUSTER_SEED={seed}, crash at call {call}");
            let disk = Disk::with(image.clone());
            let store = Store::open_backend(disk.clone()).unwrap();
            disk.crash_at_call(disk.calls() + call);
            let made = store.put_header(&header).is_ok();
            drop(store);
            let store = Store::open_backend(disk.after_crash(&mut random)).unwrap();
            if let Some(found) = store.header().unwrap() {
                assert_eq!(found, header, "{case}");
            } else {
                assert!(!made, "{case}: it was acknowledged");
                store.put_header(&header).unwrap();
            }
            if made {
                break;
            }
        }
    }
}

const SEEDS: u64 = 6;
