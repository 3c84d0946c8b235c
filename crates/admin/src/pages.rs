//! Every page, one file a subject: a model out of the desk's answers, and its template.

mod account;
pub(crate) mod acting;
mod configuration;
mod dead;
mod deliveries;
pub(crate) mod hand;
pub(crate) mod interface;
pub(crate) mod interfaces;
pub(crate) mod links;
mod message;
pub(crate) mod messages;
mod moving;
mod outcome;
pub(crate) mod overview;
mod queues;
mod reference;
pub(crate) mod replays;
mod setup;
mod signin;
mod storage;
mod system;
mod tokens;
pub(crate) mod trying;
mod users;
pub(crate) mod views;

use maud::{Markup, html};

pub(crate) use configuration::{difference, reload};

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let parts = [
        setup::routes(),
        signin::routes(),
        views::routes(),
        acting::routes(),
        moving::routes(),
        messages::routes(),
        message::routes(),
        replays::routes(),
        account::routes(),
        users::routes(),
        tokens::routes(),
        reference::routes(),
        configuration::routes(),
        storage::routes(),
        system::routes(),
        trying::routes(),
    ];
    parts.into_iter().flatten().collect()
}

/// A part of a page that the live stream replaces when it changes.
pub(crate) fn fragment(name: &str, part: &Markup) -> Markup {
    html! { div.live-part id={ "live-" (name) } { (part) } }
}
