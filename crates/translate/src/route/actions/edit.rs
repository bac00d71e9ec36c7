//! The actions that change a request or its answer on the way.

use http::{HeaderName, HeaderValue};
use model::{Filter, HeaderSource, Reason, Rewrite, TrafficLimit};

use super::super::{
    cors as cors_settings,
    json_list::{Unusable, block, unusable},
    limit as limits,
};
use crate::dialect::{Fields, Problems};

pub(super) fn insert_header(
    item: &mut Fields<'_>,
    problems: &mut Problems,
) -> Result<Filter, Unusable> {
    let mut config = block(item, "InsertHeaderConfig", problems)?;
    let name = header_name(&mut config, problems)?;
    let overwrite = config.boolean("CoverEnabled", problems).unwrap_or(false);
    let kind = config.text("ValueType", problems).unwrap_or("UserDefined");
    let value = config.text_or_number("Value", problems).unwrap_or_default();
    let source = if kind.eq_ignore_ascii_case("SystemDefined") {
        match value.to_ascii_lowercase().as_str() {
            "clientsrcip" => HeaderSource::ClientAddress,
            "clientsrcport" => HeaderSource::ClientPort,
            "slbid" => HeaderSource::LoadBalancerId,
            "slbport" => HeaderSource::ListenerPort,
            "protocol" => HeaderSource::ListenerProtocol,
            _ => {
                let text = format!(
                    "{value:?} is no system value: use ClientSrcIp, ClientSrcPort, SLBId, SLBPort or Protocol"
                );
                return unusable(&config, "Value", text, problems);
            }
        }
    } else if kind.eq_ignore_ascii_case("ReferenceHeader") {
        match HeaderName::from_bytes(value.as_bytes()) {
            Ok(name) => HeaderSource::Header(name),
            Err(_) => {
                return unusable(
                    &config,
                    "Value",
                    format!("{value:?} is no header name"),
                    problems,
                );
            }
        }
    } else if kind.eq_ignore_ascii_case("UserDefined") {
        match HeaderValue::from_str(&value) {
            Ok(value) => HeaderSource::Literal(value),
            Err(_) => {
                return unusable(
                    &config,
                    "Value",
                    format!("{value:?} is no header value: use visible ASCII"),
                    problems,
                );
            }
        }
    } else {
        let text =
            format!("{kind:?} is no value type: use UserDefined, ReferenceHeader or SystemDefined");
        return unusable(&config, "ValueType", text, problems);
    };
    config.finish(problems);
    Ok(Filter::InsertHeader { name, value: source, overwrite })
}

pub(super) fn remove_header(
    item: &mut Fields<'_>,
    problems: &mut Problems,
) -> Result<Filter, Unusable> {
    let mut config = block(item, "RemoveHeaderConfig", problems)?;
    let name = header_name(&mut config, problems)?;
    config.finish(problems);
    Ok(Filter::RemoveHeader { name })
}

pub(super) fn rewrite(item: &mut Fields<'_>, problems: &mut Problems) -> Result<Filter, Unusable> {
    let mut config = block(item, "RewriteConfig", problems)?;
    let mut part = |key: &'static str, same: &str, problems: &mut Problems| {
        config.text(key, problems).filter(|text| *text != same).map(Box::from)
    };
    let host = part("host", "${host}", problems);
    let path = part("path", "${path}", problems);
    let query = part("query", "${query}", problems);
    config.finish(problems);
    Ok(Filter::Rewrite(Rewrite { change: None, host, path, query, groups_of: None }))
}

pub(super) fn cors(item: &mut Fields<'_>, problems: &mut Problems) -> Result<Filter, Unusable> {
    let mut config = block(item, "CorsConfig", problems)?;
    let cors = cors_settings::from_action(&mut config, problems)?;
    config.finish(problems);
    Ok(Filter::Cors(cors))
}

pub(super) fn limit(
    item: &mut Fields<'_>,
    problems: &mut Problems,
) -> Result<Option<TrafficLimit>, Unusable> {
    let mut config = block(item, "TrafficLimitConfig", problems)?;
    let total = config.text_or_number("QPS", problems);
    let per_client = config.text_or_number("QPSPerIp", problems);
    // ELB's name for it, where 0 is no limit.
    let per_source = config.text_or_number("perSourceIpQps", problems);
    let per_client = per_source.filter(|limit| limit != "0").or(per_client);
    if config.text_or_number("burst", problems).is_some_and(|burst| burst != "0") {
        let text = "a burst has no effect in Doorward: requests beyond the limit of a second get 503 at once";
        problems.warn(Reason::NotHonoured, config.path_of("burst"), text);
    }
    let limit = limits::read(total.as_deref(), per_client.as_deref());
    match limit {
        Ok(Some(limit)) => {
            config.finish(problems);
            Ok(Some(limit))
        }
        Ok(None) => unusable(
            &config,
            "QPS",
            "invalid parameter for qps limit: write QPS or QPSPerIp".into(),
            problems,
        ),
        Err(text) => unusable(&config, "QPS", text, problems),
    }
}

fn header_name(config: &mut Fields<'_>, problems: &mut Problems) -> Result<HeaderName, Unusable> {
    let key = config.text("key", problems).unwrap_or_default();
    match HeaderName::from_bytes(key.as_bytes()) {
        Ok(name) => Ok(name),
        Err(_) => unusable(config, "key", format!("{key:?} is no header name"), problems),
    }
}
