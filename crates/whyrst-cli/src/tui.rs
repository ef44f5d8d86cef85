//! The terminal user interface of `explain --tui` and `watch --tui`: a list of resets, and below it the
//! report, the packets or the incidents.
//!
//! `entry` is a reset made ready to be shown, `app` what keys do, `view` how it looks; here is the
//! terminal. Whatever ends the program gives the terminal back as it was: a panic through ratatui's
//! hook, an error or a signal by dropping the [`Screen`].

mod app;
mod entry;
#[cfg(test)]
mod tests;
mod view;

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{self, Event, KeyEventKind};
use crossterm::execute;
use ratatui::DefaultTerminal;
use whyrst_core::report::style::Style;

pub(crate) use self::app::App;
use self::app::Wish;
pub(crate) use self::entry::Entry;
use crate::output;

/// New resets are drawn at most so often: over ssh every frame costs.
const BETWEEN_FRAMES: Duration = Duration::from_millis(50);

/// The terminal, ours until it is dropped.
pub(crate) struct Screen {
    terminal: DefaultTerminal,
    style: Style,
    drawn: Instant,
}

/// Whether the person wants to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Going {
    On,
    Away,
}

/// `--tui` without a terminal is a mistake to be reported before anything is read.
pub(crate) fn check() -> Result<()> {
    if !io::stdout().is_terminal() {
        bail!("--tui needs a terminal on standard output; without --tui the reports are written there");
    }
    Ok(())
}

impl Screen {
    pub(crate) fn open(style: Style) -> Result<Self> {
        check()?;
        output::hold_back();
        let terminal = ratatui::try_init().context("cannot use this terminal")?;
        let drawn = Instant::now().checked_sub(BETWEEN_FRAMES).unwrap_or_else(Instant::now);
        Ok(Self { terminal, style, drawn })
    }

    /// Heeds the keys that were pressed within `patience`, and draws.
    pub(crate) fn turn(&mut self, app: &mut App, patience: Duration) -> Result<Going> {
        let mut pressed = false;
        let mut left = patience;
        while event::poll(left).context("cannot read keys")? {
            left = Duration::ZERO;
            pressed = true;
            let Event::Key(key) = event::read().context("cannot read keys")? else { continue };
            if key.kind == KeyEventKind::Release {
                continue;
            }
            let size = self.terminal.size().context("cannot measure the terminal")?;
            let page = view::page(app, (ratatui::layout::Position::ORIGIN, size).into());
            match app.take_key(key, page) {
                Wish::Nothing => {}
                Wish::Copy(text) => execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
                    .context("cannot write to the terminal")?,
                Wish::Quit => return Ok(Going::Away),
            }
        }
        if pressed || self.drawn.elapsed() >= BETWEEN_FRAMES {
            self.drawn = Instant::now();
            let style = self.style;
            self.terminal.draw(|frame| view::draw(frame, app, style)).context("cannot draw")?;
        }
        Ok(Going::On)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
        output::let_go();
    }
}
