//! What is wrong in a file: where, what, and the cure; shown as the compiler would show it.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::escape::{Escaped, masked};

/// A file that was read, and where its lines begin. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    path: Arc<Path>,
    text: Arc<str>,
    lines: Arc<[usize]>,
}

impl SourceFile {
    /// A file with this content.
    pub fn new(path: &Path, text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { path: path.into(), text: text.into(), lines: std::iter::once(0).chain(breaks).collect() }
    }

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of the line, from 1, that holds the byte at `offset`.
    pub fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset)
    }

    /// What stands at `span` (bytes), without the quotes of a text.
    pub(super) fn written(&self, span: &Range<usize>) -> &str {
        self.text.get(self.clamped(span)).unwrap_or_default().trim_matches(['"', '\''])
    }

    /// The bytes of the line with this number, from 1, without white space around it.
    pub(super) fn span_of_line(&self, line: usize) -> Range<usize> {
        let start = self.line_start(line);
        let text = self.text.get(start..self.line_start(line + 1)).unwrap_or_default();
        let indent = text.len() - text.trim_start().len();
        start + indent..start + indent + text.trim().len()
    }

    /// A mistake at `span` (bytes).
    pub(super) fn mistake(
        &self,
        span: Range<usize>,
        title: impl Into<String>,
        cure: impl Into<String>,
    ) -> Mistake {
        self.mistake_at(Some(span), title.into(), cure.into())
    }

    /// A mistake of the file as a whole.
    pub(super) fn mistake_of_all(&self, title: impl Into<String>, cure: impl Into<String>) -> Mistake {
        self.mistake_at(None, title.into(), cure.into())
    }

    fn mistake_at(&self, span: Option<Range<usize>>, title: String, cure: String) -> Mistake {
        let at = Place { file: self.clone(), span, label: String::new() };
        Mistake { severity: Severity::Error, at, other: None, title, cure, notes: Vec::new() }
    }

    /// The span moved into the text and onto the borders of characters, whatever it was.
    fn clamped(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(span.start);
        start..self.text.ceil_char_boundary(span.end.min(self.text.len())).max(start)
    }

    /// Where the line with this number, from 1, begins; the end of the text if there is none.
    fn line_start(&self, line: usize) -> usize {
        self.lines.get(line - 1).copied().unwrap_or(self.text.len())
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: SourceFile,
    /// The bytes that are meant; none if the whole file is.
    pub span: Option<Range<usize>>,
    /// What is written beside them.
    pub label: String,
}

impl Place {
    /// Line and column, both from 1, the column in characters; none if the whole file is meant.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let start = self.file.clamped(self.span.as_ref()?).start;
        let line = self.file.line(start);
        let before = self.file.text.get(self.file.line_start(line)..start)?;
        Some((line, before.chars().count() + 1))
    }

    fn annotation(&self, kind: AnnotationKind, offset: usize) -> Option<Annotation<'_>> {
        let span = self.file.clamped(self.span.as_ref()?);
        let label = (!self.label.is_empty()).then(|| Escaped(&self.label).to_string());
        Some(kind.span(span.start - offset..span.end - offset).label(label))
    }
}

/// Why a text is not the value it should be, and what to write in its place.
pub trait Refusal: std::error::Error {
    /// What to do.
    fn cure(&self) -> String;
}

/// `file:line:column`, or `file` if the whole file is meant.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(&self.file.path.to_string_lossy()))?;
        match self.line_column() {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// Whether a mistake stops the files from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does.
    Error,
    /// It does not: what is written can be done, and is probably not meant.
    Warning,
}

impl Severity {
    /// As it is shown.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }

    const fn level(self) -> Level<'static> {
        match self {
            Self::Error => Level::ERROR,
            Self::Warning => Level::WARNING,
        }
    }
}

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Whether it stops the file from being used.
    pub severity: Severity,
    /// Where.
    pub at: Place,
    /// Another place that has a part in it, such as the first of two of the same name.
    pub other: Option<Box<Place>>,
    /// What is wrong, in one line.
    pub title: String,
    /// What to do.
    pub cure: String,
    /// More about it, a line each, such as the lines of a list that are meant.
    pub notes: Vec<String>,
}

impl Mistake {
    /// As one that does not stop the file from being used.
    pub(super) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// With a word beside the place.
    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.at.label = label.into();
        self
    }

    /// With more lines about it.
    pub(super) fn notes(mut self, notes: impl Iterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// With another place that has a part in it.
    pub(super) fn other(mut self, file: &SourceFile, span: Range<usize>, label: impl Into<String>) -> Self {
        self.other = Some(Box::new(Place { file: file.clone(), span: Some(span), label: label.into() }));
        self
    }

    /// `file:line:column: title (cure)`, for a log.
    pub fn one_line(&self) -> String {
        format!("{}: {} ({})", self.at, Escaped(&self.title), Escaped(&self.cure))
    }

    /// `file:line:column: error: title`, the lines that are meant, and the cure.
    pub fn render(&self) -> String {
        let head = format!("{}: {}: {}", self.at, self.severity.label(), Escaped(&self.title));
        let cure = Escaped(&self.cure).to_string();
        let notes: Vec<String> = self.notes.iter().map(|note| Escaped(note).to_string()).collect();
        let mut group = Group::with_level(self.severity.level());
        let snippets = self.excerpts();
        if snippets.is_empty() {
            let notes: String = notes.iter().map(|note| format!("\n  = note: {note}")).collect();
            return format!("{head}{notes}\n  = help: {cure}");
        }
        for snippet in snippets {
            group = group.element(snippet);
        }
        for note in &notes {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        let body = Renderer::plain().render(&[group.element(Level::HELP.message(cure.as_str()))]);
        format!("{head}\n{body}")
    }

    /// The places as excerpts, each of its own lines only; two places of one file share an excerpt.
    fn excerpts(&self) -> Vec<Snippet<'_, Annotation<'_>>> {
        let Some(other) = &self.other else {
            return excerpt(&self.at, None, false).into_iter().collect();
        };
        if other.file == self.at.file {
            return excerpt(&self.at, Some(other), false).into_iter().collect();
        }
        [excerpt(&self.at, None, false), excerpt(other, None, true)].into_iter().flatten().collect()
    }
}

/// The lines from the first to the last that the places touch, with the places marked.
fn excerpt<'a>(
    at: &'a Place,
    other: Option<&'a Place>,
    with_path: bool,
) -> Option<Snippet<'a, Annotation<'a>>> {
    let file = &at.file;
    let spans = [at.span.as_ref(), other.and_then(|place| place.span.as_ref())];
    let spans: Vec<Range<usize>> = spans.into_iter().flatten().map(|span| file.clamped(span)).collect();
    let first = file.line(spans.iter().map(|span| span.start).min()?);
    let last = file.line(spans.iter().map(|span| span.end).max()?);
    let offset = file.line_start(first);
    let lines = masked(file.text.get(offset..file.line_start(last + 1))?);
    let kind = if with_path { AnnotationKind::Context } else { AnnotationKind::Primary };
    let path = with_path.then(|| Escaped(&file.path.to_string_lossy()).to_string());
    let snippet =
        Snippet::source(lines).line_start(first).path(path).annotation(at.annotation(kind, offset)?);
    let other = other.and_then(|place| place.annotation(AnnotationKind::Context, offset));
    Some(snippet.annotations(other))
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.one_line())
    }
}

/// Everything that is wrong in the files, never empty when it is an error. Displayed as the rendered mistakes with an
/// empty line between two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Mistake::render).collect::<Vec<_>>().join("\n\n"))]
pub struct Mistakes(pub Vec<Mistake>);

#[cfg(test)]
#[path = "mistake_tests.rs"]
mod tests;
