//! From an older format to this build's, and never back. Each step takes a store from one format to the
//! next; all that are needed run in one transaction with the number of the format they lead to, so that
//! a crash leaves the format there was or the one there is to be.
//!
//! ```text
//! 1   the first released format; tables that came later within it are made where they are missing
//! ```
//!
//! A new format adds its step to [`STEPS`], a line above, and a golden store of the format before.

use std::path::Path;

use redb::{Builder, Database, DatabaseError, WriteTransaction};

use super::tables::{self, FORMAT, KEY_FORMAT, META};
use super::{StoreError, guarded};

/// What leads from one format to the next.
struct Step {
    from: u64,
    take: fn(&WriteTransaction) -> Result<(), StoreError>,
}

/// Every step there is, in order. The first format has none before it.
const STEPS: &[Step] = &[];

/// Makes the tables in a new file; brings an old one to this build's format.
pub(super) fn prepare(db: &Database) -> Result<(), StoreError> {
    match tables::format(db)? {
        None => tables::make(db),
        Some(found) => {
            bring(db, found, (STEPS, FORMAT))?;
            tables::complete(db)
        }
    }
}

fn bring(db: &Database, found: u64, (steps, to): (&[Step], u64)) -> Result<(), StoreError> {
    if found > to {
        return Err(StoreError::NewerFormat { found, known: to });
    }
    if found == to {
        return Ok(());
    }
    let mut writing = db.begin_write()?;
    writing.set_quick_repair(true);
    for from in found..to {
        let step = steps.iter().find(|step| step.from == from).ok_or(StoreError::NotOurs)?;
        (step.take)(&writing)?;
    }
    writing.open_table(META)?.insert(KEY_FORMAT, to)?;
    Ok(writing.commit()?)
}

/// Refuses the file of a newer build before anything opens it for writing: not a byte of it changes.
pub(super) fn refuse_newer(path: &Path) -> Result<(), StoreError> {
    if !path.exists() {
        return Ok(());
    }
    guarded(|| {
        let db = match Builder::new().open_read_only(path) {
            Ok(db) => db,
            Err(DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch) => {
                return Err(StoreError::InUse);
            }
            // It was not closed: opening it for writing mends it, then finds its format.
            Err(_) => return Ok(()),
        };
        match tables::format(&db)? {
            Some(found) if found > FORMAT => Err(StoreError::NewerFormat { found, known: FORMAT }),
            Some(_) | None => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use redb::ReadableDatabase;
    use redb::backends::InMemoryBackend;

    use super::super::tables::RECORDS;
    use super::*;

    fn note(writing: &WriteTransaction, text: &[u8]) -> Result<(), StoreError> {
        let mut records = writing.open_table(RECORDS)?;
        let next = tables::newest(&records)?.saturating_add(1);
        records.insert(next, text)?;
        Ok(())
    }

    fn fail(writing: &WriteTransaction) -> Result<(), StoreError> {
        note(writing, b"half done")?;
        Err(StoreError::NotOurs)
    }

    const TO_2: Step = Step { from: 1, take: |writing| note(writing, b"one to two") };
    const TO_3: Step = Step { from: 2, take: |writing| note(writing, b"two to three") };

    fn first_format() -> Database {
        let db = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        prepare(&db).unwrap();
        assert_eq!(tables::format(&db).unwrap(), Some(1));
        db
    }

    fn notes(db: &Database) -> Vec<Vec<u8>> {
        use redb::ReadableTable;
        let table = db.begin_read().unwrap().open_table(RECORDS).unwrap();
        table.iter().unwrap().map(|row| row.unwrap().1.value().to_vec()).collect()
    }

    #[test]
    fn the_first_format_is_taken_as_it_is() {
        let db = first_format();
        prepare(&db).unwrap();
        assert_eq!((tables::format(&db).unwrap(), notes(&db).len()), (Some(1), 0));
    }

    #[test]
    fn steps_are_taken_in_order_and_once() {
        let db = first_format();
        bring(&db, 1, (&[TO_3, TO_2], 3)).unwrap();
        assert_eq!(notes(&db), [b"one to two".to_vec(), b"two to three".to_vec()]);
        assert_eq!(tables::format(&db).unwrap(), Some(3));
        bring(&db, 3, (&[TO_3, TO_2], 3)).unwrap();
        assert_eq!(notes(&db).len(), 2);
        // This build knows the first format only.
        let refused = prepare(&db);
        assert!(matches!(refused, Err(StoreError::NewerFormat { found: 3, known: 1 })));
    }

    #[test]
    fn a_step_that_fails_or_is_missing_leaves_the_store_as_it_was() {
        let bad = Step { from: 2, take: fail };
        for steps in [[TO_2, bad], [TO_3, TO_3]] {
            let db = first_format();
            assert!(bring(&db, 1, (&steps, 3)).is_err());
            assert_eq!((tables::format(&db).unwrap(), notes(&db).len()), (Some(1), 0));
        }
    }
}
