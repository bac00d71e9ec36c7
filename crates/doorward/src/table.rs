//! Tables for a terminal: as wide as it, coloured only if it shows colours.

use std::io::IsTerminal;

use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, presets};
use jiff::{Timestamp, Unit};

/// In seconds.
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What standard output can show.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    colours: bool,
    /// `None`: the terminal's own; where there is none, lines are not wrapped.
    width: Option<u16>,
}

impl Screen {
    /// Neither colours nor wrapped lines.
    pub fn plain() -> Self {
        Self { colours: false, width: Some(u16::MAX) }
    }

    /// A terminal of so many columns without colours.
    #[cfg(test)]
    pub fn wide(columns: u16) -> Self {
        Self { colours: false, width: Some(columns) }
    }

    /// Heeds `NO_COLOR` and `COLUMNS`.
    pub fn of_stdout() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            colours: std::io::stdout().is_terminal() && set("NO_COLOR").is_none(),
            width: set("COLUMNS").and_then(|width| width.to_str()?.parse().ok()),
        }
    }
}

/// Rows under a header, columns two blanks apart.
pub struct Table {
    table: comfy_table::Table,
    screen: Screen,
    header: Vec<&'static str>,
    yields: &'static [&'static str],
}

/// Blanks behind each column but the last.
const GAP: u16 = 2;

impl Table {
    /// On a narrow screen the columns in `wraps` take more lines; the others stay whole.
    pub fn new(screen: Screen, header: &[&'static str], wraps: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(header);
        for (column, name) in table.column_iter_mut().zip(header) {
            column.set_padding((0, GAP));
            if !wraps.contains(name) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        if let Some(width) = screen.width {
            table.set_width(width);
        }
        Self { table, screen, header: header.to_vec(), yields: &[] }
    }

    /// These columns are left out where the screen is too narrow for all, the first one first.
    pub fn yielding(mut self, yields: &'static [&'static str]) -> Self {
        self.yields = yields;
        self
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|text| match colour_of(&text) {
            Some(colour) if self.screen.colours => Cell::new(text).fg(colour),
            _ => Cell::new(text),
        });
        self.table.add_row(cells.collect::<Vec<_>>());
    }

    /// What is shown, and the columns that are left out.
    fn fitted(&self) -> (comfy_table::Table, &'static [&'static str]) {
        let mut table = self.table.clone();
        let screen = usize::from(table.width().unwrap_or(u16::MAX));
        let mut needs = self.table.column_max_content_widths();
        let mut left_out = 0;
        for name in self.yields {
            let gaps = needs.iter().filter(|need| **need > 0).count().saturating_sub(1);
            let all: usize = needs.iter().map(|need| usize::from(*need)).sum();
            if all + gaps * usize::from(GAP) <= screen {
                break;
            }
            left_out += 1;
            let Some(at) = self.header.iter().position(|header| header == name) else { continue };
            needs[at] = 0;
            if let Some(column) = table.column_mut(at) {
                column.set_constraint(ColumnConstraint::Hidden);
            }
        }
        let mut shown = table.column_iter_mut().rev().filter(|column| !column.is_hidden());
        if let Some(last) = shown.next() {
            last.set_padding((0, 0));
        }
        (table, &self.yields[..left_out])
    }
}

/// Lines without trailing blanks, the last with a line end.
impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (table, left_out) = self.fitted();
        table.lines().try_for_each(|line| writeln!(f, "{}", line.trim_end()))?;
        match left_out {
            [] => Ok(()),
            names => writeln!(f, "(no room for {}; -o json has all)", names.join(", ")),
        }
    }
}

/// The colours of words that say how something is.
fn colour_of(text: &str) -> Option<Color> {
    match text {
        "Accepted" | "Associated" | "Valid" | "Issued" | "Served" | "Acked" | "OK" => {
            Some(Color::Green)
        }
        "Warning" | "Pending" | "Sent" | "Missing" | "Expiring" | "NotYetValid" | "WARN" => {
            Some(Color::Yellow)
        }
        "Rejected" | "Expired" | "Failed" | "CRITICAL" | "NOT YET" | "EXPIRED" | "DIFFERS"
        | "MISSING" | "OLD" | "OTHER" => Some(Color::Red),
        _ => None,
    }
}

/// The first names, and how many more there are.
pub fn names(names: &[String]) -> String {
    const SHOWN: usize = 3;
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} +{more}", names[..SHOWN].join(" ")),
        _ => names.join(" "),
    }
}

/// `2027-03-01 (in 90 days)`.
pub fn day(time: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", time.strftime("%Y-%m-%d"), distance(time, now))
}

/// `in 90 days` or `5 h ago`, in the unit that fits.
pub fn distance(time: Timestamp, now: Timestamp) -> String {
    let seconds = time.as_second() - now.as_second();
    let rounded = |unit: i64| (seconds.abs() + unit / 2) / unit;
    let distance = match seconds.abs() {
        close if close < 2 * MINUTE => format!("{close} s"),
        minutes if minutes < 2 * HOUR => format!("{} min", rounded(MINUTE)),
        hours if hours < 2 * DAY => format!("{} h", rounded(HOUR)),
        _ => format!("{} days", rounded(DAY)),
    };
    if seconds < 0 { format!("{distance} ago") } else { format!("in {distance}") }
}

/// A time to the second.
pub fn moment(time: Timestamp) -> String {
    time.round(Unit::Second).unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests;
