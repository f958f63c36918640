//! What is needed to open a store's records without redb, as it lies there and still sealed, as JSON.
//! `docs/vault-format.md` has the fields. It needs no secret and opens nothing.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use data_encoding::BASE64;
use muster_protocol::ids::UserId;
use serde::Serialize;

use super::{UpkeepError, open, replayed};

#[derive(Serialize)]
struct Export {
    format: &'static str,
    schema_version: u8,
    header: String,
    user_keys: Vec<UserKey>,
    sealed: Vec<Record>,
}

#[derive(Serialize)]
struct UserKey {
    user: UserId,
    wrapped: String,
}

#[derive(Serialize)]
struct Record {
    user: Option<UserId>,
    account: u32,
    kind: u8,
    generation: u64,
    sealed: String,
}

/// Writes the export of a store to a file that is not there yet; gives the number of its records.
pub fn export_sealed(path: &Path, out: &Path) -> Result<usize, UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let store = open(path)?;
    let model = replayed(&store, path)?;
    let header = store.header().map_err(at)?.ok_or(UpkeepError::NoVault)?;
    let user_keys = store
        .user_keys()
        .map_err(at)?
        .into_iter()
        .map(|(user, wrapped)| UserKey { user, wrapped: BASE64.encode(&wrapped) });
    let sealed = store.sealed().map_err(at)?.into_iter().map(|row| Record {
        user: model.accounts.get(&row.account).map(|account| account.user.clone()),
        account: row.account.0,
        kind: row.kind,
        generation: row.generation,
        sealed: BASE64.encode(&row.bytes),
    });
    let export = Export {
        format: "muster-sealed-export",
        schema_version: 1,
        header: BASE64.encode(&header),
        user_keys: user_keys.collect(),
        sealed: sealed.collect(),
    };
    let records = export.sealed.len();
    store.close().map_err(at)?;
    write(out, &export).map_err(|source| UpkeepError::Io { path: out.to_owned(), source })?;
    Ok(records)
}

fn write(out: &Path, export: &Export) -> std::io::Result<()> {
    let mut bytes = serde_json::to_vec(export)?;
    bytes.push(b'\n');
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
