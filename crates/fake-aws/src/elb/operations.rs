//! What each operation does.

use jiff::Timestamp;

use super::{Elb, Listener, protocol::Form, release_at, settle};
use crate::{
    acm::Status,
    world::{Answer, Refusal, World},
    xml::{element, text},
};

/// Gives the content of the result.
pub(super) fn carry_out(world: &mut World, operation: &str, form: &Form) -> Answer<String> {
    let now = world.now;
    match operation {
        "DescribeListeners" => describe(&world.elb, form),
        "DescribeListenerCertificates" => certificates(&world.elb, form),
        "AddListenerCertificates" => {
            let arn = one_certificate(form)?;
            is_usable(world, &arn)?;
            add(&mut world.elb, form, arn)?;
            settle(world);
            Ok(String::new())
        }
        "RemoveListenerCertificates" => {
            let arn = one_certificate(form)?;
            let listener = listener(&mut world.elb, form)?;
            if listener.attached.remove(&arn) && listener.default != arn {
                let load_balancer = listener.load_balancer.clone();
                leave(&mut world.elb, arn, load_balancer, now);
            }
            Ok(String::new())
        }
        "ModifyListener" => {
            let arn = one_certificate(form)?;
            is_usable(world, &arn)?;
            let listener = listener(&mut world.elb, form)?;
            let before = std::mem::replace(&mut listener.default, arn);
            if !listener.attached.contains(&before) {
                let load_balancer = listener.load_balancer.clone();
                leave(&mut world.elb, before, load_balancer, now);
            }
            settle(world);
            Ok(String::new())
        }
        other => Err(Refusal::new("InvalidAction", other)),
    }
}

fn describe(elb: &Elb, form: &Form) -> Answer<String> {
    let wanted = form.list("ListenerArns");
    let load_balancer = form.get("LoadBalancerArn");
    let found: Vec<&Listener> = elb
        .listeners
        .iter()
        .filter(|one| wanted.contains(&one.arn.as_str()) || one.load_balancer == load_balancer)
        .collect();
    if found.len() < wanted.len() {
        return Err(not_found());
    }
    let shown = found.into_iter().map(|one| {
        let default = element("member", &text("CertificateArn", &one.default));
        let fields = text("ListenerArn", &one.arn)
            + &text("LoadBalancerArn", &one.load_balancer)
            + &text("Protocol", "HTTPS")
            + &element("Certificates", &default);
        element("member", &fields)
    });
    Ok(element("Listeners", &shown.collect::<String>()))
}

/// The default first, and once more if it is attached too.
fn certificates(elb: &Elb, form: &Form) -> Answer<String> {
    const PAGE: usize = 10;
    let arn = form.get("ListenerArn");
    let listener = elb.listeners.iter().find(|one| one.arn == arn).ok_or_else(not_found)?;
    let all: Vec<(&String, &str)> = std::iter::once((&listener.default, "true"))
        .chain(listener.attached.iter().map(|arn| (arn, "false")))
        .collect();
    let start: usize = form.get("Marker").parse().unwrap_or(0);
    let end = all.len().min(start + PAGE);
    let shown = all[start..end].iter().map(|(arn, is_default)| {
        element("member", &(text("CertificateArn", arn) + &text("IsDefault", is_default)))
    });
    let mut xml = element("Certificates", &shown.collect::<String>());
    if end < all.len() {
        xml += &text("NextMarker", &end.to_string());
    }
    Ok(xml)
}

/// Adding what is there already is no error.
fn add(elb: &mut Elb, form: &Form, arn: String) -> Answer<()> {
    let listener = listener(elb, form)?;
    let load_balancer = listener.load_balancer.clone();
    if listener.attached.contains(&arn) {
        return Ok(());
    }
    let beside = elb.listeners.iter().filter(|one| one.load_balancer == load_balancer);
    if beside.map(|one| one.attached.len()).sum::<usize>() >= elb.most {
        let why = "You have reached the maximum number of certificates on the load balancer";
        return Err(Refusal::new("TooManyCertificates", why));
    }
    self::listener(elb, form)?.attached.insert(arn);
    Ok(())
}

fn listener<'a>(elb: &'a mut Elb, form: &Form) -> Answer<&'a mut Listener> {
    let arn = form.get("ListenerArn");
    elb.listeners.iter_mut().find(|one| one.arn == arn).ok_or_else(not_found)
}

fn not_found() -> Refusal {
    Refusal::new("ListenerNotFound", "One or more listeners not found")
}

fn one_certificate(form: &Form) -> Answer<String> {
    match &form.list("Certificates")[..] {
        [arn] => Ok((*arn).to_owned()),
        _ => Err(Refusal::new("ValidationError", "Exactly one certificate can be given")),
    }
}

fn is_usable(world: &World, arn: &str) -> Answer<()> {
    match world.acm.certificates.get(arn).map(|one| one.status) {
        Some(Status::Issued) => Ok(()),
        Some(_) => Err(Refusal::new(
            "UnsupportedCertificate",
            "The certificate must have a fully-qualified domain name",
        )),
        None => Err(Refusal::new("CertificateNotFound", format!("Certificate {arn} not found"))),
    }
}

fn leave(elb: &mut Elb, arn: String, load_balancer: String, now: Timestamp) {
    elb.leaving.push((release_at(now), arn, load_balancer));
}
