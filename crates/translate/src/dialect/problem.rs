//! What is wrong with one field, before it is known in whose name it is said.

use model::{Dialect, ObjectRef, Origin, Reason, State, Verdict};

/// The object that verdicts are about.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub object: ObjectRef,
    pub origin: Option<Origin>,
    pub dialect: Dialect,
}

impl Subject {
    pub fn verdict(&self, problem: Problem) -> Verdict {
        let object = self.object.clone();
        let verdict = match problem.state {
            State::Rejected => Verdict::rejected(object, problem.reason, problem.message),
            State::Warning => Verdict::warning(object, problem.reason, problem.message),
            State::Accepted => Verdict {
                reason: problem.reason,
                message: problem.message,
                ..Verdict::accepted(object)
            },
        };
        verdict.at(problem.field).in_dialect(self.dialect).from_origin(self.origin.clone())
    }
}

/// One field at fault. The message names the cure as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub state: State,
    pub reason: Reason,
    pub field: String,
    pub message: String,
}

impl Problem {
    pub fn warning(reason: Reason, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { state: State::Warning, reason, field: field.into(), message: message.into() }
    }

    pub fn rejection(reason: Reason, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { state: State::Rejected, reason, field: field.into(), message: message.into() }
    }
}

/// All problems found while one object is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub fn warn(&mut self, reason: Reason, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem::warning(reason, field, message));
    }

    pub fn reject(&mut self, reason: Reason, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem::rejection(reason, field, message));
    }

    /// A word that asks for nothing to be done.
    pub fn note(&mut self, reason: Reason, field: impl Into<String>, message: impl Into<String>) {
        let (field, message) = (field.into(), message.into());
        self.0.push(Problem { state: State::Accepted, reason, field, message });
    }

    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Whether a part was refused; what is only warned of does not count.
    pub fn has_rejection(&self) -> bool {
        self.rejections().next().is_some()
    }

    pub fn rejections(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter().filter(|problem| problem.state == State::Rejected)
    }

    /// A verdict is about the whole object: while other parts of it are served, a part that was
    /// refused is only warned of.
    pub fn soften(&mut self) {
        for problem in &mut self.0 {
            problem.state = problem.state.min(State::Warning);
        }
    }

    /// As [`Problems::soften`], where each refusal costs its own part alone: `what` says which.
    pub fn soften_parts(&mut self, what: &str) {
        for problem in self.0.iter_mut().filter(|problem| problem.state == State::Rejected) {
            problem.message += what;
        }
        self.soften();
    }

    pub fn into_verdicts(self, subject: &Subject) -> Vec<Verdict> {
        self.0.into_iter().map(|problem| subject.verdict(problem)).collect()
    }
}

/// The known text that is most like `written`, for "did you mean".
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let written = written.to_ascii_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&written, &name.to_ascii_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `; did you mean X?`, or what to do where nothing is alike.
pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("did you mean {name}?"),
        None => "remove it".to_owned(),
    }
}
