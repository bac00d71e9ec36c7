//! k3s and RKE2: their command takes leaves away, and their server makes what is missing whenever
//! it starts.

use std::path::PathBuf;

use super::{State, machine::Machine};
use crate::{
    HostName, Program, Reread, RunBy, certificate::Certificate, example::TestCa, facts::Content,
    pem,
};

/// How long the leaves last that a server makes.
const DAYS: i64 = 365;

/// What lay in a pair's files when they were taken away.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub leaf: Certificate,
}

impl Machine {
    /// Programs that are parts of this one's process, and itself.
    pub(super) fn whole(&self, program: Program) -> Vec<Program> {
        let is_part =
            |by: &RunBy| matches!(by, RunBy::Within { program: of, .. } if *of == program);
        let parts = self.components.iter().filter(|one| is_part(&one.run_by));
        parts.map(|one| one.program).chain([program]).collect()
    }

    /// `certificate rotate`.
    pub(crate) fn take_leaves_away(&mut self) {
        let pairs = self.components.iter().flat_map(|one| one.pairs.clone());
        let pairs: Vec<_> = pairs.filter(|pair| pair.reread != Reread::Never).collect();
        for pair in pairs {
            let Some(leaf) = self.certificates(&pair.certificate).into_iter().next() else {
                continue;
            };
            self.files.remove(&pair.certificate);
            self.files.remove(&pair.key);
            let (certificate, key) = (pair.certificate, pair.key);
            self.taken.push(Taken { certificate, key, leaf });
        }
    }

    fn make_leaves(&mut self) {
        for Taken { certificate, key, leaf } in std::mem::take(&mut self.taken) {
            let authorities =
                self.files.iter().filter(|(path, _)| path.to_string_lossy().contains("-ca."));
            let texts: Vec<_> = authorities.map(|(_, file)| file.content.clone()).collect();
            let held = |content: &Content| String::from_utf8_lossy(content.bytes()).into_owned();
            let issuer = texts.iter().find(|text| {
                pem::certificates(text.bytes()).iter().any(|one| leaf.is_issued_by(one))
            });
            let issuer = issuer.expect("its authority lies there");
            let above = pem::certificates(issuer.bytes());
            let own = texts.iter().find(|text| {
                pem::private_keys(text.bytes()).iter().any(|key| key.is_key_of(&above[0]))
            });
            let own = own.expect("its authority's key lies there");
            let authority = TestCa::held(above[0].name(), &held(issuer), &held(own));
            let names: Vec<String> = leaf.names.iter().cloned().collect();
            let (new, new_key) = authority.leaf(leaf.name(), &names, DAYS);
            let attributes = crate::facts::Attributes { mode: 0o600, ..Default::default() };
            let chain = new + &authority.pem;
            self.put(&certificate, Content::new(chain.into_bytes()), attributes.clone());
            self.put(&key, Content::new(new_key.into_bytes()), attributes);
        }
    }
}

impl State {
    /// A server makes what is missing before any part of it listens.
    pub(super) fn prepare_start(&mut self, host: &HostName, program: Program) {
        if let Some(machine) = self.machines.get_mut(host)
            && matches!(program, Program::K3s | Program::Rke2)
        {
            machine.make_leaves();
        }
    }
}
