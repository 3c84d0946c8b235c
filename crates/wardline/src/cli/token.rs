//! `wardline token`: how programs use the API.

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use wardline_admin::access::{NewToken, Right, Token as Kept};

use super::Invocation;
use super::access::{self, AccessError};
use super::exit::Exit;
use super::failure::Outcome;
use super::reach::operator;
use super::table::{Align, Table};

/// Show, make and revoke tokens of the API. A running engine sees it at once.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Show all tokens; what opens the door is not kept.
    List,
    Create(Create),
    /// End a token.
    Revoke(Revoke),
}

/// Make a token and print it, this once.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What it is for.
    name: String,
    /// see, content, operate, administer or audit; may be repeated.
    #[arg(long = "right", required = true, value_name = "RIGHT", value_parser = right)]
    rights: Vec<Right>,
    /// After so many days it opens nothing any more; absent: never.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
}

/// One token.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// Which.
    name: String,
}

/// What `--json` prints for each.
#[derive(Serialize)]
struct Row<'t> {
    name: &'t str,
    rights: &'t [Right],
    ends: Option<String>,
    created: String,
    created_by: &'t str,
}

/// What `--json` prints of a new one.
#[derive(Serialize)]
struct Made {
    token: String,
}

fn right(text: &str) -> Result<Right, &'static str> {
    Right::named(text).ok_or("see, content, operate, administer or audit")
}

impl Token {
    /// Does it.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let folder = access::folder(invocation)?;
        match self {
            Self::List => {}
            Self::Create(create) => return create.execute(&folder, invocation),
            Self::Revoke(Revoke { name }) => {
                let revoked = folder.change(|record| record.revoke_token(&name));
                revoked.map_err(AccessError::from)?;
            }
        }
        let record = folder.read().map_err(AccessError::from)?;
        show(record.tokens(), invocation)
    }
}

impl Create {
    fn execute(
        self,
        folder: &wardline_admin::access::AccessFolder,
        invocation: &Invocation,
    ) -> Outcome {
        let now = Timestamp::now();
        let ends = self.days.map(|days| now + SignedDuration::from_hours(i64::from(days) * 24));
        let own = Right::ALL.into_iter().collect();
        let rights = self.rights.into_iter().collect();
        let new = NewToken { name: self.name, rights, ends, by: operator(), own };
        let token =
            folder.change(|record| record.add_token(new, now)).map_err(AccessError::from)?;
        let terminal = invocation.terminal;
        if terminal.json {
            terminal.value(&Made { token })?;
        } else {
            terminal.line(token)?;
            terminal.talk("it is shown this once: copy it now");
        }
        Ok(Exit::Ok)
    }
}

fn show(tokens: &[Kept], invocation: &Invocation) -> Outcome {
    let terminal = invocation.terminal;
    let rows = tokens.iter().map(|token| Row {
        name: &token.name,
        rights: &token.rights,
        ends: token.ends.map(|ends| ends.to_string()),
        created: token.created.to_string(),
        created_by: &token.created_by,
    });
    if terminal.json {
        for row in rows {
            terminal.value(&row)?;
        }
        return Ok(Exit::Ok);
    }
    let columns = ["NAME", "MAY", "ENDS", "MADE", "BY"];
    let mut table = Table::new(&columns.map(|column| (column, Align::Left)));
    for row in rows {
        let rights: Vec<&str> = row.rights.iter().map(|right| right.as_str()).collect();
        table.row([
            row.name.into(),
            rights.join(", ").into(),
            row.ends.unwrap_or_else(|| "never".to_owned()).into(),
            row.created.into(),
            row.created_by.into(),
        ]);
    }
    terminal.table(&table)?;
    Ok(Exit::Ok)
}
