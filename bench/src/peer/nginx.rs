//! nginx: a server block for each name; a change is a file and a HUP.

use std::{fmt::Write, fs, path::Path, process::Command};

use anyhow::Result;
use testkit::pki::Issued;

use super::Place;
use crate::{
    process::Running,
    site::{Site, file, write_pair},
};

pub fn prepare(program: &Path, site: &Site, place: &Place<'_>) -> Result<Command> {
    site.write_files(place.folder)?;
    fs::write(place.folder.join("nginx.conf"), config(site, place)?)?;
    let mut command = Command::new(program);
    command.arg("-p").arg(place.folder).args(["-c", "nginx.conf", "-e", "error.log"]);
    Ok(command)
}

pub fn change(place: &Place<'_>, index: usize, pair: &Issued, process: &Running) -> Result<()> {
    write_pair(place.folder, index, pair)?;
    process.signal("HUP")
}

fn config(site: &Site, place: &Place<'_>) -> Result<String> {
    let Place { port, folder, .. } = place;
    let mut text = format!(
        "daemon off; worker_processes 1; pid nginx.pid;\n\
         events {{ worker_connections 16384; }}\n\
         http {{\n\
         access_log off; keepalive_timeout 600s; keepalive_requests 1000000000;\n\
         client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n\
         uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
         server_names_hash_max_size 1048576; server_names_hash_bucket_size 128;\n\
         ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:sessions:10m;\n\
         upstream backend {{ server {}; keepalive 128; keepalive_requests 1000000000; }}\n\
         proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host;\n\
         proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;\n",
        site.backend
    );
    for (index, name) in site.names.iter().enumerate() {
        let (certificate, key) = (file(folder, index, "crt"), file(folder, index, "key"));
        writeln!(
            text,
            "server {{ listen 127.0.0.1:{port} ssl http2 backlog=4096; server_name {name};\n\
             ssl_certificate {}; ssl_certificate_key {};\n\
             location / {{ proxy_pass http://backend; }} }}",
            certificate.display(),
            key.display()
        )?;
    }
    // Options of a port may stand only once.
    let once = " backlog=4096";
    if let Some(first) = text.find(once) {
        let (head, tail) = text.split_at(first + once.len());
        text = head.to_owned() + &tail.replace(once, "");
    }
    text.push_str("}\n");
    Ok(text)
}
