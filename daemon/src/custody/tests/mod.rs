//! Custody with a real vault and a real store in memory.

#![expect(
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that is out of bounds is to fail"
)]

mod crash;
mod known;
mod tamper;

use muster_protocol::time::{MINUTE, Timestamp};
use redb::backends::InMemoryBackend;

use super::*;
use crate::credential::SecretText;
use crate::store::{Report, Store, Writer};

const ACCOUNT: AccountId = AccountId(12);
const TICKET: TicketId = TicketId(7);

fn asha() -> UserId {
    "asha".parse().unwrap()
}

fn opened() -> Custody {
    let (vault, header, _) = Vault::with_key();
    Custody::new(header, Some(vault), Vec::new(), Vec::new())
}

fn credential(secret: &str) -> Credential {
    let text = |text: &str| SecretText::new(text.to_owned());
    Credential::Zerodha { api_key: text("CANARY-key"), api_secret: text(secret) }
}

fn session(token: &str) -> SessionSecret {
    SessionSecret::Zerodha { access_token: SecretText::new(token.to_owned()) }
}

fn secret_of(custody: &Custody, user: &str) -> Result<String, CustodyError> {
    match &*custody.credential(&user.parse().unwrap(), ACCOUNT)? {
        Credential::Zerodha { api_secret, .. } => Ok(api_secret.expose().to_owned()),
        Credential::AngelOne { .. } => unreachable!(),
    }
}

fn token_of(custody: &Custody) -> Option<String> {
    match &*custody.session(&asha(), ACCOUNT).unwrap()? {
        SessionSecret::Zerodha { access_token } => Some(access_token.expose().to_owned()),
        SessionSecret::AngelOne { .. } => unreachable!(),
    }
}

fn adopted(custody: &mut Custody, secret: &str) -> Batch {
    custody.hold_draft(TICKET, credential(secret));
    custody.hold_draft_session(TICKET, session("CANARY-token"));
    custody.adopt_draft(TICKET, &asha(), ACCOUNT).unwrap()
}

#[test]
fn a_draft_is_held_until_it_is_dropped_and_stored_nowhere() {
    let mut custody = opened();
    custody.hold_draft(TICKET, credential("CANARY-1"));
    assert!(custody.draft(TICKET).is_some() && custody.draft_session(TICKET).is_none());
    custody.drop_draft(TICKET);
    assert!(custody.draft(TICKET).is_none());
    let refused = custody.adopt_draft(TICKET, &asha(), ACCOUNT).unwrap_err();
    assert_eq!(refused, CustodyError::NoDraft);
    assert_eq!(secret_of(&custody, "asha"), Err(CustodyError::NoCredential));
}

#[test]
fn what_was_adopted_is_there_after_a_restart() {
    let (vault, header, _) = Vault::with_key();
    let twin = vault.twin();
    let mut custody = Custody::new(header.clone(), Some(vault), Vec::new(), Vec::new());
    let batch = adopted(&mut custody, "CANARY-1");
    assert_eq!((batch.sealed.len(), batch.user_keys.len()), (2, 1));
    assert_eq!(secret_of(&custody, "asha").unwrap(), "CANARY-1");

    let store = Arc::new(Store::open_backend(InMemoryBackend::new()).unwrap());
    let report = |report| assert!(matches!(report, Report::Committed { .. }), "{report:?}");
    let writer = Writer::start(Arc::clone(&store), report).unwrap();
    writer.submit(batch, ()).unwrap();
    writer.stop();

    let (rows, keys) = (store.sealed().unwrap(), store.user_keys().unwrap());
    for row in &rows {
        assert!(!row.bytes.windows(6).any(|part| part == b"CANARY"));
    }
    let custody = Custody::new(header, Some(twin), rows, keys);
    assert_eq!(secret_of(&custody, "asha").unwrap(), "CANARY-1");
    assert_eq!(token_of(&custody).unwrap(), "CANARY-token");
    assert!(custody.draft(TICKET).is_none());
}

#[test]
fn i15_a_replaced_secret_has_the_next_generation_and_the_old_one_does_not_open_in_its_place() {
    let mut custody = opened();
    let old = adopted(&mut custody, "CANARY-1");
    let new = adopted(&mut custody, "CANARY-2");
    assert_eq!((old.sealed[0].generation, new.sealed[0].generation), (1, 2));
    assert!(new.user_keys.is_empty());
    assert_eq!(secret_of(&custody, "asha").unwrap(), "CANARY-2");

    custody.rows.get_mut(&(ACCOUNT, 1)).unwrap().bytes.clone_from(&old.sealed[0].bytes);
    assert_eq!(secret_of(&custody, "asha"), Err(VaultError::Damaged.into()));
}

#[test]
fn a_session_replaces_the_last() {
    let mut custody = opened();
    assert!(token_of(&custody).is_none());
    adopted(&mut custody, "CANARY-1");
    let batch = custody.seal_session(&asha(), ACCOUNT, &session("CANARY-2")).unwrap();
    assert_eq!((batch.sealed.len(), batch.sealed[0].generation), (1, 2));
    assert_eq!(token_of(&custody).unwrap(), "CANARY-2");
}

#[test]
fn a_new_credential_ends_the_session_of_the_old() {
    let mut custody = opened();
    adopted(&mut custody, "CANARY-1");
    custody.hold_draft(TICKET, credential("CANARY-2"));
    let batch = custody.adopt_draft(TICKET, &asha(), ACCOUNT).unwrap();
    assert_eq!(batch.forget, [(ACCOUNT, Some(Kind::Session.code()))]);
    assert!(token_of(&custody).is_none());
}

#[test]
fn i15_nobody_gets_anothers_secret() {
    let mut custody = opened();
    adopted(&mut custody, "CANARY-1");
    assert!(secret_of(&custody, "ravi").is_err());
    custody.seal_session(&"ravi".parse().unwrap(), AccountId(1), &session("x")).unwrap();
    assert_eq!(secret_of(&custody, "ravi"), Err(VaultError::Damaged.into()));
}

#[test]
fn forgetting_an_account_or_its_user_ends_it() {
    let mut custody = opened();
    adopted(&mut custody, "CANARY-1");
    assert_eq!(custody.forget(ACCOUNT).forget, [(ACCOUNT, None)]);
    assert_eq!(secret_of(&custody, "asha"), Err(CustodyError::NoCredential));
    adopted(&mut custody, "CANARY-1");
    assert_eq!(custody.forget_user(&asha()).drop_user_keys, [asha()]);
    assert!(secret_of(&custody, "asha").is_err());
}

#[test]
fn i20_once_sealed_nothing_opens_and_a_failed_adoption_changes_nothing() {
    let mut custody = opened();
    adopted(&mut custody, "CANARY-1");
    let signed = custody.sign_state(TICKET, Timestamp::from_millis(MINUTE)).unwrap();
    custody.hold_draft(TICKET, credential("CANARY-2"));
    custody.seal();
    assert_eq!(custody.state(), VaultState::Sealed);
    assert!(custody.draft(TICKET).is_none());
    assert_eq!(secret_of(&custody, "asha"), Err(CustodyError::Sealed));
    assert_eq!(custody.tag_key(), Err(CustodyError::Sealed));
    let now = Timestamp::from_millis(0);
    assert_eq!(custody.verify_state(&signed, now), Err(CustodyError::Sealed));
    custody.hold_draft(TICKET, credential("CANARY-2"));
    let refused = custody.adopt_draft(TICKET, &asha(), ACCOUNT).unwrap_err();
    assert_eq!(refused, CustodyError::Sealed);
    assert!(custody.draft(TICKET).is_some());
}

#[test]
fn a_login_state_is_ours_unchanged_and_in_time() {
    let custody = opened();
    let at = Timestamp::from_millis;
    let state = custody.sign_state(TICKET, at(1_000)).unwrap();
    assert_eq!(custody.verify_state(&state, at(999)), Ok(TICKET));
    assert_eq!(state.len(), 42, "with it the login link is a QR code of 22 rows");
    assert_eq!(custody.verify_state(&state, at(1_000)), Err(CustodyError::ExpiredState));
    assert_eq!(opened().verify_state(&state, at(0)), Err(CustodyError::ForgedState));
    for at_byte in 0..state.len() {
        let mut changed = state.clone().into_bytes();
        changed[at_byte] = if changed[at_byte] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(custody.verify_state(&changed, at(0)), Err(CustodyError::ForgedState));
    }
    let long = "A".repeat(1 << 20);
    for bad in ["", "A", &state[1..], &format!("{state}="), &format!("{state}A"), &long, "\u{20b9}"]
    {
        assert_eq!(custody.verify_state(bad, at(0)), Err(CustodyError::ForgedState));
    }
}
