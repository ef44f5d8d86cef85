//! The screen on a terminal that is not there: what a person sees after which keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use whyrst_capture::{CaptureSet, Step};
use whyrst_core::language::Language;
use whyrst_core::report::style::Style;
use whyrst_core::report::{Context, Explanation};
use whyrst_core::tracker::{Limits, Tracker};

use super::app::{App, Wish};
use super::entry::Entry;
use super::view;

/// The resets of recorded plays.
fn entries(names: &[&str], style: Style) -> Vec<Entry> {
    names.iter().flat_map(|name| entries_of(name, style, Language::English)).collect()
}

fn entries_of(name: &str, style: Style, language: Language) -> Vec<Entry> {
    let path = format!("{}/../../fixtures/{name}/client.pcapng", env!("CARGO_MANIFEST_DIR"));
    let mut captures = CaptureSet::open(&[path]);
    let mut tracker = Tracker::new(Limits::default());
    while let Step::Observation(seen) = captures.next().expect("the fixture can be read") {
        tracker.observe(&seen);
    }
    tracker.finish();
    let context = Context { files: vec![name.to_owned()], zone: TimeZone::UTC, language };
    std::iter::from_fn(|| tracker.poll())
        .filter(|outcome| outcome.rst().is_some())
        .map(|outcome| Entry::of(&Explanation::new(&outcome, &context), 1, style))
        .collect()
}

fn app(names: &[&str]) -> App {
    let mut app = App::new("trace.pcapng".to_owned(), "done", Language::English);
    show(&mut app, entries(names, Style::Plain));
    app
}

fn chinese_app(names: &[&str]) -> App {
    let mut app = App::new("抓包/trace.pcapng".to_owned(), "完成", Language::Chinese);
    show(&mut app, names.iter().flat_map(|name| entries_of(name, Style::Plain, Language::Chinese)).collect());
    app
}

fn show(app: &mut App, entries: Vec<Entry>) {
    for entry in entries {
        app.add(entry);
    }
}

const SOME: [&str; 4] = ["closed-port", "close-unread", "linger-zero", "connect-abandoned"];

fn take_key(app: &mut App, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\x1b' => KeyCode::Esc,
            '\x08' => KeyCode::Backspace,
            other => KeyCode::Char(other),
        };
        app.take_key(KeyEvent::new(code, KeyModifiers::NONE), 10);
    }
}

fn seen(app: &App) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
    terminal.draw(|frame| view::draw(frame, app, Style::Plain)).expect("it can be drawn");
    terminal
}

#[test]
fn list_and_report_at_80_by_24() {
    insta::assert_snapshot!(seen(&app(&SOME)).backend());
}

#[test]
fn packets_of_the_second() {
    let mut app = app(&SOME);
    take_key(&mut app, "j\t");
    insta::assert_snapshot!(seen(&app).backend());
}

#[test]
fn the_filter_as_it_is_typed() {
    let mut app = app(&SOME);
    take_key(&mut app, "/10.77 -closed un");
    insta::assert_snapshot!(seen(&app).backend());
}

#[test]
fn a_filter_has_the_language_of_the_command_line() {
    let mut app = app(&SOME);
    take_key(&mut app, "/cause:closed-port");
    assert_eq!(app.shown.len(), 1);
    take_key(&mut app, " or port 1");
    assert_eq!(app.shown.len(), 1);
    take_key(&mut app, "\x1b/casue:closed-port\n");
    assert_eq!(app.mode, super::app::Mode::Typing, "what cannot be read is not kept");
    let screen = seen(&app).backend().to_string();
    assert!(screen.contains("did you mean cause:?"), "{screen}");
    assert!(screen.contains("that text"), "all of it is shown: {screen}");
}

#[test]
fn the_report_on_the_whole_screen_with_a_page_down() {
    let mut app = app(&SOME);
    take_key(&mut app, "j\nj j");
    insta::assert_snapshot!(seen(&app).backend());
}

#[test]
fn the_keys_are_explained() {
    let mut app = app(&SOME);
    take_key(&mut app, "?");
    insta::assert_snapshot!(seen(&app).backend());
}

#[test]
fn list_and_report_in_chinese() {
    insta::assert_snapshot!(seen(&chinese_app(&SOME)).backend());
}

#[test]
fn the_keys_are_explained_in_chinese() {
    let mut app = chinese_app(&SOME);
    take_key(&mut app, "?");
    insta::assert_snapshot!(seen(&app).backend());
}

fn is_han(character: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&character)
}

/// Where one language says something, the other does, and as much of it.
#[test]
fn the_screen_says_the_same_in_both_languages() {
    let said = |app: App| -> usize { view::help(app.language).lines().filter(|line| !line.starts_with("   ")).count() };
    assert_eq!(said(app(&[])), said(chinese_app(&[])));
    let mut app = chinese_app(&["closed-port"]);
    for keys in ["", "s", "p", "/zzz", "\n", "\x1b", "\t", "i", "?"] {
        take_key(&mut app, keys);
        let screen = seen(&app).backend().to_string();
        let own: Vec<&str> = [0, 2, 23].iter().filter_map(|at| screen.lines().nth(*at)).collect();
        for line in own {
            // The backend reports wide characters after the line.
            let line = line.split(" Hidden by").next().unwrap_or_default();
            assert!(line.contains(is_han), "after {keys:?}: {line}");
            for english in ["reset", "report", "incidents", "by ", "first", "wait", "filter", "keeps", "keys", "read"] {
                assert!(!line.contains(english), "after {keys:?}: {english:?} in {line}");
            }
        }
    }
    take_key(&mut app, "x");
    take_key(&mut app, "/可能");
    assert_eq!(app.shown.len(), 1, "the words of the list can be searched");
}

#[test]
fn a_terminal_too_small_for_anything_is_still_drawn() {
    for (width, height) in [(1, 1), (10, 2), (20, 4), (300, 3)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        let mut app = app(&SOME);
        terminal.draw(|frame| view::draw(frame, &app, Style::Ansi)).expect("it can be drawn");
        take_key(&mut app, "?");
        terminal.draw(|frame| view::draw(frame, &app, Style::Ansi)).expect("it can be drawn");
    }
}

#[test]
fn copying_gives_the_filter_and_shows_it() {
    let mut app = app(&["closed-port"]);
    let key = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
    let Wish::Copy(text) = app.take_key(key('y'), 10) else { panic!("nothing is copied") };
    assert!(text.starts_with("ip.addr==10.77.0.1 && "), "{text}");
    // Whole, in as many lines as it takes.
    let shown: String = seen(&app).backend().to_string().lines().map(|line| line.trim_matches('"')).collect();
    assert!(shown.trim_end().ends_with(&format!("Wireshark: {text}")), "{shown}");
    let Wish::Copy(text) = app.take_key(key('t'), 10) else { panic!("nothing is copied") };
    assert!(text.starts_with("host 10.77.0.1 and host "), "{text}");
}

#[test]
fn while_it_stands_still_new_resets_wait() {
    let mut app = app(&["closed-port"]);
    take_key(&mut app, "p");
    show(&mut app, entries(&["linger-zero"], Style::Plain));
    let screen = seen(&app).backend().to_string();
    assert!(screen.contains("1 reset  by time  standing still, 1 wait  done"), "{screen}");
    take_key(&mut app, "p");
    assert!(seen(&app).backend().to_string().contains("linger-zero"));
}

#[test]
fn sorting_keeps_the_selected_one_selected() {
    let mut app = app(&SOME);
    take_key(&mut app, "jj");
    let before = app.current().map(|entry| entry.ends.clone());
    for _ in 0..5 {
        take_key(&mut app, "s");
        assert_eq!(app.current().map(|entry| entry.ends.clone()), before);
    }
    take_key(&mut app, "ss");
    let causes: Vec<&str> = app.shown.iter().map(|at| app.entries[*at].cause).collect();
    assert!(causes.is_sorted(), "{causes:?}");
}

#[test]
fn a_reset_that_arrives_does_not_move_who_reads() {
    let mut app = app(&SOME);
    take_key(&mut app, "s");
    take_key(&mut app, "j");
    let before = app.current().map(|entry| entry.ends.clone());
    show(&mut app, entries(&["half-open-no-listener"], Style::Plain));
    assert_eq!(app.current().map(|entry| entry.ends.clone()), before);
}

#[test]
fn colour_becomes_style_and_no_escape_sequence_reaches_the_screen() {
    let mut app = App::new("trace.pcapng".to_owned(), "done", Language::English);
    show(&mut app, entries(&["closed-port"], Style::Ansi));
    let terminal = seen(&app);
    assert!(!terminal.backend().to_string().contains("[1;3"));
    let red = |cell: &ratatui::buffer::Cell| cell.fg == ratatui::style::Color::Cyan;
    assert!(terminal.backend().buffer().content().iter().any(red));
}
