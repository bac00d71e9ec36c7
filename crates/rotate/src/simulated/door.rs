//! Who listens where, and what somebody sees who connects.

use std::net::SocketAddr;

use rustls_pki_types::CertificateDer;

use super::{State, machine::Machine};
use crate::{
    Handshake, HostName, Program, Purpose, certificate::Certificate, component::Port,
    site::Identity,
};

impl State {
    pub(super) fn machine(&mut self, host: &HostName) -> Result<&mut Machine, String> {
        self.machines.get_mut(host).ok_or_else(|| "there is no such machine".to_owned())
    }

    /// The program whose port it is, if it answers.
    pub(super) fn listener(&self, host: &HostName, address: SocketAddr) -> Option<(Program, Port)> {
        let machine = self.machines.get(host)?;
        let (program, port) = machine.components.iter().find_map(|component| {
            let endpoint = component.endpoints.iter().find(|one| one.address == address)?;
            Some((component.program, endpoint.port))
        })?;
        self.listens(host, program).then_some((program, port))
    }

    /// What somebody sees who connects.
    pub(super) fn handshake(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: Option<&Identity>,
    ) -> Result<Handshake, String> {
        let (program, port) = self.listener(host, address).ok_or(NOBODY)?;
        let chain = self.chain(host, program, State::presented(program, port));
        let chain = chain.ok_or("the server ended the handshake")?;
        let door = State::door(program, port);
        let loaded = self.machines[host].trusted(program, door);
        let trusts = client.map(|one| self.lets_in(host, program, door, &read_all(&one.chain)));
        let loaded = loaded.unwrap_or_default().into_owned().into_iter();
        Ok(Handshake {
            chain: chain.iter().map(|one| one.der.clone()).collect(),
            accepted_authorities: loaded.map(|one| one.subject_der).collect(),
            is_client_trusted: trusts,
        })
    }

    pub(super) fn door(program: Program, port: Port) -> Purpose {
        match (program, port) {
            (Program::Etcd, Port::Peer) => Purpose::EtcdPeer,
            (Program::Etcd, _) => Purpose::EtcdServer,
            _ => Purpose::ApiserverClients,
        }
    }

    fn presented(program: Program, port: Port) -> Purpose {
        match (program, port) {
            (Program::KubeApiserver, _) => Purpose::ApiserverServing,
            _ => Self::door(program, port),
        }
    }
}

pub(super) fn read_all(chain: &[CertificateDer<'static>]) -> Vec<Certificate> {
    chain.iter().filter_map(|der| Certificate::read(der).ok()).collect()
}

pub(super) const NOBODY: &str = "connection refused";
