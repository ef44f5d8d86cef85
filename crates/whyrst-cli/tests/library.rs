//! The library and the program tell the same: over all fixtures, byte for byte, whether the library reads the file, its
//! bytes or a reader; of what is damaged or no capture, what came before and why.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use whyrst::{Explained, Options, ReadError, Told};

fn whyrst(arguments: &[&str], capture: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst"));
    command.env("LC_ALL", "C").args(["explain", "--format", "json"]).args(arguments).arg(capture);
    command.output().expect("whyrst runs")
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let folders = fs::read_dir(folder).expect("there are fixtures").flatten();
    let ends = folders.flat_map(|entry| ["client.pcapng", "server.pcapng"].map(|name| entry.path().join(name)));
    let captures: Vec<_> = ends.filter(|path| path.exists()).collect();
    assert!(captures.len() > 200, "{}", captures.len());
    captures
}

/// The lines that the program would print, and what could not be read.
fn lines(mut explained: Explained) -> (String, Vec<ReadError>) {
    let (mut lines, mut errors) = (String::new(), Vec::new());
    for report in &mut explained {
        match report {
            Ok(report) => lines += &(serde_json::to_string(&report).expect("a record can be written") + "\n"),
            Err(error) => errors.push(error),
        }
    }
    for incident in explained.incidents() {
        lines += &(serde_json::to_string(&incident).expect("a record can be written") + "\n");
    }
    (lines, errors)
}

#[test]
fn the_library_tells_what_the_program_tells() {
    let mut told = 0;
    for capture in captures() {
        let program = whyrst(&["--all"], &capture);
        let program = String::from_utf8(program.stdout).expect("JSON is UTF-8");
        let options = || Options::default().told(Told::FailedConnectsToo).called(capture.display().to_string());
        let bytes = fs::read(&capture).expect("fixtures are readable");
        let ways = [
            options().explain(&capture),
            options().explain_bytes(bytes),
            options().explain_reader(File::open(&capture).expect("fixtures are readable")),
        ];
        for way in ways {
            let (library, errors) = lines(way.expect("fixtures can be read"));
            assert!(library == program, "{}:\n{library}\nnot\n{program}", capture.display());
            assert_eq!(errors, []);
        }
        told += program.lines().count();
    }
    assert!(told > 200, "{told}");
}

#[test]
fn several_files_are_one_capture_as_they_are_to_the_program() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/close-unread");
    let program = String::from_utf8(whyrst(&[], &folder).stdout).expect("JSON is UTF-8");
    let (library, errors) = lines(whyrst::explain(&folder).expect("the folder can be read"));
    assert_eq!((library, errors), (program, vec![]));
}

#[test]
fn a_cut_capture_is_told_as_far_as_it_goes_and_says_so() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/close-unread/client.pcapng");
    let whole = fs::read(&capture).expect("fixtures are readable");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cut = folder.path().join("cut.pcapng");
    for length in (0..whole.len()).step_by(97) {
        fs::write(&cut, &whole[..length]).expect("the folder is writable");
        let program = whyrst(&[], &cut);
        let printed = String::from_utf8(program.stdout).expect("JSON is UTF-8");
        let (told, error) = match whyrst::explain(&cut) {
            Ok(explained) => lines(explained),
            Err(error) => (String::new(), vec![error]),
        };
        assert_eq!(told, printed, "{length} bytes");
        assert_eq!(error.is_empty(), program.status.code() != Some(2), "{length} bytes: {error:?}");
    }
    let mut explained = whyrst::explain_bytes(whole[..whole.len() - 5].to_vec()).expect("it begins well");
    explained.by_ref().for_each(drop);
    assert!(
        explained.notes().iter().any(|note| note.contains("cut in the middle of frame")),
        "{:?}",
        explained.notes()
    );
}

#[test]
fn what_cannot_be_read_says_which_file_and_why() {
    let missing = whyrst::explain("/there/is/none.pcap").expect_err("it is missing");
    assert_eq!((missing.file.as_str(), missing.frame), ("/there/is/none.pcap", None));
    assert!(missing.to_string().starts_with("cannot read /there/is/none.pcap: No such file"), "{missing}");
    let picture = whyrst::explain_bytes(*b"\x89PNG\r\n\x1a\n0000000000000000").expect_err("a picture");
    assert!(picture.reason.starts_with("not a capture, it looks like"), "{picture}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = whyrst::explain(folder.path()).expect_err("nothing in it");
    assert_eq!(empty.reason, "there is no capture in it");
    assert_eq!(empty.file, folder.path().display().to_string());
}

/// What fails in the middle, as a disk or a network share does.
struct Failing(fs::File, u64);

impl std::io::Read for Failing {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let room = usize::try_from(self.1).unwrap_or(usize::MAX).min(into.len());
        if room == 0 {
            return Err(std::io::Error::other("the share is gone"));
        }
        let count = self.0.read(&mut into[..room])?;
        self.1 -= count as u64;
        Ok(count)
    }
}

#[test]
fn what_came_before_an_error_is_told_first() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/refused-in-words/server.pcapng");
    let size = fs::metadata(&capture).expect("it is there").len();
    let failing = Failing(File::open(&capture).expect("it is there"), size - 8);
    let told: Vec<_> = whyrst::explain_reader(failing).expect("it begins well").collect();
    let [Ok(report), Err(error)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(report.resets.first().and_then(|reset| reset.frame), Some(7));
    assert_eq!((error.file.as_str(), error.reason.as_str()), ("reader", "the share is gone"));
    assert_eq!(error.frame, Some(8), "the last frame is not whole");
}
