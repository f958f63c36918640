//! The store's file: ours alone, on a local disk, and complete from the moment it has its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::steps::step;

/// Opens the file. If there is none, `fill` makes an empty store of a new one with mode 0600, which
/// gets its name only when it is durable: a crash leaves a whole store or none.
pub(super) fn open_or_make(
    path: &Path,
    fill: impl FnOnce(File) -> Result<(), StoreError>,
) -> Result<File, StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    refuse_network(directory)?;
    match open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(path, directory, fill)?;
            open(path).map_err(at(path))
        }
        opened => opened.map_err(at(path)),
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

fn make(
    path: &Path,
    directory: &Path,
    fill: impl FnOnce(File) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    // The lock keeps a second daemon, started at the same moment, from making another.
    let held = File::open(directory).map_err(at(directory))?;
    held.lock().map_err(at(directory))?;
    if path.try_exists().map_err(at(path))? {
        return Ok(());
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    match step().and_then(|()| fs::remove_file(&new)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&new)(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    fill(step().and_then(|()| options.open(&new)).map_err(at(&new))?)?;
    let synced = step().and_then(|()| open(&new)?.sync_all());
    let named = synced.and_then(|()| step()).and_then(|()| fs::rename(&new, path));
    named.map_err(at(&new))?;
    // Without this a power cut can take the name away again.
    step().and_then(|()| held.sync_all()).map_err(at(directory))
}

fn refuse_network(directory: &Path) -> Result<(), StoreError> {
    let found = rustix::fs::statfs(directory).map_err(|e| at(directory)(e.into()))?;
    let [a, b, c, d, ..] = found.f_type.to_le_bytes();
    if NETWORK.contains(&u32::from_le_bytes([a, b, c, d])) {
        return Err(StoreError::NetworkFileSystem { path: directory.to_owned() });
    }
    Ok(())
}

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = PathBuf::from(path);
    move |source| StoreError::File { path, source }
}

/// The kernel's numbers of NFS, SMB, CIFS, SMB2 and AFS: locks and syncs may mean nothing there.
const NETWORK: [u32; 5] = [0x0000_6969, 0x0000_517B, 0xFF53_4D42, 0xFE53_4D42, 0x5346_414F];
