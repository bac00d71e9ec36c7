//! Route 53's own protocol: REST paths, XML both ways.

use http::{Method, StatusCode};

use super::{
    Route53, Set, Zone,
    batch::{Change, carry_out},
};
use crate::{
    server::{Asked, Body, respond},
    world::{Answer, Refusal, World},
    xml::{element, text},
};

const VERSION: &str = "/2013-04-01";
const KIND: &str = "text/xml";

pub(crate) fn operation(asked: &Asked) -> Option<&'static str> {
    let path: Vec<&str> = asked.path.strip_prefix(VERSION)?.trim_matches('/').split('/').collect();
    Some(match (&asked.method, path.as_slice()) {
        (&Method::GET, ["hostedzone"]) => "ListHostedZones",
        (&Method::GET, ["hostedzone", _]) => "GetHostedZone",
        (&Method::GET, ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        (&Method::POST, ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        (&Method::GET, ["change", _]) => "GetChange",
        _ => return None,
    })
}

pub(crate) fn answer(world: &mut World, operation: &str, asked: &Asked) -> Body {
    let id = asked.path.split('/').nth(3).unwrap_or_default();
    let answer = match operation {
        "ListHostedZones" => list_zones(&world.route53, asked),
        "GetHostedZone" => zone_of(&mut world.route53, id)
            .map(|zone| element("GetHostedZoneResponse", &element("HostedZone", &show(zone)))),
        "ListResourceRecordSets" => {
            zone_of(&mut world.route53, id).map(|zone| list_records(zone, asked))
        }
        "ChangeResourceRecordSets" => change(world, id, &asked.body),
        _ => Ok(change_state(world, id)),
    };
    match answer {
        Ok(xml) => respond(StatusCode::OK, KIND, xml),
        Err(why) => refusal(&why),
    }
}

pub(crate) fn refusal(why: &Refusal) -> Body {
    let error =
        [text("Type", "Sender"), text("Code", &why.code), text("Message", &why.message)].concat();
    let xml =
        element("ErrorResponse", &[element("Error", &error), text("RequestId", "1")].concat());
    respond(StatusCode::from_u16(why.status).unwrap_or(StatusCode::BAD_REQUEST), KIND, xml)
}

fn list_zones(route53: &Route53, asked: &Asked) -> Answer<String> {
    let start = asked.parameter("marker");
    let first = route53.zones.iter().position(|zone| zone.id == start).unwrap_or(0);
    let rest = &route53.zones[first..];
    let (page, later) = rest.split_at(rest.len().min(route53.page));
    let zones: String = page.iter().map(|zone| element("HostedZone", &show(zone))).collect();
    let mut xml = element("HostedZones", &zones)
        + &text("IsTruncated", if later.is_empty() { "false" } else { "true" })
        + &text("Marker", start)
        + &text("MaxItems", &route53.page.to_string());
    if let Some(next) = later.first() {
        xml += &text("NextMarker", &next.id);
    }
    Ok(element("ListHostedZonesResponse", &xml))
}

fn show(zone: &Zone) -> String {
    text("Id", &format!("/hostedzone/{}", zone.id))
        + &text("Name", &format!("{}.", zone.name))
        + &text("CallerReference", &zone.id)
        + &element("Config", &text("PrivateZone", &zone.is_private.to_string()))
}

fn zone_of<'a>(route53: &'a mut Route53, id: &str) -> Answer<&'a mut Zone> {
    route53.zones.iter_mut().find(|zone| zone.id == id).ok_or_else(|| Refusal {
        status: 404,
        ..Refusal::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}"))
    })
}

/// In the order of names read from their last label, as Route 53 keeps them.
fn list_records(zone: &Zone, asked: &Asked) -> String {
    let start = (order(asked.parameter("name")), asked.parameter("type").to_owned());
    let most = asked.parameter("maxitems").parse().unwrap_or(300);
    let mut sets: Vec<_> = zone.records.iter().collect();
    sets.sort_by_key(|((name, kind), _)| (order(name), kind.clone()));
    let from = sets.iter().filter(|((name, kind), _)| (order(name), kind.clone()) >= start);
    let shown: String = from
        .take(most)
        .map(|((name, kind), set)| element("ResourceRecordSet", &show_set(name, kind, set)))
        .collect();
    let xml = element("ResourceRecordSets", &shown)
        + &text("IsTruncated", "false")
        + &text("MaxItems", &most.to_string());
    element("ListResourceRecordSetsResponse", &xml)
}

fn order(name: &str) -> Vec<String> {
    name.trim_end_matches('.').rsplit('.').map(str::to_owned).collect()
}

fn show_set(name: &str, kind: &str, set: &Set) -> String {
    let values: String =
        set.values.iter().map(|value| element("ResourceRecord", &text("Value", value))).collect();
    text("Name", &format!("{}.", name.replace('*', "\\052")))
        + &text("Type", kind)
        + &text("TTL", &set.ttl.to_string())
        + &element("ResourceRecords", &values)
}

fn change(world: &mut World, id: &str, body: &[u8]) -> Answer<String> {
    let changes = read(body).ok_or_else(|| Refusal::new("InvalidInput", "Invalid XML"))?;
    let now = world.now;
    let served_from = now.checked_add(world.route53.spread).expect("tests stay in the calendar");
    let busy_until = now.checked_add(world.route53.busy).expect("tests stay in the calendar");
    let zone = zone_of(&mut world.route53, id)?;
    if zone.busy_until.is_some_and(|until| now < until) {
        return Err(Refusal::new(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        ));
    }
    carry_out(zone, &changes, served_from)
        .map_err(|wrong| Refusal::new("InvalidChangeBatch", format!("[{}]", wrong.join(", "))))?;
    zone.busy_until = Some(busy_until);
    let id = format!("C{:05}", world.route53.changes.len());
    world.route53.changes.insert(id.clone(), served_from);
    Ok(element("ChangeResourceRecordSetsResponse", &show_change(&id, "PENDING")))
}

fn change_state(world: &World, id: &str) -> String {
    let due = world.route53.changes.get(id);
    let state = if due.is_some_and(|due| *due <= world.now) { "INSYNC" } else { "PENDING" };
    element("GetChangeResponse", &show_change(id, state))
}

fn show_change(id: &str, state: &str) -> String {
    let info = text("Id", &format!("/change/{id}"))
        + &text("Status", state)
        + &text("SubmittedAt", "2026-03-01T00:00:00Z");
    element("ChangeInfo", &info)
}

fn read(body: &[u8]) -> Option<Vec<Change>> {
    let document = roxmltree::Document::parse(std::str::from_utf8(body).ok()?).ok()?;
    document.descendants().filter(|node| is(node, "Change")).map(read_change).collect()
}

fn read_change(node: roxmltree::Node<'_, '_>) -> Option<Change> {
    let field =
        |name: &str| node.descendants().find(|node| is(node, name)).and_then(|node| node.text());
    let values = node.descendants().filter(|node| is(node, "Value"));
    Some(Change {
        action: field("Action")?.to_owned(),
        name: field("Name")?.trim_end_matches('.').to_ascii_lowercase(),
        kind: field("Type")?.to_owned(),
        ttl: field("TTL")?.parse().ok()?,
        values: values.filter_map(|node| node.text()).map(str::to_owned).collect(),
    })
}

/// By local name, whatever the namespace.
fn is(node: &roxmltree::Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}
