//! Rust of the folders in `symptoms/`: their facts as modules, their texts as statics.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::symptom::{self, CHINESE, ENGLISH, Language, Page};

/// One symptom: a folder.
struct Folder {
    path: PathBuf,
    id: String,
    english: Page,
    chinese: Page,
}

/// The Rust text of all folders in `symptoms`, in the order of their names. Their causes are folders in `catalogue`.
pub(crate) fn generate(symptoms: &Path, catalogue: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot list {}: {error}", symptoms.display());
    let entries = fs::read_dir(symptoms).map_err(unreadable)?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    if let Ok(paths) = &mut paths {
        paths.sort();
    }
    let read = |path| Folder::read(path, catalogue);
    let folders = paths.map_err(unreadable)?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut out = String::new();
    write_all(&folders, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

impl Folder {
    fn read(path: PathBuf, catalogue: &Path) -> Result<Self, String> {
        let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (english, chinese) = (page(&path.join("en.md"), &ENGLISH)?, page(&path.join("zh.md"), &CHINESE)?);
        let folder = Self { path, id, english, chinese };
        folder.check(catalogue)?;
        Ok(folder)
    }

    /// The causes are there, and both pages name the same ones in the same order.
    fn check(&self, catalogue: &Path) -> Result<(), String> {
        for cause in &self.english.causes {
            if !catalogue.join(&cause.id).is_dir() {
                let file = self.path.join("en.md");
                return Err(format!("{}:{}: the catalogue has no {}", file.display(), cause.line, cause.id));
            }
        }
        let ids = |page: &Page| page.causes.iter().map(|cause| cause.id.clone()).collect::<Vec<_>>();
        let (english, chinese) = (ids(&self.english), ids(&self.chinese));
        if english == chinese {
            return Ok(());
        }
        let file = self.path.join("zh.md");
        Err(format!("{}: expected the causes of en.md, {english:?}, found {chinese:?}", file.display()))
    }

    fn module(&self) -> String {
        self.id.replace('-', "_")
    }
}

fn page(file: &Path, language: &Language) -> Result<Page, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    symptom::read(&text, language).map_err(|fault| format!("{}:{fault}", file.display()))
}

fn write_all(folders: &[Folder], out: &mut String) -> std::fmt::Result {
    for folder in folders {
        let (module, file) = (folder.module(), folder.path.join("symptom.rs"));
        writeln!(out, "#[path = {:?}]\nmod {module};", file.to_string_lossy())?;
    }
    writeln!(out, "/// Every symptom, in the order of their ids.\npub static ALL: &[&Symptom] = &[")?;
    for folder in folders {
        let (module, id) = (folder.module(), &folder.id);
        let causes: Vec<&str> = folder.english.causes.iter().map(|cause| cause.id.as_str()).collect();
        writeln!(out, "&Symptom {{ id: {id:?}, facts: {module}::FACTS, causes: &{causes:?},")?;
        writeln!(out, "en: {}, zh: {} }},", texts(&folder.english), texts(&folder.chinese))?;
    }
    writeln!(out, "];")
}

fn texts(page: &Page) -> String {
    let words: Vec<&str> = page.causes.iter().map(|cause| cause.words.as_str()).collect();
    format!(
        "Texts {{ title: {:?}, meaning: {:?}, causes: &{words:?}, order: {:?}, tell: {:?} }}",
        page.title, page.meaning, page.order, page.tell
    )
}
