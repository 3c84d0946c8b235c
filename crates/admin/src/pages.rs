//! Every page, one file a subject: a model out of the desk's answers, and its template.

mod account;
mod configuration;
mod overview;
mod reference;
mod setup;
mod signin;
mod storage;
mod system;
mod tokens;
mod users;

pub(crate) use configuration::reload;

use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    let parts = [
        setup::routes(),
        signin::routes(),
        overview::routes(),
        account::routes(),
        users::routes(),
        tokens::routes(),
        reference::routes(),
        configuration::routes(),
        storage::routes(),
        system::routes(),
    ];
    parts.into_iter().flatten().collect()
}
