//! Terminal output as a picture: text with escape sequences of colour (SGR) to SVG.

use std::fmt::Write;

/// Pixels of a cell of a 14 pixel monospaced font.
const CELL: f64 = 8.4;
const LINE: f64 = 18.0;
const MARGIN: f64 = 14.0;
const BAR: f64 = 30.0;

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Look {
    bold: bool,
    dim: bool,
    reversed: bool,
    colour: Option<u8>,
}

/// A window called `title` that shows `text` in so many columns.
pub(crate) fn svg(title: &str, text: &str, columns: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    #[expect(clippy::cast_precision_loss, reason = "a picture has some hundred lines at most")]
    let (width, height) = (columns as f64 * CELL + 2.0 * MARGIN, lines.len() as f64 * LINE + BAR + 2.0 * MARGIN);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n<style>text{{font:14px ui-monospace,\
         SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre;fill:#e6edf3}}\
         .b{{font-weight:bold}}.d{{fill:#8b949e}}.c1{{fill:#ff7b72}}.c2{{fill:#56d364}}.c3{{fill:#e3b341}}\
         .c6{{fill:#76e3ea}}.r{{fill:#0d1117}}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n\
         <text x=\"{:.1}\" y=\"20\" class=\"d\" text-anchor=\"middle\">{}</text>\n",
        width / 2.0,
        escaped(title)
    );
    for (number, circle) in ["#ff5f57", "#febc2e", "#28c840"].iter().enumerate() {
        let _ = writeln!(out, "<circle cx=\"{}\" cy=\"16\" r=\"5\" fill=\"{circle}\"/>", 18 + number * 18);
    }
    let mut look = Look::default();
    for (number, line) in lines.iter().enumerate() {
        draw(line, number, &mut look, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

/// One line; its look goes on in the next one.
#[expect(clippy::cast_precision_loss, reason = "a picture has some hundred cells at most")]
fn draw(line: &str, number: usize, look: &mut Look, out: &mut String) {
    let baseline = BAR + MARGIN + LINE * (number as f64 + 0.75);
    let mut column = 0;
    for (place, piece) in line.split("\u{1b}[").enumerate() {
        let text = match piece.split_once('m') {
            Some((codes, rest)) if place > 0 => {
                codes.split(';').for_each(|code| look.take(code));
                rest
            }
            _ => piece,
        };
        let cells = text.chars().count();
        let (x, wide) = (MARGIN + CELL * column as f64, CELL * cells as f64);
        column += cells;
        if look.reversed && cells > 0 {
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{LINE}\" fill=\"#c9d1d9\"/>",
                baseline - 0.75 * LINE
            );
        }
        if !text.trim().is_empty() {
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{wide:.1}\" class=\"{}\">{}</text>",
                look.classes(),
                escaped(text)
            );
        }
    }
}

impl Look {
    fn take(&mut self, code: &str) {
        match code.parse::<u8>() {
            Ok(1) => self.bold = true,
            Ok(2) => self.dim = true,
            Ok(7) => self.reversed = true,
            Ok(22) => (self.bold, self.dim) = (false, false),
            Ok(27) => self.reversed = false,
            Ok(39) => self.colour = None,
            Ok(colour @ 30..=37) => self.colour = Some(colour - 30),
            Ok(0) | Err(_) => *self = Self::default(),
            Ok(_) => {}
        }
    }

    fn classes(self) -> String {
        let colour = self.colour.map(|colour| format!("c{colour}"));
        let flags = [(self.bold, "b"), (self.dim, "d"), (self.reversed, "r")];
        let flags = flags.into_iter().filter(|(on, _)| *on).map(|(_, class)| class.to_owned());
        flags.chain(colour).collect::<Vec<_>>().join(" ")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
