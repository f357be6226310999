//! The history file: under the XDG state directory, readable by its owner alone.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use rustyline::Editor;
use rustyline::history::FileHistory;

/// Where the history is kept; `None` where there is no home to keep it in.
pub(super) fn path() -> Option<PathBuf> {
    let strategy = etcetera::base_strategy::Xdg::new().ok()?;
    Some(strategy.state_dir()?.join("ormsh").join("history"))
}

/// Read the history into the editor.
pub(super) fn load(editor: &mut Editor<(), FileHistory>, path: &Path) {
    if create(path).is_ok() {
        // An unreadable history is no reason not to start.
        drop(editor.load_history(path));
    }
}

/// Append the newest entry to the file at once.
pub(super) fn append(editor: &mut Editor<(), FileHistory>, path: &Path) {
    drop(editor.append_history(path));
}

#[cfg(unix)]
fn create(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn create(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map(drop)
}
