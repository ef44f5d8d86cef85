//! `whyrst wireshark install` and `uninstall`: fields, columns and colours for the comments that `explain --annotate`
//! writes, in the folders where this user's Wireshark looks.
//!
//! The plugin is a file of our own, and so is the profile `whyrst`, a folder with a note in it: whatever else is there
//! is the user's and stays as it is. Nothing is written into the profile that Wireshark uses by itself.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use whyrst_core::causes;
use whyrst_output::Places;

use crate::Completion;
use crate::args::{Wireshark, WiresharkCommand};
use crate::output;

const PLUGIN: &str = include_str!("../wireshark/whyrst.lua");
/// The line of it that has the catalogue's ids once it is installed.
const NO_CAUSES: &str = "local causes = {}\n";
/// What only a file of ours begins with.
const MARK: &str = "-- Installed by `whyrst wireshark install`";
/// In the folder of the profile: Wireshark writes the other files anew, without their remarks.
const NOTE: (&str, &str) = (
    "whyrst.txt",
    "`whyrst wireshark install` made this profile. `whyrst wireshark uninstall` removes the folder, with what was\n\
     changed in it.\n",
);
/// Above a file of ours: `.local/lib/wireshark/plugins`.
const FOLDERS: usize = 4;
const PROFILE: [(&str, &str); 2] = [
    ("colorfilters", include_str!("../wireshark/colorfilters")),
    ("preferences", include_str!("../wireshark/preferences")),
];
/// How wide the columns are; Wireshark writes it anew whenever it ends.
const RECENT: (&str, &str) = ("recent", include_str!("../wireshark/recent"));

pub(crate) fn run(arguments: &Wireshark) -> Result<Completion> {
    let places = Installed::of_user()?;
    match arguments.command {
        WiresharkCommand::Install => places.install(),
        WiresharkCommand::Uninstall => places.uninstall(),
    }
}

/// What is there, or will be.
struct Installed {
    plugin: PathBuf,
    profile: PathBuf,
    /// The link of `whyrst extcap --install`.
    extcap: PathBuf,
}

impl Installed {
    fn of_user() -> Result<Self> {
        let folders = Folders::of_user()?;
        Ok(Self {
            plugin: folders.plugins.join("whyrst.lua"),
            profile: folders.configuration.join("profiles/whyrst"),
            extcap: folders.extcap.join("whyrst"),
        })
    }

    /// Refuses before anything is written where something else has one of the names.
    fn install(&self) -> Result<Completion> {
        if self.plugin.exists() && !self.has_our_plugin() {
            bail!("whyrst did not install {}: move it away first; nothing was changed", self.plugin.display());
        }
        if self.profile.exists() && !self.has_our_profile() {
            let path = self.profile.display();
            bail!("whyrst did not install the profile {path}: rename it first; nothing was changed");
        }
        let mut places = Places::default();
        let mut written = |path: &Path, text: &str| write(&mut places, path, text);
        written(&self.plugin, &plugin())?;
        let is_new = !self.profile.exists();
        written(&self.profile.join(NOTE.0), NOTE.1)?;
        if is_new {
            written(&self.profile.join(RECENT.0), RECENT.1)?;
        }
        for (name, text) in PROFILE {
            let path = self.profile.join(name);
            match fs::read_to_string(&path) {
                Ok(there) if there != text => output::remark(&format!(
                    "{} was changed and stays so; whyrst wireshark uninstall removes it",
                    path.display()
                )),
                _ => written(&path, text)?,
            }
        }
        output::remark(&format!("{} has the fields whyrst.id, whyrst.family ...", self.plugin.display()));
        let profile = if is_new { "is the profile with" } else { "is still the profile with" };
        output::remark(&format!("{} {profile} their columns and colours", self.profile.display()));
        output::remark(
            "next: whyrst explain --annotate told.pcapng FILE, then wireshark -C whyrst told.pcapng; a Wireshark that \
             runs already has to be started again",
        );
        Ok(Completion::Clean)
    }

    fn uninstall(&self) -> Result<Completion> {
        let mut removed = 0;
        let mut gone = |path: &Path, result: std::io::Result<()>| {
            result.with_context(|| format!("cannot remove {}", path.display()))?;
            removed += 1;
            output::remark(&format!("{} is removed", path.display()));
            anyhow::Ok(())
        };
        if self.has_our_plugin() {
            gone(&self.plugin, fs::remove_file(&self.plugin))?;
        } else if self.plugin.exists() {
            output::remark(&format!("whyrst did not install {}: it stays", self.plugin.display()));
        }
        if self.has_our_profile() {
            gone(&self.profile, fs::remove_dir_all(&self.profile))?;
        } else if self.profile.exists() {
            output::remark(&format!("whyrst did not install {}: it stays", self.profile.display()));
        }
        if self.extcap.is_symlink() {
            gone(&self.extcap, fs::remove_file(&self.extcap))?;
        }
        if removed == 0 {
            output::remark("nothing of whyrst is installed in this user's Wireshark");
            return Ok(Completion::Clean);
        }
        let home = std::env::var_os("HOME").map(PathBuf::from);
        for path in [&self.plugin, &self.profile, &self.extcap] {
            let folders = path.ancestors().skip(1).take_while(|folder| Some(*folder) != home.as_deref());
            // One with something in it stays, and all above it.
            folders.take(FOLDERS).take_while(|folder| fs::remove_dir(folder).is_ok()).for_each(drop);
        }
        Ok(Completion::Clean)
    }

    fn has_our_plugin(&self) -> bool {
        fs::read_to_string(&self.plugin).is_ok_and(|text| text.starts_with(MARK))
    }

    fn has_our_profile(&self) -> bool {
        self.profile.join(NOTE.0).is_file()
    }
}

/// With the ids of the catalogue: the window of Expert Information has a line for each that is registered at the start.
fn plugin() -> String {
    let ids = causes::ALL.iter().map(|cause| format!("  \"{}\",\n", cause.id));
    PLUGIN.replace(NO_CAUSES, &format!("local causes = {{\n{}}}\n", ids.collect::<String>()))
}

fn write(places: &mut Places, path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut file = places.place(path)?.whole()?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.finish()?)
}

/// Where this user's Wireshark looks: as tshark names it, by Wireshark's rule where it does not.
pub(crate) struct Folders {
    configuration: PathBuf,
    plugins: PathBuf,
    pub(crate) extcap: PathBuf,
}

impl Folders {
    pub(crate) fn of_user() -> Result<Self> {
        let said = Command::new("tshark").args(["-G", "folders"]).output().ok();
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let folder = |name: &str| {
            let path = said.lines().find_map(|line| line.strip_prefix(name))?.trim_start_matches(':').trim();
            Some(PathBuf::from(path)).filter(|path| path.is_absolute())
        };
        let home = || std::env::var_os("HOME").context("cannot find the home folder: HOME is not set");
        let in_home = |path: &str| home().map(|home| PathBuf::from(home).join(path));
        let or_else = |named: Option<PathBuf>, path: &str| named.map_or_else(|| in_home(path), Ok);
        let configuration = or_else(folder("Personal configuration"), ".config/wireshark")?;
        let extcap = folder("Personal Extcap path").unwrap_or_else(|| configuration.join("extcap"));
        let plugins = or_else(folder("Personal Lua Plugins"), ".local/lib/wireshark/plugins")?;
        Ok(Self { configuration, plugins, extcap })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plugin_has_the_ids_of_the_catalogue() {
        assert!(PLUGIN.starts_with(MARK) && PLUGIN.contains(NO_CAUSES));
        assert!(plugin().contains("local causes = {\n") && plugin().contains("\n  \"close-unread\",\n"));
    }
}
