//! A store as each released format wrote it, kept in `tests/golden`: it opens, every record in it is still
//! what it was, and a newer one is refused with nothing touched.
//!
//! `MUSTER_WRITE_GOLDEN=1 cargo test -p muster-tests --test e2e golden_store` writes the current format's
//! files anew. That is done once for a format, when it changes; a released format's files never change.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use muster_protocol::request::{AddSlot, Backup, Status};
use muster_protocol::secret::Secret;
use muster_protocol::status::VaultState;
use muster_protocol::vault::SlotKind;
use muster_tests::harness::{Person, Setup, World, two_legs};
use musterd::passphrase::{Passphrase, Source};
use musterd::store::Store;
use musterd::upkeep::{self, Verified};
use redb::{Database, ReadableDatabase, TableDefinition};
use serde_json::{Value, json};

const PASSPHRASE: &str = "CANARY-passphrase";
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// The files of one format.
struct Golden {
    store: PathBuf,
    backup: PathBuf,
    secrets: PathBuf,
    records: PathBuf,
}

fn golden(format: u32) -> Golden {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let file = |name: &str| folder.join(format!("store-v{format}.{name}"));
    Golden {
        store: file("redb.gz"),
        backup: file("backup.gz"),
        secrets: file("secrets.json"),
        records: file("records.json"),
    }
}

fn unpack(from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(from)?).read_to_end(&mut bytes)?;
    Ok(std::fs::write(to, bytes)?)
}

fn pack(from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&std::fs::read(from)?)?;
    Ok(std::fs::write(to, packed.finish()?)?)
}

fn passphrase(folder: &Path, secret: &str) -> anyhow::Result<Passphrase> {
    std::fs::write(folder.join("secret"), secret)?;
    let source = Source::Credential { directory: folder.to_owned(), name: "secret".to_owned() };
    Ok(Passphrase::read(&source)?)
}

fn json_of(path: &Path) -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(path).with_context(|| path.display().to_string())?)?)
}

/// A store after a morning's work: people, a plan, slots of every kind, an audit; and a backup of it.
async fn write(to: &Golden) -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 3, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    let (client, _feed) = world.client().await?;
    let mut secrets = vec![PASSPHRASE.to_owned()];
    for kind in [SlotKind::KeyFile, SlotKind::Recovery] {
        let key = musterd::vault::new_key_text()?;
        let secret = |text: &str| Secret::new(text.to_owned());
        client.call(AddSlot { secret: secret(PASSPHRASE), kind, new: secret(&key) }).await?;
        secrets.push(key.to_string());
    }
    let backup = world.folder().join("backup");
    client.call(Backup { file: backup.display().to_string() }).await?;
    daemon.stop().await?;
    let records = musterd_records(&world)?;
    pack(&world.store(), &to.store)?;
    pack(&backup, &to.backup)?;
    std::fs::write(&to.secrets, format!("{}\n", serde_json::to_string(&secrets)?))?;
    std::fs::write(&to.records, format!("{}\n", serde_json::to_string_pretty(&records)?))?;
    Ok(())
}

/// What has to come out: each person's credential, as it was typed in. Sessions are left to the reader.
fn musterd_records(world: &World) -> anyhow::Result<Vec<Value>> {
    let store = Store::open(&world.store())?;
    let sealed = store.sealed()?;
    store.close()?;
    let mut records = Vec::new();
    for (account, person) in (1_u32..).zip(world.people()?) {
        let plain = match &person {
            Person::AngelOne(_, account) => json!({
                "kind": "angel_one_credential", "api_key": account.api_key,
                "client_id": account.client_code, "mpin": account.pin,
                "totp_secret": account.totp_secret,
            }),
            Person::Zerodha(_, account) => json!({
                "kind": "zerodha_credential", "api_key": account.api_key,
                "api_secret": account.api_secret,
            }),
        };
        let row = sealed.iter().find(|row| row.account.0 == account && row.kind == 1);
        let row = row.context("an account without a credential")?;
        records.push(json!([person.user(), account, 1, row.generation, plain]));
    }
    Ok(records)
}

#[expect(clippy::disallowed_methods, reason = "whoever changes the format asks for it by hand")]
fn is_to_be_written() -> bool {
    std::env::var("MUSTER_WRITE_GOLDEN").is_ok()
}

/// The files to test: the tree's, or new ones that were just asked for.
async fn ready(format: u32) -> anyhow::Result<Golden> {
    let golden = golden(format);
    if is_to_be_written() {
        write(&golden).await?;
    }
    Ok(golden)
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_a_store_of_the_released_format_opens_with_every_secret_and_runs() -> anyhow::Result<()>
{
    let golden = ready(1).await?;
    let folder = tempfile::tempdir()?;
    let (store, backup) = (folder.path().join("store"), folder.path().join("backup"));
    unpack(&golden.store, &store)?;
    unpack(&golden.backup, &backup)?;
    let secrets = json_of(&golden.secrets)?;
    let secrets = secrets.as_array().context("a list of secrets")?;
    assert_eq!(secrets.len(), 3);
    for secret in secrets {
        let secret = passphrase(folder.path(), secret.as_str().unwrap_or_default())?;
        let whole = |found: &Verified| found.sealed >= 6 && found.records > 5 && found.journal > 5;
        let found = upkeep::verify(&store, &secret)?;
        assert!(whole(&found) && !found.backup && found.audit.entries >= 5, "{found:?}");
        let found = upkeep::verify(&backup, &secret)?;
        assert!(whole(&found) && found.backup, "{found:?}");
    }
    // A daemon of today takes it over: sealed without a secret, open with one.
    let world = World::new(Setup { accounts: 1, ..Setup::default() }).await?;
    std::fs::copy(&store, world.store())?;
    let daemon = world.daemon().await?;
    let seen = world.look().await?;
    assert_eq!((seen.snapshot.accounts.len(), seen.snapshot.plans.len()), (3, 1));
    let (client, _feed) = world.client().await?;
    assert_eq!(client.call(Status {}).await?.vault, VaultState::Open);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn i13_an_export_of_it_holds_every_record_and_no_secret() -> anyhow::Result<()> {
    let golden = ready(1).await?;
    let folder = tempfile::tempdir()?;
    let (store, out) = (folder.path().join("store"), folder.path().join("out.json"));
    unpack(&golden.store, &store)?;
    let records = upkeep::export_sealed(&store, &out)?;
    let export = json_of(&out)?;
    assert_eq!(export["sealed"].as_array().map(Vec::len), Some(records));
    assert!(records >= 6 && export["user_keys"].as_array().map(Vec::len) == Some(3));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out)?.permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(upkeep::export_sealed(&store, &out).is_err(), "it takes no file's place");

    let mut prey = Vec::new();
    for record in json_of(&golden.records)?.as_array().context("a list of records")? {
        let fields = record[4].as_object().context("a record's fields")?;
        for (name, value) in fields.iter().filter(|(name, _)| secret_field(name)) {
            let value = value.as_str().context(name.clone())?;
            prey.push(crate::hunt::Prey::new("a secret of the golden store", value.as_bytes()));
        }
    }
    prey.push(crate::hunt::Prey::new("the mark all secrets carry", b"CANARY"));
    assert!(prey.len() > 5);
    let mut trail = crate::hunt::Trail::default();
    trail.add("the export", std::fs::read(&out)?);
    trail.add("the store", std::fs::read(&store)?);
    assert_eq!(trail.finds(&prey), Vec::<String>::new());
    Ok(())
}

/// Not the client's code, which is a name, nor four digits, which are anywhere.
fn secret_field(name: &str) -> bool {
    matches!(name, "api_key" | "api_secret" | "totp_secret")
}

#[tokio::test(flavor = "multi_thread")]
async fn i11_a_store_of_a_newer_format_is_refused_and_nothing_is_touched() -> anyhow::Result<()> {
    let golden = ready(1).await?;
    let world = World::new(Setup { accounts: 1, ..Setup::default() }).await?;
    std::fs::remove_file(world.store())?;
    unpack(&golden.store, &world.store())?;
    let db = Database::open(world.store())?;
    let writing = db.begin_write()?;
    let format = writing.open_table(META)?.insert("format", 2)?.map(|found| found.value());
    assert_eq!(format, Some(1), "the golden store is of format 1");
    writing.commit()?;
    assert!(db.begin_read()?.open_table(META)?.get("epoch")?.is_some());
    drop(db);

    let before = std::fs::read(world.store())?;
    let words = world.daemon_refused().await?;
    assert!(words.contains("format 2") && words.contains("install the newer build"), "{words}");
    let secret = passphrase(world.folder(), PASSPHRASE)?;
    for refused in [
        upkeep::verify(&world.store(), &secret).err().map(|error| error.to_string()),
        upkeep::audit(&world.store()).err().map(|error| error.to_string()),
        upkeep::export_sealed(&world.store(), &world.folder().join("out"))
            .err()
            .map(|error| error.to_string()),
    ] {
        assert!(refused.is_some_and(|words| words.contains("install the newer build")));
    }
    assert!(before == std::fs::read(world.store())?, "the file was written to");
    let beside = |ending: &str| world.folder().join(format!("store.redb{ending}")).exists();
    assert!(!beside(".epoch") && !beside(".new") && !world.folder().join("out").exists());
    assert!(!world.socket().exists(), "nobody listens");
    Ok(())
}
