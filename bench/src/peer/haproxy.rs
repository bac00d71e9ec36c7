//! HAProxy: a folder of certificates; a change goes through its socket, without a reload.

use std::{fs, path::Path, process::Command};

use anyhow::{Result, ensure};
use testkit::pki::Issued;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::Place;
use crate::site::{Site, file};

pub fn prepare(program: &Path, site: &Site, place: &Place<'_>) -> Result<Command> {
    fs::create_dir_all(place.folder.join("pem"))?;
    for (index, pair) in site.pairs.iter().enumerate() {
        let both = format!("{}{}", pair.chain_pem, pair.key_pem);
        fs::write(file(place.folder, index, "pem"), both)?;
    }
    let folder = place.folder.display();
    let config = format!(
        "global\n  nbthread 1\n  maxconn 9000\n  stats socket {folder}/socket level admin\n\
         \x20 ssl-default-bind-options ssl-min-ver TLSv1.2\n  tune.ssl.default-dh-param 2048\n\
         defaults\n  mode http\n  timeout connect 5s\n  timeout client 600s\n  timeout server 60s\n\
         \x20 timeout http-keep-alive 600s\n  option forwardfor\n  http-reuse always\n\
         frontend tls\n  bind 127.0.0.1:{} ssl crt {folder}/pem alpn h2,http/1.1 backlog 4096\n\
         \x20 http-request set-header X-Forwarded-Proto https\n  default_backend backend\n\
         backend backend\n  server one {}\n",
        place.port, site.backend
    );
    fs::write(place.folder.join("haproxy.cfg"), config)?;
    let mut command = Command::new(program);
    command.args(["-db", "-f"]).arg(place.folder.join("haproxy.cfg"));
    Ok(command)
}

pub async fn change(place: &Place<'_>, index: usize, pair: &Issued) -> Result<()> {
    let path = file(place.folder, index, "pem");
    let both = format!("{}{}", pair.chain_pem, pair.key_pem);
    fs::write(&path, &both)?;
    let path = path.display();
    order(place, &format!("set ssl cert {path} <<\n{both}\n")).await?;
    let answer = order(place, &format!("commit ssl cert {path}\n")).await?;
    ensure!(answer.contains("Success"), "HAProxy did not take the certificate: {answer}");
    Ok(())
}

async fn order(place: &Place<'_>, line: &str) -> Result<String> {
    let mut socket = UnixStream::connect(place.folder.join("socket")).await?;
    socket.write_all(line.as_bytes()).await?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await?;
    Ok(answer)
}
