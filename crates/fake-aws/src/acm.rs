//! Certificate Manager: requests, validation by CNAME, renewal, export.

mod export;
mod life;
mod list;
mod request;
mod show;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::{
    FakeAws, elb,
    world::{Answer, Refusal, World},
};

pub(crate) struct Acm {
    /// By ARN.
    pub(crate) certificates: BTreeMap<String, Certificate>,
    /// Tokens of requests and what they made, for an hour.
    pub(crate) tokens: BTreeMap<String, (Timestamp, String)>,
    pub(crate) settings: Settings,
    made: usize,
}

/// How it behaves; virtual time.
pub(crate) struct Settings {
    /// From the request until a certificate can be described.
    pub(crate) visible_after: Duration,
    /// From the request until it names its validation records.
    pub(crate) records_after: Duration,
    /// From the last validated name until it is issued.
    pub(crate) issued_after: Duration,
    /// From the request for a renewal until it is done.
    pub(crate) renewed_after: Duration,
    /// Names in one certificate.
    pub(crate) names: usize,
    pub(crate) page: usize,
    /// Every certificate that would be issued fails with this reason.
    pub(crate) failure: Option<&'static str>,
}

impl Default for Acm {
    fn default() -> Self {
        let settings = Settings {
            visible_after: Duration::from_secs(2),
            records_after: Duration::from_secs(4),
            issued_after: Duration::from_secs(20),
            renewed_after: Duration::from_secs(60),
            names: 10,
            page: 100,
            failure: None,
        };
        Self { certificates: BTreeMap::new(), tokens: BTreeMap::new(), settings, made: 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Pending,
    Issued,
    Failed,
    TimedOut,
    Expired,
}

/// One certificate, as it is inside.
pub struct Certificate {
    pub arn: String,
    /// The common name first.
    pub names: Vec<String>,
    pub tags: BTreeMap<String, String>,
    pub status: Status,
    pub in_use_by: Vec<String>,
    pub(crate) key_algorithm: String,
    pub(crate) key: KeyPair,
    pub(crate) authority: Option<String>,
    pub(crate) is_exportable: bool,
    pub(crate) created: Timestamp,
    /// When the last of its names was found in DNS.
    pub(crate) validated: Option<Timestamp>,
    pub(crate) failure: Option<&'static str>,
    pub(crate) issued: Option<Made>,
    pub(crate) was_exported: bool,
    /// When a renewal began that is not over.
    pub(crate) renewing: Option<Timestamp>,
    pub(crate) was_renewed: bool,
}

/// What the CA signed.
pub(crate) struct Made {
    pub(crate) pem: String,
    pub(crate) serial: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

pub(crate) fn operation(world: &mut World, operation: &str, input: &Value) -> Answer<Value> {
    life::settle(world);
    elb::settle(world);
    match operation {
        "RequestCertificate" => request::request(world, input),
        "ListCertificates" => list::list(world, input),
        "DescribeCertificate" => {
            let certificate = visible(world, input)?;
            Ok(json!({"Certificate": show::show(certificate, world)}))
        }
        "ListTagsForCertificate" => {
            let tags = visible(world, input)?.tags.iter();
            let tags: Vec<Value> =
                tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            Ok(json!({"Tags": tags}))
        }
        "AddTagsToCertificate" => {
            let added = request::tags(input)?;
            known(world, input)?.tags.extend(added);
            Ok(json!({}))
        }
        "ExportCertificate" => export::export(world, input),
        "RenewCertificate" => life::renew(world, input),
        "DeleteCertificate" => {
            let certificate = known(world, input)?;
            if let Some(user) = certificate.in_use_by.first() {
                let why = format!("Certificate {} is in use by {user}", certificate.arn);
                return Err(Refusal::new("ResourceInUseException", why));
            }
            let arn = certificate.arn.clone();
            world.acm.certificates.remove(&arn);
            Ok(json!({}))
        }
        other => Err(Refusal::new("UnknownOperationException", other)),
    }
}

fn arn_of(input: &Value) -> &str {
    input["CertificateArn"].as_str().unwrap_or_default()
}

fn unknown(arn: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("Could not find certificate {arn}."))
}

fn known<'a>(world: &'a mut World, input: &Value) -> Answer<&'a mut Certificate> {
    let arn = arn_of(input);
    world.acm.certificates.get_mut(arn).ok_or_else(|| unknown(arn))
}

/// Reads do not see what was just made.
fn visible<'a>(world: &'a World, input: &Value) -> Answer<&'a Certificate> {
    let arn = arn_of(input);
    let certificate = world.acm.certificates.get(arn);
    certificate.filter(|one| life::is_visible(one, world)).ok_or_else(|| unknown(arn))
}

/// What is in Certificate Manager, past its API.
impl FakeAws {
    /// Looks at every certificate, the oldest first.
    pub fn certificates<T>(&self, look: impl Fn(&Certificate) -> T) -> Vec<T> {
        let mut world = self.world();
        life::settle(&mut world);
        let mut all: Vec<_> = world.acm.certificates.values().collect();
        all.sort_by_key(|one| (one.created, one.arn.clone()));
        all.into_iter().map(look).collect()
    }

    /// An issued certificate, made past the API.
    pub fn issued_certificate(&self, names: &[&str]) -> String {
        let mut world = self.world();
        let input = json!({"DomainName": names[0], "SubjectAlternativeNames": names,
            "KeyAlgorithm": "EC_prime256v1"});
        let made = request::request(&mut world, &input).expect("the names are good");
        let arn = arn_of(&made).to_owned();
        life::issue_now(&mut world, &arn);
        arn
    }

    /// Lets something hold a certificate, or let go of it.
    pub fn use_certificate(&self, arn: &str, users: &[&str]) {
        let mut world = self.world();
        let certificate = world.acm.certificates.get_mut(arn).expect("the test made it");
        certificate.in_use_by = users.iter().map(|&user| user.to_owned()).collect();
    }

    /// Certificates that would be issued from now on fail with this `FailureReason`; `None`: no
    /// more.
    pub fn fail_issuance(&self, reason: Option<&'static str>) {
        self.world().acm.settings.failure = reason;
    }

    /// The account's quota of names in one certificate.
    pub fn allow_names(&self, most: usize) {
        self.world().acm.settings.names = most;
    }

    /// Certificates on one page of a listing.
    pub fn page_certificates(&self, size: usize) {
        self.world().acm.settings.page = size;
    }

    /// What the public CA signs with, in PEM.
    pub fn root_pem(&self) -> String {
        self.world().authority.pem.clone()
    }
}
