//! `wardline user`: who may use the page and the API.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;
use wardline_admin::access::{AccessFault, NewUser, Role, User as Kept, UserChange};
use wardline_engine::control::protocol::{Request, Response, SessionRow};

use super::Invocation;
use super::access::{self, AccessError};
use super::exit::Exit;
use super::failure::Outcome;
use super::reach::{Reach, ReachError, operator};
use super::table::{Align, Table};

/// Show and change who may use the page and the API. A running engine sees it at once.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Show all users.
    List,
    Add(Add),
    Set(Set),
    /// Give a user a new password: the first line of stdin, or asked for. His sessions end.
    Password(Named),
    /// End all sessions of a user.
    SignOut(Named),
    /// Show who is signed in at the page of the running engine.
    Sessions,
    /// End one session of the page of the running engine.
    EndSession {
        /// As `user sessions` names it.
        session: String,
    },
    /// Let a user in no more.
    Remove(Remove),
}

/// Add a user. The password is the first line of stdin, or asked for.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// What he signs in with.
    name: String,
    /// viewer, operator, admin or auditor.
    #[arg(long, value_parser = role)]
    role: Role,
    /// He may see what is in messages.
    #[arg(long)]
    content: bool,
}

/// Change what a user may do.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Which.
    name: String,
    /// viewer, operator, admin or auditor.
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// Whether he may see what is in messages.
    #[arg(long, value_name = "BOOL")]
    content: Option<bool>,
    /// Whether he is kept out; his sessions end.
    #[arg(long, value_name = "BOOL")]
    disabled: Option<bool>,
}

/// One user.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Which.
    name: String,
}

/// One user, and no question.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Which.
    name: String,
    /// Ask nothing.
    #[arg(long)]
    yes: bool,
}

/// What `--json` prints for each.
#[derive(Serialize)]
struct Row<'u> {
    name: &'u str,
    role: Role,
    content: bool,
    disabled: bool,
    rights: Vec<&'static str>,
    created: String,
    created_by: &'u str,
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::named(text).ok_or("viewer, operator, admin or auditor")
}

impl User {
    /// Does it, and shows the users afterwards.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let folder = access::folder(invocation)?;
        let now = Timestamp::now();
        let change = |name: String, change: UserChange| {
            folder.change(|record| record.change_user(&name, change).map(|_| ()))
        };
        let done: Result<(), AccessFault> = match self {
            Self::List => Ok(()),
            Self::Sessions => return sessions(&Request::Sessions, invocation),
            Self::EndSession { session } => {
                return sessions(&Request::EndSession { session, by: operator() }, invocation);
            }
            Self::Add(Add { name, role, content }) => {
                let password = access::password()?;
                let new = NewUser { name, role, content, password, by: operator() };
                folder.change(|record| record.add_user(new, now).map(|_| ()))
            }
            Self::Set(Set { name, role, content, disabled }) => {
                change(name, UserChange { role, content, disabled, ..UserChange::default() })
            }
            Self::Password(Named { name }) => {
                // Before anything is asked.
                folder.read().map_err(AccessError::from)?.user(&name).ok_or(missing())?;
                let password = Some(access::password()?);
                change(name, UserChange { password, ..UserChange::default() })
            }
            Self::SignOut(Named { name }) => {
                change(name, UserChange { sign_out: true, ..UserChange::default() })
            }
            Self::Remove(Remove { name, yes }) => {
                let terminal = invocation.terminal;
                if !terminal.confirm(&format!("remove the user {name}?"), yes)? {
                    return Ok(Exit::Ok);
                }
                folder.change(|record| record.remove_user(&name))
            }
        };
        done.map_err(AccessError::from)?;
        let record = folder.read().map_err(AccessError::from)?;
        show(record.users(), invocation)
    }
}

/// Who is signed in, as the page of the running engine says.
fn sessions(request: &Request, invocation: &Invocation) -> Outcome {
    let terminal = invocation.terminal;
    let Response::Sessions { sessions } = Reach::running(invocation)?.ask(request)? else {
        return Err(ReachError::Unexpected.into());
    };
    if terminal.json {
        terminal.value(&Response::Sessions { sessions })?;
        return Ok(Exit::Ok);
    }
    let columns = ["SESSION", "USER", "FROM", "SINCE", "LAST"];
    let mut table = Table::new(&columns.map(|column| (column, Align::Left)));
    for SessionRow { id, user, address, began, used } in sessions {
        table.row([id.into(), user.into(), address.into(), began.into(), used.into()]);
    }
    terminal.table(&table)?;
    Ok(Exit::Ok)
}

fn missing() -> AccessError {
    AccessFault::NotFound.into()
}

fn show(users: &[Kept], invocation: &Invocation) -> Outcome {
    let terminal = invocation.terminal;
    let rows = users.iter().map(|user| Row {
        name: &user.name,
        role: user.role,
        content: user.content,
        disabled: user.disabled,
        rights: user.rights().iter().map(wardline_admin::access::Right::as_str).collect(),
        created: user.created.to_string(),
        created_by: &user.created_by,
    });
    if terminal.json {
        for row in rows {
            terminal.value(&row)?;
        }
        return Ok(Exit::Ok);
    }
    let columns = ["NAME", "ROLE", "MAY", "STATE", "SINCE", "BY"];
    let mut table = Table::new(&columns.map(|column| (column, Align::Left)));
    for row in rows {
        table.row([
            row.name.into(),
            row.role.as_str().into(),
            row.rights.join(", ").into(),
            if row.disabled { "kept out" } else { "active" }.into(),
            row.created.into(),
            row.created_by.into(),
        ]);
    }
    terminal.table(&table)?;
    Ok(Exit::Ok)
}
