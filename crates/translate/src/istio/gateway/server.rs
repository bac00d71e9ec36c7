//! One of `spec.servers[]`.

use std::{net::IpAddr, sync::Arc};

use model::{Name, Reason};

use super::{
    Names, hosts,
    port::{self, Port},
    tls::{self, Termination},
};
use crate::dialect::{Fields, Problems, Subject};

/// A server without a fault.
#[derive(Debug)]
pub(crate) struct ServerPlan {
    /// `spec.servers[0]`.
    pub field: String,
    /// `NAMESPACE/GATEWAY/PORT`, with the port's name.
    pub name: Arc<str>,
    pub port: u16,
    /// The address to listen on, where it is not the load balancer's.
    pub bind: Option<IpAddr>,
    /// At least one.
    pub hosts: Vec<ServerHost>,
    pub kind: Kind,
}

/// `[NAMESPACE/]DNSNAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerHost {
    /// Whose VirtualServices alone may use it; `None`: everybody's.
    pub namespace: Option<Arc<str>>,
    /// `None`: any name, `*`.
    pub name: Option<Name>,
}

/// What a server does with a connection.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Requests in clear text.
    Http,
    /// Requests in clear text, each answered with a redirect to HTTPS.
    Redirect,
    /// Requests under TLS.
    Https(Termination),
    /// Bytes in clear text.
    Tcp,
    /// Bytes under TLS that ends here.
    Tls(Termination),
    /// TLS, passed on unopened.
    Passthrough,
}

impl ServerPlan {
    /// `None` only with a rejection among the problems; there may be one besides as well.
    pub(super) fn read<'a>(
        mut fields: Fields<'a>,
        subject: &Subject,
        names: &mut Names<'a>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let namespace = subject.object.namespace.clone().unwrap_or_else(|| "default".into());
        let field = fields.path().to_owned();
        let port = Port::read(&mut fields, problems);
        let bind = port::bind(&mut fields, problems);
        let hosts = hosts::read(&mut fields, &namespace, problems);
        if let Some(name) = fields.text("name", problems)
            && !names.servers.insert(name)
        {
            let text = format!("another server is called {name} as well: give each its own name");
            problems.warn(Reason::InvalidField, format!("{field}.name"), text);
        }
        // Upstream has never given it a meaning.
        fields.accept(&["defaultEndpoint"]);
        let written = fields.child("tls", "ServerTLSSettings", problems);
        let kind = port.as_ref().and_then(|port| tls::read(written, &field, port.spoken, problems));
        fields.finish(problems);
        let port = port?;
        if !names.ports.insert(port.name) {
            let text = format!(
                "another server's port is called {} as well: give each its own name",
                port.name
            );
            problems.reject(Reason::InvalidField, format!("{field}.port.name"), text);
        }
        let gateway = &subject.object.name;
        let name = format!("{namespace}/{gateway}/{}", port.name).into();
        Some(Self { field, name, port: port.number, bind, hosts, kind: kind? })
    }

    /// What ends TLS here, if anything does.
    pub fn termination(&self) -> Option<&Termination> {
        match &self.kind {
            Kind::Https(termination) | Kind::Tls(termination) => Some(termination),
            Kind::Http | Kind::Redirect | Kind::Tcp | Kind::Passthrough => None,
        }
    }

    pub fn is_for_any_name(&self) -> bool {
        self.hosts.iter().any(|host| host.name.is_none())
    }
}
