//! Three masters with a real etcd cluster whose authorities are about to end, to try `doorward
//! pki` on. Ctrl-C takes everything down again.
#![allow(clippy::print_stdout, reason = "it talks to whoever started it")]

use std::{env, fs, io, path::Path, process::ExitCode};

use testkit::lab::{Lab, Report, Shape, api_server};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let folder = match arguments.next() {
        // The masters run this program as their kube-apiserver.
        Some(name) if name == api_server::NAME => {
            api_server::run();
            return ExitCode::SUCCESS;
        }
        Some(folder) if arguments.next().is_none() => folder,
        _ => {
            eprintln!("usage: pki-lab FOLDER; the inventory is written to FOLDER/inventory.yaml");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(lab(Path::new(&folder)))) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn lab(folder: &Path) -> io::Result<ExitCode> {
    let Some(lab) = Lab::start(Shape { has_api_servers: true, ..Shape::default() }).await else {
        eprintln!("error: the lab cannot be brought up here, see above; it needs Linux and root");
        return Ok(ExitCode::FAILURE);
    };
    fs::create_dir_all(folder)?;
    let inventory = folder.join("inventory.yaml");
    fs::copy(lab.inventory(), &inventory)?;
    let config = lab.ssh_config();
    println!("three masters are up, etcd and API server on each; somebody writes all the time:");
    for machine in lab.machines() {
        println!("  ssh -F {} {}", config.display(), machine.address);
    }
    println!("inventory: {}", inventory.display());
    println!("in another terminal: doorward pki status --inventory {}", inventory.display());
    println!("Ctrl-C takes all of it down.");

    let writer = lab.writer().await;
    tokio::signal::ctrl_c().await?;
    let Report { acknowledged, lost, retried, longest_gap, time } = writer.report().await;
    println!(
        "\n{acknowledged} writes in {:.0} s: {lost} lost, {retried} sent again, \
         the longest time without one {:.2} s",
        time.as_secs_f64(),
        longest_gap.as_secs_f64()
    );
    fs::remove_file(inventory)?;
    Ok(ExitCode::SUCCESS)
}
