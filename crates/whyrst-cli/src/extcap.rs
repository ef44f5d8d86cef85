//! `whyrst extcap`: this host's resets as an interface of Wireshark (extcap, wireshark-dev's
//! `doc/extcap.adoc`). Wireshark starts the program itself, asks what there is, and reads pcapng from
//! a pipe: the packets of connections that were reset, with the verdict on the RST.

mod gathering;
mod socket;

use std::fs;
use std::io::{self, BufWriter};
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use whyrst_capture::LinkType;
use whyrst_capture::writer::PcapNgWriter;
use whyrst_core::recording::Recording;
use whyrst_core::socket::Told;
use whyrst_core::time::Span;
use whyrst_output::Places;
use whyrst_probe::{Live, LiveEvent, give_back_privileges, now};

use self::gathering::Gathering;
use self::socket::PacketSocket;
use crate::args::{Extcap, Format};
use crate::interrupt::Interrupt;
use crate::output::{self, Output};
use crate::wireshark::Folders;
use crate::{Completion, explain};

/// The interface's name in Wireshark.
const INTERFACE: &str = "whyrst";
/// How long packets and signals may wait.
const PATIENCE: Duration = Duration::from_millis(20);
/// Kernel events are joined with packets within this time.
const REMEMBERED: Span = Span::from_secs(30);

pub(crate) fn run(arguments: &Extcap) -> Result<Completion> {
    if arguments.install {
        return install();
    }
    let answer = if arguments.extcap_interfaces {
        format!(
            "extcap {{version={}}}{{help=https://github.com/whyrst/whyrst}}\n\
             interface {{value={INTERFACE}}}{{display=Resets of this host, with their causes}}\n",
            env!("CARGO_PKG_VERSION")
        )
    } else if arguments.extcap_dlts {
        format!("dlt {{number={}}}{{name=RAW}}{{display=IP packets}}\n", LinkType::RAW.0)
    } else if arguments.extcap_config {
        "arg {number=0}{call=--min-confidence}{display=At least this sure}{type=selector}\
         {tooltip=Connections with a weaker verdict are left out}\n\
         value {arg=0}{value=unexplained}{display=Everything}{default=true}\n\
         value {arg=0}{value=possible}{display=possible}{default=false}\n\
         value {arg=0}{value=likely}{display=likely}{default=false}\n\
         value {arg=0}{value=certain}{display=certain}{default=false}\n"
            .to_owned()
    } else if arguments.capture {
        return capture(arguments);
    } else {
        bail!(
            "Wireshark starts this command itself. `whyrst extcap --install` puts it where Wireshark looks; \
             by hand: whyrst extcap --capture --extcap-interface {INTERFACE} --fifo FILE"
        );
    };
    let mut output = Output::open(&arguments.common, &mut Places::default())?;
    output.write(&answer)?;
    output.finish()?;
    Ok(Completion::Clean)
}

fn capture(arguments: &Extcap) -> Result<Completion> {
    let name = arguments.extcap_interface.as_deref().unwrap_or(INTERFACE);
    if name != INTERFACE {
        bail!("there is no interface \"{name}\" here, only {INTERFACE}");
    }
    let path = arguments.fifo.as_ref().context("--capture needs --fifo FILE, which Wireshark gives")?;
    let filter = match arguments.extcap_capture_filter.as_deref().filter(|filter| !filter.trim().is_empty()) {
        Some(text) => Some(text.parse().with_context(|| "cannot use the capture filter")?),
        None => None,
    };
    let interrupt = Interrupt::heed().context("cannot heed signals")?;
    // Packets alone say a good deal: without the kernel's word, verdicts are less sure.
    let mut live = match Live::start() {
        Ok(live) => Some(live),
        Err(error) => {
            output::remark(&format!("the kernel is not asked, verdicts come from packets alone: {error}"));
            None
        }
    };
    // The probe takes a moment to load. Packets of before would be judged without the kernel's word.
    let mut recording = Recording { from: now(), ..Recording::default() };
    let mut packets = PacketSocket::open()
        .context("cannot capture packets: this needs CAP_NET_RAW (`whyrst doctor` says how to get it)")?;
    if let Err(error) = give_back_privileges() {
        output::remark(&error);
    }
    let fifo = Places::default().place(path)?.growing()?;
    let writer = PcapNgWriter::new(BufWriter::new(fifo), concat!("whyrst ", env!("CARGO_PKG_VERSION")))
        .context("cannot begin the capture")?;
    let least = explain::confidence(arguments.min_confidence);
    let mut gathering = Gathering::new(writer, filter, least, output::language(&arguments.common, Format::Text));
    gathering.begin(packets.interfaces())?;
    while !interrupt.came() {
        // Not longer than that, however busy the host is: the kernel's events are to be read as well.
        let until = Instant::now() + PATIENCE;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match packets.next(left).context("cannot read packets")? {
                Some(packet) => gathering.take(&packet),
                None => break,
            }
        }
        if let Some(live) = &mut live {
            listen(live, &mut recording)?;
        }
        match gathering.write_due(now(), &recording) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written.context("cannot write the capture")?,
        }
    }
    if packets.lost() > 0 {
        output::remark(&format!("{} packets came too fast and were not seen", packets.lost()));
    }
    Ok(Completion::Clean)
}

/// Takes in what the kernel says of resets.
fn listen(live: &mut Live, recording: &mut Recording) -> Result<()> {
    while let Some(item) = live.next(Duration::ZERO)? {
        let reset = match item {
            LiveEvent::Reset(reset) => reset,
            LiveEvent::Folded(more) => {
                recording.lost += more.count;
                continue;
            }
        };
        let Told::Sent(word) = &reset.event.told else { continue };
        if !recording.addresses.contains(&word.local.ip) {
            recording.addresses.push(word.local.ip);
        }
        recording.resets.push(word.clone());
    }
    recording.to = now();
    // Where some were only counted, silence means nothing.
    recording.lost = recording.lost.max(live.lost() + live.only_counted());
    let to = recording.to;
    recording.resets.retain(|reset| to.since(reset.time) < REMEMBERED);
    Ok(())
}

/// A link to this program in the folder where this user's Wireshark looks.
fn install() -> Result<Completion> {
    let folder = Folders::of_user()?.extcap;
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let program = std::env::current_exe().context("cannot find this program")?;
    let link = folder.join("whyrst");
    if link.is_symlink() {
        fs::remove_file(&link).with_context(|| format!("cannot replace {}", link.display()))?;
    }
    symlink(&program, &link).with_context(|| format!("cannot make {}", link.display()))?;
    output::remark(&format!(
        "{} is there; capturing needs CAP_NET_RAW, CAP_BPF and CAP_PERFMON: `whyrst doctor`",
        link.display()
    ));
    Ok(Completion::Clean)
}
