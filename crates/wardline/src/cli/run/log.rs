//! The log of a running engine: to stderr, as people or as machines read it, and its newest lines kept for whoever asks.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use tracing::{Level, Metadata};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::{self, FormatFields, MakeWriter};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, registry};
use wardline_config::{Log, LogFormat};
use wardline_engine::observe::{LogLevel, RecentLog};

/// Sends what passes the filter to stderr, and keeps it.
pub(super) fn start(log: &Log) -> Result<Arc<RecentLog>, ParseError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let recent_log = Arc::new(RecentLog::default());
    let kept = fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_level(false)
        .with_target(false)
        .fmt_fields(Plain::default())
        .with_writer(Keep(Arc::clone(&recent_log)));
    let shown = fmt::layer().with_writer(io::stderr);
    let registry = registry().with(filter);
    match log.format {
        LogFormat::Human => registry.with(kept).with(shown.with_ansi(paints())).init(),
        LogFormat::Json => registry.with(kept).with(shown.json()).init(),
    }
    Ok(recent_log)
}

/// Whether stderr shows colours and nobody forbids them.
fn paints() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// The fields of a span without colours. A type of its own, because layers with the same one share what the first of them has
/// written of a span, colours and all.
#[derive(Debug, Default)]
struct Plain(DefaultFields);

impl<'writer> FormatFields<'writer> for Plain {
    fn format_fields<R: RecordFields>(
        &self,
        writer: Writer<'writer>,
        fields: R,
    ) -> std::fmt::Result {
        self.0.format_fields(writer, fields)
    }
}

/// Writes lines to where they are kept.
#[derive(Debug)]
struct Keep(Arc<RecentLog>);

/// One line on its way there.
#[derive(Debug)]
struct Line<'a> {
    kept: &'a RecentLog,
    level: LogLevel,
    target: String,
}

impl<'a> MakeWriter<'a> for Keep {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { kept: &self.0, level: LogLevel::Info, target: String::new() }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        Line { kept: &self.0, level: level(*meta.level()), target: meta.target().to_owned() }
    }
}

impl io::Write for Line<'_> {
    /// Called once for each line, with all of it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line).trim().to_owned();
        self.kept.keep(Timestamp::now(), self.level, &self.target, text);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_kept_with_its_fields_and_those_around_it_and_without_colours() {
        let recent_log = Arc::new(RecentLog::default());
        let kept = fmt::layer()
            .with_ansi(false)
            .without_time()
            .with_level(false)
            .with_target(false)
            .fmt_fields(Plain::default())
            .with_writer(Keep(Arc::clone(&recent_log)));
        let shown = fmt::layer().with_ansi(true).with_writer(io::sink);
        tracing::subscriber::with_default(registry().with(shown).with(kept), || {
            let _around = tracing::info_span!("connection", listener = "in").entered();
            tracing::warn!(reason = "no-frame", "connection closed");
        });
        let (lines, newest) = recent_log.read(None, LogLevel::Trace, 10);
        assert_eq!((lines.len(), newest), (1, 1));
        assert_eq!(lines[0].level, LogLevel::Warn);
        let expected = "connection{listener=\"in\"}: connection closed reason=\"no-frame\"";
        assert_eq!(lines[0].text, expected);
    }
}
