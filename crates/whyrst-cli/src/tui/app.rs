//! What the screen shows and what keys do to it: no terminal, no clock, so that tests can press keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use whyrst_core::filter::Filter;
use whyrst_core::language::Language;

use super::entry::Entry;

/// Resets that are kept; later ones are counted.
const KEPT: usize = 20_000;

/// The state of the screen.
#[derive(Debug)]
pub(crate) struct App {
    /// That of the reports.
    pub(super) language: Language,
    /// What is looked at: the files, or this host.
    pub(super) title: String,
    pub(super) entries: Vec<Entry>,
    /// Those that fit the filter, in the order of the list.
    pub(super) shown: Vec<usize>,
    /// Place in `shown`.
    pub(super) selected: usize,
    /// As it is typed.
    pub(super) filter: String,
    /// The last that could be read.
    wanted: Filter,
    /// Why what is typed cannot be read.
    pub(super) wrong: Option<String>,
    pub(super) mode: Mode,
    pub(super) pane: Pane,
    pub(super) focus: Focus,
    /// Lines of the lower pane that are above its top.
    pub(super) scroll: usize,
    pub(super) sort: Sort,
    /// Resets that came while the list stands still.
    pub(super) waiting: Option<Vec<Entry>>,
    pub(super) beyond: u64,
    /// What the last key did.
    pub(super) said: String,
    /// `reading 42 %`, `live`, `done`.
    pub(super) state: String,
    /// What several resets have in common.
    pub(super) incidents: String,
    /// What is left to be said about the reading.
    pub(super) remarks: String,
}

/// Who gets the keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    Moving,
    /// The filter is typed.
    Typing,
    Help,
}

/// What stands below the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pane {
    Report,
    Packets,
    Incidents,
}

/// Where the arrows go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Focus {
    List,
    /// The lower pane has the whole screen.
    Pane,
}

/// The order of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    Time,
    Newest,
    Cause,
    Confidence,
    Ends,
}

/// What the caller must do after a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    Nothing,
    /// Put this on the clipboard.
    Copy(String),
    Quit,
}

impl App {
    pub(crate) fn new(title: String, state: &str, language: Language) -> Self {
        Self {
            language,
            title,
            entries: Vec::new(),
            shown: Vec::new(),
            selected: 0,
            filter: String::new(),
            wanted: Filter::default(),
            wrong: None,
            mode: Mode::Moving,
            pane: Pane::Report,
            focus: Focus::List,
            scroll: 0,
            sort: Sort::Time,
            waiting: None,
            beyond: 0,
            said: String::new(),
            state: state.to_owned(),
            incidents: String::new(),
            remarks: String::new(),
        }
    }

    pub(crate) fn says(&mut self, state: String) {
        self.state = state;
    }

    /// Everything was read.
    pub(crate) fn finish(&mut self, incidents: String, remarks: String) {
        self.language.pick("done", "完成").clone_into(&mut self.state);
        self.incidents = incidents;
        self.remarks = remarks;
    }

    /// A reset arrived.
    pub(crate) fn add(&mut self, entry: Entry) {
        let held = self.waiting.as_ref().map_or(0, Vec::len);
        if self.entries.len() + held >= KEPT {
            self.beyond += 1;
            return;
        }
        match &mut self.waiting {
            Some(waiting) => waiting.push(entry),
            None => self.take(entry),
        }
    }

    fn take(&mut self, entry: Entry) {
        let number = self.entries.len();
        let fits = self.wanted.fits(&entry);
        self.entries.push(entry);
        if !fits {
            return;
        }
        let place = match self.sort {
            Sort::Time
                if self.shown.last().is_none_or(|last| self.entries[*last].time <= self.entries[number].time) =>
            {
                self.shown.len()
            }
            _ => {
                let new = &self.entries[number];
                self.shown.partition_point(|at| self.sort.puts(&self.entries[*at], new) != std::cmp::Ordering::Greater)
            }
        };
        self.shown.insert(place, number);
        // Who reads one goes on reading that one; the first row stays the first row.
        if place <= self.selected && self.shown.len() > 1 && self.selected > 0 {
            self.selected += 1;
        }
    }

    pub(super) fn current(&self) -> Option<&Entry> {
        self.shown.get(self.selected).map(|at| &self.entries[*at])
    }

    /// What the lower pane shows.
    pub(super) fn text(&self) -> &str {
        match (self.pane, self.current()) {
            (Pane::Incidents, _) if self.incidents.is_empty() => {
                self.language.pick("Nothing that several resets have in common.", "没有几个重置共有的东西。")
            }
            (Pane::Incidents, _) => &self.incidents,
            (_, None) => &self.remarks,
            (Pane::Report, Some(entry)) => &entry.report,
            (Pane::Packets, Some(entry)) if entry.packets.is_empty() => self.language.pick(
                "The kernel reported this reset; no packet was captured.",
                "这个重置来自内核的事件，没有抓到报文。",
            ),
            (Pane::Packets, Some(entry)) => &entry.packets,
        }
    }

    /// A key was pressed; `page` rows fit into the pane that has the keys.
    pub(crate) fn take_key(&mut self, key: KeyEvent, page: usize) -> Wish {
        if key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c')) {
            return Wish::Quit;
        }
        self.said.clear();
        match self.mode {
            Mode::Typing => self.type_filter(key),
            Mode::Help => self.mode = Mode::Moving,
            Mode::Moving => return self.move_or_do(key, page.max(1)),
        }
        Wish::Nothing
    }

    fn type_filter(&mut self, key: KeyEvent) {
        match key.code {
            // What cannot be read does not stand above a list that it is not about.
            KeyCode::Enter if self.wrong.is_some() => {}
            KeyCode::Enter => self.mode = Mode::Moving,
            KeyCode::Esc => {
                self.mode = Mode::Moving;
                self.filter.clear();
            }
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => self.filter.clear(),
            KeyCode::Char(character) => self.filter.push(character),
            _ => {}
        }
        self.read_filter();
    }

    fn move_or_do(&mut self, key: KeyEvent, page: usize) -> Wish {
        let down = |by: usize| isize::try_from(by).unwrap_or(isize::MAX);
        match key.code {
            KeyCode::Char('q') => return Wish::Quit,
            KeyCode::Esc if self.focus == Focus::Pane => self.focus = Focus::List,
            KeyCode::Esc => self.filter_is(String::new()),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::PageDown => self.step(down(page)),
            KeyCode::Char(' ') if self.focus == Focus::Pane => self.step(down(page)),
            KeyCode::PageUp => self.step(-down(page)),
            KeyCode::Home | KeyCode::Char('g') => self.step(isize::MIN + 1),
            KeyCode::End | KeyCode::Char('G') => self.step(isize::MAX),
            KeyCode::Enter => self.focus = if self.focus == Focus::List { Focus::Pane } else { Focus::List },
            KeyCode::Tab => self.show(match self.pane {
                Pane::Report => Pane::Packets,
                Pane::Packets => Pane::Incidents,
                Pane::Incidents => Pane::Report,
            }),
            KeyCode::Char('r') => self.show(Pane::Report),
            KeyCode::Char('l') => self.show(Pane::Packets),
            KeyCode::Char('i') => self.show(Pane::Incidents),
            KeyCode::Char('n') => self.neighbour(1),
            KeyCode::Char('N') => self.neighbour(-1),
            KeyCode::Char('/') => self.mode = Mode::Typing,
            KeyCode::Char('s') => self.sort_by(self.sort.next()),
            KeyCode::Char('p') => self.pause_or_go_on(),
            KeyCode::Char('?' | 'h') => self.mode = Mode::Help,
            KeyCode::Char('y') => return self.copy("Wireshark", |entry| entry.display_filter.clone()),
            KeyCode::Char('t') => return self.copy("tcpdump", |entry| entry.capture_filter.clone()),
            _ => {}
        }
        Wish::Nothing
    }

    fn copy(&mut self, whose: &str, what: impl Fn(&Entry) -> String) -> Wish {
        let Some(text) = self.current().map(what) else { return Wish::Nothing };
        // Shown as well: not every terminal lets a program set its clipboard.
        self.said = format!("{whose}: {text}");
        Wish::Copy(text)
    }

    fn show(&mut self, pane: Pane) {
        self.pane = pane;
        self.scroll = 0;
    }

    fn step(&mut self, by: isize) {
        match self.focus {
            Focus::List => self.neighbour(by),
            Focus::Pane => {
                let last = self.text().lines().count().saturating_sub(1);
                self.scroll = self.scroll.saturating_add_signed(by).min(last);
            }
        }
    }

    fn neighbour(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.shown.len().saturating_sub(1));
        self.scroll = 0;
    }

    fn pause_or_go_on(&mut self) {
        match self.waiting.take() {
            Some(waiting) => waiting.into_iter().for_each(|entry| self.take(entry)),
            None => self.waiting = Some(Vec::new()),
        }
    }

    fn filter_is(&mut self, filter: String) {
        self.filter = filter;
        self.read_filter();
    }

    /// What cannot be read leaves the list as it is.
    fn read_filter(&mut self) {
        match Filter::parse(&self.filter) {
            Ok(wanted) => {
                (self.wanted, self.wrong) = (wanted, None);
                self.arrange();
            }
            Err(error) => self.wrong = Some(error.words(self.language)),
        }
    }

    fn sort_by(&mut self, sort: Sort) {
        self.sort = sort;
        self.arrange();
    }

    /// Filters and sorts anew; who was selected stays selected where it is still shown.
    fn arrange(&mut self) {
        let before = self.shown.get(self.selected).copied();
        self.shown = (0..self.entries.len()).filter(|at| self.wanted.fits(&self.entries[*at])).collect();
        self.shown.sort_by(|a, b| self.sort.puts(&self.entries[*a], &self.entries[*b]));
        let place = before.and_then(|at| self.shown.iter().position(|shown| *shown == at));
        self.selected = place.unwrap_or(0);
        self.scroll = 0;
    }
}

impl Sort {
    const fn next(self) -> Self {
        match self {
            Self::Time => Self::Newest,
            Self::Newest => Self::Cause,
            Self::Cause => Self::Confidence,
            Self::Confidence => Self::Ends,
            Self::Ends => Self::Time,
        }
    }

    pub(super) const fn name(self, language: Language) -> &'static str {
        match self {
            Self::Time => language.pick("by time", "按时间"),
            Self::Newest => language.pick("newest first", "最新的在前"),
            Self::Cause => language.pick("by cause", "按原因"),
            Self::Confidence => language.pick("surest first", "最可信的在前"),
            Self::Ends => language.pick("by client", "按客户端"),
        }
    }

    fn puts(self, a: &Entry, b: &Entry) -> std::cmp::Ordering {
        let time = a.time.cmp(&b.time);
        match self {
            Self::Time => time,
            Self::Newest => time.reverse(),
            Self::Cause => a.cause.cmp(b.cause).then(time),
            Self::Confidence => b.confidence.cmp(&a.confidence).then(time),
            Self::Ends => a.ends.cmp(&b.ends).then(time),
        }
    }
}
