//! Where the daemon's socket is, and connecting to it.

use std::path::{Path, PathBuf};

use interprocess::local_socket::tokio::{Stream, prelude::*};
use interprocess::local_socket::{GenericFilePath, ToFsName};

/// The socket of a daemon run by systemd.
pub const SYSTEM_SOCKET: &str = "/run/musterd/musterd.sock";

/// The socket's path: the one given, else the system's if it exists, else the one under the
/// user's runtime directory (the value of `XDG_RUNTIME_DIR`, read by the caller).
pub fn socket_path(given: Option<PathBuf>, runtime_dir: Option<PathBuf>) -> PathBuf {
    given.unwrap_or_else(|| {
        let system = PathBuf::from(SYSTEM_SOCKET);
        match runtime_dir {
            Some(dir) if !system.exists() => dir.join("muster").join("musterd.sock"),
            _ => system,
        }
    })
}

/// Connects to the socket.
///
/// A file name, never the abstract namespace: only a file has permissions.
pub async fn connect(path: &Path) -> std::io::Result<Stream> {
    Stream::connect(path.to_fs_name::<GenericFilePath>()?).await
}
