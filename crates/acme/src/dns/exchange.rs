//! One DNS message there and one back, over TCP (RFC 7766): nothing is cut off, and nobody but
//! the server can answer.

use std::{net::SocketAddr, time::Duration};

use hickory_proto::{
    op::{Message, Query},
    rr::{Name, RData, RecordType},
};
use issue::{IssueError, Record, RecordKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const LIMIT: Duration = Duration::from_secs(5);

/// The bytes of the answer to these.
pub(crate) async fn exchange(server: SocketAddr, message: &[u8]) -> Result<Vec<u8>, IssueError> {
    let failed = |why: String| {
        IssueError::passing(format!("the DNS server at {server} does not answer: {why}"))
    };
    let length = u16::try_from(message.len()).map_err(|_| failed("asked too much".into()))?;
    let talk = async {
        let mut stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&[&length.to_be_bytes()[..], message].concat()).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match timeout(LIMIT, talk).await {
        Ok(answer) => answer.map_err(|error| failed(error.to_string())),
        Err(_) => Err(failed(format!("not within {} seconds", LIMIT.as_secs()))),
    }
}

/// The server's answer to one question.
pub(crate) async fn ask(
    server: SocketAddr,
    name: Name,
    kind: RecordType,
) -> Result<Message, IssueError> {
    let broken = || IssueError::passing(format!("the DNS server at {server} answers no DNS"));
    let mut query = Message::query();
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(name, kind));
    let bytes = query.to_vec().map_err(|_| broken())?;
    let answer = Message::from_vec(&exchange(server, &bytes).await?).map_err(|_| broken())?;
    match answer.metadata.id == query.metadata.id {
        true => Ok(answer),
        false => Err(broken()),
    }
}

/// Whether the server has the record.
pub(crate) async fn has(server: SocketAddr, record: &Record) -> Result<bool, IssueError> {
    let name = name(&record.name)?;
    let kind = match record.kind {
        RecordKind::Txt => RecordType::TXT,
        RecordKind::Cname => RecordType::CNAME,
    };
    let answer = ask(server, name.clone(), kind).await?;
    Ok(answer.answers.iter().any(|found| is_it(&found.data, record)))
}

fn is_it(data: &RData, record: &Record) -> bool {
    match (data, record.kind) {
        (RData::TXT(text), RecordKind::Txt) => text.txt_data.concat() == record.value.as_bytes(),
        (RData::CNAME(target), RecordKind::Cname) => {
            target.0.to_ascii().trim_end_matches('.').eq_ignore_ascii_case(&record.value)
        }
        _ => false,
    }
}

/// A name from the root down.
pub(crate) fn name(text: &str) -> Result<Name, IssueError> {
    let mut name = Name::from_ascii(text)
        .map_err(|_| IssueError::refused(format!("{text:?} is no name in DNS")))?;
    name.set_fqdn(true);
    Ok(name)
}
