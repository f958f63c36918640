//! The known answers of docs/vault-format.md, read from the document and computed here. A reader written
//! from the document computes the same ones (`tests/sdk/open_vault.py`), so neither can drift alone.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use redb::backends::InMemoryBackend;

use super::super::envelope::{self, NONCE_LEN};
use super::super::header::{Slot, root_aad};
use super::super::keys::{self, KEY_LEN};
use super::super::{key_text, slots};
use super::*;
use crate::store::{Batch, SealedRow, Store};

/// Random keys as text: the document's two, and one of nobody.
pub(super) const KEY_FILE: &str =
    "WCY3-FM5U-WW3L-POFZ-XK53-ZPN6-X7AM-DQWD-YTC4-NR6I-ZHFM-XTGN-Z3H5-3T4O";
pub(super) const RECOVERY: &str =
    "YDA4-FQ6E-YXDM-PSGJ-ZLF4-ZTOO-Z7IN-DUWT-2TK5-NV6Y-3HNN-XXG5-33P6-YBY6";
pub(super) const OTHER_KEY: &str =
    "A4DQ-OBYH-A4DQ-OBYH-A4DQ-OBYH-A4DQ-OBYH-A4DQ-OBYH-A4DQ-OBYH-A4DU-XMDP";

const DOCUMENT: &str = include_str!("../../../../docs/vault-format.md");

/// What the document says, and what was asked of it.
struct Known {
    values: BTreeMap<String, Vec<u8>>,
    compared: usize,
}

impl Known {
    fn read() -> Self {
        let block = DOCUMENT.split("```vectors\n").nth(1).unwrap().split("```").next().unwrap();
        let lines = block.replace("\n  ", "");
        let value = |text: &str| match text.strip_prefix('"') {
            Some(text) => text.strip_suffix('"').unwrap().as_bytes().to_vec(),
            None => HEXLOWER.decode(text.as_bytes()).unwrap(),
        };
        let pairs = lines.lines().map(|line| line.split_once(" = ").unwrap());
        let values = pairs.map(|(name, text)| (name.to_owned(), value(text))).collect();
        Self { values, compared: 0 }
    }

    fn get(&self, name: &str) -> &[u8] {
        self.values.get(name).unwrap_or_else(|| panic!("the document has no {name}"))
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.get(name).try_into().unwrap()
    }

    fn key(&self, name: &str) -> Key {
        let bytes = self.array::<KEY_LEN>(name);
        Key::filled(|out| {
            *out = bytes;
            Ok(())
        })
        .unwrap()
    }

    fn store(&self) -> StoreId {
        StoreId::from_bytes(self.array("store id"))
    }

    fn same(&mut self, name: &str, found: &[u8]) {
        self.compared += 1;
        assert_eq!(HEXLOWER.encode(found), HEXLOWER.encode(self.get(name)), "{name}");
    }
}

const KINDS: [(&str, SlotKind); 3] = [
    ("passphrase", SlotKind::Passphrase),
    ("key file", SlotKind::KeyFile),
    ("recovery key", SlotKind::Recovery),
];

/// From the secret to the slot, each step compared.
fn slot(known: &mut Known, number: u8, name: &str, kind: SlotKind) -> Slot {
    let of = |what: &str| format!("{name} {what}");
    let (store, salt) = (known.store(), known.array(&of("salt")));
    let secret = known.get(name).to_vec();
    let (stretched, cost) = if kind == SlotKind::Passphrase {
        assert_eq!(known.get("argon2id m t p"), b"65536 3 4");
        let cost = KdfParams::FLOOR;
        (keys::argon2id(&secret, &salt, cost).unwrap(), Some(cost))
    } else {
        let random = key_text::read(&secret).unwrap();
        known.same(&of("bytes"), random.as_slice());
        (keys::unstretched(&random, &salt).unwrap(), None)
    };
    known.same(&of("stretched"), stretched.expose());
    let slot_key = keys::slot_key(&stretched, store).unwrap();
    known.same(&of("slot key"), slot_key.expose());
    let commitment = *keys::commitment(&stretched, store).unwrap();
    known.same(&of("commitment"), &commitment);
    let mut slot = Slot { number, kind, cost, salt, commitment, wrapped: Vec::new() };
    let nonce = known.array::<NONCE_LEN>(&of("nonce"));
    let master = known.key("master key");
    slot.wrapped = envelope::seal_with(&slot_key, &slot.aad(store), nonce, master.expose())
        .unwrap()
        .into_bytes();
    known.same(&of("sealed master key"), &slot.wrapped);
    slot
}

fn header(known: &mut Known) -> Header {
    let (store, master, root) = (known.store(), known.key("master key"), known.key("root"));
    let wrap = keys::wrap_key(&master, store).unwrap();
    known.same("wrap key", wrap.expose());
    known.same("backup key", keys::backup_key(&master, store).unwrap().expose());
    let nonce = known.array("root nonce");
    let root = envelope::seal_with(&wrap, &root_aad(store), nonce, root.expose()).unwrap();
    known.same("sealed root", root.as_bytes());
    let slots =
        (0..).zip(KINDS).map(|(number, (name, kind))| slot(known, number, name, kind)).collect();
    let header = Header::made(store, root.into_bytes(), slots, &master).unwrap();
    known.same("header MAC", &header.mac);
    let mac = keys::mac(&known.key("header key"), &header.authenticated());
    known.same("header MAC", &mac);
    known.same("header", &header.to_bytes());
    header
}

#[test]
fn i15_the_documents_known_answers_lead_from_every_secret_to_the_record() {
    let known = &mut Known::read();
    let made = header(known);
    for (name, _) in KINDS {
        let opened = Vault::open(&made, known.get(name)).unwrap();
        known.same("master key", opened.master.expose());
        known.same("root", opened.root.expose());
        known.same("purpose order tag", &*opened.derive(Purpose::OrderTag).unwrap());
        known.same("purpose login state", &*opened.derive(Purpose::LoginState).unwrap());
    }
    let (master, store) = (known.key("master key"), known.store());
    let wrap = keys::wrap_key(&master, store).unwrap();
    let user = user(std::str::from_utf8(known.get("user")).unwrap());
    let owner = Owner::new(store, &user);
    known.same("user key associated data", &owner.user_key());
    let (user_key, nonce) = (known.key("user key"), known.array("user key nonce"));
    let wrapped = envelope::seal_with(&wrap, &owner.user_key(), nonce, user_key.expose()).unwrap();
    known.same("wrapped user key", wrapped.as_bytes());

    let id = RecordId { account: AccountId(258), kind: Kind::Credential, generation: 5 };
    known.same("record associated data", &owner.record(&id));
    let (nonce, plain) = (known.array("record nonce"), known.get("record").to_vec());
    let sealed = envelope::seal_with(&user_key, &owner.record(&id), nonce, &plain).unwrap();
    known.same("sealed record", sealed.as_bytes());
    let opened = Vault::open(&made, known.get("recovery key")).unwrap();
    let key = opened.unwrap(&user, &WrappedKey(wrapped)).unwrap();
    known.same("record", &key.open(&id, &sealed).unwrap());
    let credential = crate::credential::Credential::from_bytes(&plain).unwrap();
    assert_eq!(credential.to_bytes().as_slice(), plain, "a credential is written like this");
    assert!(known.compared > 35, "{} were compared", known.compared);
}

#[test]
fn i15_no_other_secret_opens_the_documents_header() {
    let known = &mut Known::read();
    let made = Header::from_bytes(known.get("header")).unwrap();
    for wrong in ["CANARY wrong horse", OTHER_KEY, ""] {
        assert_eq!(Vault::open(&made, wrong.as_bytes()).err(), Some(VaultError::WrongPassphrase));
    }
    let lower = KEY_FILE.to_lowercase().replace('-', " ");
    let (master, by) = slots::unlock(&made, lower.as_bytes(), keys::argon2id).unwrap();
    known.same("master key", master.expose());
    assert_eq!(by, 1);
    assert_eq!(known.get("key file"), KEY_FILE.as_bytes());
    assert_eq!(known.get("recovery key"), RECOVERY.as_bytes());
}

#[test]
fn i19_the_documents_known_answers_for_the_audit_chain_and_a_backup() {
    let known = &mut Known::read();
    let store = Store::open_backend(InMemoryBackend::new()).unwrap();
    store.put_header(known.get("header")).unwrap();
    let (_, json) = known.get("audit value").split_at(33);
    let row = SealedRow {
        account: AccountId(258),
        kind: Kind::Credential.code(),
        generation: 5,
        bytes: known.get("sealed record").to_vec(),
    };
    let batch = Batch {
        audit: vec![serde_json::from_slice(json).unwrap()],
        user_keys: vec![(user("asha"), known.get("wrapped user key").to_vec())],
        sealed: vec![row],
        ..Batch::default()
    };
    store.commit([batch].iter()).unwrap();
    let head = store.audit_head().unwrap();
    assert_eq!(head.hash, HEXLOWER.encode(known.get("audit hash")));
    let (digest, none) = store.backup_mark().unwrap();
    assert_eq!(none, None);
    known.same("backup digest", &digest);
    let mac = BackupKey(known.key("backup key")).mac(&digest);
    known.same("backup MAC", &mac);
}
