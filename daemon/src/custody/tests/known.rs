//! The known answers of docs/vault-format.md where vault and store meet: the audit chain, a backup's MAC, and
//! what a record holds.

use data_encoding::HEXLOWER;

use super::*;
use crate::vault::tests::known::Known;

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
        user_keys: vec![(asha(), known.get("wrapped user key").to_vec())],
        sealed: vec![row],
        ..Batch::default()
    };
    store.commit([batch].iter_mut()).unwrap();
    let head = store.audit_head().unwrap();
    assert_eq!(head.hash, HEXLOWER.encode(known.get("audit hash")));
    let (digest, none) = store.backup_mark().unwrap();
    assert_eq!(none, None);
    known.same("backup digest", &digest);
    let mac = known.backup_key().mac(&digest);
    known.same("backup MAC", &mac);
    let credential = Credential::from_bytes(known.get("record")).unwrap();
    known.same("record", &credential.to_bytes());
}
