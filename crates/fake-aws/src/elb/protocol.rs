//! The protocol `awsQuery`: a form in, XML out.

use http::StatusCode;

use super::operations::carry_out;
use crate::{
    route53::protocol::refusal,
    server::{Asked, Body, respond},
    world::World,
    xml::element,
};

/// What a client sent.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    fn read(asked: &Asked) -> Self {
        Self(form_urlencoded::parse(&asked.body).into_owned().collect())
    }

    /// The value, or `""`.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// `NAME.member.1`, and so on; of certificates their ARNs.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let prefix = format!("{name}.member.");
        let is_item = |key: &str| {
            key.strip_prefix(&prefix)
                .is_some_and(|rest| !rest.contains('.') || rest.ends_with(".CertificateArn"))
        };
        self.0.iter().filter(|(key, _)| is_item(key)).map(|(_, value)| value.as_str()).collect()
    }
}

pub(crate) fn operation(asked: &Asked) -> Option<String> {
    let form = Form::read(asked);
    let action = form.get("Action");
    (form.get("Version") == "2015-12-01").then(|| action.to_owned())
}

pub(crate) fn answer(world: &mut World, operation: &str, asked: &Asked) -> Body {
    match carry_out(world, operation, &Form::read(asked)) {
        Ok(content) => {
            let result = element(&format!("{operation}Result"), &content);
            let xml = element(&format!("{operation}Response"), &result);
            respond(StatusCode::OK, "text/xml", xml)
        }
        Err(why) => refusal(&why),
    }
}
