//! `gateway init`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use super::places::DEFAULT_CONFIG;
use crate::init::ask::Dialogue;
use crate::init::catalogue::{Catalogue, Copy};
use crate::init::choose::words;
use crate::init::look;
use crate::init::plan::{Answers, Choice, Guess, Plan, Stop, plan};
use crate::init::survey::Survey;
use crate::init::text::text;
use crate::init::write::{WriteError, Written, exists, folder_of, write};
use crate::policy::{Checks, Escaped};

/// Exit code for an option that is missing, as for one that is wrong.
const USAGE: u8 = 2;

/// Options of `gateway init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration file to write; its policies go into the folder `policies` beside it
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// An interface where the devices are; may be repeated
    #[arg(long = "interface", value_name = "IF")]
    interfaces: Vec<String>,
    /// A device to list, with the policies it gets; may be repeated
    #[arg(long = "device", value_name = "NAME=MAC[=POLICY,POLICY]")]
    devices: Vec<Choice>,
    /// List no device
    #[arg(long, conflicts_with = "devices")]
    no_devices: bool,
    /// Policies for every device that is not listed, "" for none
    #[arg(long, value_name = "POLICY,POLICY")]
    default_policies: Option<String>,
    /// Take policies from this folder, not those that are built in
    #[arg(long, value_name = "DIR")]
    policies_from: Option<PathBuf>,
    /// Copy every policy that ships, not only those that a device gets
    #[arg(long)]
    all_policies: bool,
    /// Ask nothing: what no option says is what is probably right
    #[arg(long)]
    yes: bool,
    /// Replace the configuration that is there, and keep it as FILE.bak
    #[arg(long, conflicts_with = "print")]
    force: bool,
    /// Print the configuration and write nothing
    #[arg(long)]
    print: bool,
}

impl Args {
    fn answers(&self) -> Answers {
        Answers {
            interfaces: (!self.interfaces.is_empty()).then(|| self.interfaces.clone()),
            devices: (self.no_devices || !self.devices.is_empty()).then(|| self.devices.clone()),
            defaults: self.default_policies.as_deref().map(words),
        }
    }

    /// How the file is named to the other commands.
    fn option(&self) -> String {
        if self.config == Path::new(DEFAULT_CONFIG) {
            return String::new();
        }
        format!(" --config {}", self.config.display())
    }
}

/// Writes a first configuration, by options, answers and what is probably right.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // Before a person has answered anything.
    if exists(&args.config) && !args.force && !args.print {
        return Err(WriteError::Exists(args.config.clone()).into());
    }
    let survey = look().context("the kernel does not tell what interfaces and neighbours there are")?;
    for unread in &survey.unread {
        writeln!(io::stderr().lock(), "gateway: {}", Escaped(unread))?;
    }
    let catalogue = Catalogue::read(args.policies_from.as_deref(), &folder_of(&args.config))?;
    let plan = match decide(args, &survey, &catalogue) {
        Err(stop @ Stop::Missing(_)) => {
            writeln!(io::stderr().lock(), "gateway: {stop}")?;
            return Ok(ExitCode::from(USAGE));
        }
        plan => plan?,
    };
    let text = text(&plan, &survey, &catalogue);
    if args.print {
        io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let checks = Checks::of_this_machine().context("the kernel does not list the interfaces")?;
    let copies = copies(args, &plan, &catalogue);
    let written = write(&args.config, &text, &copies, args.force, &checks)?;
    tell(args, &plan, &survey, &written)?;
    Ok(ExitCode::SUCCESS)
}

fn decide(args: &Args, survey: &Survey, catalogue: &Catalogue) -> Result<Plan, Stop> {
    let answers = args.answers();
    let missing = answers.missing();
    if args.yes || missing.is_empty() {
        return plan(survey, catalogue, answers, &mut Guess);
    }
    if !io::stdin().is_terminal() {
        return Err(Stop::Missing(missing));
    }
    // Questions are not what the command puts out.
    let mut dialogue = Dialogue::new(io::stdin().lock(), io::stderr().lock());
    let plan = plan(survey, catalogue, answers, &mut dialogue)?;
    let what = if args.print { String::from("Print it") } else { format!("Write {}", args.config.display()) };
    dialogue.confirm(&plan, &what)?;
    Ok(plan)
}

/// The files of policies to be copied.
fn copies<'a>(args: &Args, plan: &Plan, catalogue: &'a Catalogue) -> Vec<&'a Copy> {
    let is_wanted = |name: &str| args.all_policies || plan.policies().any(|chosen| chosen == name);
    let offers = catalogue.0.iter().filter(|offer| is_wanted(&offer.name));
    offers.filter_map(|offer| offer.copy.as_ref()).collect()
}

/// What was done, and what is to be done next.
fn tell(args: &Args, plan: &Plan, survey: &Survey, written: &Written) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for policy in &written.policies {
        writeln!(out, "wrote {}", policy.display())?;
    }
    writeln!(out, "wrote {}", args.config.display())?;
    if let Some(backup) = &written.backup {
        writeln!(out, "the configuration before it is now {}", backup.display())?;
    }
    let option = args.option();
    let start = match option.as_str() {
        "" => String::from("systemctl enable --now gateway"),
        option => format!("gateway run{option}"),
    };
    writeln!(
        out,
        "\nNext:\n  gateway check{option}\n      tells every mistake, also after changes of your own\n  {start}\n      \
         filters from then on\n  gateway devices{option}\n      shows who is there and what was blocked"
    )?;
    writeln!(out, "\n{}\n  gateway detach{option}\n      removes the filter at once", caution(plan, survey))
}

/// A policy on the machine from which one administers the router can keep one from hosts that one needs.
fn caution(plan: &Plan, survey: &Survey) -> String {
    let here =
        survey.devices.iter().find(|one| survey.asked_from.is_some_and(|from| one.addresses.contains(&from)));
    let here = here.map(|seen| seen.address());
    let listed = here.and_then(|here| {
        plan.devices.iter().filter(|one| one.address.contains(here)).max_by_key(|one| one.address.key().bytes)
    });
    match (here, listed) {
        (Some(_), Some(device)) if !device.policies.is_empty() => format!(
            "Mind that you are logged in from {}, which has policies. If they lock you out of something:",
            Escaped(&device.name)
        ),
        (Some(here), None) if !plan.defaults.is_empty() => format!(
            "Mind that you are logged in from {here}, which is not listed and gets the default policies. If they lock you out of \
             something:"
        ),
        _ => String::from(
            "Mind that a policy on the device from which you administer this machine can lock you out. If it does:",
        ),
    }
}
