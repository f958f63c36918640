//! Rows of a real store moved and changed by somebody who knows no key: what custody makes of them.

use super::*;

const PEOPLE: [&str; 2] = ["asha", "ravi"];

/// Two users with two accounts each, and the key rows.
fn filled() -> (Header, Vault, Vec<SealedRow>, Vec<(UserId, Vec<u8>)>) {
    let (vault, header, _) = Vault::with_key();
    let twin = vault.twin();
    let mut custody = Custody::new(header.clone(), Some(vault), Vec::new(), Vec::new());
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    for account in 1..=4 {
        let user: UserId = PEOPLE[(account as usize - 1) / 2].parse().unwrap();
        custody.hold_draft(TICKET, credential(&format!("CANARY-{account}")));
        custody.hold_draft_session(TICKET, session(&format!("CANARY-token-{account}")));
        let batch = custody.adopt_draft(TICKET, &user, AccountId(account)).unwrap();
        rows.extend(batch.sealed);
        keys.extend(batch.user_keys);
    }
    (header, twin, rows, keys)
}

/// Which rows open for their owners; anything else than opening is one kind of error.
fn opens(custody: &Custody, rows: &[SealedRow]) -> Vec<bool> {
    let of = |row: &SealedRow| {
        let user = PEOPLE[(row.account.0 as usize - 1) / 2].parse().unwrap();
        let kind = if row.kind == 1 { Kind::Credential } else { Kind::Session };
        match custody.open(&user, row.account, kind) {
            Ok(plain) => {
                assert!(plain.unwrap().windows(6).any(|part| part == b"CANARY"));
                true
            }
            Err(error) => {
                assert_eq!(error, CustodyError::Vault(VaultError::Damaged));
                false
            }
        }
    };
    rows.iter().map(of).collect()
}

#[test]
fn i15_rows_that_were_swapped_do_not_open_and_all_others_do() {
    let (header, vault, rows, keys) = filled();
    assert_eq!((rows.len(), keys.len()), (8, 2));
    let open = |rows: &[SealedRow], keys: &[(UserId, Vec<u8>)]| {
        Custody::new(header.clone(), Some(vault.twin()), rows.to_vec(), keys.to_vec())
    };
    assert_eq!(opens(&open(&rows, &keys), &rows), [true; 8]);
    for one in 0..rows.len() {
        for other in 0..one {
            // The values with their generations, and the sealed bytes alone.
            for with_generation in [true, false] {
                let mut swapped = rows.clone();
                let (a, b) = (rows[one].clone(), rows[other].clone());
                swapped[one].bytes = b.bytes;
                swapped[other].bytes = a.bytes;
                if with_generation {
                    swapped[one].generation = b.generation;
                    swapped[other].generation = a.generation;
                }
                let expected: Vec<bool> = (0..8).map(|at| at != one && at != other).collect();
                let found = opens(&open(&swapped, &keys), &rows);
                assert_eq!(found, expected, "{one} and {other}");
            }
        }
    }
    let mut swapped = keys.clone();
    swapped[0].1.clone_from(&keys[1].1);
    swapped[1].1.clone_from(&keys[0].1);
    assert_eq!(opens(&open(&rows, &swapped), &rows), [false; 8]);
    assert_eq!(opens(&open(&rows, &keys[..1]), &rows)[4..], [false; 4]);
}

#[test]
fn i15_no_bit_of_a_stored_row_can_be_changed() {
    let (header, vault, rows, keys) = filled();
    let mut custody = Custody::new(header, Some(vault), rows.clone(), keys);
    let place = (rows[3].account, rows[3].kind);
    for bit in 0..64 {
        custody.rows.get_mut(&place).unwrap().generation = rows[3].generation ^ (1 << bit);
        assert_eq!(opens(&custody, &rows[3..4]), [false], "bit {bit} of the generation");
    }
    custody.rows.insert(place, rows[3].clone());
    for bit in 0..rows[3].bytes.len() * 8 {
        let mut changed = rows[3].bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        custody.rows.get_mut(&place).unwrap().bytes = changed;
        assert_eq!(opens(&custody, &rows[3..4]), [false], "bit {bit}");
    }
}

#[test]
fn i15_an_older_generation_of_a_row_does_not_open_under_the_newer_number_nor_after_the_key_was_replaced()
 {
    let mut custody = opened();
    let old = adopted(&mut custody, "CANARY-1").sealed.remove(0);
    let new = adopted(&mut custody, "CANARY-2").sealed.remove(0);
    for (generation, bytes) in [(new.generation, &old.bytes), (old.generation, &new.bytes)] {
        let row = SealedRow { generation, bytes: bytes.clone(), ..new.clone() };
        custody.rows.insert((ACCOUNT, 1), row);
        assert_eq!(secret_of(&custody, "asha"), Err(VaultError::Damaged.into()));
    }
    custody.rows.insert((ACCOUNT, 1), new);
    assert_eq!(secret_of(&custody, "asha").unwrap(), "CANARY-2");
    custody.reencrypt(&asha(), &[ACCOUNT]).unwrap();
    assert_eq!(secret_of(&custody, "asha").unwrap(), "CANARY-2");
    // The whole older row, number and all: its key is gone.
    custody.rows.insert((ACCOUNT, 1), old);
    assert_eq!(secret_of(&custody, "asha"), Err(VaultError::Damaged.into()));
}
