//! What is done to users, sessions and tokens, from a page as from a program: the same, and logged the same.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use jiff::Timestamp;
use wardline_engine::control::{SignedIn, protocol};

use crate::access::{AccessFault, NewToken, NewUser, Rights, Role, SessionRow, UserChange};
use crate::door::Who;
use crate::fault::Fault;
use crate::seat::Seat;

/// Somebody to be let in.
pub(crate) struct Newcomer {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) content: bool,
    pub(crate) password: String,
}

/// A token to be made.
pub(crate) struct Grant {
    pub(crate) name: String,
    pub(crate) rights: Rights,
    pub(crate) ends: Option<Timestamp>,
}

/// Where a request comes from. One without an address comes from this machine.
pub(crate) fn address(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
}

/// Lets somebody in.
pub(crate) async fn add(seat: &Seat, who: &Who, newcomer: Newcomer) -> Result<(), Fault> {
    let Newcomer { name, role, content, password } = newcomer;
    let password = seat.access.hashed(password).await?;
    let by = who.name.to_string();
    let new = NewUser { name, role, content, password, by };
    let added = seat
        .access
        .change(move |record| record.add_user(new, Timestamp::now()).map(|user| user.name.clone()));
    let user = added.await?;
    tracing::info!(by = %who.name, user, role = role.as_str(), content, "user added");
    Ok(())
}

/// Changes what somebody may do, or ends his sessions.
pub(crate) async fn change(
    seat: &Seat,
    who: &Who,
    name: String,
    change: UserChange,
) -> Result<(), Fault> {
    let UserChange { role, content, disabled, sign_out, .. } = change;
    let role = role.map(Role::as_str);
    let changed = seat
        .access
        .change(move |record| record.change_user(&name, change).map(|user| user.name.clone()));
    let user = changed.await?;
    tracing::info!(by = %who.name, user, role, content, disabled, sign_out, "user changed");
    Ok(())
}

/// Gives somebody a new password.
pub(crate) async fn set_password(
    seat: &Seat,
    who: &Who,
    name: String,
    password: String,
) -> Result<(), Fault> {
    let password = Some(seat.access.hashed(password).await?);
    let change = UserChange { password, ..UserChange::default() };
    let changed = seat
        .access
        .change(move |record| record.change_user(&name, change).map(|user| user.name.clone()));
    let user = changed.await?;
    tracing::info!(by = %who.name, user, "password changed");
    Ok(())
}

/// Gives oneself a new password, by proof of the old one.
pub(crate) async fn own_password(
    seat: &Seat,
    who: &Who,
    from: IpAddr,
    (current, new): (String, String),
) -> Result<(), Fault> {
    let record = seat.access.record()?;
    // A token has none: it is named in a way that no user is.
    let user = record.user(&who.name).ok_or(AccessFault::NotFound)?;
    seat.access.confirm(user, current, from).await?;
    set_password(seat, who, user.name.clone(), new).await
}

/// Lets somebody in no more.
pub(crate) async fn remove(seat: &Seat, who: &Who, name: String) -> Result<(), Fault> {
    let user = name.clone();
    seat.access.change(move |record| record.remove_user(&name)).await?;
    tracing::info!(by = %who.name, user, "user removed");
    Ok(())
}

/// Makes a token, and gives what is shown once.
pub(crate) async fn grant(seat: &Seat, who: &Who, grant: Grant) -> Result<String, Fault> {
    let Grant { name, rights, ends } = grant;
    let token = name.clone();
    let new = NewToken { name, rights, ends, by: who.name.to_string(), own: who.rights };
    let shown = seat.access.change(move |record| record.add_token(new, Timestamp::now())).await?;
    tracing::info!(by = %who.name, token, %rights, "token made");
    Ok(shown)
}

/// Ends a token.
pub(crate) async fn revoke(seat: &Seat, who: &Who, name: String) -> Result<(), Fault> {
    let token = name.clone();
    seat.access.change(move |record| record.revoke_token(&name)).await?;
    tracing::info!(by = %who.name, token, "token revoked");
    Ok(())
}

/// The sessions of those who may still come in.
pub(crate) fn sessions(seat: &Seat) -> Result<Vec<SessionRow>, Fault> {
    let record = seat.access.record()?;
    let lives = |row: &SessionRow| {
        let user = record.user(&row.user).filter(|user| !user.disabled);
        user.is_some_and(|user| user.generation == row.generation)
    };
    Ok(seat.access.sessions.rows().into_iter().filter(lives).collect())
}

/// Ends a session, which is named as it is listed.
pub(crate) fn end_session(seat: &Seat, who: &Who, id: &str) -> Result<(), Fault> {
    if seat.end(id, &who.name) { Ok(()) } else { Err(Fault::NotFound) }
}

/// The command line's way to the same.
impl SignedIn for Seat {
    fn sessions(&self) -> Vec<protocol::SessionRow> {
        let row = |row: SessionRow| protocol::SessionRow {
            id: row.digest.short(),
            user: row.user,
            address: row.address.to_string(),
            began: row.began.to_string(),
            used: row.used.to_string(),
        };
        sessions(self).unwrap_or_default().into_iter().map(row).collect()
    }

    fn end(&self, session: &str, by: &str) -> bool {
        let rows = self.access.sessions.rows();
        let Some(row) = rows.iter().find(|row| row.digest.short() == session) else { return false };
        self.access.sessions.end(&row.digest);
        tracing::info!(by, user = row.user, "session ended");
        true
    }
}
