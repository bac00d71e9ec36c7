//! One routing rule: what it matches, what it changes and where it sends.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use ipnet::IpNet;
use regex::Regex;

use crate::{Backend, Forwarding, Name, ObjectRef, TextMatch, TextPattern};

/// A rule of a listener. Its place in the [`RouteTable`](crate::RouteTable) is its priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The object that wrote it.
    pub origin: ObjectRef,
    pub direction: Direction,
    pub matches: RuleMatch,
    /// Applied in order, before the action.
    pub filters: Vec<Filter>,
    /// How a request is forwarded, where the rule says more than to whom.
    pub forwarding: Option<Arc<Forwarding>>,
    pub action: Action,
}

/// Whether a rule looks at requests, or only edits the responses of what they chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Request,
    Response,
}

/// All parts must match; inside one part any value suffices; an empty part always matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleMatch {
    pub hosts: Vec<Name>,
    pub paths: Vec<PathMatch>,
    pub methods: Vec<Method>,
    /// Every entry must match.
    pub facts: Vec<FactMatch>,
    /// Every entry must match.
    pub headers: Vec<HeaderMatch>,
    /// Any of these key and value pairs.
    pub query: Vec<(TextPattern, TextPattern)>,
    /// Every entry must match.
    pub parameters: Vec<ParameterMatch>,
    /// Any of these key and value pairs.
    pub cookies: Vec<(TextPattern, TextPattern)>,
    pub sources: Vec<IpNet>,
    /// Only for [`Direction::Response`].
    pub response_status: Vec<StatusCode>,
    /// Only for [`Direction::Response`].
    pub response_headers: Vec<HeaderMatch>,
}

/// A header that must be there with any of these values; no values: it must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatch {
    pub name: HeaderName,
    pub values: Vec<TextMatch>,
    /// It must not match; a header that is not there then counts as an empty text.
    pub is_inverted: bool,
}

/// A fact of the request line that must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactMatch {
    Method(TextMatch),
    /// `http` or `https`.
    Scheme(TextMatch),
    /// The Host header as it was sent, with its port.
    Authority(TextMatch),
}

/// A query parameter that must be there; with this value where one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterMatch {
    pub key: Box<str>,
    pub value: Option<TextMatch>,
}

#[derive(Clone, Debug)]
pub enum PathMatch {
    Exact(Box<str>),
    /// Whole path elements: `/a` matches `/a` and `/a/b`, not `/ab`. No trailing slash, so the
    /// root is the empty text.
    Prefix(Box<str>),
    /// `*` and `?` wildcards (ImplementationSpecific).
    Pattern(TextPattern),
    /// Found anywhere from the start of the path; case-insensitive as ALB's `~*`.
    Regex(Arc<Regex>),
    /// The path as a plain text: `/a` as a prefix matches `/ab`.
    Text(TextMatch),
}

impl PartialEq for PathMatch {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(a), Self::Exact(b)) | (Self::Prefix(a), Self::Prefix(b)) => a == b,
            (Self::Pattern(a), Self::Pattern(b)) => a == b,
            (Self::Regex(a), Self::Regex(b)) => a.as_str() == b.as_str(),
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for PathMatch {}

impl PathMatch {
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *path,
            Self::Prefix(prefix) => path
                .strip_prefix(&**prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            Self::Pattern(pattern) => pattern.matches(path),
            Self::Regex(regex) => regex.is_match(path),
            Self::Text(text) => text.matches(path),
        }
    }
}

/// What a rule changes on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// ALB `InsertHeader`: a value the rule gives, or one that the gateway knows.
    InsertHeader {
        name: HeaderName,
        value: HeaderSource,
        overwrite: bool,
    },
    /// One more line of a header that may be there already.
    AppendHeader {
        name: HeaderName,
        value: HeaderSource,
    },
    RemoveHeader {
        name: HeaderName,
    },
    /// Edits the answer, whoever made it.
    Response(HeaderEdit),
    Rewrite(Rewrite),
    Cors(Arc<Cors>),
    Limit(TrafficLimit),
}

/// One edit of a response's headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderEdit {
    Set { name: HeaderName, value: HeaderSource },
    Append { name: HeaderName, value: HeaderSource },
    Remove { name: HeaderName },
}

/// Where an inserted header's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderSource {
    Literal(HeaderValue),
    /// The value of another request header.
    Header(HeaderName),
    ClientAddress,
    ClientPort,
    LoadBalancerId,
    ListenerProtocol,
    ListenerPort,
}

/// Each part left out stays as it was. `host`, `path` and `query` may use `${host}`, `${path}`,
/// `${query}`, `${protocol}`, `${port}`, and `path` the groups `$1` of a regular expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    pub host: Option<Box<str>>,
    pub path: Option<Box<str>>,
    pub query: Option<Box<str>>,
    /// The regular expression whose groups `path` uses.
    pub groups_of: Option<PathMatch>,
    /// Instead of `path`, and without variables.
    pub change: Option<PathChange>,
}

/// What becomes of a path, by texts that stand for themselves.
#[derive(Clone, Debug)]
pub enum PathChange {
    Whole(Box<str>),
    /// Takes `matched` from its start, in whatever case it is written, and puts `with` there. A
    /// path that begins otherwise stays.
    Prefix {
        matched: Box<str>,
        with: Box<str>,
    },
    /// Every match of the pattern; `with` may use its groups as `${1}`, and `$$` is a dollar.
    Regex {
        pattern: Arc<Regex>,
        with: Box<str>,
    },
}

impl PartialEq for PathChange {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a == b,
            (
                Self::Prefix { matched: a, with: a_with },
                Self::Prefix { matched: b, with: b_with },
            ) => a == b && a_with == b_with,
            (
                Self::Regex { pattern: a, with: a_with },
                Self::Regex { pattern: b, with: b_with },
            ) => a.as_str() == b.as_str() && a_with == b_with,
            _ => false,
        }
    }
}

impl Eq for PathChange {}

/// Cross-origin rules (Fetch standard, "CORS protocol").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// `*`, or origins in which a `*` may stand for a label.
    pub allow_origins: Vec<TextMatch>,
    /// A request from another origin is none of this rule's business: a preflight goes on to the
    /// backend, and what the backend says of CORS stays.
    pub forwards_others: bool,
    /// Empty: not said to clients.
    pub allow_methods: HeaderValue,
    /// Empty: not said to clients.
    pub allow_headers: HeaderValue,
    pub expose_headers: Option<HeaderValue>,
    pub allow_credentials: bool,
    /// Seconds; -1 switches the client's cache off; `None`: not said to clients.
    pub max_age: Option<i32>,
}

/// Requests a second; more than that get 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficLimit {
    pub total: Option<u32>,
    pub per_client: Option<u32>,
}

/// What answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Forward(Vec<ForwardTarget>),
    Redirect(Redirect),
    Fixed(FixedResponse),
    /// Answers with the request's TLS and routing facts as JSON; for trying things out
    /// (annotation `doorward.dev/echo`).
    Echo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardTarget {
    pub backend: Arc<Backend>,
    /// Share among the targets; all zero means none is chosen.
    pub weight: u32,
    /// Applied after those of the rule, for this target alone.
    pub filters: Arc<[Filter]>,
}

impl ForwardTarget {
    pub fn new(backend: Arc<Backend>, weight: u32) -> Self {
        Self { backend, weight, filters: Arc::new([]) }
    }
}

/// Parts as in [`Rewrite`]; `None` keeps the request's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    pub protocol: Option<Box<str>>,
    pub host: Option<Box<str>>,
    /// `None` keeps the port that the client used while the protocol stays, `${port}` keeps it in
    /// any case, and an empty text leaves it out.
    pub port: Option<Box<str>>,
    pub path: Option<Box<str>>,
    pub query: Option<Box<str>>,
    /// Instead of `path`, and without variables.
    pub change: Option<PathChange>,
    pub status: StatusCode,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedResponse {
    pub status: StatusCode,
    pub content_type: HeaderValue,
    /// Any bytes; not templated.
    pub body: Bytes,
    /// For the header `x-doorward-reason` where the gateway itself makes the answer up.
    pub reason: Option<&'static str>,
}
