//! Who asked for a certificate, and in which field: where the verdicts go.

use model::{ObjectRef, Origin, Reason, Verdict};

use crate::claim::{Declaration, TlsMember};

#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    object: &'a ObjectRef,
    origin: Option<&'a Origin>,
    field: &'a str,
    /// Below `field`: where a member names its certificate.
    certificate_field: &'a str,
    part: Part,
    /// What it asks for is all it asks for: an Ingress, not the object of the whole listener.
    is_member: bool,
}

/// The part of the field that asks; spelled out only when a verdict is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    SecretName,
    Host(usize),
    Certificates,
    Certificate(usize),
}

impl<'a> Asker<'a> {
    pub fn member(member: &'a TlsMember, part: Part) -> Self {
        Self {
            object: &member.object,
            origin: member.origin.as_ref(),
            field: &member.field,
            certificate_field: &member.certificate_field,
            part,
            is_member: true,
        }
    }

    /// `field` is the listener's, or one below it.
    pub fn declaration(declaration: &'a Declaration, field: &'a str, part: Part) -> Self {
        Self {
            object: &declaration.object,
            origin: declaration.origin.as_ref(),
            field,
            certificate_field: "",
            part,
            is_member: false,
        }
    }

    /// The Ingress that a routing rule is of.
    pub fn of_rule(object: &'a ObjectRef) -> Self {
        Self {
            object,
            origin: None,
            field: "spec.tls",
            certificate_field: "",
            part: Part::Whole,
            is_member: true,
        }
    }

    /// It gets what it asked for, but.
    pub fn warning(&self, reason: Reason, message: String) -> Verdict {
        self.place(Verdict::warning(self.object.clone(), reason, message))
    }

    pub fn rejected(&self, reason: Reason, message: String) -> Verdict {
        self.place(Verdict::rejected(self.object.clone(), reason, message))
    }

    /// It does not get what it asked for; to the object of a whole listener that is a warning.
    pub fn refused(&self, reason: Reason, message: String) -> Verdict {
        match self.is_member {
            true => self.rejected(reason, message),
            false => self.warning(reason, message),
        }
    }

    /// A word that asks for nothing to be done.
    pub fn told(&self, reason: Reason, message: String) -> Verdict {
        let accepted = Verdict::accepted(self.object.clone());
        self.place(Verdict { reason, message, ..accepted })
    }

    fn place(&self, verdict: Verdict) -> Verdict {
        let field = self.field;
        let path = match self.part {
            Part::Whole => field.to_owned(),
            Part::SecretName => format!("{field}.{}", self.certificate_field),
            Part::Host(index) => format!("{field}.hosts[{index}]"),
            Part::Certificates => format!("{field}.certificates"),
            Part::Certificate(index) => format!("{field}.certificates[{index}].CertificateId"),
        };
        verdict.at(path).from_origin(self.origin.cloned())
    }
}
