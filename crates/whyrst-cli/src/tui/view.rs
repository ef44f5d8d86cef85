//! Draws the screen. Fits 80 by 24; what has more room shows more.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Wrap};
use unicode_width::UnicodeWidthStr as _;
use whyrst_core::language::Language;
use whyrst_core::report::style::Style as Paint;
use whyrst_core::report::words;
use whyrst_core::verdict::Confidence;

use super::app::{App, Focus, Mode, Pane};
use super::entry::Entry;
use crate::output::padded;

const HELP: &str = "\
 ↑ ↓ j k        the next or previous reset; in the whole-screen
                pane: a line
 PgUp PgDn      a page              g G      first, last
 Enter          the lower pane on the whole screen, and back
 n N            next, previous reset while a pane is read
 Tab            report, packets, incidents      (r  l  i)
 /              filter: port 443, 10.0.0.0/8, cause:close-*,
                any word, -word, and, or, not; Esc takes it away
 s              sort: time, newest, cause, confidence, client
 p              the list stands still, new resets wait
 y              copy Wireshark's filter of this connection
 t              copy tcpdump's filter
 q  Ctrl-C      end";

const HELP_ZH: &str = "\
 ↑ ↓ j k        下一个、上一个重置；面板占满屏幕时移动一行
 PgUp PgDn      翻页                g G      第一个、最后一个
 Enter          下方面板占满屏幕，再按一次恢复
 n N            阅读面板时的下一个、上一个重置
 Tab            报告、报文、事件              (r  l  i)
 /              过滤：port 443、10.0.0.0/8、cause:close-*、
                任意词、-词、and、or、not；Esc 取消
 s              排序：时间、最新、原因、可信度、客户端
 p              列表停住，新的重置在后面等待
 y              复制这条连接的 Wireshark 过滤器
 t              复制这条连接的 tcpdump 过滤器
 q  Ctrl-C      退出";

/// Rows that fit into the pane that has the keys.
pub(crate) fn page(app: &App, area: Rect) -> usize {
    let [list, pane] = panes(app, area);
    usize::from(if app.focus == Focus::Pane { pane } else { list }.height.saturating_sub(2))
}

pub(crate) fn draw(frame: &mut Frame<'_>, app: &App, paint: Paint) {
    let area = frame.area();
    let [top, _, bottom] = rows(app, area);
    let [list, pane] = panes(app, area);
    frame.render_widget(Paragraph::new(head(app, top.width)).style(Style::new().add_modifier(Modifier::REVERSED)), top);
    draw_list(frame, app, paint, list);
    draw_pane(frame, app, pane);
    frame.render_widget(Paragraph::new(foot(app, bottom.width)), bottom);
    if app.mode == Mode::Help {
        draw_help(frame, area, app.language);
    }
}

fn rows(app: &App, area: Rect) -> [Rect; 3] {
    // What was copied is shown whole: not every terminal takes it for its clipboard. So is what is wrong with a filter.
    let foot = u16::try_from(foot(app, area.width).len().clamp(1, 4)).unwrap_or(1);
    Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(foot)]).areas(area)
}

/// The list and what is below it.
fn panes(app: &App, area: Rect) -> [Rect; 2] {
    let [_, middle, _] = rows(app, area);
    if app.focus == Focus::Pane {
        return [Rect { height: 0, ..middle }, middle];
    }
    let wanted = u16::try_from(app.shown.len()).unwrap_or(u16::MAX).max(1);
    let list = wanted.min((middle.height * 2 / 5).max(1));
    Layout::vertical([Constraint::Length(list), Constraint::Min(0)]).areas(middle)
}

fn head(app: &App, width: u16) -> String {
    let held = app.waiting.as_ref().map_or(String::new(), |waiting| standing_still(waiting.len(), app.language));
    let beyond = if app.beyond > 0 { not_kept(app.beyond, app.language) } else { String::new() };
    let count = counted(app.shown.len(), app.entries.len(), app.language);
    let right = format!("{count}  {}{held}{beyond}  {} ", app.sort.name(app.language), app.state);
    let room = usize::from(width).saturating_sub(right.width() + 2);
    format!(" {} {right}", padded(&cut(&app.title, room), room))
}

fn standing_still(waiting: usize, language: Language) -> String {
    match language {
        Language::English => format!("  standing still, {waiting} wait"),
        Language::Chinese => format!("  已停住，{waiting} 个在等待"),
    }
}

fn not_kept(beyond: u64, language: Language) -> String {
    match language {
        Language::English => format!("  {beyond} more not kept"),
        Language::Chinese => format!("  另有 {beyond} 个未保留"),
    }
}

fn counted(shown: usize, all: usize, language: Language) -> String {
    match (language, shown, all) {
        (Language::English, 1, 1) => "1 reset".to_owned(),
        (Language::English, ..) if shown == all => format!("{all} resets"),
        (Language::English, ..) => format!("{shown} of {all} resets"),
        (Language::Chinese, ..) if shown == all => format!("{all} 次重置"),
        (Language::Chinese, ..) => format!("{shown} / {all} 次重置"),
    }
}

/// The end of a path says more than its beginning.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut tails = text.char_indices().map(|(at, _)| &text[at..]);
    let tail = tails.find(|tail| tail.width() < room).unwrap_or_default();
    format!("…{tail}")
}

fn draw_list(frame: &mut Frame<'_>, app: &App, paint: Paint, area: Rect) {
    let height = usize::from(area.height);
    let first = app.selected.saturating_sub(height.saturating_sub(1));
    let visible = || app.shown.iter().enumerate().skip(first).take(height);
    let widest = visible().map(|(_, at)| app.entries[*at].cause.len()).max().unwrap_or(0);
    let lines =
        visible().map(|(place, at)| row(app, &app.entries[*at], widest, place == app.selected, paint)).collect();
    let text = if app.shown.is_empty() {
        vec![Line::from(if app.entries.is_empty() {
            app.language.pick("  no reset", "  没有重置")
        } else {
            app.language.pick("  no reset fits the filter", "  没有符合过滤条件的重置")
        })]
    } else {
        lines
    };
    frame.render_widget(Paragraph::new(text), area);
}

fn row<'a>(app: &App, entry: &'a Entry, widest: usize, selected: bool, paint: Paint) -> Line<'a> {
    let times = if entry.count > 1 { format!(" x{}", entry.count) } else { String::new() };
    let confidence = match entry.confidence {
        Confidence::Unexplained => "",
        sure => words::confidence(sure, app.language),
    };
    let colour = match entry.confidence {
        _ if paint == Paint::Plain => Style::new(),
        Confidence::Certain | Confidence::Likely => Style::new().fg(Color::Green),
        Confidence::Possible => Style::new().fg(Color::Yellow),
        Confidence::Unexplained => Style::new().fg(Color::Red),
    };
    let clock = entry.clock.get(..12).unwrap_or(&entry.clock);
    let line = Line::from(vec![
        Span::raw(if selected { ">" } else { " " }),
        Span::raw(format!("{clock} ")),
        Span::styled(format!("{:<widest$} {} ", entry.cause, padded(confidence, 8)), colour),
        Span::raw(format!("{}{times}", entry.ends)),
    ]);
    if selected { line.style(Style::new().add_modifier(Modifier::BOLD)) } else { line }
}

fn draw_pane(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let name = |pane: Pane, name: &'static str| {
        let style = if app.pane == pane { Modifier::REVERSED } else { Modifier::empty() };
        Span::styled(format!(" {name} "), Style::new().add_modifier(style))
    };
    let titles = Line::from(vec![
        name(Pane::Report, app.language.pick("report", "报告")),
        name(Pane::Packets, app.language.pick("packets", "报文")),
        name(Pane::Incidents, app.language.pick("incidents", "事件")),
    ]);
    let block = Block::new().borders(Borders::TOP).title(titles);
    let inner = block.inner(area);
    let lines: Vec<Line<'_>> =
        app.text().lines().skip(app.scroll).take(usize::from(inner.height)).map(dressed).collect();
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), inner);
}

fn foot(app: &App, width: u16) -> Vec<Line<'_>> {
    match app.mode {
        Mode::Moving | Mode::Help if !app.said.is_empty() => folded(&app.said, width),
        Mode::Typing if app.wrong.is_some() => {
            let mut lines = vec![Line::from(format!("/{}\u{2588}", app.filter))];
            lines.extend(folded(app.wrong.as_deref().unwrap_or_default(), width));
            lines
        }
        _ => vec![hint(app)],
    }
}

/// `text` in lines that fill `width` columns.
fn folded(text: &str, width: u16) -> Vec<Line<'_>> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let fits = rest.char_indices().map(|(at, letter)| at + letter.len_utf8());
        let end = fits.take_while(|end| rest[..*end].width() <= usize::from(width)).last();
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        lines.push(Line::from(line));
        rest = after;
    }
    lines
}

/// The keys that help now.
fn hint(app: &App) -> Line<'_> {
    match app.mode {
        Mode::Typing => {
            let keys = app.language.pick("Enter keeps it, Esc takes it away", "Enter 保留，Esc 取消");
            Line::from(format!("/{}\u{2588}   {keys}", app.filter))
        }
        _ if !app.filter.is_empty() => {
            let (label, keys) =
                app.language.pick(("filter: ", "/ changes it, Esc takes it away"), ("过滤：", "/ 修改，Esc 取消"));
            Line::from(format!("{label}{}   {keys}", app.filter))
        }
        _ => Line::from(app.language.pick(
            "Enter read  Tab packets  / filter  s sort  p still  y t copy  ? keys  q end",
            "Enter 阅读  Tab 报文  / 过滤  s 排序  p 停住  y t 复制  ? 按键  q 退出",
        ))
        .style(Style::new().add_modifier(Modifier::DIM)),
    }
}

pub(super) const fn help(language: Language) -> &'static str {
    language.pick(HELP, HELP_ZH)
}

fn draw_help(frame: &mut Frame<'_>, area: Rect, language: Language) {
    let (help, title) = (help(language), language.pick(" keys ", " 按键 "));
    let height = u16::try_from(help.lines().count() + 2).unwrap_or(u16::MAX).min(area.height);
    let width = 66.min(area.width);
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    // A wide character that begins beside the box would reach into it.
    frame.render_widget(Clear, Rect { x: place.x.saturating_sub(1), ..place });
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(help).block(Block::bordered().title(title)), place);
}

/// A line of a report with our own few escape sequences; nothing else of that kind can be in it.
fn dressed(line: &str) -> Line<'_> {
    let mut spans = Vec::new();
    let mut style = Style::new();
    for (number, piece) in line.split("\u{1b}[").enumerate() {
        let text = match piece.split_once('m') {
            Some((code, rest)) if number > 0 => {
                style = style_of(code);
                rest
            }
            _ => piece,
        };
        if !text.is_empty() {
            spans.push(Span::styled(text, style));
        }
    }
    Line::from(spans)
}

fn style_of(codes: &str) -> Style {
    codes.split(';').fold(Style::new(), |style, code| match code {
        "1" => style.add_modifier(Modifier::BOLD),
        "2" => style.add_modifier(Modifier::DIM),
        "31" => style.fg(Color::Red),
        "32" => style.fg(Color::Green),
        "33" => style.fg(Color::Yellow),
        "36" => style.fg(Color::Cyan),
        _ => Style::new(),
    })
}
