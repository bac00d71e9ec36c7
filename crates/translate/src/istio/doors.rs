//! Several servers on one port: who opens it, who may join, and who comes too late.
//!
//! The rules are those of Istio's merging of Gateways, with one difference: names are compared
//! without the namespace before them, as two servers with one name could not be told apart.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use model::{Name, Reason};

use super::{
    admit::Admitted,
    gateway::{Kind, ServerPlan},
};
use crate::{claim::Declaration, dialect::Problem, world::Age};

/// A port of one address, with the servers on it in order of age.
#[derive(Debug)]
pub(super) struct Door<'a> {
    pub speaks: Speaks,
    pub crowd: Vec<Guest<'a>>,
    /// Whose each name is, where TLS tells servers apart; `None` is any name.
    taken: HashMap<Option<&'a Name>, usize>,
}

/// A server on a door.
#[derive(Clone, Debug)]
pub(super) struct Guest<'a> {
    pub age: &'a Age,
    pub admitted: Admitted<'a>,
}

/// What goes through a door; it is never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Http,
    Tcp,
    Tls,
}

/// By address (`None`: the load balancer's own) and port.
#[derive(Debug, Default)]
pub(super) struct Doors<'a>(pub BTreeMap<(Option<IpAddr>, u16), Door<'a>>);

impl<'a> Doors<'a> {
    /// To be called in order of age.
    pub fn enter(&mut self, guest: Guest<'a>) -> Result<(), Problem> {
        let server = guest.admitted.server;
        let speaks = Speaks::of(server);
        let place = (server.bind, server.port);
        let door = self.0.entry(place).or_insert_with(|| Door {
            speaks,
            crowd: Vec::new(),
            taken: HashMap::new(),
        });
        door.enter(guest, speaks)
    }
}

impl<'a> Door<'a> {
    /// Who opened it.
    pub fn first(&self) -> &Guest<'a> {
        self.crowd.first().expect("a door is made for its first guest, who is never refused")
    }

    fn enter(&mut self, guest: Guest<'a>, speaks: Speaks) -> Result<(), Problem> {
        let server = guest.admitted.server;
        let refuse = |field: String, text: String| {
            Err(Problem::rejection(Reason::ListenerConflict, field, text))
        };
        if let Some(first) = self.crowd.first() {
            if speaks != self.speaks {
                let text = format!(
                    "port {} is for {} by {}, which came first, and {} cannot share it: take another port",
                    server.port,
                    self.speaks.described(),
                    first.described(),
                    speaks.described(),
                );
                return refuse(format!("{}.port", server.field), text);
            }
            if speaks == Speaks::Tcp {
                let text = format!(
                    "port {} is that of {}, which came first, and bytes in clear cannot be told apart: take another port",
                    server.port,
                    first.described(),
                );
                return refuse(format!("{}.port", server.field), text);
            }
        }
        if speaks == Speaks::Tls {
            let names = || server.hosts.iter().map(|host| host.name.as_ref());
            let lost = names().enumerate().find_map(|(index, name)| {
                Some((index, name, &self.crowd[*self.taken.get(&name)?]))
            });
            if let Some((index, name, winner)) = lost {
                let text = format!(
                    "{} on port {} is for {}, which came first: take the host out of one of the two",
                    name.map_or("*", Name::as_str),
                    server.port,
                    winner.described(),
                );
                return refuse(format!("{}.hosts[{index}]", server.field), text);
            }
            let position = self.crowd.len();
            self.taken.extend(names().map(|name| (name, position)));
        }
        self.crowd.push(guest);
        Ok(())
    }
}

impl Guest<'_> {
    pub fn declaration(&self) -> Declaration {
        let subject = &self.admitted.gateway.subject;
        let (object, origin) = (subject.object.clone(), subject.origin.clone());
        Declaration { object, origin, age: self.age.clone() }
    }

    fn described(&self) -> String {
        let Admitted { gateway, server, .. } = &self.admitted;
        format!("{} ({})", gateway.subject.object, server.field)
    }
}

impl Speaks {
    fn of(server: &ServerPlan) -> Self {
        match server.kind {
            Kind::Http | Kind::Redirect => Self::Http,
            Kind::Tcp => Self::Tcp,
            Kind::Https(_) | Kind::Tls(_) | Kind::Passthrough => Self::Tls,
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Http => "HTTP in clear",
            Self::Tcp => "TCP in clear",
            Self::Tls => "TLS",
        }
    }
}
