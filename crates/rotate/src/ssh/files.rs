//! Files of a host: looked at with all that has to be kept, and replaced whole.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    connection::{Connection, SCRIPT},
    process::seconds,
    script::{Line, Script},
};
use crate::{
    FileSeen, SiteError,
    facts::{Attributes, Content},
    site::{FileWrite, Room},
};

pub async fn read(connection: &Connection, paths: &[PathBuf]) -> Result<Vec<FileSeen>, SiteError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let script = Script::new(include_str!("scripts/read.sh")).over(paths.iter().map(AsRef::as_ref));
    let answer = connection.run(&script, SCRIPT).await?;
    let mut told = answer.lines.split(|line| line.key == "file").skip(1);
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let lines = told.next().ok_or_else(|| connection.refused("not every file was told of"))?;
        let file = file(path, lines).ok_or_else(|| {
            connection.refused(format!("{}: stat tells nonsense", path.display()))
        })?;
        files.push(file);
    }
    Ok(files)
}

fn file(path: &Path, lines: &[Line]) -> Option<FileSeen> {
    let mut file =
        FileSeen { path: path.to_owned(), target: path.to_owned(), ..FileSeen::default() };
    for line in lines {
        match line.key.as_str() {
            "link" => file.links.push((line.text(0)?.into(), line.text(1)?.into())),
            "target" => file.target = line.text(0)?.into(),
            "like" => file.attributes = attributes(line)?,
            "holds" => file.content = Some(Content::new(line.bytes(0)?)),
            _ => file.problem = Some(line.rest().to_owned()),
        }
    }
    Some(file)
}

fn attributes(line: &Line) -> Option<Attributes> {
    let text = |n| line.text(n).map(|text| Some(text).filter(|text| !text.is_empty()));
    Some(Attributes {
        mode: u32::from_str_radix(line.word(0)?, 8).ok()?,
        uid: line.number(1)?,
        gid: line.number(2)?,
        modified: Timestamp::UNIX_EPOCH.checked_add(seconds(line.word(3)?)?).ok()?,
        hard_links: line.number(4)?,
        label: text(5)?,
        fixed: text(6)?,
    })
}

pub async fn write(connection: &Connection, file: &FileWrite) -> Result<(), SiteError> {
    let attributes = &file.attributes;
    let time = match file.keep_time {
        true => {
            let time = attributes.modified.as_duration();
            format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
        }
        false => String::new(),
    };
    let script = Script::new(include_str!("scripts/write.sh"))
        .path("path", &file.path)
        .set("content", Zeroizing::new(STANDARD.encode(file.content.bytes())).as_str())
        .set("digest", file.content.digest())
        .set("mode", format!("{:o}", attributes.mode))
        .set("owner", format!("{}:{}", attributes.uid, attributes.gid))
        .set("label", attributes.label.as_deref().unwrap_or_default())
        .set("time", time);
    connection.run(&script, SCRIPT).await.map(drop)
}

pub async fn list(
    connection: &Connection,
    folders: &[PathBuf],
) -> Result<Vec<Vec<String>>, SiteError> {
    let script =
        Script::new(include_str!("scripts/list.sh")).over(folders.iter().map(AsRef::as_ref));
    let answer = connection.run(&script, SCRIPT).await?;
    let told = answer.lines.split(|line| line.key == "folder").skip(1);
    let all: Vec<_> = told.map(names).collect();
    match all.len() == folders.len() {
        true => Ok(all),
        false => Err(connection.refused("not every folder was told of")),
    }
}

fn names(lines: &[Line]) -> Vec<String> {
    let mut names: Vec<_> = lines.iter().map(|line| line.rest().to_owned()).collect();
    names.sort();
    names
}

pub async fn remove(connection: &Connection, path: &Path) -> Result<(), SiteError> {
    let script = Script::new(include_str!("scripts/remove.sh")).path("path", path);
    connection.run(&script, SCRIPT).await.map(drop)
}

pub async fn can_read(
    connection: &Connection,
    uid: u32,
    gid: u32,
    paths: &[PathBuf],
) -> Result<Vec<bool>, SiteError> {
    let script = Script::new(include_str!("scripts/can_read.sh"))
        .set("uid", uid.to_string())
        .set("gid", gid.to_string())
        .over(paths.iter().map(AsRef::as_ref));
    let answer = connection.run(&script, SCRIPT).await?;
    Ok(answer.lines.iter().map(|line| line.key == "yes").collect())
}

pub async fn room(connection: &Connection, path: &Path) -> Result<Room, SiteError> {
    let script = Script::new(include_str!("scripts/room.sh")).path("path", path);
    let answer = connection.run(&script, SCRIPT).await?;
    let room = answer.line("room").and_then(|line| {
        let [blocks, size, free, all] = [0, 1, 2, 3].map(|n| line.number::<u64>(n));
        // Some file systems make inodes as they need them and count none.
        let inodes = if all? == 0 { u64::MAX } else { free? };
        Some(Room { bytes: blocks?.saturating_mul(size?), inodes })
    });
    room.ok_or_else(|| connection.refused(format!("{}: stat tells nonsense", path.display())))
}
