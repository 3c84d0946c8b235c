//! Every page, one file a subject: a model out of the desk's answers, and its template.

mod account;
mod overview;
mod reference;
mod setup;
mod signin;
mod tokens;
mod users;

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
    ];
    parts.into_iter().flatten().collect()
}
