//! The last good World, for a replica that starts while the API server is away: it serves from
//! this until it can catch up.
//!
//! The file holds one JSON object a line: a head with the version of the format and the time,
//! each object as it is in the World, and an end with a checksum of all lines before. It is
//! written and read a line at a time, so that a large World is not in memory twice. Objects of
//! an API server lie in no file, so their origin is not kept.

mod buffers;
mod line;
mod remember;
mod saved;
mod secret;

use std::{
    fs::File,
    io::{self, Read, Write},
    path::PathBuf,
};

use jiff::Timestamp;
use serde::Serialize;
use translate::{World, world::Objects};

use self::{
    buffers::{LineReader, LineWriter},
    line::{End, Head, Line, VERSION},
    saved::{SavedConsole, SavedFault, SavedObject},
    secret::SavedSecret,
};
use super::{StateError, StateFolder, Unreadable, atomic, set_aside};
use crate::read::Kind;
pub use remember::remember_world;

/// A World as it was once.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub world: World,
    pub saved: Timestamp,
}

/// Why a file is no snapshot. Says nothing of the content, which holds keys.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Io(io::Error),
    #[error("it has format {0}, and this Doorward reads {VERSION}")]
    Version(u32),
    #[error("line {0} is not what belongs there")]
    Line(u64),
    #[error("it has a line that is longer than any object")]
    LongLine,
    #[error("its end is missing")]
    CutShort,
    #[error("its checksum is not that of its content")]
    Checksum,
}

impl StateFolder {
    fn snapshot_path(&self) -> PathBuf {
        self.view.path().join("world.jsonl")
    }

    /// Keeps this World in place of the one before.
    pub fn save_snapshot(&self, world: &World) -> Result<(), StateError> {
        let path = self.snapshot_path();
        atomic::write_with(&path, 0o600, |file| write(world, Timestamp::now(), file))
            .map_err(|source| StateError::Write { path, source })
    }

    /// The World that was kept last. A file that is none is put aside with a log line.
    pub fn load_snapshot(&self) -> Option<Snapshot> {
        let path = self.snapshot_path();
        match File::open(&path).map_err(Broken::Io).and_then(read) {
            Ok(snapshot) => return Some(snapshot),
            Err(Broken::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            // The file may be good, and can be read another time.
            Err(Broken::Io(error)) => {
                tracing::warn!(file = %path.display(), "the last good state cannot be read: {error}");
            }
            Err(broken) => set_aside(&Unreadable { path, why: broken.to_string() }),
        }
        None
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutShort,
            io::ErrorKind::InvalidData => Self::LongLine,
            _ => Self::Io(error),
        }
    }
}

fn write(world: &World, saved: Timestamp, output: impl Write) -> io::Result<()> {
    // Named one by one: a new part of the World must not be forgotten here.
    let World {
        ingress_classes,
        alb_configs,
        ingresses,
        gateways,
        virtual_services,
        issuers,
        ingress_class_params,
        services,
        endpoint_slices,
        endpoints,
        secrets,
        faults,
        console,
        generation,
    } = world;
    let mut lines = LineWriter::new(output);
    lines.write("Head", &Head { version: VERSION, saved, generation: *generation })?;
    lines.write("Console", &SavedConsole::of(console))?;
    write_all(&mut lines, Kind::IngressClass, ingress_classes)?;
    write_all(&mut lines, Kind::AlbConfig, alb_configs)?;
    write_all(&mut lines, Kind::Ingress, ingresses)?;
    write_all(&mut lines, Kind::Gateway, gateways)?;
    write_all(&mut lines, Kind::VirtualService, virtual_services)?;
    write_all(&mut lines, Kind::Issuer, issuers)?;
    write_all(&mut lines, Kind::IngressClassParams, ingress_class_params)?;
    write_all(&mut lines, Kind::Service, services)?;
    write_all(&mut lines, Kind::EndpointSlice, endpoint_slices)?;
    write_all(&mut lines, Kind::Endpoints, endpoints)?;
    for secret in secrets.values() {
        SavedSecret::with(secret, |saved| lines.write(Kind::Secret.as_str(), saved))?;
    }
    for fault in faults {
        lines.write("Fault", &SavedFault::of(fault))?;
    }
    let sha256 = lines.checksum()?;
    lines.write("End", &End { sha256 })?;
    lines.flush()
}

fn write_all<T: Serialize>(
    lines: &mut LineWriter<impl Write>,
    kind: Kind,
    objects: &Objects<T>,
) -> io::Result<()> {
    objects.values().try_for_each(|object| lines.write(kind.as_str(), &SavedObject::of(object)))
}

fn read(input: impl Read) -> Result<Snapshot, Broken> {
    let mut lines = LineReader::new(input);
    let (mut world, pairs) = (World::default(), x509::Reader::default());
    let saved = match parse(lines.next()?, 1)? {
        Line::Head(Head { version: VERSION, saved, generation }) => {
            world.generation = generation;
            saved
        }
        Line::Head(Head { version, .. }) => return Err(Broken::Version(version)),
        _ => return Err(Broken::Line(1)),
    };
    for number in 2.. {
        match parse(lines.next()?, number)? {
            Line::AlbConfig(saved) => saved.restore(Kind::AlbConfig, &mut world.alb_configs),
            Line::Console(saved) => world.console = saved.restore(),
            Line::EndpointSlice(saved) => {
                saved.restore(Kind::EndpointSlice, &mut world.endpoint_slices);
            }
            Line::Endpoints(saved) => saved.restore(Kind::Endpoints, &mut world.endpoints),
            Line::Fault(saved) => world.faults.extend(SavedFault::restore(saved)),
            Line::Gateway(saved) => saved.restore(Kind::Gateway, &mut world.gateways),
            Line::Ingress(saved) => saved.restore(Kind::Ingress, &mut world.ingresses),
            Line::IngressClass(saved) => {
                saved.restore(Kind::IngressClass, &mut world.ingress_classes);
            }
            Line::IngressClassParams(saved) => {
                saved.restore(Kind::IngressClassParams, &mut world.ingress_class_params);
            }
            Line::Issuer(saved) => saved.restore(Kind::Issuer, &mut world.issuers),
            Line::Secret(saved) => {
                let saved = saved.read(&pairs).ok_or(Broken::Line(number))?;
                saved.restore(Kind::Secret, &mut world.secrets);
            }
            Line::Service(saved) => saved.restore(Kind::Service, &mut world.services),
            Line::VirtualService(saved) => {
                saved.restore(Kind::VirtualService, &mut world.virtual_services);
            }
            Line::Head(_) => return Err(Broken::Line(number)),
            Line::End(end) => {
                let is_whole = end.sha256 == lines.checksum_before() && lines.next()?.is_none();
                return is_whole.then_some(Snapshot { world, saved }).ok_or(Broken::Checksum);
            }
        }
    }
    Err(Broken::CutShort)
}

/// The parser's own words may quote the text, so they are not passed on.
fn parse(line: Option<&[u8]>, number: u64) -> Result<Line<'_>, Broken> {
    let line = line.ok_or(Broken::CutShort)?;
    serde_json::from_slice(line).map_err(|_| Broken::Line(number))
}

#[cfg(test)]
mod tests;
