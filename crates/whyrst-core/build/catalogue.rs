//! Rust of the folders in `catalogue/`: their rules as modules, their texts and cases as statics.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::page::{self, Page};

/// One cause: a folder.
struct Folder {
    path: PathBuf,
    id: String,
    english: Page,
    chinese: Option<Page>,
}

/// The Rust text of all folders in `catalogue`, in the order of their names.
pub(crate) fn generate(catalogue: &Path) -> Result<String, String> {
    let mut paths = entries(catalogue).map_err(|error| format!("cannot list {}: {error}", catalogue.display()))?;
    paths.sort();
    let folders = paths.into_iter().map(Folder::read).collect::<Result<Vec<_>, _>>()?;
    let mut out = String::new();
    write_all(&folders, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

impl Folder {
    fn read(path: PathBuf) -> Result<Self, String> {
        let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for name in ["rule.rs", "cases.txt"] {
            let file = path.join(name);
            if !file.is_file() {
                return Err(format!("{}: expected a file, for the cause {id}", file.display()));
            }
        }
        let english = parsed(&path.join("en.md"), page::english)?;
        let chinese = path.join("zh.md");
        let chinese = if chinese.is_file() { Some(parsed(&chinese, page::chinese)?) } else { None };
        let folder = Self { path, id, english, chinese };
        folder.check_names()?;
        Ok(folder)
    }

    /// The Chinese page translates what stands in the English one, and nothing is there twice.
    fn check_names(&self) -> Result<(), String> {
        let english = names(&self.english);
        unique(&english).map_err(|fault| self.fault("en.md", &fault))?;
        let Some(page) = &self.chinese else { return Ok(()) };
        let chinese = names(page);
        unique(&chinese).map_err(|fault| self.fault("zh.md", &fault))?;
        match chinese.iter().find(|(_, name)| english.iter().all(|(_, known)| known != name)) {
            Some((line, name)) => {
                Err(self.fault("zh.md", &format!("{line}: expected what en.md names, found `{name}`")))
            }
            None => Ok(()),
        }
    }

    fn fault(&self, file: &str, fault: &str) -> String {
        format!("{}:{fault}", self.path.join(file).display())
    }

    /// The path of one of its files, as Rust writes it.
    fn literal(&self, file: &str) -> String {
        format!("{:?}", self.path.join(file).to_string_lossy())
    }

    fn module(&self) -> String {
        self.id.replace('-', "_")
    }
}

fn parsed(file: &Path, parse: fn(&str) -> Result<Page, page::Fault>) -> Result<Page, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    parse(&text).map_err(|fault| format!("{}:{fault}", file.display()))
}

/// Everything that a page names, with the line.
fn names(page: &Page) -> Vec<(usize, &str)> {
    page.variants.iter().map(|variant| (variant.line, variant.question.as_str())).collect()
}

fn unique(names: &[(usize, &str)]) -> Result<(), String> {
    let again = |at: usize| names[..at].iter().any(|(_, name)| *name == names[at].1);
    match (0..names.len()).find(|at| again(*at)) {
        Some(at) => Err(format!("{}: expected each name once, found `{}` again", names[at].0, names[at].1)),
        None => Ok(()),
    }
}

fn write_all(folders: &[Folder], out: &mut String) -> std::fmt::Result {
    for (number, folder) in folders.iter().enumerate() {
        write_modules(folder, out)?;
        write_cause(number, folder, out)?;
    }
    let statics = folders.iter().map(|folder| format!("&{}", folder.module().to_uppercase()));
    let count = folders.len();
    writeln!(out, "const FOLDERS: [&Cause; {count}] = [{}];", statics.collect::<Vec<_>>().join(", "))?;
    writeln!(out, "#[cfg(test)]\npub(crate) static CASES: &[(&str, &str)] = &[")?;
    for folder in folders {
        let name = format!("catalogue/{}/cases.txt", folder.id);
        writeln!(out, "({name:?}, include_str!({})),", folder.literal("cases.txt"))?;
    }
    writeln!(out, "];")
}

fn write_modules(folder: &Folder, out: &mut String) -> std::fmt::Result {
    let module = folder.module();
    writeln!(out, "#[path = {}]\nmod {module};", folder.literal("rule.rs"))?;
    let questions: Vec<&str> = folder.english.variants.iter().map(|variant| variant.question.as_str()).collect();
    let message =
        format!("catalogue/{}/en.md: its special cases are not the variants of rule.rs, in their order", folder.id);
    writeln!(out, "const _: () = assert!(asks_of_variants(&{module}::RULE, &{questions:?}), {message:?});")
}

fn write_cause(number: usize, folder: &Folder, out: &mut String) -> std::fmt::Result {
    let nothing = Page::default();
    let (english, chinese) = (&folder.english, folder.chinese.as_ref().unwrap_or(&nothing));
    let mut untranslated = Vec::new();
    let (module, id) = (folder.module(), &folder.id);
    writeln!(
        out,
        "static {}: Cause = Cause {{ id: {id:?}, number: {number}, rule: {module}::RULE,",
        module.to_uppercase()
    )?;
    writeln!(out, "en: {},", texts(english))?;
    writeln!(out, "zh: {},", texts(&translation(english, chinese, &mut untranslated)))?;
    writeln!(out, "untranslated: &{untranslated:?} }};")
}

fn texts(page: &Page) -> String {
    let [title, explanation, effect, confirm] =
        [&page.title, &page.explanation, &page.effect, &page.confirm].map(|text| text.as_deref().unwrap_or_default());
    let variants: Vec<&str> = page.variants.iter().map(|variant| variant.title.as_str()).collect();
    format!(
        "Texts {{ title: {title:?}, explanation: {explanation:?}, effect: {effect:?}, confirm: {confirm:?}, \
         variants: &{variants:?}, advice: &{:?} }}",
        page.advice
    )
}

/// The Chinese page with English where it has nothing; what it lacks is added to `untranslated`.
fn translation(english: &Page, chinese: &Page, untranslated: &mut Vec<String>) -> Page {
    let mut either = |name: &str, english: &Option<String>, chinese: &Option<String>| {
        if chinese.is_none() {
            untranslated.push(name.to_owned());
        }
        chinese.clone().or_else(|| english.clone())
    };
    let title = either("title", &english.title, &chinese.title);
    let explanation = either("explanation", &english.explanation, &chinese.explanation);
    let effect = either("effect", &english.effect, &chinese.effect);
    let confirm = either("confirm", &english.confirm, &chinese.confirm);
    let variants = english.variants.iter().map(|variant| {
        let translated = chinese.variants.iter().find(|one| one.question == variant.question);
        let title = either(
            &format!("`{}`", variant.question),
            &Some(variant.title.clone()),
            &translated.map(|one| one.title.clone()),
        );
        page::Variant { line: variant.line, question: variant.question.clone(), title: title.unwrap_or_default() }
    });
    let variants = variants.collect();
    // Steps are told by their numbers: as many, or none.
    let advice = if chinese.advice.len() == english.advice.len() {
        chinese.advice.clone()
    } else {
        untranslated.push(format!("advice ({} of {} steps)", chinese.advice.len(), english.advice.len()));
        english.advice.clone()
    };
    Page { title, explanation, effect, variants, confirm, advice }
}
